// How much, how late, why, whom to call, are we selling, can I trust it.
import { useEffect, useState } from 'preact/hooks';
import { useApp } from '../lib/app';
import { useAnswer } from '../lib/api';
import type { Ageing, Anomalies, BaseAges, Bridge, Cycle, OnTime, Ratios, Restatement, Sales, Trend, Worklist } from '../lib/answers';
import { cellOf } from '../lib/cells';
import { addMonths, endOfDay, addDays, monthStart, previousMonthEnd, quarterLabel, quarterStart } from '../lib/dates';
import { compare, isNegative, isZero, magnitude, percent, ratio, subtract, sum, toNumber } from '../lib/decimal';
import { compact, count, date, monthName, percentText, period, periodShort, plain, rateText, share, signed, type Lang } from '../lib/format';
import * as sentences from '../lib/sentences';
import type { Params } from '../lib/url';
import { Amount, Change, Missing, Name, Panel, Pick, PromiseState, Segments, Shown, Tile } from '../parts/basics';
import { Bands, Bullet, Spark } from '../parts/charts';
import { Icon } from '../parts/icons';
import { Page, RegionPick } from '../parts/page';
import { AgeingChart, AsTable, BridgeChart, bandOf } from '../parts/figures';
import { Cap, Table, type Column } from '../parts/table';
import { salesProof } from '../lib/proof';
import { CycleTable } from './orders';
import { SalesProven } from './sales';
import { overdueOf, over90Of, RATIOS, useBase, useMonthsBefore } from '../lib/figures';
import type { OnTimeRow, SalesRow, WorklistRow } from '../lib/answers';

const PERIODS = 13;
const ON_TIME = '/v1/order-cycle/on-time';

const points = (now: string | null, before: string | null): string | null => (now === null || before === null ? null : subtract(now, before));

// What the ten largest debtors owe of what is open in a currency; nothing where they are all there are.
const topDebtors = (value: string | null | undefined, currency: string | null): sentences.OverviewFacts['top'] =>
  (value == null || compare(value, '100') >= 0 ? null : { share: percentText(value), currency });

export function Overview() {
  const app = useApp();
  const { t, lang, href, when, known, asOf, address } = app;
  const region = address.params.region;
  const { base, currencies, ready } = useBase();
  const month = monthStart(asOf), from = addMonths(asOf, 1 - PERIODS);
  const filters = { ...when, region };
  const ageing = useAnswer<Ageing>(ready ? '/v1/receivables/ageing' : null, { ...filters, group_by: 'none', base_currency: base });
  const trend = useAnswer<Trend>(base ? '/v1/receivables/ageing/trend' : null, { ...known, region, from, to: asOf, grain: 'month', group_by: 'none', base_currency: base });
  const ratios = useAnswer<Ratios>(RATIOS, { ...known, region, from: month, to: asOf });
  const ratiosBefore = useMonthsBefore(asOf, PERIODS - 1, { ...known, region }, ratios.data !== undefined && trend.data !== undefined);
  const promised = { ...filters, from, to: asOf, promise: 'first', grain: 'month' };
  const onTime = useAnswer<OnTime>(ON_TIME, promised);
  // A browser asks only a few things of a server at a time: the first figures do not stand in line behind the others.
  const [begun, begin] = useState(false), answered = ageing.data !== undefined || ageing.failure !== undefined;
  useEffect(() => {
    if (answered) begin(true);
  }, [answered]);
  const totals = ageing.data?.base_totals, series = trend.data?.base_totals ?? [];
  const before = series.find(({ as_of }) => as_of === previousMonthEnd(asOf));
  const lead = totals ? sentences.overview(lang, {
    currency: totals.currency, balance: totals.balance, before: before?.balance ?? null, month: monthName(asOf, lang),
    overdueShare: share(overdueOf(totals), totals.gross_open),
    overdueBefore: before ? points(percent(overdueOf(totals), totals.gross_open), percent(overdueOf(before), before.gross_open)) : null,
    top: topDebtors(ratios.data?.rows.find(({ currency }) => currency === base)?.share_top_10.value, currencies.length === 1 ? null : totals.currency),
  }) : ageing.data ? sentences.ageing(lang, { open: null, items: 0, overdue: null, over90: null, worst: null }) : null;
  return (
    <Page title={t('overview')} lead={lead} grows view={ageing.data} file={base ? { path: '/v1/receivables/ageing', params: { ...filters, group_by: 'customer', base_currency: base } } : undefined}
      filters={<><RegionPick /><Pick label={t('totals_in')} value={base ?? ''} choices={currencies.map((value) => ({ value, words: value }))} to={(value) => app.here({ base_currency: value })} /></>}>
      <Tiles empty={ageing.data !== undefined && !totals} totals={totals} series={series} before={before} ratios={ratios.data} ratiosBefore={ratiosBefore} onTime={onTime.data} base={base} />
      <div class="cols">
        <Panel class="c7" title={t('ageing')} busy={ageing.busy} sub={totals ? <ConvertedWords totals={totals} lang={lang} currencies={currencies} /> : ''} more={{ href: href(['receivables', 'ageing']), words: t('by_region') }}>
          <Shown of={ageing} height={240}>{(data) => <div class="in"><AgeingChart ageing={data} filters={filters} /></div>}</Shown>
        </Panel>
        {begun ? (
          <>
            <CallFirst base={base} ready={ready} />
            <WhyChanged base={base} />
            <AgainstTarget />
            <CyclePanel />
            <OnTimePanel of={onTime} asked={promised} />
            <Trust ageing={ageing.data} />
          </>
        ) : null}
      </div>
    </Page>
  );
}

