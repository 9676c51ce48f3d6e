// One tab stop a table: arrows move over what can be opened, Enter opens it. Works on the table as it stands, so that
// a row that is opened or loaded later is part of it at once.
import { useLayoutEffect, useState } from 'preact/hooks';

interface Stop {
  element: HTMLElement;
  row: number;
  column: number;
}

const STOPS = 'tbody a[href], tbody button, tfoot a[href], tfoot button';

const visible = (element: HTMLElement): boolean => element.getClientRects().length > 0;

export function stopsOf(table: HTMLTableElement): Stop[] {
  return [...table.querySelectorAll<HTMLElement>(STOPS)].filter(visible).map((element) => {
    const cell = element.closest('td, th') as HTMLTableCellElement;
    return { element, row: (cell.parentElement as HTMLTableRowElement).rowIndex, column: cell.cellIndex };
  });
}

const nearest = (stops: Stop[], column: number): Stop | undefined =>
  stops.reduce<Stop | undefined>((best, stop) =>
    (!best || Math.abs(stop.column - column) < Math.abs(best.column - column) ? stop : best), undefined);

// Where a key leads from a stop.
export function target(stops: Stop[], from: Stop, key: string, control: boolean): Stop | undefined {
  const at = stops.indexOf(from), inRow = stops.filter((stop) => stop.row === from.row);
  const place = inRow.indexOf(from), rows = [...new Set(stops.map((stop) => stop.row))].sort((a, b) => a - b);
  const rowAt = (index: number) => {
    const row = rows[Math.max(0, Math.min(rows.length - 1, index))];
    return nearest(stops.filter((stop) => stop.row === row), from.column);
  };
  const row = rows.indexOf(from.row);
  switch (key) {
    case 'ArrowRight': return inRow[place + 1] ?? stops[at];
    case 'ArrowLeft': return inRow[place - 1] ?? stops[at];
    case 'ArrowDown': return row + 1 < rows.length ? rowAt(row + 1) : from;
    case 'ArrowUp': return row > 0 ? rowAt(row - 1) : from;
    case 'PageDown': return rowAt(row + 10);
    case 'PageUp': return rowAt(row - 10);
    case 'Home': return control ? stops[0] : inRow[0];
    case 'End': return control ? stops[stops.length - 1] : inRow[inRow.length - 1];
    default: return undefined;
  }
}

export function useGrid(ref: { current: HTMLTableElement | null }): boolean {
  const [drills, setDrills] = useState(false);
  useLayoutEffect(() => {
    const table = ref.current;
    if (!table) return;
    const stops = stopsOf(table);
    setDrills(stops.length > 0);
    const kept = stops.find((stop) => stop.element === document.activeElement) ?? stops.find((stop) => stop.element.tabIndex === 0);
    for (const stop of stops) stop.element.tabIndex = -1;
    const entry = kept ?? stops[0];
    if (entry) entry.element.tabIndex = 0;
  });
  useLayoutEffect(() => {
    const table = ref.current;
    if (!table) return;
    const move = (event: KeyboardEvent) => {
      if (event.altKey || event.metaKey) return;
      const stops = stopsOf(table), from = stops.find((stop) => stop.element === event.target);
      if (!from) return;
      // A row that has something below opens to the right and closes to the left.
      const open = from.element.getAttribute('aria-expanded');
      if ((event.key === 'ArrowRight' && open === 'false') || (event.key === 'ArrowLeft' && open === 'true')) {
        event.preventDefault();
        from.element.click();
        return;
      }
      const to = target(stops, from, event.key, event.ctrlKey);
      if (!to) return;
      event.preventDefault();
      from.element.tabIndex = -1;
      to.element.tabIndex = 0;
      to.element.focus();
    };
    const follow = (event: FocusEvent) => {
      const stops = stopsOf(table);
      // A head has the focus: the rows keep their stop.
      if (!stops.some((stop) => stop.element === event.target)) return;
      for (const stop of stops) stop.element.tabIndex = stop.element === event.target ? 0 : -1;
    };
    table.addEventListener('keydown', move);
    table.addEventListener('focusin', follow);
    return () => {
      table.removeEventListener('keydown', move);
      table.removeEventListener('focusin', follow);
    };
  }, []);
  return drills;
}
