// How long orders take, where the days go and what changed; on time and in full; what is still open.
import { useApp } from '../lib/app';
import { PAGE_MAX, useAnswer, useRows } from '../lib/api';
import type { Cycle, CycleRow, Factors, OnTime, OnTimeRow, OpenOrder, OpenOrders } from '../lib/answers';
import { cellOf } from '../lib/cells';
import { addMonths } from '../lib/dates';
import { reduced, ratio, toNumber } from '../lib/decimal';
import { count, date, days, daysSigned, period, periodShort, rateText } from '../lib/format';
import { useTable } from '../lib/rows';
import * as sentences from '../lib/sentences';
import { orNone, type Params } from '../lib/url';
import { Change, Chip, Empty, Field, Missing, Name, Panel, Pick, Segments, Shown } from '../parts/basics';
import { Bands, Diverging, Stacked, Stages, bandsMax } from '../parts/charts';
import { AsTable, bandOf } from '../parts/figures';
import { MILESTONES, type Milestone } from '../parts/milestones';
import { Page, RegionPick } from '../parts/page';
import { Cap, OwnCap, Table, textOrder, type Column } from '../parts/table';
import { usePeriod } from './receivables';

const CYCLES = ['placed..delivered', 'placed..paid', 'ready..delivered', 'delivered..paid'];
const GRAINS = ['week', 'month', 'quarter'] as const;
const KINDS = ['STANDARD', 'SAMPLE'] as const;
const PERIODS = 13;

function useOrderFilters(): { common: Params; kind: preact.JSX.Element } {
  const { t, when, here, address } = useApp();
  const { params } = address;
  const common = { ...when, region: params.region, kind: params.kind, sales_rep: params.sales_rep, channel: params.channel };
  const kind = <Pick label={t('kind')} value={params.kind ?? ''} choices={[{ value: '', words: t('all') }, ...KINDS.map((value) => ({ value, words: t(`o_${value}`) }))]} to={(value) => here({ kind: orNone(value) })} />;
  return { common, kind };
}

