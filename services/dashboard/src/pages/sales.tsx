// Who sold what against what was promised.
import { useApp } from '../lib/app';
import { useRows } from '../lib/api';
import type { Measure, Sales, SalesRow } from '../lib/answers';
import { cellOf } from '../lib/cells';
import { addMonths, daysBetween, isDay, monthEnd, quarterEnd, quarterStart } from '../lib/dates';
import { compare, isNegative, isZero, percent, ratio, subtract, sum, toNumber } from '../lib/decimal';
import { compact, count, monthName, periodShort, plain, rateText, signed, span } from '../lib/format';
import { useTable } from '../lib/rows';
import * as sentences from '../lib/sentences';
import { orNone, type Params } from '../lib/url';
import { holdsAll, salesProof, type Proven } from '../lib/proof';
import { Amount, Empty, Field, Missing, Name, Panel, Pick, Proof, ProofMark, Segments, Shown } from '../parts/basics';
import { Bars, Bullet, Spark } from '../parts/charts';
import { AsTable } from '../parts/figures';
import type { PeriodOf } from '../parts/dates';
import { Page, RegionPick } from '../parts/page';
import { Cap, Table, textOrder, type Column, type Total } from '../parts/table';

const MEASURES: Measure[] = ['ordered', 'shipped', 'invoiced', 'collected'];
const GROUPS = ['region', 'sales_rep', 'customer', 'sku', 'channel'] as const;
const FILTER: Record<string, string> = { region: 'region', sales_rep: 'sales_rep', customer: 'customer_id', sku: 'sku', channel: 'channel' };
const MONTHS = 13;

// The quarter of the as-of date, or what the address says.
function useQuarter(): PeriodOf {
  const { address, asOf, here } = useApp();
  const to = isDay(address.params.to ?? '') ? address.params.to : quarterEnd(asOf), from = isDay(address.params.from ?? '') ? address.params.from : quarterStart(asOf);
  const months = Math.max(1, Math.round((Date.parse(to) - Date.parse(from)) / 864e5 / 30.4));
  const step = (by: number): string => {
    const start = addMonths(from, by * months);
    return here({ as_of: undefined, from: start, to: monthEnd(addMonths(start, months - 1)) });
  };
  return { from, to, before: step(-1), after: step(1) };
}

// How much of a period is over, where it is under way: a target is that far by then, day by day.
function paceOf({ from, to }: PeriodOf, asOf: string): number | undefined {
  return asOf < from || asOf >= to ? undefined : (daysBetween(from, asOf) + 1) / (daysBetween(from, to) + 1);
}

// Whether the period is one that targets are set for: a month, a quarter or a year.
function grainOf(from: string, to: string): 'month' | 'quarter' | 'year' | undefined {
  if (to === monthEnd(from) && from.endsWith('-01')) return 'month';
  if (from === quarterStart(to) && to === quarterEnd(to)) return 'quarter';
  return from === `${to.slice(0, 4)}-01-01` && to.endsWith('-12-31') ? 'year' : undefined;
}

