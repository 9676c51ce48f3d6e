// Tables: sorted by their heads, one tab stop each, totals ruled off by their proof, all rows to be taken along.
import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { useApp } from '../lib/app';
import { PAGE_MAX, urlOf } from '../lib/api';
import { count, instant } from '../lib/format';
import { inPlace, moves } from '../lib/order';
import type { TableRows, Whole } from '../lib/rows';
import { saveAs } from '../lib/save';
import { csvOf, sheetOf, xlsxOf } from '../lib/sheet';
import type { Params } from '../lib/url';
import { useGrid } from './grid';

export interface Column<Row> {
  key: string;
  head: ComponentChildren;
  cell: (row: Row) => ComponentChildren;
  right?: boolean;
  class?: string;     // Of head and cells: "not-s" leaves a column out on phones, "xl" on narrow screens.
  heads?: boolean;    // Its cells name their rows.
  order?: (a: Row, b: Row) => number;
}

// proven: a double rule. open: a single one, nothing to prove it by. broken: the proof fails. converted: not ruled off.
export type Ruling = 'proven' | 'open' | 'broken' | 'converted';

export interface Total {
  label: ComponentChildren;
  cells: Record<string, ComponentChildren>;
  ruling: Ruling;
}

const RULED: Record<Ruling, string> = { proven: 'sum proven', open: 'sum', broken: 'sum broken', converted: 'conv' };

export const textOrder = (a: string | null | undefined, b: string | null | undefined): number => ((a ?? '') < (b ?? '') ? -1 : (a ?? '') > (b ?? '') ? 1 : 0);

interface TableProps<Row> {
  name: string;
  columns: Column<Row>[];
  rows: Row[];
  keyOf: (row: Row) => string;
  totals?: Total[];
  class?: string;
  sortAs?: string;            // The parameter that says by what it is sorted; none: it cannot be.
  unless?: string;            // How it is sorted where the address says nothing.
  whole?: boolean;            // Whether all rows are there; a part of them is left as the server sorted it.
}

export function sorted<Row>(rows: Row[], columns: Column<Row>[], by: string | undefined): Row[] {
  const key = by?.replace(/^-/, ''), order = columns.find((column) => column.key === key)?.order;
  if (!order) return rows;
  const sign = by?.startsWith('-') ? -1 : 1;
  return [...rows].sort((a, b) => sign * order(a, b));
}

// Further rows are drawn when the reader comes to the end of these.
const DRAWN = 200;

// How many rows are drawn: all of them on paper.
function useDrawn(rows: number, box: { current: HTMLElement | null }): number {
  const [drawn, draw] = useState(DRAWN);
  useEffect(() => {
    if (rows <= drawn) return;
    const last = box.current?.querySelector('tbody tr:last-child');
    const seen = new IntersectionObserver((entries) => entries.some((entry) => entry.isIntersecting) && draw(drawn + DRAWN), { rootMargin: '400px' });
    if (last) seen.observe(last);
    const all = () => draw(rows);
    addEventListener('beforeprint', all);
    return () => {
      seen.disconnect();
      removeEventListener('beforeprint', all);
    };
  }, [rows, drawn]);
  return drawn;
}

interface Places {
  question: string;
  keys: string[];
}

// Rows that are sorted, in the places they had before what they say changed; and how many of them are not where they
// would be sorted to.
function usePlaces<Row>(rows: Row[], keyOf: (row: Row) => string, question: string): { placed: Row[]; moved: number; again: () => void } {
  const places = useRef<Places | null>(null), [, draw] = useState(0);
  const keys = rows.map(keyOf), before = places.current;
  const same = before === null || before.question !== question || keys.every((key, i) => before.keys[i] === key);
  const placed = same ? rows : inPlace(rows, keyOf, before.keys);
  const shown = same ? keys : placed.map(keyOf);
  places.current = { question, keys: shown };
  return {
    placed, moved: same ? 0 : moves(shown, keys), again: () => {
      places.current = null;
      draw((count_) => count_ + 1);
    },
  };
}

export function Table<Row>({ name, columns, rows, keyOf, totals = [], class: cls = '', sortAs, unless, whole = true }: TableProps<Row>) {
  const { t, address, here } = useApp();
  const chosen = sortAs ? (address.params[sortAs] ?? unless) : undefined, by = whole ? chosen : undefined;
  const ref = useRef<HTMLTableElement>(null), box = useRef<HTMLDivElement>(null);
  const drills = useGrid(ref), drawn = useDrawn(rows.length, box);
  const { placed, moved, again } = usePlaces(sorted(rows, columns, by), keyOf, `${location.hash} ${whole}`);
  useScrollable(box, name);
  const next = (key: string): string | undefined => (chosen === `-${key}` ? key : `-${key}`);

  const head = (column: Column<Row>) => {
    const dir = by === column.key ? 'ascending' : by === `-${column.key}` ? 'descending' : undefined;
    return (
      <th key={column.key} scope="col" class={`${column.right ? 'r' : ''} ${column.class ?? ''}`} aria-sort={dir}>
        {sortAs && column.order ? (
          <a class={`sort ${dir ? 'sorted' : ''} ${dir === 'ascending' ? 'asc' : ''}`} href={here({ cell: address.params.cell, [sortAs]: next(column.key) })}>{column.head}</a>
        ) : column.head}
      </th>
    );
  };
  const cell = (column: Column<Row>, row: Row) => {
    const kind = `${column.right ? 'r' : ''} ${column.class ?? ''}`;
    return column.heads
      ? <th key={column.key} scope="row" class={kind}>{column.cell(row)}</th>
      : <td key={column.key} class={kind}>{column.cell(row)}</td>;
  };
  return (
    <>
      <div class="tbl" ref={box}>
        <table class={cls} ref={ref} role={drills ? 'grid' : undefined} aria-label={name}>
          <thead><tr>{columns.map(head)}</tr></thead>
          <tbody>
            {placed.slice(0, drawn).map((row) => <tr key={keyOf(row)}>{columns.map((column) => cell(column, row))}</tr>)}
          </tbody>
          {totals.length ? (
            <tfoot>
              {totals.map((total, index) => (
                <tr key={index} class={RULED[total.ruling]}>
                  {columns.map((column, at) => (at === 0
                    ? <th key={column.key} scope="row" class={column.class}>{total.label}</th>
                    : <td key={column.key} class={`${column.right ? 'r' : ''} ${column.class ?? ''}`}>{total.cells[column.key]}</td>))}
                </tr>
              ))}
            </tfoot>
          ) : null}
        </table>
      </div>
      {moved ? <p class="cap">{t('would_move').replace('{0}', count(moved))} <button class="lnkb" type="button" onClick={again}>{t('sort_again')}</button></p> : null}
    </>
  );
}

