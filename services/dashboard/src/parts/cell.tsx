// The panel from the right: the question, the figure, the rows that add up to it, and whether they do.
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { useApp } from '../lib/app';
import { Failure } from '../lib/api';
import type { CycleOrder, Entry, Item, Posting } from '../lib/answers';
import { CELL_PATHS, itemAmount, openCell, parseCell, type Cell, type CellRow, type Opened } from '../lib/cells';
import { isZero } from '../lib/decimal';
import { documentPath, eventPath, pageOfEvent, placeInLog } from '../lib/documents';
import { count, date, days, instant, period, plain, span } from '../lib/format';
import { printAddress, type Params } from '../lib/url';
import { Amount, Failed, Name, Proof, Skeleton } from './basics';
import { Icon } from './icons';
import { Cap, OwnCap, Table, textOrder, type Column, type Total } from './table';
import { compare } from '../lib/decimal';

// Opening a cell: this page with the panel on it, or the panel's rows as a page.
export function CellPanel() {
  const { address, here, t } = useApp();
  const cell = address.params.cell ? parseCell(address.params.cell) : null;
  const ref = useRef<HTMLElement>(null);
  const close = () => {
    const link = here({ rows_sort: undefined });
    // Back to the page under it where that is where one came from; else its address.
    if (history.length > 1 && opened.current && !address.params.rows_sort) history.back();
    else location.hash = link;
  };
  const opened = useRef(false);
  const text = address.params.cell ?? '';
  useLayoutEffect(() => {
    if (!cell) {
      opened.current = true;
      return;
    }
    const before = document.activeElement as HTMLElement | null, panel = ref.current;
    panel?.querySelector<HTMLElement>('button')?.focus();
    const key = (event: KeyboardEvent) => {
      if (event.key === 'Escape') {
        event.preventDefault();
        event.stopPropagation();
        close();
      }
      if (event.key === 'Tab') keepIn(event, panel);
    };
    panel?.addEventListener('keydown', key);
    return () => {
      panel?.removeEventListener('keydown', key);
      if (before?.isConnected) before.focus();
    };
  }, [text]);
  if (!cell) return null;
  return (
    <>
      <div class="veil" onClick={close} />
      <section class="drawer" role="dialog" aria-modal="true" aria-label={t('cell_rows')} ref={ref}>
        <button class="tool x" type="button" aria-label={t('close')} onClick={close}><Icon name="cross" /></button>
        <CellRows cell={cell} panel />
      </section>
    </>
  );
}

function keepIn(event: KeyboardEvent, panel: HTMLElement | null): void {
  const stops = [...(panel?.querySelectorAll<HTMLElement>('a[href], button, input, [tabindex="0"]') ?? [])].filter((one) => one.tabIndex >= 0 && one.getClientRects().length > 0);
  const first = stops[0], last = stops[stops.length - 1];
  if (event.shiftKey && document.activeElement === first) last.focus();
  else if (!event.shiftKey && document.activeElement === last) first?.focus();
  else return;
  event.preventDefault();
}