export function ConvertedWords({ totals, currencies, lang }: { totals: BaseAges; currencies: string[]; lang: Lang }) {
  const { t } = useApp();
  if (currencies.length === 1) return <>{totals.currency}</>;
  const lacking = totals.unconverted.map(({ currency }) => currency).filter((one, i, all) => all.indexOf(one) === i);
  return <>{totals.currency}, {t('converted')}{lacking.length ? <b class="latec"> · {t('without')} {lacking.join(lang === 'zh' ? '、' : ', ')}: {t('no_rate')}</b> : null}</>;
}

interface TilesProps {
  empty: boolean;  // Nothing is open, in any currency.
  totals?: BaseAges;
  series: BaseAges[];
  before?: BaseAges & { as_of: string };
  ratios?: Ratios;
  ratiosBefore: Ratios[];  // Of the months before.
  onTime?: OnTime;
  base?: string;
}

function Tiles({ empty, totals, series, before, ratios, ratiosBefore, onTime, base }: TilesProps) {
  const { t, lang, href, asOf } = useApp();
  const waiting = empty ? <Missing why={t('nothing_open')} /> : '…';
  const since = before ? `${t('since')} ${date(before.as_of, lang, 'short')}` : '';
  const line = (value: (ages: BaseAges) => number | null) => <Spark values={series.map(value)} />;
  const shareOf = (part: (ages: BaseAges) => string) => (ages: BaseAges): number | null => {
    const value = percent(part(ages), ages.gross_open);
    return value === null ? null : toNumber(value);
  };
  const shareTile = (label: string, part: (ages: BaseAges) => string, column: string) => {
    const value = totals ? percent(part(totals), totals.gross_open) : null;
    const change = totals && before ? points(value, percent(part(before), before.gross_open)) : null;
    return (
      <Tile label={label} href={href(['receivables', 'ageing'], { column })} line={line(shareOf(part))}
        figure={totals ? value === null ? <Missing why={t('nothing_open')} /> : <>{plain(value)}% <small title={plain(part(totals))}>{compact(part(totals), lang)}</small></> : waiting}
        under={change !== null && !isZero(change) ? <><Change rises={!isNegative(change)} words={`${plain(magnitude(change))} ${t('pts')}`} judged={isNegative(change) ? 'good' : 'worse'} /> {since}</> : ''} />
    );
  };
  const growth = totals && before ? subtract(totals.balance, before.balance) : null;
  const ofBase = (of?: Ratios) => of?.rows.find(({ currency }) => currency === base);
  const ratioLine = (value: (row: Ratios['rows'][number]) => string | null) => (
    <Spark values={ratiosBefore.length ? [...ratiosBefore, ratios].map((of) => {
      const row = ofBase(of), text = row ? value(row) : null;
      return text === null ? null : toNumber(text);
    }) : []} />
  );
  const own = ofBase(ratios), others = ratios?.rows.filter(({ currency }) => currency !== base) ?? [];
  const months = onTime?.rows ?? [], last = months.find(({ period: label }) => label === asOf.slice(0, 7));
  const previous = months.find(({ period: label }) => label === previousMonthEnd(asOf).slice(0, 7));
  const otif = (row?: OnTimeRow): string | null => (row?.otif_rate ? ratio(row.otif_rate, '0.01', 1) : null);
  const otifChange = points(otif(last), otif(previous));
  return (
    <section class="kpis" aria-label={t('key_figures')}>
      <Tile first label={t('owed')} href={href(['receivables', 'ageing'])} line={line((ages) => toNumber(ages.balance))}
        figure={totals ? <><small>{totals.currency}</small> <span title={plain(totals.balance)}>{compact(totals.balance, lang)}</span></> : waiting}
        under={growth !== null && !isZero(growth) ? <><Change rises={!isNegative(growth)} words={compact(magnitude(growth), lang)} /> {since}</> : ''} />
      {shareTile(t('overdue'), overdueOf, 'overdue')}
      {shareTile(t('over90'), over90Of, 'over90')}
      <Tile label={own ? `${t('dso')}, ${own.currency}` : t('dso')} href={href(['receivables', 'roll-forward'])} line={ratioLine((row) => row.dso.value)}
        figure={own ? own.dso.value === null ? <Missing why={t('no_sales')} /> : <>{plain(own.dso.value)} <small>{t('days')}</small></> : ratios ? <Missing why={t('no_sales')} /> : '…'}
        under={others.filter((row) => row.dso.value !== null).map((row) => `${row.currency} ${plain(row.dso.value as string)}`).join(' · ')} />
      <Tile label={`${t('collected_in')} ${monthName(asOf, lang)}`} href={href(['receivables', 'roll-forward'])} line={ratioLine((row) => row.collection_rate.value)}
        figure={own ? own.collection_rate.value === null ? <Missing why={t('no_sales')} /> : <>{plain(own.collection_rate.value).replace(/\.\d+$/, '')}% <small>{t('of_sales')}</small></> : ratios ? <Missing why={t('no_sales')} /> : '…'}
        under={own ? `${own.currency} ${compact(own.collection_rate.collected, lang)} / ${compact(own.collection_rate.sales, lang)}` : ''} />
      <Tile label={t('otif')} href={href(['on-time'])} line={<Spark values={months.map((row) => (row.otif_rate === null ? null : toNumber(row.otif_rate)))} />}
        figure={onTime ? last?.otif_rate ? <>{rateText(last.otif_rate)} <small>{count(last.otif)} / {count(last.due)}</small></> : <Missing why={t('nothing_due')} /> : '…'}
        under={otifChange !== null && !isZero(otifChange) ? <><Change rises={!isNegative(otifChange)} words={`${plain(magnitude(otifChange))} ${t('pts')}`} judged={isNegative(otifChange) ? 'worse' : 'good'} /> {t('since')} {monthName(previousMonthEnd(asOf), lang)}</> : ''} />
    </section>
  );
}

