// Which records moved the figures of this page: those of the log between what it showed before and what it was told of
// since.
import type { Position, RawEvent } from './answers';
import { decoded, type Address } from './url';
import type { LogPlace } from './documents';

// Records of a partition, `from` to before `to`.
export interface Span {
  topic: string;
  partition: number;
  from: number;
  to: number;
}

// So many are read to be named; what else there is is counted.
export const READ_MAX = 12;
// A figure changes this soon after the page was told, or it was something else.
const SOON_MS = 10_000;

// How far the page has followed the log, and what it was told of and has not named yet.
export class Followed {
  private next = new Map<string, number>();
  private spans: (Span & { at: number })[] = [];

  // What an answer or a note says is folded, at a time in milliseconds. The first that is said of a topic and partition
  // is where it begins. `concerns`: whether anything that is shown may have changed by it.
  follow(positions: Position[], at: number, concerns = true): void {
    for (const { topic, partition, next_offset: to } of positions) {
      const place = `${topic}:${partition}`, from = this.next.get(place);
      if (from !== undefined && from >= to) continue;
      this.next.set(place, to);
      if (from !== undefined && concerns) this.spans.push({ topic, partition, from, to, at });
    }
    this.spans = this.spans.filter((span) => at - span.at < SOON_MS);
  }

  // Once: what was named is not named again.
  take(now: number): Span[] {
    const taken = this.spans.filter((span) => now - span.at < SOON_MS);
    this.spans = [];
    return taken.map(({ topic, partition, from, to }) => ({ topic, partition, from, to }));
  }
}

export const countOf = (spans: Span[]): number => spans.reduce((all, { from, to }) => all + to - from, 0);

// The places of the last records, up to `max` of them, the latest told first.
export function placesOf(spans: Span[], max = READ_MAX): LogPlace[] {
  const places: LogPlace[] = [];
  for (const { topic, partition, from, to } of [...spans].reverse()) {
    for (let offset = to - 1; offset >= from && places.length < max; --offset) places.push({ topic, partition, offset });
  }
  return places;
}

// The account that a figure is of, by the links around it and the page that it is on; null: of several.
export function accountOf(links: string[], { path, params }: Address): string | null {
  for (const link of links) {
    const own = /^#\/customers\/([^/?]+)/.exec(link)?.[1];
    const of = own === undefined ? new URLSearchParams(link.split('?')[1] ?? '').get('customer_id') : decoded(own);
    if (of !== null) return of;
  }
  return (path[0] === 'customers' ? path[1] : params.customer_id) ?? null;
}

// Of the records that were read those that moved figures of these accounts (null: of all): no repeats; all, where none
// is of theirs, for then it was a rate or a target.
export function movedBy(records: RawEvent[], accounts: (string | null)[]): RawEvent[] {
  const first = records.filter(({ state }) => state !== 'duplicate');
  const own = accounts.includes(null) ? first : first.filter(({ customer_id: id }) => accounts.includes(id));
  return own.length ? own : first;
}

// Of this page.
export const followed = new Followed();