export function CyclePage() {
  const { t, lang, here, address } = useApp();
  const { params } = address, range = usePeriod(PERIODS), { common, kind } = useOrderFilters();
  const cycle = params.cycle ?? CYCLES[0], grain = (GRAINS as readonly string[]).includes(params.grain) ? params.grain : 'month';
  const asked = { ...common, from: range.from, to: range.to, grain, cycle };
  const answer = useRows<Cycle, CycleRow>('/v1/order-cycle', asked, (data) => data.rows, 1000);
  const rows = answer.rows, last = rows.find(({ period: label }) => label === params.at) ?? rows[rows.length - 1];
  const base = rows.find(({ period: label }) => label === params.baseline) ?? rows[rows.indexOf(last) - 1];
  const words = (name: string): string => t(`m_${name}` as 'm_placed');
  const cycleWords = (value: string): string => value.split('..').map(words).join(' → ');
  const change = last && base && last.mean_seconds !== null && base.mean_seconds !== null ? String(Number(last.mean_seconds) - Number(base.mean_seconds)) : null;
  const stage = last && base ? last.stages.map((one, i) => ({ to: one.to, by: Math.abs(Number(one.mean_seconds ?? 0) - Number(base.stages[i]?.mean_seconds ?? 0)) })).sort((a, b) => b.by - a.by)[0] : undefined;
  const lead = answer.data ? sentences.cycle(lang, {
    n: last?.n ?? 0, period: last ? period(last.period, lang) : period(`${range.from}/${range.to}`, lang), half: last && last.p50_seconds !== null ? days(last.p50_seconds) : '', nine: last && last.p90_seconds !== null ? days(last.p90_seconds) : '',
    change: change === null ? null : reduced(ratio(fixed(change), '86400', 2) ?? '0', 0, 1), before: base ? period(base.period, lang) : '', stage: stage && stage.by > 0 ? words(stage.to) : null,
  }) : null;
  const bands = rows.map((row) => ({ ...bandOf(row), label: periodShort(row.period, lang) })), shown = bands[bands.length - 1];
  const figure = (value: number | null): string => (value === null ? '' : value.toFixed(1));
  return (
    <Page title={t('cycle')} lead={lead} period={range} view={answer.data} file={{ path: '/v1/order-cycle', params: asked }}
      filters={<><RegionPick />{rows.length > 1 && last ? <Pick label={t('compare')} value={base?.period ?? ''} choices={rows.filter((row) => row !== last).map((row) => ({ value: row.period, words: period(row.period, lang) }))} to={(value) => here({ baseline: value })} /> : null}</>}>
      <div class="lane">
        <Segments label={t('cycle')} value={cycle} choices={[...CYCLES, ...(CYCLES.includes(cycle) ? [] : [cycle])].map((value) => ({ value, words: cycleWords(value) }))} to={(value) => here({ cycle: value === CYCLES[0] ? undefined : value })} />
        <Pick label={t('from_milestone')} value={cycle.split('..')[0]} choices={MILESTONES.slice(0, -1).map((value) => ({ value, words: words(value) }))} to={(value) => here({ cycle: orderedCycle(value, cycle.split('..')[1]) })} />
        <Pick label={t('to_milestone')} value={cycle.split('..')[1]} choices={MILESTONES.slice(1).map((value) => ({ value, words: words(value) }))} to={(value) => here({ cycle: orderedCycle(cycle.split('..')[0], value) })} />
        <span class="lab">{t('by')}</span>
        <Segments label={t('grain')} value={grain} choices={GRAINS.map((value) => ({ value, words: t(value) }))} to={(value) => here({ grain: value === 'month' ? undefined : value, baseline: undefined, at: undefined })} />
        {kind}
      </div>
      <Shown of={answer} height={320}>{() => (last ? (
        <div class="cols">
          <Panel class="c8" title={cycleWords(cycle)} sub={`${t('days')}, ${t('by_end')}; n = ${count(last.n)}, ${period(last.period, lang)}`} busy={answer.busy}>
            <div class="in">
              <Bands title={`${t('days')}: ${cycleWords(cycle)}`} bands={bands} height={250} names={shown ? { p50: `${t('median')} ${figure(shown.p50)}`, p90: `${t('p90')} ${figure(shown.p90)}`, mean: `${t('mean')} ${figure(shown.mean)}`, p99: `${t('p99')} ${figure(shown.p99)}` } : undefined} />
              <AsTable>{() => <CycleTable rows={rows} common={common} cycle={cycle} asked={asked} />}</AsTable>
            </div>
          </Panel>
          <WhereDays last={last} base={base} />
          <ByRegion asked={asked} base={base?.period} last={last.period} />
          {base ? <Mix common={common} cycle={cycle} period={last.period} baseline={base.period} /> : null}
        </div>
      ) : <Panel><Empty words={t('no_orders')} detail={t('as_filtered')} /></Panel>)}</Shown>
    </Page>
  );
}

// Seconds of a mean have three decimals; a difference of two in floating point is put back to them.
const fixed = (seconds: string): string => Number(seconds).toFixed(3);

function orderedCycle(from: string, to: string): string | undefined {
  const a = MILESTONES.indexOf(from as Milestone), b = MILESTONES.indexOf(to as Milestone);
  const value = a < b ? `${from}..${to}` : `${from}..${MILESTONES[Math.min(MILESTONES.length - 1, a + 1)]}`;
  return value === CYCLES[0] ? undefined : value;
}

export function CycleTable({ rows, common, cycle, asked }: { rows: CycleRow[]; common: Params; cycle: string; asked: Params }) {
  const { t, lang, here } = useApp();
  const seconds = (value: number | string | null) => (value === null ? <Missing why={t('nothing_ended')} /> : days(value));
  const columns: Column<CycleRow>[] = [
    { key: 'period', head: t('period'), heads: true, cell: (row) => period(row.period, lang) },
    { key: 'n', head: t('orders'), right: true, cell: (row) => <OrdersLink n={row.n} cell={{ ...common, cycle, ...spanOf(row.period) }} here={here} /> },
    { key: 'p50', head: t('median'), right: true, cell: (row) => seconds(row.p50_seconds) },
    { key: 'mean', head: t('mean'), right: true, cell: (row) => seconds(row.mean_seconds) },
    { key: 'p90', head: t('p90'), right: true, cell: (row) => seconds(row.p90_seconds) },
    { key: 'p99', head: t('p99'), right: true, cell: (row) => seconds(row.p99_seconds) },
  ];
  return <><Table name={t('cycle')} class="tight snug" columns={columns} rows={rows} keyOf={(row) => row.period} /><Cap path="/v1/order-cycle" params={asked} /></>;
}