// The last promise of an account, where there is one.
export function LastPromise({ of }: { of?: { state: string } }) {
  const { t } = useApp();
  return of ? <PromiseState state={of.state} /> : <span class="z">{t('none')}</span>;
}

function CallFirst({ base, ready }: { base?: string; ready: boolean }) {
  const { t, lang, href, when, address } = useApp();
  const asked = { ...when, region: address.params.region, base_currency: base };
  const answer = useAnswer<Worklist>(ready ? '/v1/receivables/worklist' : null, { ...asked, page_size: 7 });
  const most = answer.data?.rows[0]?.score ?? '0';
  const columns: Column<WorklistRow>[] = [
    { key: 'score', head: t('score'), class: 'rankb not-s', cell: (row) => <span title={row.score ?? t('no_rate')}><svg height="10" aria-hidden="true"><rect class="sb" height="10" rx="1" width={row.score && !isZero(most) ? Math.max(1, (44 * toNumber(row.score)) / toNumber(most)) : 0} /></svg><span class="vh">{row.score ? plain(row.score) : t('no_rate')}</span></span> },
    { key: 'customer', head: t('customer'), heads: true, cell: (row) => <span class="two"><a class="lnk0" href={href(['customers', row.customer_id])}><Name>{row.customer_name ?? row.customer_id}</Name></a></span> },
    { key: 'overdue', head: t('overdue'), right: true, cell: (row) => <><span class="cur">{row.currency}</span> <Amount text={row.overdue} align href={href(['receivables', 'worklist'], { cell: cellOf('items', { ...when, customer_id: row.customer_id, currency: row.currency, column: 'overdue' }) })} /></> },
    { key: 'oldest', head: t('oldest'), right: true, cell: (row) => `${count(row.oldest_days_overdue)} ${t('d')}` },
    { key: 'promise', head: t('promise'), class: 'not-s', cell: (row) => <LastPromise of={row.promises[row.promises.length - 1]} /> },
  ];
  return (
    <Panel class="c5" title={t('whotochase')} sub={t('overdue_times_days')} busy={answer.busy} more={{ href: href(['receivables', 'worklist']), words: t('all_of_them') }}>
      <Shown of={answer} height={240}>{(data) => (data.rows.length ? <><Table name={t('whotochase')} class="snug" columns={columns} rows={data.rows} keyOf={(row) => row.customer_id + row.currency} /><Cap path="/v1/receivables/worklist" params={asked} /></> : <p class="in note">{sentences.plainText(sentences.worklist(lang, { rows: 0, more: false, broken: 0 }))}</p>)}</Shown>
    </Panel>
  );
}

