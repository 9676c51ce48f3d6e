// How fresh the page is. The server tells of each commit, and what it may have changed is asked for again; where its
// stream cannot be had, the status is asked for every few seconds, and whatever has changed makes all views ask again.
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Status } from './answers';
import { Failure, send } from './api';
import { announce, concerns, ticks, type Heard, type Note } from './changes';
import { subscribe } from './feed';
import { followed } from './moved';

const EVERY = 5_000;
// While the stream runs: what no commit tells, such as trouble.
const EVERY_BESIDES = 30_000;
// However fast notes come, views ask no more often.
const PACE = 1_000;
const LATE = 60_000;

export type Freshness = 'live' | 'catching_up' | 'late' | 'cut_off';

export interface Live {
  status?: Status;
  failure?: Failure;
  freshness: Freshness;
  lag: number;         // Records in the log that are not folded yet.
  lateSince?: number;  // When they began to be.
  retry: () => void;
}

export const lagOf = (status: Status): number => status.positions.reduce((all, position) => all + (position.lag ?? 0), 0);
const placeOf = (status: Status): string => status.positions.map((position) => position.next_offset).join();

export function freshnessOf(failed: boolean, lag: number, lateFor: number): Freshness {
  if (failed) return 'cut_off';
  if (lag === 0) return 'live';
  return lateFor > LATE ? 'late' : 'catching_up';
}

// What was heard and is not shown yet.
export class Unseen {
  private everything = false;
  private notes: Note[] = [];

  add(heard: Heard): void {
    if (heard.kind === 'commit') this.notes.push(heard.note);
    else this.everything = true;
  }
  get any(): boolean {
    return this.everything || this.notes.length > 0;
  }
  show(): void {
    for (const note of this.notes) {
      if (!this.everything) ticks.add(note);
      followed.follow(note.positions, Date.now(), this.everything || concerns(note));
    }
    if (this.everything) ticks.everything();
    this.everything = false;
    this.notes = [];
    announce();
  }
}

export function useLive(): Live {
  const [live, setLive] = useState<Omit<Live, 'retry'>>({ freshness: 'live', lag: 0 });
  const [asked, setAsked] = useState(0);
  const place = useRef('');
  const behindSince = useRef<number | undefined>(undefined);

  useEffect(() => {
    let gone = false, streaming = false, heard = false, lost = false, lookedAt = 0, shownAt = 0, lag = 0;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const unseen = new Unseen();
    // A page that nobody sees asks nothing.
    const hidden = () => document.visibilityState === 'hidden' && place.current !== '';
    const look = async () => {
      lookedAt = Date.now();
      try {
        const status = await send<Status>('/v1/status');
        if (gone) return;
        lag = lagOf(status);
        // What moved without a word, as there is no stream or it has died.
        const isFirst = place.current === '', isUntold = placeOf(status) !== place.current && !heard;
        if (isFirst || isUntold || lost) followed.follow(status.positions, Date.now());
        if (isUntold && !isFirst) unseen.add({ kind: 'resync' });
        heard = lost = false;
        place.current = placeOf(status);
        behindSince.current = lag === 0 ? undefined : (behindSince.current ?? Date.now());
        const lateFor = behindSince.current === undefined ? 0 : Date.now() - behindSince.current;
        setLive({ status, lag, freshness: freshnessOf(false, lag, lateFor), lateSince: behindSince.current });
        show();
      } catch (failure) {
        if (!gone && failure instanceof Failure) setLive((old) => ({ ...old, failure, freshness: 'cut_off' }));
      }
    };
    // Now, or when a second has gone by, or when the page is seen again.
    const show = () => {
      if (!unseen.any || hidden() || timer !== undefined) return;
      const wait = shownAt + PACE - Date.now();
      if (wait > 0) {
        timer = setTimeout(() => {
          timer = undefined;
          show();
        }, wait);
        return;
      }
      shownAt = Date.now();
      unseen.show();
      // Of a note the status is another, too.
      if (heard) void look();
    };
    const hear = (what: Heard) => {
      if (what.kind === 'down') {
        streaming = false;
        return;
      }
      streaming = true;
      if (what.kind !== 'open') {
        heard = true;
        // What it stands for is told by the status alone.
        lost ||= what.kind === 'resync';
        unseen.add(what);
        show();
      } else if (!hidden()) {
        void look();  // What was committed before.
      }
    };
    const seen = () => {
      if (hidden()) return;
      show();
      if (Date.now() - lookedAt >= EVERY) void look();
    };
    const unsubscribe = subscribe(hear);
    void look();
    const poll = setInterval(() => {
      const every = streaming && lag === 0 ? EVERY_BESIDES : EVERY;
      if (!hidden() && Date.now() - lookedAt >= every) void look();
    }, EVERY);
    document.addEventListener('visibilitychange', seen);
    // Before the browser puts it away, maybe to bring it back: then it begins again.
    const back = (event: PageTransitionEvent) => event.persisted && setAsked((count) => count + 1);
    addEventListener('pagehide', unsubscribe);
    addEventListener('pageshow', back);
    return () => {
      gone = true;
      unsubscribe();
      clearInterval(poll);
      clearTimeout(timer);
      document.removeEventListener('visibilitychange', seen);
      removeEventListener('pagehide', unsubscribe);
      removeEventListener('pageshow', back);
    };
  }, [asked]);

  return { ...live, retry: () => setAsked((count) => count + 1) };
}