export function CellRows({ cell, panel }: { cell: Cell; panel?: boolean }) {
  const { t, address } = useApp();
  const [opened, setOpened] = useState<Opened | null>(null), [failure, setFailure] = useState<Failure | null>(null), [attempt, setAttempt] = useState(0);
  const question = JSON.stringify(cell);
  useEffect(() => {
    let gone = false;
    setOpened(null);
    setFailure(null);
    openCell(cell).then((answer) => !gone && setOpened(answer), (error) => !gone && setFailure(error instanceof Failure ? error : new Failure(0, '', String(error))));
    return () => {
      gone = true;
    };
  }, [question, attempt]);
  const filters: Params = { ...cell.params, column: undefined, buckets: undefined, type: cell.params.type === 'other' ? undefined : cell.params.type };
  // What the list of rows has no parameter for was chosen here, and so is its file made here.
  const chosen = (cell.kind === 'items' && cell.params.column !== undefined) || cell.params.type === 'other';
  const orders = cell.kind === 'orders', holds = opened !== null && isZero(opened.difference);
  const asPage = printAddress(['rows'], { ...(address.params.lang ? { lang: address.params.lang } : {}), as_of: cell.params.as_of, known_at: cell.params.known_at, cell: address.params.cell });
  const keys = panel ? <><span class="not-s"><kbd>↑</kbd> <kbd>↓</kbd> {t('move')} · <kbd>Enter</kbd> {t('open_')} · <kbd>Esc</kbd> {t('close')}</span><a href={asPage}>{t('open_page')}</a></> : null;
  return (
    <>
      <div class="dh">
        <h2 class="note"><CellTitle cell={cell} /></h2>
        {opened ? <span class="big">{orders ? count(Number(opened.figure)) : `${cell.params.currency ?? ''} ${plain(opened.figure)}`}</span> : null}
        {opened && !opened.complete ? <span class="late">{t('not_all_rows')}</span>
          : opened ? <Proof holds={holds}>{holds ? `${count(opened.rows.length)} ${t('add_up')}` : `${count(opened.rows.length)} ${t('do_not_add_up')}`}{orders ? '' : `, ${t('difference')} ${plain(opened.difference)}`}</Proof> : null}
      </div>
      <div class="body">
        {failure ? <div class="in"><Failed failure={failure} retry={() => setAttempt(attempt + 1)} /></div> : opened ? <RowsOf cell={cell} opened={opened} /> : <Skeleton height={240} />}
      </div>
      {chosen && opened?.complete ? <OwnCap name={`${cell.kind}-${cell.params.column ?? cell.params.type}`} rows={opened.rows} decimals={['amount', 'open', 'disputed', 'over_applied']}>{keys}</OwnCap>
        : <Cap path={CELL_PATHS[cell.kind]} params={filters}>{keys}</Cap>}
    </>
  );
}

function CellTitle({ cell }: { cell: Cell }) {
  const { t, lang, asOf } = useApp();
  const { params } = cell, parts: string[] = [];
  const report = { items: 'ageing', entries: 'bridge', postings: 'sales', orders: 'cycle' } as const;
  parts.push(t(report[cell.kind]));
  for (const name of ['region', 'customer_id', 'sales_rep', 'sku', 'channel', 'parent_customer'] as const) if (params[name]) parts.push(params[name]);
  if (params.bucket) parts.push(params.bucket === 'not_due' ? t('notdue') : `${params.bucket.replace('-', '–')} ${t('dayspastdue')}`);
  const named = params.column ?? params.type ?? params.measure;
  if (named) parts.push(t(`c_${named}` as 'c_overdue'));
  if (params.cycle) parts.push(params.cycle.split('..').map((one) => t(`m_${one}` as 'm_placed')).join(' → '));
  if (params.period) parts.push(period(params.period, lang));
  else if (params.from && params.to) parts.push(span(params.from, params.to, lang));
  else parts.push(`${t('asof')} ${date(params.as_of ?? asOf, lang)}`);
  return <bdi>{parts.join(' · ')}</bdi>;
}

// Which rows, and what they add up to.
function RowsOf({ cell, opened }: { cell: Cell; opened: Opened }) {
  const { t } = useApp();
  const columns = useColumns(cell);
  const total: Total = { label: t('total'), cells: { amount: cell.kind === 'orders' ? count(opened.rows.length) : <Amount text={opened.total} total /> }, ruling: isZero(opened.difference) ? 'proven' : 'broken' };
  const keyOf = (row: CellRow): string => JSON.stringify(row);
  return <Table name={t('cell_rows')} columns={columns} rows={opened.rows} keyOf={keyOf} totals={[total]} sortAs="rows_sort" whole={opened.complete} />;
}

