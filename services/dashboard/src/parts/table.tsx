// Tables: sorted by their heads, one tab stop each, totals ruled off by their proof, all rows to be taken along.
import { Fragment, type ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { useApp } from '../lib/app';
import { urlOf } from '../lib/api';
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
  below?: (row: Row) => ComponentChildren;  // Further rows under this one.
  rowClass?: (row: Row) => string;
}

export function sorted<Row>(rows: Row[], columns: Column<Row>[], by: string | undefined): Row[] {
  const key = by?.replace(/^-/, ''), order = columns.find((column) => column.key === key)?.order;
  if (!order) return rows;
  const sign = by?.startsWith('-') ? -1 : 1;
  return [...rows].sort((a, b) => sign * order(a, b));
}

export function Table<Row>({ name, columns, rows, keyOf, totals = [], class: cls = '', sortAs, below, rowClass }: TableProps<Row>) {
  const { address, here } = useApp();
  const by = sortAs ? address.params[sortAs] : undefined;
  const ref = useRef<HTMLTableElement>(null), box = useRef<HTMLDivElement>(null);
  const drills = useGrid(ref);
  useScrollable(box, name);
  const next = (key: string): string | undefined => (by === `-${key}` ? key : `-${key}`);

  const head = (column: Column<Row>) => {
    const dir = by === column.key ? 'ascending' : by === `-${column.key}` ? 'descending' : undefined;
    return (
      <th key={column.key} scope="col" class={`${column.right ? 'r' : ''} ${column.class ?? ''}`} aria-sort={dir}>
        {sortAs && column.order ? (
          <a class={`sort ${dir ? 'sorted' : ''} ${dir === 'ascending' ? 'asc' : ''}`} href={here({ [sortAs]: next(column.key) })}>{column.head}</a>
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
    <div class="tbl" ref={box}>
      <table class={cls} ref={ref} role={drills ? 'grid' : undefined} aria-label={name}>
        <thead><tr>{columns.map(head)}</tr></thead>
        <tbody>
          {sorted(rows, columns, by).map((row) => (
            <Fragment key={keyOf(row)}>
              <tr class={rowClass?.(row)}>{columns.map((column) => cell(column, row))}</tr>
              {below?.(row)}
            </Fragment>
          ))}
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

interface CapProps {
  path: string;
  params: Params;
  children?: ComponentChildren;
  more?: (() => void) | null;
  shown?: number;
}

// The foot of a table: its proof in words, further rows, and all of them as a file.
export function Cap({ path, params, children, more, shown }: CapProps) {
  const { t } = useApp();
  const file = (format: string) => urlOf(path, { ...params, format });
  return (
    <div class="cap">
      {children}
      {more ? <span>{shown} {t('rows_shown')} · <button class="lnkb" type="button" onClick={more}>{t('more_rows')}</button></span> : null}
      <span class="acts">
        <span>{t('export_all')}</span>
        <a href={file('csv')} download>CSV</a>
        <a href={file('xlsx')} download>XLSX</a>
      </span>
    </div>
  );
}
