// The order of rows while what they say goes on changing: each stays where it was, so that none jumps under the pointer.

// The rows in the places they had, new ones behind them.
export function inPlace<Row>(rows: Row[], keyOf: (row: Row) => string, places: string[]): Row[] {
  const at = new Map(places.map((key, i) => [key, i]));
  const place = (row: Row): number => at.get(keyOf(row)) ?? places.length;
  return [...rows].sort((a, b) => place(a) - place(b));
}

// How many rows would have to move to come from one order into another: all but the longest run that is in order.
export function moves(from: string[], to: string[]): number {
  const at = new Map(to.map((key, i) => [key, i]));
  const ends: number[] = [];  // The lowest place that a run of each length ends at.
  for (const key of from) {
    const place = at.get(key);
    if (place === undefined) continue;
    let low = 0, high = ends.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (ends[middle] < place) low = middle + 1;
      else high = middle;
    }
    ends[low] = place;
  }
  return from.length - ends.length;
}
