// How fresh the page is: the status is asked for every few seconds, and what has changed makes the views ask again.
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Status } from './answers';
import { Failure, send } from './api';

const EVERY = 5_000;
const LATE = 60_000;

export type Freshness = 'live' | 'catching_up' | 'late' | 'cut_off';

export interface Live {
  status?: Status;
  failure?: Failure;
  freshness: Freshness;
  lag: number;         // Records in the log that are not folded yet.
  lateSince?: number;  // When they began to be.
  tick: number;
  retry: () => void;
}

export const lagOf = (status: Status): number => status.positions.reduce((all, position) => all + (position.lag ?? 0), 0);
const placeOf = (status: Status): string => status.positions.map((position) => position.next_offset).join();

export function freshnessOf(failed: boolean, lag: number, lateFor: number): Freshness {
  if (failed) return 'cut_off';
  if (lag === 0) return 'live';
  return lateFor > LATE ? 'late' : 'catching_up';
}

export function useLive(): Live {
  const [live, setLive] = useState<Omit<Live, 'retry'>>({ freshness: 'live', lag: 0, tick: 0 });
  const [asked, setAsked] = useState(0);
  const place = useRef('');
  const behindSince = useRef<number | undefined>(undefined);

  useEffect(() => {
    let gone = false;
    const look = async () => {
      // A page that nobody sees asks nothing.
      if (document.visibilityState === 'hidden' && place.current) return;
      try {
        const status = await send<Status>('/v1/status');
        if (gone) return;
        const lag = lagOf(status), moved = placeOf(status) !== place.current;
        const first = place.current === '';
        place.current = placeOf(status);
        behindSince.current = lag === 0 ? undefined : (behindSince.current ?? Date.now());
        const lateFor = behindSince.current === undefined ? 0 : Date.now() - behindSince.current;
        setLive((old) => ({
          status, lag, freshness: freshnessOf(false, lag, lateFor), lateSince: behindSince.current,
          tick: moved && !first ? old.tick + 1 : old.tick,
        }));
      } catch (failure) {
        if (!gone && failure instanceof Failure) setLive((old) => ({ ...old, failure, freshness: 'cut_off' }));
      }
    };
    void look();
    const timer = setInterval(() => void look(), EVERY);
    return () => {
      gone = true;
      clearInterval(timer);
    };
  }, [asked]);

  return { ...live, retry: () => setAsked((count) => count + 1) };
}