function WhyChanged({ base }: { base?: string }) {
  const { t, lang, href, here, known, asOf, address } = useApp();
  const params = { ...known, region: address.params.region, from: monthStart(asOf), to: asOf };
  const answer = useAnswer<Bridge>('/v1/receivables/bridge', params);
  const currencies = answer.data?.totals.map(({ currency }) => currency) ?? [];
  const chosen = currencies.includes(address.params.bridge) ? address.params.bridge : base && currencies.includes(base) ? base : currencies[0];
  const shown = answer.data?.totals.find(({ currency }) => currency === chosen);
  return (
    <Panel class="c7" title={`${t('why_changed')} ${monthName(asOf, lang)}`} busy={answer.busy} more={{ href: href(['receivables', 'roll-forward']), words: t('bridge') }}
      beside={currencies.length > 1 ? <Segments label={t('currency')} choices={currencies.map((value) => ({ value, words: value }))} value={chosen} to={(value) => here({ bridge: value })} /> : undefined}>
      <Shown of={answer} height={260}>{() => <div class="in">{shown ? <BridgeChart amounts={shown} params={params} /> : <p class="note">{t('nothing_moved')}</p>}</div>}</Shown>
    </Panel>
  );
}

function AgainstTarget() {
  const { t, lang, href, when, asOf, address } = useApp();
  const from = quarterStart(asOf), label = quarterLabel(asOf);
  const asked = { ...when, region: address.params.region, from, to: asOf, grain: 'quarter', group_by: 'region', level: 2, measure: 'ordered' };
  const answer = useAnswer<Sales>('/v1/sales', asked);
  const rows = (answer.data?.rows ?? []).filter((row) => row.ordered !== undefined);
  const targeted = rows.some((row) => row.attainment);
  const value = (row: SalesRow): number => (targeted ? toNumber(row.attainment ?? '0') : toNumber(row.ordered ?? '0'));
  const shown = (targeted ? rows.filter((row) => row.attainment) : rows).sort((a, b) => (targeted ? 0 : a.currency < b.currency ? -1 : a.currency > b.currency ? 1 : 0) || value(b) - value(a)).slice(0, 9);
  const max = targeted ? Math.max(1.3, ...shown.map(value)) : 1;
  const most = (currency: string): number => Math.max(1, ...shown.filter((row) => row.currency === currency).map(value));
  const columns: Column<SalesRow>[] = [
    { key: 'group', head: t('region'), heads: true, cell: (row) => <Name>{row.group.region ?? t('unassigned')}</Name> },
    { key: 'bar', head: <span class="vh">{t('against_target')}</span>, class: 'barc', cell: (row) => (targeted ? <Bullet height={18} actual={value(row)} target={1} max={max} /> : <Bullet height={18} actual={value(row)} max={most(row.currency)} />) },
    { key: 'att', head: <span class="vh">{t('attainment')}</span>, right: true, cell: (row) => (row.attainment ? <b class={toNumber(row.attainment) < 0.9 ? 'worse' : ''}>{rateText(row.attainment)}</b> : '') },
    { key: 'amount', head: <span class="vh">{t('ordered')}</span>, right: true, class: 'q', cell: (row) => <a class="n" title={plain(row.ordered ?? '0')} href={href(['sales'], { cell: cellOf('postings', { ...when, from, to: asOf, measure: 'ordered', region: row.group.region, currency: row.currency }) })}>{row.currency} {compact(row.ordered ?? '0', lang)}</a> },
  ];
  return (
    <Panel class="c5" title={`${t(targeted ? 'orders_target' : 'orders_in')}${lang === 'zh' ? '，' : ', '}${period(label, lang)}`} sub={targeted ? t('line_target') : t('no_target_set')} busy={answer.busy} more={{ href: href(['sales']), words: t('regions') }}>
      <Shown of={answer} height={240}>{() => (shown.length ? <><div class="in tgtin"><Table name={t('regions')} class="tgt nohead" columns={columns} rows={shown} keyOf={(row) => JSON.stringify(row.group) + row.currency} /></div><Cap path="/v1/sales" params={asked}>{answer.data ? <SalesProven proven={salesProof(answer.data, 'ordered')} short /> : null}</Cap></> : <p class="in note">{t('no_orders')}</p>)}</Shown>
    </Panel>
  );
}