export function SalesPage() {
  const { t, lang, when, here, address, asOf } = useApp();
  const { params } = address, quarter = useQuarter(), pace = paceOf(quarter, asOf);
  const measure = MEASURES.includes(params.measure as Measure) ? (params.measure as Measure) : 'ordered';
  const group = (GROUPS as readonly string[]).includes(params.group_by) ? params.group_by : 'region', level = params.level ?? '2';
  const grain = grainOf(quarter.from, quarter.to), value = (row: SalesRow): string => row[measure] ?? '0';
  const common = { ...when, region: params.region, sales_rep: params.sales_rep, channel: params.channel, attributes: params.attributes, base_currency: undefined, measure };
  const asked: Params = { ...common, from: quarter.from, to: quarter.to, grain, group_by: group, level: group === 'region' ? level : undefined };
  const before = useTable<Sales, SalesRow>('/v1/sales', { ...asked, compare: 'previous_period' }, (data) => data.rows, params.sort ?? '-attainment');
  const year = useRows<Sales, SalesRow>('/v1/sales', { ...asked, compare: 'previous_year' }, (data) => data.rows, 1000);
  const months = useRows<Sales, SalesRow>('/v1/sales', { ...asked, from: addMonths(quarter.to, 1 - MONTHS), grain: 'month' }, (data) => data.rows, 1000);
  const keyOf = (row: SalesRow): string => JSON.stringify([row.group, row.currency]);
  const yearOf = new Map(year.rows.map((row) => [keyOf(row), row.compare?.[measure] ?? null]));
  const name = (row: SalesRow): string => Object.values(row.group)[0] || t('unassigned');
  const rows = !before.complete ? before.rows : [...before.rows].sort((a, b) => textOrder(a.currency, b.currency) || compare(b.attainment ?? '-1', a.attainment ?? '-1') || compare(value(b), value(a)));
  const targeted = rows.filter((row) => row.attainment), top = Math.max(1.4, ...targeted.map((row) => toNumber(row.attainment as string)));
  const most = (currency: string): number => Math.max(1, ...rows.filter((row) => row.currency === currency).map((row) => toNumber(value(row))));
  const series = new Map<string, (number | null)[]>();
  const labels = Array.from({ length: MONTHS }, (_, i) => addMonths(quarter.to, i + 1 - MONTHS).slice(0, 7));
  for (const row of months.rows) {
    const key = keyOf(row), line = series.get(key) ?? labels.map(() => 0);
    const at = labels.indexOf(row.period);
    if (at >= 0) line[at] = toNumber(value(row));
    series.set(key, line);
  }
  const growth = (now: string, then: string | null | undefined) => {
    if (then === null || then === undefined) return <Missing why={t('no_period_before')} />;
    const change = percent(subtract(now, then), then, 0);
    if (change === null) return <Missing why={t('nothing_before')} />;
    return <span class={isNegative(change) ? 'worse' : ''}>{isNegative(change) || isZero(change) ? '' : '+'}{plain(change)}%</span>;
  };
  const cell = (row: SalesRow): string => here({ cell: cellOf('postings', { ...common, from: quarter.from, to: quarter.to, [FILTER[group]]: Object.values(row.group)[0] ?? '', currency: row.currency }) });
  const proven = before.data ? salesProof(before.data, measure) : [], proofOf = (currency: string) => proven.find((one) => one.currency === currency);
  const gap = (row: SalesRow): string | null => (row.target ? subtract(value(row), row.target) : null);
  const words = { region: t('region'), sales_rep: t('salesrep'), customer: t('customer'), sku: 'SKU', channel: t('channel') };
  const columns: Column<SalesRow>[] = [
    { key: 'group', head: words[group as 'region'], heads: true, class: 'stick', cell: (row) => <Name>{name(row)}</Name>, order: (a, b) => textOrder(name(a), name(b)) },
    { key: 'currency', head: t('cur'), class: 'cur', cell: (row) => row.currency, order: (a, b) => textOrder(a.currency, b.currency) },
    { key: 'bar', head: targeted.length ? t('against_target') : t('share'), class: 'blt not-s', cell: (row) => (targeted.length ? row.target ? <Bullet actual={toNumber(row.attainment ?? '0')} target={1} pace={pace} max={top} before={yearOf.get(keyOf(row)) && !isZero(row.target) ? toNumber(ratio(yearOf.get(keyOf(row)) as string, row.target, 4) ?? '0') : undefined} /> : null : <Bullet actual={toNumber(value(row))} max={most(row.currency)} before={yearOf.get(keyOf(row)) ? toNumber(yearOf.get(keyOf(row)) as string) : undefined} />) },
    { key: 'attainment', head: t('attainment'), right: true, cell: (row) => (row.attainment ? <b class={compare(row.attainment, '0.9') < 0 ? 'worse' : ''}>{rateText(row.attainment, 1)}</b> : <Missing why={t('no_target')} />), order: (a, b) => compare(a.attainment ?? '-1', b.attainment ?? '-1') },
    { key: 'value', head: t(measure), right: true, cell: (row) => <Amount text={value(row)} align href={cell(row)} />, order: (a, b) => compare(value(a), value(b)) },
    { key: 'target', head: t('target'), right: true, class: 'not-s', cell: (row) => (row.target ? <Amount text={row.target} align total /> : '') },
    { key: 'gap', head: t('gap'), right: true, class: 'not-s', cell: (row) => (gap(row) === null ? '' : <span class={isNegative(gap(row) as string) ? 'worse' : ''}><Amount text={gap(row) as string} align total /></span>), order: (a, b) => compare(gap(a) ?? '0', gap(b) ?? '0') },
    { key: 'before', head: t('on_before'), right: true, class: 'not-s', cell: (row) => growth(value(row), row.compare?.[measure]) },
    { key: 'year', head: t('on_year'), right: true, class: 'not-s', cell: (row) => growth(value(row), yearOf.get(keyOf(row))) },
    { key: 'spark', head: t('months_13'), class: 'spk not-s', cell: (row) => <Spark values={series.get(keyOf(row)) ?? []} height={20} /> },
    { key: 'proof', head: <span class="vh">{t('proof')}</span>, right: true, cell: () => null },
  ];
  const currencies = [...new Set(rows.map((row) => row.currency))];
  const totals = currencies.map((currency): Total => {
    const own = rows.filter((row) => row.currency === currency), total = before.data?.totals.find((one) => one.currency === currency), amount = total?.[measure] ?? sum(['0', ...own.map(value)]);
    const then = before.complete && own.every((row) => row.compare) ? sum(['0', ...own.map((row) => row.compare?.[measure] ?? '0')]) : null;
    const targets = own.filter((row) => row.target), target = targets.length ? sum(targets.map((row) => row.target as string)) : null, reached = targets.length ? sum(targets.map(value)) : null;
    const years = own.map((row) => yearOf.get(keyOf(row)) ?? null), lastYear = years.every((one) => one !== null) && years.length ? sum(years as string[]) : null;
    const proof = proofOf(currency);
    return {
      label: `${t('total')} ${currency}`, ruling: !proof ? 'open' : isZero(proof.difference) ? 'proven' : 'broken',
      cells: {
        currency, value: <Amount text={amount} total align href={here({ cell: cellOf('postings', { ...common, from: quarter.from, to: quarter.to, currency }) })} />,
        attainment: target && reached && !isZero(target) ? rateText(ratio(reached, target, 4) as string, 1) : '', target: target ? <Amount text={target} total align /> : '',
        gap: target && reached ? <span class={isNegative(subtract(reached, target)) ? 'worse' : ''}><Amount text={subtract(reached, target)} total align /></span> : '',
        before: growth(amount, then), year: growth(amount, lastYear), proof: proof ? <ProofMark difference={proof.difference} ledger={proof.kept} against="kept_apart" /> : null,
      },
    };
  });
  const label = span(quarter.from, quarter.to, lang);
  const worst = [...targeted].sort((a, b) => compare(a.attainment as string, b.attainment as string)).filter((row) => compare(row.attainment as string, '1') < 0).slice(0, 2);
  const lead = before.data ? sentences.sales(lang, {
    period: label, measure: t(measure), totals: before.data.totals.map((total) => ({ currency: total.currency, amount: total[measure] ?? '0' })), withTarget: targeted.length,
    reached: targeted.filter((row) => compare(row.attainment as string, '1') >= 0).length, worst: worst.map((row) => ({ group: name(row), attainment: rateText(row.attainment as string) })),
  }) : null;
  const legend = <span class="legend"><span><i class="ba_" />{t(measure)}</span><span><i class="bp_ thin" />{t('prevy')}</span>{targeted.length ? <span><i class="tm" />{t('target_100')}</span> : null}{targeted.length && pace !== undefined ? <span><i class="pm" />{t('pace')}</span> : null}</span>;
  return (
    <Page title={t('regions')} lead={lead} period={quarter} view={before.data} file={{ path: '/v1/sales', params: asked }}
      filters={<><RegionPick /><Field label={t('salesrep')} value={params.sales_rep ?? ''} hint={t('all')} to={(value_) => here({ sales_rep: orNone(value_) })} /></>}>
      <div class="lane">
        <Segments label={t('measure')} value={measure} choices={MEASURES.map((one) => ({ value: one, words: t(one) }))} to={(one) => here({ measure: one === 'ordered' ? undefined : one })} />
        <span class="lab">{t('groupby')}</span>
        <Segments label={t('groupby')} value={group} choices={GROUPS.filter((one) => one !== 'sku' || measure !== 'collected').map((one) => ({ value: one, words: words[one] }))} to={(one) => here({ group_by: one === 'region' ? undefined : one, level: undefined })} />
        {group === 'region' ? <><span class="lab">{t('level')}</span><Segments label={t('level')} value={level} choices={['1', '2', '3'].map((one) => ({ value: one, words: one }))} to={(one) => here({ level: one === '2' ? undefined : one })} /></> : null}
        <Pick label={t('attributes')} value={params.attributes ?? 'as_was'} choices={[{ value: 'as_was', words: t('as_they_were') }, { value: 'as_now', words: t('as_now') }]} to={(one) => here({ attributes: one === 'as_was' ? undefined : one })} />
      </div>
      <Panel class="gap" title={`${t(measure)}${lang === 'zh' ? '，' : ', '}${label}`} beside={legend} busy={before.busy}>
        <Shown of={before} height={320}>{() => (rows.length ? (
          <>
            <Table name={t('regions')} columns={columns} rows={rows} keyOf={keyOf} totals={totals} sortAs="sort" whole={before.complete} />
            <Cap path="/v1/sales" params={asked} of={before}><SalesProven proven={proven} /><span>{t('sales_note')}</span></Cap>
          </>
        ) : <Empty words={t('nothing_sold')} detail={t('as_filtered')} />)}</Shown>
      </Panel>
      {rows.length && months.data ? (
        <Panel title={t('month_by_month')} sub={t('own_scale')} busy={months.busy}>
          <div class="in">
            <div class="mults m6">
              {rows.slice(0, 18).map((row) => {
                const line = (series.get(keyOf(row)) ?? []).map((one) => one ?? 0), dark = labels.filter((one) => one >= quarter.from.slice(0, 7)).length;
                return (
                  <a key={keyOf(row)} class="mult" href={cell(row)}>
                    <span class="mh"><b><Name>{name(row)}</Name></b><span class="q">{row.currency}</span></span>
                    <Bars values={line} labels={labels.map((one) => monthName(one + '-01', lang, true))} dark={dark} height={64} />
                    <span class="mf"><b>{compact(value(row), lang)}</b> {label}</span>
                  </a>
                );
              })}
            </div>
            <AsTable>{() => <MonthsTable rows={rows.map((row) => ({ name: name(row), currency: row.currency, values: months.rows.filter((one) => keyOf(one) === keyOf(row)) }))} labels={labels} measure={measure} asked={{ ...asked, from: addMonths(quarter.to, 1 - MONTHS), grain: 'month' }} />}</AsTable>
            {rows.length > 18 ? <p class="note">{t('first_rows').replace('{0}', count(18)).replace('{1}', count(rows.length))}</p> : null}
          </div>
        </Panel>
      ) : null}
    </Page>
  );
}

