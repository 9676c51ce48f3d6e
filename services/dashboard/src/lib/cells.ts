// What a figure is made of: its address names the rows behind it, and the report that says what they must add up to.
import type { Ageing, Bridge, Cycle, CycleOrder, CycleOrders, Entries, Entry, Item, Items, Posting, Postings, Sales, View } from './answers';
import { askAll, send, urlOf } from './api';
import { isZero, negate, subtract, sum } from './decimal';
import { parseAddress, query, type Params } from './url';

export type CellKind = 'items' | 'entries' | 'postings' | 'orders';
export interface Cell {
  kind: CellKind;
  params: Record<string, string>;
}

// "items?region=EU&currency=EUR&bucket=61-90"
export const cellOf = (kind: CellKind, params: Params): string => `${kind}?${query(params)}`;

export function parseCell(text: string): Cell | null {
  const { path, params } = parseAddress(text);
  const kind = path[0] as CellKind;
  return ['items', 'entries', 'postings', 'orders'].includes(kind) ? { kind, params } : null;
}

export const CELL_PATHS: Record<CellKind, string> = {
  items: '/v1/receivables/items', entries: '/v1/receivables/entries', postings: '/v1/sales/postings', orders: '/v1/order-cycle/orders',
};

export type CellRow = Item | Entry | Posting | CycleOrder;

export interface Opened {
  rows: CellRow[];
  figure: string;      // What was clicked, as the report says it.
  total: string;       // What the rows add up to.
  difference: string;
  complete: boolean;   // Whether all rows are there.
  view: View;
}

// Beyond these a table is read as a file.
export const CELL_ROWS_MAX = 5000;

// Columns of ageing that are no bucket of the server's: all of an account's items behind them, or a part.
export const CREDIT_KINDS: Record<string, string[]> = { unapplied_cash: ['PAYMENT', 'SURPLUS', 'REFUND', 'ON_ACCOUNT'], open_credits: ['CREDIT_NOTE'] };
const isCredit = (item: Item): boolean => item.due_date === null;

function keeps(column: string | undefined): (item: Item) => boolean {
  switch (column) {
    case 'gross_open': return (item) => !isCredit(item);
    case 'overdue': return (item) => !isCredit(item) && (item.days_overdue ?? 0) > 0;
    case 'disputed': return (item) => !isZero(item.disputed);
    case 'unapplied_cash':
    case 'open_credits': return (item) => isCredit(item) && CREDIT_KINDS[column].includes(item.kind);
    default: return () => true;
  }
}

// The amount of an item in a column.
export const itemAmount = (item: Item, column: string | undefined): string => (column === 'disputed' ? item.disputed : item.open);

async function ageingFigure(params: Record<string, string>): Promise<[string, View]> {
  const { bucket, column, ...filters } = params;
  const edges = bucket && bucket !== 'not_due' && !filters.buckets ? undefined : filters.buckets;
  const answer = await send<Ageing>(urlOf('/v1/receivables/ageing', { ...filters, buckets: edges, group_by: 'none' }));
  const total = answer.totals.find(({ currency }) => currency === params.currency);
  if (!total) return ['0', answer];
  if (bucket === 'not_due') return [total.not_due, answer];
  if (bucket) return [total.buckets[answer.buckets.indexOf(bucket)] ?? '0', answer];
  switch (column) {
    case 'gross_open': return [total.gross_open, answer];
    case 'overdue': return [subtract(total.gross_open, total.not_due), answer];
    case 'disputed': return [total.disputed, answer];
    case 'unapplied_cash': return [negate(total.unapplied_cash), answer];
    case 'open_credits': return [negate(total.open_credits), answer];
    default: return [total.balance, answer];
  }
}

async function openItems(cell: Cell): Promise<Omit<Opened, 'difference'>> {
  const { column, buckets: _, ...params } = cell.params;
  const [figure, view] = await ageingFigure(cell.params);
  const { rows, complete } = await askAll<Items, Item>(CELL_PATHS.items, params, (answer) => answer.items, CELL_ROWS_MAX);
  const kept = rows.filter(keeps(column));
  return { rows: kept, figure, total: sum(kept.map((item) => itemAmount(item, column))), complete, view };
}

// A small chart has these steps apart, and the rest as one, "other".
const CHARTED = ['invoices', 'cash'];

async function openEntries(cell: Cell): Promise<Omit<Opened, 'difference'>> {
  const { type, ...filters } = cell.params, rest = type === 'other';
  const report = await send<Bridge>(urlOf('/v1/receivables/bridge', { ...filters, group_by: 'none' }));
  const total = report.totals.find(({ currency }) => currency === cell.params.currency);
  const all = total ? subtract(total.closing, total.opening) : '0';
  const figure = !total ? '0' : rest ? subtract(subtract(all, total.invoices), total.cash) : type ? total[type as 'cash'] : all;
  const { rows: found, complete } = await askAll<Entries, Entry>(CELL_PATHS.entries, rest ? filters : cell.params, (answer) => answer.entries, CELL_ROWS_MAX);
  const rows = rest ? found.filter((entry) => !CHARTED.includes(entry.type)) : found;
  return { rows, figure, total: sum(rows.map((entry) => entry.amount)), complete, view: report };
}

async function openPostings(cell: Cell): Promise<Omit<Opened, 'difference'>> {
  const { measure = 'ordered' } = cell.params;
  const report = await send<Sales>(urlOf('/v1/sales', { ...cell.params, group_by: 'none' }));
  const total = report.totals.find(({ currency }) => currency === cell.params.currency);
  const { rows, complete } = await askAll<Postings, Posting>(CELL_PATHS.postings, cell.params, (answer) => answer.postings, CELL_ROWS_MAX);
  return { rows, figure: total?.[measure as 'ordered'] ?? '0', total: sum(rows.map((posting) => posting.amount)), complete, view: report };
}

// Orders are counted, not added.
async function openOrders(cell: Cell): Promise<Omit<Opened, 'difference'>> {
  const report = await send<Cycle>(urlOf('/v1/order-cycle', { ...cell.params, group_by: 'none' }));
  const figure = report.rows.reduce((all, row) => all + row.n, 0);
  const { rows, complete } = await askAll<CycleOrders, CycleOrder>(CELL_PATHS.orders, cell.params, (answer) => answer.orders, CELL_ROWS_MAX);
  return { rows, figure: String(figure), total: String(rows.length), complete, view: report };
}

const OPEN = { items: openItems, entries: openEntries, postings: openPostings, orders: openOrders };

// The figure and its rows. Where the log went on between the two questions, both are asked again as known at the
// first answer's newest record: one picture.
export async function openCell(cell: Cell): Promise<Opened> {
  let opened = await OPEN[cell.kind](cell);
  let difference = subtract(opened.figure, opened.total);
  const newest = opened.view.newest_recorded_at;
  if (!isZero(difference) && opened.complete && newest && !cell.params.known_at) {
    opened = await OPEN[cell.kind]({ ...cell, params: { ...cell.params, known_at: newest } });
    difference = subtract(opened.figure, opened.total);
  }
  return { ...opened, difference };
}