// A period's own days, so that its orders can be asked for by them.
function spanOf(label: string): Params {
  const month = /^(\d{4})-(\d\d)$/.exec(label);
  if (month) return { from: `${label}-01`, to: lastDay(`${label}-01`) };
  const quarter = /^(\d{4})-Q(\d)$/.exec(label);
  if (quarter) {
    const from = `${quarter[1]}-${String(Number(quarter[2]) * 3 - 2).padStart(2, '0')}-01`;
    return { from, to: lastDay(addMonths(from, 2)) };
  }
  const week = /^(\d{4})-W(\d\d)$/.exec(label);
  if (!week) return {};
  // The week with the year's first Thursday is its first.
  const january = Date.UTC(Number(week[1]), 0, 4), monday = january - ((new Date(january).getUTCDay() + 6) % 7) * 864e5 + (Number(week[2]) - 1) * 7 * 864e5;
  const text = (time: number): string => new Date(time).toISOString().slice(0, 10);
  return { from: text(monday), to: text(monday + 6 * 864e5) };
}
const lastDay = (first: string): string => new Date(Date.parse(`${addMonths(first, 1)}T00:00:00Z`) - 864e5).toISOString().slice(0, 10);

function OrdersLink({ n, cell, here }: { n: number; cell: Params; here: (changes: Params) => string }) {
  return n === 0 ? <><span class="z" aria-hidden="true">–</span><span class="vh">0</span></> : <a class="n" href={here({ cell: cellOf('orders', cell) })}>{count(n)}</a>;
}

function WhereDays({ last, base }: { last: CycleRow; base?: CycleRow }) {
  const { t, lang } = useApp();
  const rows = base ? [base, last] : [last], max = Math.max(1, ...rows.map((row) => Number(row.mean_seconds ?? 0)));
  const changes = last.stages.map((stage, i) => Number(stage.mean_seconds ?? 0) - Number(base?.stages[i]?.mean_seconds ?? 0)), most = Math.max(1, ...changes.map(Math.abs));
  type Row = { to: string; before: string; now: string; change: number; at: number };
  const table: Row[] = last.stages.map((stage, i) => ({ to: stage.to, before: base ? fixed(String(base.stages[i]?.mean_seconds ?? 0)) : '0', now: fixed(String(stage.mean_seconds ?? 0)), change: changes[i], at: i }));
  const columns: Column<Row>[] = [
    { key: 'stage', head: t('stage'), heads: true, cell: (row) => <><i class={`sw sk${1 + (row.at % 5)}`} />{t('to_stage')} {t(`m_${row.to}` as 'm_placed')}</> },
    ...(base ? [{ key: 'before', head: periodShort(base.period, lang), right: true, cell: (row: Row) => days(row.before, 2) }] : []),
    { key: 'now', head: periodShort(last.period, lang), right: true, cell: (row) => days(row.now, 2) },
    ...(base ? [
      { key: 'change', head: t('change'), right: true, cell: (row: Row) => daysSigned(fixed(String(row.change))) },
      { key: 'bar', head: t('shorter_longer'), class: 'dv', cell: (row: Row) => <Diverging value={row.change} max={most} /> },
    ] : []),
  ];
  const meanChange = base ? Number(last.mean_seconds ?? 0) - Number(base.mean_seconds ?? 0) : 0;
  return (
    <Panel class="c4" title={t('where_days_go')} sub={t('mean_days')}>
      <div class="in">
        <div class="stk">
          {rows.map((row) => (
            <>
              <span class="lab">{periodShort(row.period, lang)}</span>
              <Stages label={`${period(row.period, lang)}: ${row.stages.map((stage) => `${t(`m_${stage.to}` as 'm_placed')} ${days(fixed(String(stage.mean_seconds ?? 0)))}`).join(', ')}`} max={max} parts={row.stages.map((stage) => ({ value: Number(stage.mean_seconds ?? 0), words: days(fixed(String(stage.mean_seconds ?? 0))) }))} />
              <b>{days(fixed(String(row.mean_seconds ?? 0)))}</b>
            </>
          ))}
        </div>
      </div>
      <Table name={t('where_days_go')} class="tight snug" columns={columns} rows={table} keyOf={(row) => row.to}
        totals={[{ label: t('mean'), cells: { before: base ? days(fixed(String(base.mean_seconds ?? 0)), 2) : '', now: days(fixed(String(last.mean_seconds ?? 0)), 2), change: base ? daysSigned(fixed(String(meanChange))) : '' }, ruling: 'proven' }]} />
      <OwnCap name="stages" rows={[...(base ? [base] : []), last].flatMap((row) => row.stages.map((stage) => ({ period: row.period, from: stage.from, to: stage.to, mean_seconds: stage.mean_seconds })))} decimals={['mean_seconds']} />
    </Panel>
  );
}

