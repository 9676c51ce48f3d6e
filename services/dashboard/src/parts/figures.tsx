// Charts of answers: each mark opens its rows.
import { useApp } from '../lib/app';
import { STEPS, type Ageing, type BridgeAmounts, type CycleRow } from '../lib/answers';
import { cellOf } from '../lib/cells';
import { isZero, sum, add } from '../lib/decimal';
import { addDays } from '../lib/dates';
import { compact, date, plain, share } from '../lib/format';
import type { Params } from '../lib/url';
import { AgeingColumns, AgeingRows, Waterfall, type Band, type Column, type WaterfallStep } from './charts';
import { overdueOf } from '../lib/figures';

// "1-30" as people write it.
export const bucketWords = (label: string): string => label.replace('-', '–');

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
    </>
  );
}

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
  if (short) return chart(few);
  return <><div class="not-s">{chart(shown.map(step))}</div><div class="only-s">{chart(few)}</div></>;
}

const DAY = 86_400;
const inDays = (seconds: number | string | null): number | null => (seconds === null ? null : Number(seconds) / DAY);

export const bandOf = (row: CycleRow): Band => ({
  label: row.period, p50: inDays(row.p50_seconds), p90: inDays(row.p90_seconds), p99: inDays(row.p99_seconds), mean: inDays(row.mean_seconds),
});

// Whether opening and all steps give the closing balance.
export const bridgeHolds = (amounts: BridgeAmounts): boolean =>
  isZero(amounts.proof ? amounts.proof.difference : '0') && plain(add(amounts.opening, sum(STEPS.map((step) => amounts[step])))) === plain(amounts.closing);