function useColumns(cell: Cell): Column<CellRow>[] {
  const { t, lang, zone, href } = useApp();
  const doc = (kind: string, id: string, customer: string) => {
    const [path, params] = documentPath(kind, id, customer);
    return <a class="lnk" href={href(path, { ...params, ...(cell.params.known_at ? { known_at: cell.params.known_at } : {}), ...(cell.params.as_of ? { as_of: cell.params.as_of } : {}) })}><Name>{id}</Name></a>;
  };
  const customer = { key: 'customer', head: t('customer'), cell: (row: CellRow) => <Name>{row.customer_name ?? row.customer_id}</Name>, order: (a: CellRow, b: CellRow) => textOrder(a.customer_name ?? a.customer_id, b.customer_name ?? b.customer_id) };
  const region = { key: 'region', head: t('region'), class: 'not-s', cell: (row: CellRow) => <Name>{row.region ?? t('unassigned')}</Name>, order: (a: CellRow, b: CellRow) => textOrder(a.region, b.region) };
  if (cell.kind === 'items') {
    const column = cell.params.column;
    const columns: Column<Item>[] = [
      { key: 'document', head: t('document'), heads: true, cell: (row) => (row.document_id ? doc(row.kind, row.document_id, row.customer_id) : t('on_account')), order: (a, b) => textOrder(a.document_id, b.document_id) },
      customer, region,
      { key: 'due', head: t('due'), right: true, class: 'not-s', cell: (row) => (row.due_date ? date(row.due_date, lang) : ''), order: (a, b) => textOrder(a.due_date, b.due_date) },
      { key: 'days', head: t('daysoverdue'), right: true, cell: (row) => (row.days_overdue === null ? '' : plain(String(row.days_overdue))), order: (a, b) => (a.days_overdue ?? -1e9) - (b.days_overdue ?? -1e9) },
      { key: 'whole', head: t('amount'), right: true, class: 'not-s', cell: (row) => <Amount text={row.amount} />, order: (a, b) => compare(a.amount, b.amount) },
      { key: 'amount', head: column === 'disputed' ? t('disputed') : t('open'), right: true, cell: (row) => <Amount text={itemAmount(row, column)} />, order: (a, b) => compare(itemAmount(a, column), itemAmount(b, column)) },
    ];
    return columns as Column<CellRow>[];
  }
  const position = { key: 'position', head: t('position'), class: 'not-s', cell: (row: Entry | Posting) => <a class="lnk mono" href={href(eventPath(row.event))}>{placeInLog(row.event)}</a> };
  const byEvent = (row: Entry | Posting) => {
    const page = pageOfEvent(row.event.type);
    const kind = { invoices: 'invoice', payments: 'payment', 'credit-notes': 'credit_note', orders: 'order', shipments: 'shipment' }[page ?? ''] ?? 'customer';
    return doc(kind, row.document_id, row.customer_id);
  };
  if (cell.kind === 'entries') {
    const columns: Column<Entry>[] = [
      { key: 'document', head: t('document'), heads: true, cell: byEvent, order: (a, b) => textOrder(a.document_id, b.document_id) },
      customer, region,
      { key: 'date', head: t('effective'), right: true, cell: (row) => date(row.effective_date, lang), order: (a, b) => textOrder(a.effective_date, b.effective_date) },
      { key: 'recorded', head: t('recorded'), right: true, class: 'xl not-s', cell: (row) => instant(row.event.recorded_at, zone, lang), order: (a, b) => textOrder(a.event.recorded_at, b.event.recorded_at) },
      position as Column<Entry>,
      { key: 'amount', head: t('amount'), right: true, cell: (row) => <Amount text={row.amount} />, order: (a, b) => compare(a.amount, b.amount) },
    ];
    return columns as Column<CellRow>[];
  }
  if (cell.kind === 'postings') {
    const columns: Column<Posting>[] = [
      { key: 'document', head: t('document'), heads: true, cell: byEvent, order: (a, b) => textOrder(a.document_id, b.document_id) },
      customer, region,
      { key: 'date', head: t('date'), right: true, cell: (row) => date(row.date, lang), order: (a, b) => textOrder(a.date, b.date) },
      { key: 'sku', head: 'SKU', class: 'not-s', cell: (row) => (row.sku ? <Name>{row.sku}</Name> : ''), order: (a, b) => textOrder(a.sku, b.sku) },
      position as Column<Posting>,
      { key: 'amount', head: t('amount'), right: true, cell: (row) => <Amount text={row.amount} />, order: (a, b) => compare(a.amount, b.amount) },
    ];
    return columns as Column<CellRow>[];
  }
  const columns: Column<CycleOrder>[] = [
    { key: 'document', head: t('order'), heads: true, cell: (row) => doc('order', row.order_id, row.customer_id), order: (a, b) => textOrder(a.order_id, b.order_id) },
    customer, region,
    { key: 'from', head: t('from_day'), right: true, class: 'not-s', cell: (row) => instant(row.from_instant, zone, lang), order: (a, b) => textOrder(a.from_instant, b.from_instant) },
    { key: 'to', head: t('to_day'), right: true, class: 'not-s', cell: (row) => instant(row.to_instant, zone, lang), order: (a, b) => textOrder(a.to_instant, b.to_instant) },
    { key: 'amount', head: t('days'), right: true, cell: (row) => days(row.seconds), order: (a, b) => a.seconds - b.seconds },
  ];
  return columns as Column<CellRow>[];
}