function ByRegion({ asked, base, last }: { asked: Params; base?: string; last: string }) {
  const { t, lang, here } = useApp();
  const answer = useRows<Cycle, CycleRow>('/v1/order-cycle', { ...asked, group_by: 'region', level: 2 }, (data) => data.rows, 1000);
  const groups = [...new Set(answer.rows.map((row) => row.group))], max = bandsMax(answer.rows.map(bandOf), 'p90');
  if (groups.length < 2) return null;
  return (
    <Panel class="c12" title={t('by_region')} sub={t('same_scale')} busy={answer.busy}>
      <div class="in">
        <div class={`mults ${groups.length > 9 ? 'm6' : ''}`}>
          {groups.map((group) => {
            const rows = answer.rows.filter((row) => row.group === group), now = rows.find((row) => row.period === last), before = rows.find((row) => row.period === base);
            const change = now?.p90_seconds != null && before?.p90_seconds != null ? now.p90_seconds - before.p90_seconds : null;
            return (
              <a key={group} class="mult" href={here({ region: group ?? '' })}>
                <span class="mh"><Name>{group || t('unassigned')}</Name><span class="q">{count(now?.n ?? 0)}</span></span>
                <Bands bands={rows.map(bandOf)} height={56} max={max} small />
                <span class="mf">{now && now.p50_seconds !== null && now.p90_seconds !== null ? <><b>{days(now.p50_seconds)} · {days(now.p90_seconds)}</b> {change ? <Change rises={change > 0} words={days(Math.abs(change))} judged={change > 0 ? 'worse' : 'good'} /> : null}</> : <Missing why={t('nothing_ended')} />}</span>
              </a>
            );
          })}
        </div>
        <p class="note">{periodShort(String(answer.rows[0]?.period ?? ''), lang)} – {periodShort(last, lang)} · {t('median')} · {t('p90')}</p>
        <AsTable>{() => <RegionsTable rows={answer.rows} asked={{ ...asked, group_by: 'region', level: 2 }} />}</AsTable>
      </div>
    </Panel>
  );
}

function RegionsTable({ rows, asked }: { rows: CycleRow[]; asked: Params }) {
  const { t, lang } = useApp();
  const seconds = (value: number | null) => (value === null ? <Missing why={t('nothing_ended')} /> : days(value));
  const columns: Column<CycleRow>[] = [
    { key: 'group', head: t('region'), heads: true, cell: (row) => <Name>{row.group || t('unassigned')}</Name> },
    { key: 'period', head: t('period'), cell: (row) => period(row.period, lang) },
    { key: 'n', head: t('orders'), right: true, cell: (row) => count(row.n) },
    { key: 'p50', head: t('median'), right: true, cell: (row) => seconds(row.p50_seconds) },
    { key: 'p90', head: t('p90'), right: true, cell: (row) => seconds(row.p90_seconds) },
  ];
  return <><Table name={t('by_region')} class="tight snug" columns={columns} rows={[...rows].sort((a, b) => textOrder(a.group, b.group) || textOrder(a.period, b.period))} keyOf={(row) => `${row.group} ${row.period}`} /><Cap path="/v1/order-cycle" params={asked} /></>;
}