interface Months {
  name: string;
  currency: string;
  values: SalesRow[];
}

function MonthsTable({ rows, labels, measure, asked }: { rows: Months[]; labels: string[]; measure: Measure; asked: Params }) {
  const { t, lang } = useApp();
  const columns: Column<Months>[] = [
    { key: 'name', head: <span class="vh">{t('groupby')}</span>, heads: true, class: 'stick', cell: (row) => <Name>{row.name}</Name> },
    { key: 'currency', head: t('cur'), class: 'cur', cell: (row) => row.currency },
    ...labels.map((label): Column<Months> => ({ key: label, head: periodShort(label, lang), right: true, cell: (row) => <Amount text={row.values.find((one) => one.period === label)?.[measure] ?? '0'} align /> })),
  ];
  return <><Table name={t('month_by_month')} class="tight snug" columns={columns} rows={rows} keyOf={(row) => `${row.name} ${row.currency}`} /><Cap path="/v1/sales" params={asked} /></>;
}

// The proof in words; where it fails, what differs and by how much.
export function SalesProven({ proven, short }: { proven: Proven[]; short?: boolean }) {
  const { t, lang } = useApp();
  const holds = holdsAll(proven);
  if (holds) return <Proof holds>{t(short ? 'proven' : 'sales_proven')}</Proof>;
  const differ = proven.filter(({ difference }) => !isZero(difference)).map(({ currency, kept, difference }) => `${currency} ${t('kept_apart')} ${plain(kept)}, ${t('difference')} ${signed(difference)}`);
  return <Proof holds={false}>{short ? t('not_proven') : t('proof_fails')} {differ.join(lang === 'zh' ? '；' : '; ')}</Proof>;
}