// What scrolls and holds nothing to step on must be reachable by key itself.
export function useScrollable(box: { current: HTMLElement | null }, name: string): void {
  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const scrolls = element.scrollWidth > element.clientWidth || element.scrollHeight > element.clientHeight;
    if (scrolls && !element.querySelector('a,button')) {
      element.tabIndex = 0;
      element.setAttribute('role', 'region');
      element.setAttribute('aria-label', name);
    } else {
      for (const attribute of ['tabindex', 'role', 'aria-label']) element.removeAttribute(attribute);
    }
  });
}

interface FootProps {
  children?: ComponentChildren;
  files: ComponentChildren;
}

const Foot = ({ children, files }: FootProps) => {
  const { t } = useApp();
  return <div class="cap">{children}<span class="acts"><span>{t('export_all')}</span>{files}</span></div>;
};

interface CapProps {
  path: string;
  params: Params;
  children?: ComponentChildren;
  of?: Pick<TableRows<unknown, unknown>, 'rows' | 'more'> & { whole?: Whole | null };
}

// The foot of a table: its proof in words, further rows, and all of them as a file, whatever is shown of them.
export function Cap({ path, params, children, of }: CapProps) {
  const { t } = useApp();
  const file = (format: string) => urlOf(path, { ...params, format });
  return (
    <Foot files={<><a href={file('csv')} download>CSV</a><a href={file('xlsx')} download>XLSX</a></>}>
      {children}
      {of?.more ? <span>{count(of.rows.length)} {t('rows_shown')} · <button class="lnkb" type="button" onClick={of.more}>{t('more_rows')}</button></span> : null}
      {of?.whole ? <SortAll whole={of.whole} /> : null}
    </Foot>
  );
}

// Another order than the server's needs all rows.
function SortAll({ whole }: { whole: Whole }) {
  const { t, lang, zone } = useApp();
  const { state, read } = whole;
  return (
    <span aria-live="polite">
      {state === 'there' ? <>{t('sorted_all').replace('{0}', count(read ?? 0))}{whole.moment ? <>, {t('known_short')} {instant(whole.moment, zone, lang, 'seconds')}</> : null}</>
        : state === 'reading' ? t('rows_read').replace('{0}', count(read ?? 0))
          : state === 'too_many' ? t('not_all_rows')
            : <>{state === 'failed' ? `${t('no_answer')}: ` : ''}<button class="lnkb" type="button" onClick={whole.ask}>{t('sort_all').replace('{0}', count(PAGE_MAX))}</button></>}
    </span>
  );
}

// The same where a file needs more than a link.
export const SaveCap = ({ save, children }: { save: (kind: 'csv' | 'xlsx') => void; children?: ComponentChildren }) => (
  <Foot files={(['csv', 'xlsx'] as const).map((kind) => <button key={kind} class="lnkb" type="button" onClick={() => save(kind)}>{kind.toUpperCase()}</button>)}>{children}</Foot>
);

interface OwnCapProps {
  name: string;        // Of the file.
  rows: object[];      // All rows, as the server gave them.
  decimals: string[];  // Which of their fields are decimal text.
  children?: ComponentChildren;
}

// The foot of a table that no list of the server has: its file is made here.
export function OwnCap({ name, rows, decimals, children }: OwnCapProps) {
  const { status, asOf, knownAt, zone } = useApp();
  const save = (kind: 'csv' | 'xlsx') => {
    const sheet = sheetOf(rows, decimals);
    const cover: [string, string][] = [['report', name], ['address', location.href], ['as_of', asOf], ['known_at', knownAt ?? ''], ['newest_recorded_at', status.newest_recorded_at ?? ''], ['business_time_zone', zone], ['rows', String(rows.length)]];
    const content = kind === 'csv' ? csvOf(sheet) : xlsxOf(name, sheet, cover);
    saveAs(`${name}.${kind}`, new Blob([content as BlobPart], { type: kind === 'csv' ? 'text/csv' : 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet' }));
  };
  return <SaveCap save={save}>{children}</SaveCap>;
}