function Mix({ common, cycle, period: of, baseline }: { common: Params; cycle: string; period: string; baseline: string }) {
  const { t, lang, here } = useApp();
  const asked = { ...common, cycle, period: of, baseline, group_by: 'region', level: 2 };
  const answer = useAnswer<Factors>('/v1/order-cycle/factors', { ...asked, page_size: 1000 });
  return (
    <Shown of={answer} height={240}>{(data) => {
      const { mix } = data, most = Math.max(1, ...mix.groups.flatMap((group) => [Math.abs(group.within_seconds ?? 0), Math.abs(group.mix_seconds ?? 0)]));
      type Row = Factors['rows'][number] & { within: number; mixed: number };
      const rows = data.rows.map((row): Row => {
        const own = mix.groups.find(({ group }) => group === row.group);
        return { ...row, within: own?.within_seconds ?? 0, mixed: own?.mix_seconds ?? 0 };
      });
      const n = rows.reduce((all, row) => all + row.n, 0);
      const columns: Column<Row>[] = [
        { key: 'group', head: t('region'), heads: true, cell: (row) => <Name>{row.group || t('unassigned')}</Name> },
        { key: 'n', head: t('orders'), right: true, cell: (row) => <OrdersLink n={row.n} cell={{ ...common, cycle, region: row.group ?? '', ...spanOf(of) }} here={here} /> },
        { key: 'mean', head: t('mean_days'), right: true, cell: (row) => (row.mean_seconds === null ? <Missing why={t('nothing_ended')} /> : days(fixed(String(row.mean_seconds)), 2)) },
        { key: 'within', head: t('within'), right: true, cell: (row) => daysSigned(fixed(String(row.within))) },
        { key: 'wbar', head: <span class="vh">{t('within')}</span>, class: 'dv', cell: (row) => <Diverging value={row.within} max={most} /> },
        { key: 'mix', head: t('mix'), right: true, cell: (row) => daysSigned(fixed(String(row.mixed))) },
        { key: 'mbar', head: <span class="vh">{t('mix')}</span>, class: 'dv', cell: (row) => <Diverging value={row.mixed} max={most} soft /> },
      ];
      const within = daysSigned(fixed(String(mix.within_seconds ?? 0))), mixed = daysSigned(fixed(String(mix.mix_seconds ?? 0)));
      const all = daysSigned(fixed(String((mix.within_seconds ?? 0) + (mix.mix_seconds ?? 0))));
      return (
        <>
          <Panel class="c8" title={t('regions_or_mix')} sub={t('mix_sums').replace('{0}', within).replace('{1}', mixed).replace('{2}', all)} busy={answer.busy}>
            <Table name={t('regions_or_mix')} columns={columns} rows={rows} keyOf={(row) => String(row.group)} totals={[{ label: t('total'), cells: { n: count(n), within, mix: mixed }, ruling: 'proven' }]} />
            <Cap path="/v1/order-cycle/factors" params={asked}><span>{t('parts_add_up')}</span></Cap>
          </Panel>
          <Reasons reasons={data.reasons} label={period(of, lang)} />
        </>
      );
    }}</Shown>
  );
}

const STAGES = ['CONFIRM', 'PRODUCE', 'DISPATCH', 'DELIVER', 'INVOICE'];

function Reasons({ reasons, label }: { reasons: Factors['reasons']; label: string }) {
  const { t } = useApp();
  const codes = [...new Set(reasons.map((reason) => reason.reason_code))];
  const at = (code: string, stage: string): number => reasons.filter((reason) => reason.reason_code === code && reason.stage === stage).reduce((all, reason) => all + reason.orders, 0);
  const shown = STAGES.filter((stage) => reasons.some((reason) => reason.stage === stage));
  const all = (code: string): number => reasons.filter((reason) => reason.reason_code === code).reduce((sum_, reason) => sum_ + reason.orders, 0);
  const rows = codes.map((code) => ({ code })).sort((a, b) => all(b.code) - all(a.code));
  const zero = (n: number) => (n ? count(n) : <><span class="z" aria-hidden="true">–</span><span class="vh">0</span></>);
  const columns: Column<{ code: string }>[] = [
    { key: 'code', head: t('reason'), heads: true, cell: (row) => <Name>{row.code}</Name> },
    ...shown.map((stage): Column<{ code: string }> => ({ key: stage, head: t(`st_${stage}` as 'st_CONFIRM'), right: true, cell: (row) => zero(at(row.code, stage)) })),
    { key: 'all', head: t('reports'), right: true, cell: (row) => <b>{count(all(row.code))}</b> },
  ];
  return (
    <Panel class="c4" title={t('reasons')} sub={`${t('by_stage')}; ${label}`}>
      {rows.length ? (
        <>
          <Table name={t('reasons')} class="tight slim" columns={columns} rows={rows} keyOf={(row) => row.code}
            totals={[{ label: t('total'), cells: { ...Object.fromEntries(shown.map((stage) => [stage, count(codes.reduce((n, code) => n + at(code, stage), 0))])), all: count(codes.reduce((n, code) => n + all(code), 0)) }, ruling: 'open' }]} />
          <OwnCap name="delays" rows={reasons} decimals={[]} />
        </>
      ) : <p class="in note">{t('no_reasons')}</p>}
    </Panel>
  );
}