function CyclePanel() {
  const { t, lang, href, when, asOf, address } = useApp();
  const asked = { ...when, region: address.params.region, from: addMonths(asOf, 1 - PERIODS), to: asOf, grain: 'month', cycle: 'placed..delivered' };
  const answer = useAnswer<Cycle>('/v1/order-cycle', asked);
  const bands = (answer.data?.rows ?? []).map((row) => ({ ...bandOf(row), label: periodShort(row.period, lang) }));
  const last = bands[bands.length - 1];
  return (
    <Panel class="c4" title={t('placed_delivered')} sub={t('days')} busy={answer.busy} more={{ href: href(['order-cycle']), words: t('cycle') }}>
      <Shown of={answer} height={240}>{() => (last ? (
        <div class="in">
          <div class="say legend"><b class="mid">{last.p50?.toFixed(1)}</b><span><i class="kline" />{t('median')}</span><b class="mid">{last.p90?.toFixed(1)}</b><span><i class="kline thinl" />{t('p90')}</span></div>
          <Bands title={`${t('placed_delivered')}, ${t('days')}`} bands={bands} height={168} />
          <AsTable>{() => <CycleTable rows={answer.data?.rows ?? []} common={{ ...when, region: address.params.region }} cycle={asked.cycle} asked={asked} />}</AsTable>
        </div>
      ) : <p class="in note">{t('no_orders')}</p>)}</Shown>
    </Panel>
  );
}

