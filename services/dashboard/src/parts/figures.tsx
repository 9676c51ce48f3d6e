// Charts of answers: each mark opens its rows, and each chart has its table.
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { useApp } from '../lib/app';
import { STEPS, type Ageing, type BridgeAmounts, type CycleRow } from '../lib/answers';
import { cellOf } from '../lib/cells';
import { isZero, negate, sum, add } from '../lib/decimal';
import { addDays } from '../lib/dates';
import { compact, date, plain, share } from '../lib/format';
import type { Params } from '../lib/url';
import { AgeingColumns, AgeingRows, Waterfall, type Band, type Column, type WaterfallStep } from './charts';
import { overdueOf } from '../lib/figures';
import { Amount } from './basics';
import { OwnCap, Table, type Column as TableColumn } from './table';

// "1-30" as people write it.
export const bucketWords = (label: string): string => label.replace('-', '–');

// The figures of a chart as a table; drawn when it is wanted.
export function AsTable({ children }: { children: () => ComponentChildren }) {
  const { t } = useApp();
  const [open, set] = useState(false);
  return (
    <details class="astable" onToggle={(event) => set(event.currentTarget.open)}>
      <summary>{t('showtable')}</summary>
      {open ? children() : null}
    </details>
  );
}

interface Part {
  part: string;
  amount: string;
  share?: string | null;
}

// The parts of a chart of one currency: what each is, its amount, and its share where it has one.
function PartsTable({ name, file, currency, rows }: { name: string; file: string; currency: string; rows: Part[] }) {
  const { t } = useApp();
  const columns: TableColumn<Part>[] = [
    { key: 'part', head: <span class="vh">{t('what')}</span>, heads: true, cell: (row) => row.part },
    { key: 'amount', head: currency, right: true, cell: (row) => <Amount text={row.amount} /> },
    ...(rows.some((row) => row.share) ? [{ key: 'share', head: t('share'), right: true, cell: (row: Part) => row.share ?? '' }] : []),
  ];
  return <><Table name={name} class="tight snug" columns={columns} rows={rows} keyOf={(row) => row.part} /><OwnCap name={file} rows={rows.map((row) => ({ currency, ...row }))} decimals={['amount']} /></>;
}

// Ageing of all, in one currency; what is clicked opens as items of that currency, or of all where it was converted.
export function AgeingChart({ ageing, filters }: { ageing: Ageing; filters: Params }) {
  const { t, lang, here, href } = useApp();
  const total = ageing.base_totals ?? ageing.totals[0];
  if (!total) return <p class="note">{t('nothing_open')}</p>;
  const single = ageing.totals.length === 1 ? ageing.totals[0].currency : undefined;
  const cell = (what: Params): string => (single
    ? here({ cell: cellOf('items', { ...filters, ...what, currency: single }) })
    // Converted columns are of several currencies: the table has them apart, each with its proof.
    : href(['receivables', 'ageing'], { group_by: 'currency', column: String(what.bucket ?? what.column) }));
  const columns: Column[] = [
    { label: t('notdue'), value: total.not_due, share: share(total.not_due, total.gross_open), href: cell({ bucket: 'not_due' }) },
    ...ageing.buckets.map((label, i) => ({ label: bucketWords(label), value: total.buckets[i], share: share(total.buckets[i], total.gross_open), href: cell({ bucket: label }) })),
  ];
  const overdue = overdueOf(total), of = share(overdue, total.gross_open);
  return (
    <>
      <div class="not-s">
        <AgeingColumns title={t('ageing')} lang={lang} columns={columns} axis={t('dayspastdue')}
          bracket={isZero(overdue) || of === null ? undefined : `${t('overdue')} ${compact(overdue, lang)} · ${of}`}
          credits={[
            { lines: t('unapplied_lines').split('|'), value: total.unapplied_cash, href: cell({ column: 'unapplied_cash' }) },
            { lines: t('credits_lines').split('|'), value: total.open_credits, href: cell({ column: 'open_credits' }) },
          ]} />
      </div>
      <div class="only-s"><AgeingRows title={t('ageing')} lang={lang} columns={columns} /></div>
      <AsTable>{() => (
        <PartsTable name={t('ageing')} file="ageing" currency={total.currency} rows={[
          ...columns.map(({ label, value, share: of_ }) => ({ part: label, amount: value, share: of_ })), { part: t('gross'), amount: total.gross_open },
          { part: t('unapplied'), amount: negated(total.unapplied_cash) }, { part: t('credits'), amount: negated(total.open_credits) }, { part: t('balance'), amount: total.balance },
        ]} />
      )}</AsTable>
    </>
  );
}

const negated = (text: string): string => (isZero(text) ? text : negate(text));

export function BridgeChart({ amounts, params, height, short }: { amounts: BridgeAmounts; params: Params; height?: number; short?: boolean }) {
  const { t, lang, here, href } = useApp();
  const cell = (type: string): string => here({ cell: cellOf('entries', { ...params, currency: amounts.currency, type }) });
  const shown = STEPS.filter((step) => !isZero(amounts[step]));
  const from = String(params.from), to = String(params.to);
  const opening = href(['receivables', 'ageing'], { as_of: addDays(from, -1) }), closing = href(['receivables', 'ageing'], { as_of: to });
  const totalStep = (word: 'opening' | 'closing', day: string, link: string): WaterfallStep =>
    ({ lines: [t(word), date(day, lang, 'short')], value: amounts[word], total: true, href: link });
  const step = (name: (typeof STEPS)[number]): WaterfallStep => ({ lines: t(`c_${name}`).split(' '), value: amounts[name], href: cell(name) });
  const rest = shown.filter((name) => name !== 'invoices' && name !== 'cash');
  const few: WaterfallStep[] = [
    ...shown.filter((name) => name === 'invoices' || name === 'cash').map(step),
    ...(rest.length ? [{ lines: [t('other')], value: sum(rest.map((name) => amounts[name])), href: cell('other') }] : []),
  ];
  const chart = (steps: WaterfallStep[]) => (
    <Waterfall title={`${t('bridge')} ${amounts.currency}`} lang={lang} height={height}
      steps={[totalStep('opening', addDays(from, -1), opening), ...steps, totalStep('closing', to, closing)]} />
  );
  const table = (
    <AsTable>{() => (
      <PartsTable name={`${t('bridge')} ${amounts.currency}`} file="roll-forward" currency={amounts.currency} rows={[
        { part: `${t('opening')}, ${date(addDays(from, -1), lang)}`, amount: amounts.opening }, ...STEPS.map((name) => ({ part: t(`c_${name}`), amount: amounts[name] })), { part: `${t('closing')}, ${date(to, lang)}`, amount: amounts.closing },
      ]} />
    )}</AsTable>
  );
  if (short) return <>{chart(few)}{table}</>;
  return <><div class="not-s">{chart(shown.map(step))}</div><div class="only-s">{chart(few)}</div>{table}</>;
}

const DAY = 86_400;
const inDays = (seconds: number | string | null): number | null => (seconds === null ? null : Number(seconds) / DAY);

export const bandOf = (row: CycleRow): Band => ({
  label: row.period, p50: inDays(row.p50_seconds), p90: inDays(row.p90_seconds), p99: inDays(row.p99_seconds), mean: inDays(row.mean_seconds),
});

// Whether opening and all steps give the closing balance.
export const bridgeHolds = (amounts: BridgeAmounts): boolean =>
  isZero(amounts.proof ? amounts.proof.difference : '0') && plain(add(amounts.opening, sum(STEPS.map((step) => amounts[step])))) === plain(amounts.closing);