const PROMISES = ['first', 'last', 'requested'] as const;
const ON_TIME_GROUPS = ['none', 'region', 'customer', 'sales_rep', 'warehouse', 'channel'] as const;

export function OnTimePage() {
  const { t, lang, here, href, address } = useApp();
  const { params } = address, range = usePeriod(PERIODS), { common, kind } = useOrderFilters();
  const promise = (PROMISES as readonly string[]).includes(params.promise) ? params.promise : 'first', grain = (GRAINS as readonly string[]).includes(params.grain) ? params.grain : 'month';
  const group = (ON_TIME_GROUPS as readonly string[]).includes(params.group_by) ? params.group_by : 'none';
  const whole = { ...common, from: range.from, to: range.to, promise, grain };
  const answer = useTable<OnTime, OnTimeRow>('/v1/order-cycle/on-time', whole, (data) => data.rows, params.sort, PAGE_MAX);
  const last = answer.rows[answer.rows.length - 1];
  const asked = { ...whole, group_by: group, level: group === 'region' ? (params.level ?? 2) : undefined, ...(last && group !== 'none' ? spanOf(last.period) : {}) };
  const grouped = useTable<OnTime, OnTimeRow>(group === 'none' ? null : '/v1/order-cycle/on-time', asked, (data) => data.rows, params.sort2);
  const words = { none: t('period'), region: t('region'), customer: t('customer'), sales_rep: t('salesrep'), warehouse: t('warehouse'), channel: t('channel') };
  const rate = (value: string | null) => (value === null ? <Missing why={t('nothing_due')} /> : rateText(value, 1));
  const columnsOf = (name: string, head: (row: OnTimeRow) => preact.ComponentChildren): Column<OnTimeRow>[] => [
    { key: 'name', head: name, heads: true, cell: head, order: (a, b) => textOrder(a.group + a.period, b.group + b.period) },
    { key: 'due', head: t('due_'), right: true, cell: (row) => count(row.due), order: (a, b) => a.due - b.due },
    { key: 'bar', head: t('of_these'), class: 'blt not-s', cell: (row) => <Stacked label={`${t('early')} ${count(row.early)}, ${t('onday')} ${count(row.on_day)}, ${t('latec')} ${count(row.late)}, ${t('openlate')} ${count(row.open_late)}`} parts={[{ value: row.early, class: 'ba' }, { value: row.on_day, class: 'bp' }, { value: row.late - row.open_late, class: 'f1' }, { value: row.open_late, class: 'f4' }]} /> },
    { key: 'early', head: t('early'), right: true, cell: (row) => count(row.early), order: (a, b) => a.early - b.early },
    { key: 'day', head: t('onday'), right: true, cell: (row) => count(row.on_day), order: (a, b) => a.on_day - b.on_day },
    { key: 'late', head: t('latec'), right: true, cell: (row) => count(row.late), order: (a, b) => a.late - b.late },
    { key: 'openlate', head: t('openlate'), right: true, class: 'not-s', cell: (row) => (row.open_late ? <a class="n" href={href(['open-orders'], { late: 'true' })}>{count(row.open_late)}</a> : count(0)), order: (a, b) => a.open_late - b.open_late },
    { key: 'pending', head: t('pending'), right: true, class: 'xl not-s', cell: (row) => count(row.pending) },
    { key: 'nodate', head: t('no_date'), right: true, class: 'xl not-s', cell: (row) => count(row.no_date) },
    { key: 'ontime', head: t('on_time'), right: true, cell: (row) => rate(row.on_time_rate), order: (a, b) => toNumber(a.on_time_rate ?? '-1') - toNumber(b.on_time_rate ?? '-1') },
    { key: 'full', head: t('infull'), right: true, cell: (row) => rate(row.in_full_rate), order: (a, b) => toNumber(a.in_full_rate ?? '-1') - toNumber(b.in_full_rate ?? '-1') },
    { key: 'otif', head: t('otif'), right: true, cell: (row) => <b>{rate(row.otif_rate)}</b>, order: (a, b) => toNumber(a.otif_rate ?? '-1') - toNumber(b.otif_rate ?? '-1') },
  ];
  const legend = <span class="legend"><span><i class="ba_" />{t('early')}</span><span><i class="bp_" />{t('onday')}</span><span><i class="a1" />{t('latec')}</span><span><i class="a4" />{t('openlate')}</span></span>;
  return (
    <Page title={t('ontime')} period={range} view={answer.data} file={{ path: '/v1/order-cycle/on-time', params: asked }} filters={<><RegionPick />{kind}</>}
      lead={answer.data ? sentences.onTime(lang, { period: last ? period(last.period, lang) : period(`${range.from}/${range.to}`, lang), due: last?.due ?? 0, late: last?.late ?? 0, openLate: last?.open_late ?? 0, otif: last?.otif_rate ? rateText(last.otif_rate, 0) : null }) : null}>
      <div class="lane">
        <span class="lab">{t('against')}</span>
        <Segments label={t('against')} value={promise} choices={PROMISES.map((value) => ({ value, words: t(`pr_${value}`) }))} to={(value) => here({ promise: value === 'first' ? undefined : value })} />
        <span class="lab">{t('by')}</span>
        <Segments label={t('grain')} value={grain} choices={GRAINS.map((value) => ({ value, words: t(value) }))} to={(value) => here({ grain: value === 'month' ? undefined : value })} />
        <Pick label={t('groupby')} value={group} choices={ON_TIME_GROUPS.map((value) => ({ value, words: words[value] }))} to={(value) => here({ group_by: value === 'none' ? undefined : value })} />
      </div>
      <Panel class="gap" title={t('otif')} beside={legend} busy={answer.busy}>
        <Shown of={answer} height={320}>{() => (answer.rows.length ? (
          <>
            <Table name={t('ontime')} columns={columnsOf(t('promised_in'), (row) => period(row.period, lang))} rows={answer.rows} keyOf={(row) => row.period} sortAs="sort" whole={answer.complete} />
            <Cap path="/v1/order-cycle/on-time" params={whole} of={answer}><span>{t('on_time_sums')}</span></Cap>
          </>
        ) : <Empty words={t('no_orders')} detail={t('as_filtered')} />)}</Shown>
      </Panel>
      {group !== 'none' && last ? (
        <Panel title={`${words[group as 'region']}, ${period(last.period, lang)}`} busy={grouped.busy}>
          <Shown of={grouped} height={240}>{() => (
            <>
              <Table name={words[group as 'region']} columns={columnsOf(words[group as 'region'], (row) => <Name>{row.group || t('unassigned')}</Name>)} rows={grouped.rows} keyOf={(row) => `${row.group} ${row.period}`} sortAs="sort2" whole={grouped.complete} />
              <Cap path="/v1/order-cycle/on-time" params={asked} of={grouped} />
            </>
          )}</Shown>
        </Panel>
      ) : null}
    </Page>
  );
}