function OnTimePanel({ of, asked }: { of: ReturnType<typeof useAnswer<OnTime>>; asked: Params }) {
  const { t, lang, href } = useApp();
  const columns: Column<OnTimeRow>[] = [
    { key: 'period', head: t('promised_in'), heads: true, cell: (row) => period(row.period, lang) },
    { key: 'due', head: t('due_'), right: true, cell: (row) => count(row.due) },
    { key: 'ok', head: t('on_time'), right: true, cell: (row) => count(row.early + row.on_day) },
    { key: 'late', head: t('latec'), right: true, cell: (row) => count(row.late) },
    { key: 'full', head: t('infull'), right: true, cell: (row) => (row.in_full_rate ? rateText(row.in_full_rate) : <Missing why={t('nothing_due')} />) },
    { key: 'both', head: t('both'), right: true, cell: (row) => (row.otif_rate ? <b>{rateText(row.otif_rate)}</b> : <Missing why={t('nothing_due')} />) },
  ];
  return (
    <Panel class="c4" title={t('otif')} sub={t('against_first')} busy={of.busy} more={{ href: href(['on-time']), words: t('ontime') }}>
      <Shown of={of} height={240}>{(data) => <><Table name={t('otif')} class="snug tight" columns={columns} rows={data.rows.slice(-6)} keyOf={(row) => row.period} /><Cap path={ON_TIME} params={asked} /></>}</Shown>
    </Panel>
  );
}

// Records that changed a month's figures after they were known, on the fifth of the month after; that there are none is
// said where it is `reassuring`.
export function ChangedAfter({ end, region, reassuring }: { end: string; region?: string; reassuring?: boolean }) {
  const { t, lang, zone, href, known, status } = useApp();
  const fifth = addDays(addMonths(end, 1), 4), closed = endOfDay(fifth, zone);
  const hasSince = !known.known_at && status.newest_recorded_at !== null && status.newest_recorded_at > closed;
  const since = useAnswer<Restatement>(hasSince ? '/v1/receivables/restatement' : null, { as_of: end, known_from: closed, known_to: status.newest_recorded_at, region, page_size: 1000 });
  const n = since.data?.rows.length ?? 0;
  if (!since.data || (n === 0 && !reassuring)) return null;
  return <><Icon name="back" /><span><a class="lnk" href={href(['receivables', 'restatement'], { as_of: end, known_from: closed })}>{count(n)}{since.data.next_page_token ? '+' : ''} {t(n === 1 ? 'record_1' : 'records_n')}</a> {t('changed_after')} {monthName(end, lang)} {t('after')} {date(fifth, lang, 'short')}</span></>;
}

function Trust({ ageing }: { ageing?: Ageing }) {
  const { t, href, when, asOf, status, address } = useApp();
  const anomalies = useAnswer<Anomalies>('/v1/anomalies', { ...when, page_size: 1000 });
  const totals = ageing?.totals ?? [], broken = totals.filter(({ proof }) => !isZero(proof.difference));
  const over = anomalies.data?.anomalies.filter(({ kind }) => kind === 'over_credit_limit').length ?? 0;
  const all = anomalies.data ? count(anomalies.data.anomalies.length) + (anomalies.data.next_page_token ? '+' : '') : '…';
  return (
    <Panel class="c4" title={t('trust')}>
      <div class="in">
        <ul class="ctl">
          <li class={broken.length ? 'w' : 'good1'}>
            <Icon name={broken.length ? 'cross' : 'check'} />
            <span><b>{t(broken.length ? 'not_proven' : 'proven')}</b> — {totals.length ? <>{t(broken.length ? 'open_differs' : 'open_equals')} {(broken.length ? broken : totals).map(({ currency }) => currency).join(', ')}</> : t('nothing_open')}</span>
            <span class="n">{broken.length ? broken.map(({ proof }) => signed(proof.difference)).join(' ') : totals[0] ? plain(sum(totals.map(({ proof }) => proof.difference))) : ''}</span>
          </li>
          <li class={anomalies.data?.anomalies.length ? 'w' : ''}><Icon name="warn" /><span><a class="lnk" href={href(['anomalies'])}>{all} {t('anomalies_open')}</a>{over ? <> — {count(over)} {t('over_limit_n')}</> : null}</span></li>
          <li><Icon name="info" /><span>{count(status.waiting)} {t('records_waiting')}</span></li>
          <li><Icon name="info" /><span><a class="lnk" href={href(['parked'])}>{count(status.parked)} {t('records_parked')}</a> — {t('kept_whole')}</span></li>
          <li><ChangedAfter end={previousMonthEnd(asOf)} region={address.params.region} reassuring /></li>
        </ul>
      </div>
    </Panel>
  );
}