export function OpenOrdersPage() {
  const { t, lang, zone, href, here, address } = useApp();
  const { params } = address, { common, kind } = useOrderFilters();
  const asked = { ...common, customer_id: params.customer_id };
  const answer = useTable<OpenOrders, OpenOrder>('/v1/order-cycle/open', asked, (data) => data.orders, params.sort ?? '-days');
  const slow = (row: OpenOrder): boolean => row.stage_p90_seconds !== null && row.days_waiting * 86_400 > row.stage_p90_seconds;
  const only = params.late === 'true', rows = only ? answer.rows.filter((row) => row.late) : answer.rows;
  const most = rows.reduce((longest, row) => Math.max(longest, row.days_waiting), 1);
  const columns: Column<OpenOrder>[] = [
    { key: 'order', head: t('order'), heads: true, cell: (row) => <a class="lnk" href={href(['orders', row.order_id], { customer_id: row.customer_id })}><Name>{row.order_id}</Name></a>, order: (a, b) => textOrder(a.order_id, b.order_id) },
    { key: 'customer', head: t('customer'), cell: (row) => <a class="lnk0" href={href(['customers', row.customer_id])}><Name>{row.customer_name ?? row.customer_id}</Name></a>, order: (a, b) => textOrder(a.customer_name ?? a.customer_id, b.customer_name ?? b.customer_id) },
    { key: 'region', head: t('region'), class: 'xl not-s', cell: (row) => <Name>{row.region ?? t('unassigned')}</Name>, order: (a, b) => textOrder(a.region, b.region) },
    { key: 'last', head: t('last_milestone'), class: 'not-s', cell: (row) => t(`m_${row.last_milestone}` as 'm_placed'), order: (a, b) => textOrder(a.last_milestone, b.last_milestone) },
    { key: 'waits', head: t('waits_for'), cell: (row) => t(`m_${row.waiting_for}` as 'm_placed'), order: (a, b) => textOrder(a.waiting_for, b.waiting_for) },
    { key: 'days', head: t('days_waiting'), right: true, cell: (row) => count(row.days_waiting), order: (a, b) => a.days_waiting - b.days_waiting },
    { key: 'bar', head: t('against_nine'), class: 'blt not-s', cell: (row) => <Waited row={row} most={most} slow={slow(row)} /> },
    { key: 'promised', head: t('promised_for'), right: true, cell: (row) => (row.promised_date ? date(row.promised_date, lang) : <Missing why={t('no_date')} />), order: (a, b) => textOrder(a.promised_date, b.promised_date) },
    { key: 'late', head: t('state'), cell: (row) => (row.late ? <Chip kind="late">{t('latec')}</Chip> : <Chip>{t('in_time')}</Chip>), order: (a, b) => Number(a.late) - Number(b.late) },
  ];
  return (
    <Page title={t('openorders')} view={answer.data} file={{ path: '/v1/order-cycle/open', params: asked }} filters={<><RegionPick />{kind}<Field label={t('customer')} value={params.customer_id ?? ''} hint={t('all')} to={(value) => here({ customer_id: orNone(value) })} /></>}
      lead={answer.data ? sentences.openOrders(lang, { orders: answer.rows.length, more: !answer.complete, late: answer.rows.filter((row) => row.late).length, slow: answer.rows.filter(slow).length }) : null}>
      <div class="lane"><Segments label={t('state')} value={only ? 'late' : 'all'} choices={[{ value: 'all', words: t('all') }, { value: 'late', words: t('latec') }]} to={(value) => here({ late: value === 'late' ? 'true' : undefined })} /></div>
      <Panel title={t('openorders')} sub={`${t('in_stage')} · ${zone}`} busy={answer.busy}>
        <Shown of={answer} height={320}>{() => (rows.length ? (
          <>
            <Table name={t('openorders')} columns={columns} rows={rows} keyOf={(row) => `${row.customer_id} ${row.order_id}`} sortAs="sort" unless="-days" whole={answer.complete} />
            {only && answer.complete ? <OwnCap name="open-orders-late" rows={rows} decimals={[]} /> : <Cap path="/v1/order-cycle/open" params={asked} of={answer} />}
          </>
        ) : <Empty words={t('no_orders')} detail={t('as_filtered')} />)}</Shown>
      </Panel>
    </Page>
  );
}

// Days in the stage against what nine in ten took for it.
function Waited({ row, most, slow }: { row: OpenOrder; most: number; slow: boolean }) {
  const { t } = useApp();
  const nine = row.stage_p90_seconds === null ? null : row.stage_p90_seconds / 86_400, max = Math.max(most, nine ?? 0, 1);
  const at = (value: number): string => `${Math.max(0.4, Math.min(100, (100 * value) / max)).toFixed(2)}%`;
  const words = `${count(row.days_waiting)} ${t('days')}, ${nine === null ? t('no_figure_nine') : `${t('p90')} ${nine.toFixed(1)}`}`;
  return (
    <svg width="100%" height="14" role="img" aria-label={words}>
      <rect y="3" width={at(row.days_waiting)} height="8" class={slow ? 'f2' : 'ba'} />
      {nine === null ? null : <rect x={at(nine)} y="0" width="2" height="14" class="bt" />}
    </svg>
  );
}
