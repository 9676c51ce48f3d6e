// Roll-forward and what changed since.
import { useApp } from '../lib/app';
import { PAGE_MAX } from '../lib/api';
import { STEPS, type Bridge, type BridgeAmounts, type BridgeRow, type Restatement, type RestatementRow, type Step } from '../lib/answers';
import { cellOf } from '../lib/cells';
import { addDays, addMonths, daysBetween, endOfDay, isDay, localTime, monthEnd, previousMonthEnd } from '../lib/dates';
import { add, compare, isZero, magnitude, subtract, sum, toNumber } from '../lib/decimal';
import { eventPath, placeInLog } from '../lib/documents';
import { compactSigned, count, date, instant, plain } from '../lib/format';
import { useTable } from '../lib/rows';
import * as sentences from '../lib/sentences';
import { orNone, type Params } from '../lib/url';
import { Amount, Empty, Field, Name, Panel, Proof, ProofMark, Segments, Shown } from '../parts/basics';
import { BridgeChart, bridgeHolds } from '../parts/figures';
import { AsOf, KnownAt, momentWords, type PeriodOf } from '../parts/dates';
import { Icon } from '../parts/icons';
import { Page, RegionPick } from '../parts/page';
import { Cap, Table, textOrder, type Column, type Total } from '../parts/table';
import { DocumentLink } from './customer';
import { ChangedAfter } from './overview';

// The period of a page: in the address, else the month of the as-of date up to it.
export function usePeriod(span = 1): PeriodOf {
  const { address, asOf, here } = useApp();
  const to = isDay(address.params.to ?? '') ? address.params.to : asOf;
  const from = isDay(address.params.from ?? '') ? address.params.from : addMonths(to, 1 - span);
  const months = Math.max(1, Math.round((daysBetween(from, to) + 1) / 30.4));
  const step = (by: number): string => {
    const start = addMonths(from, by * (span > 1 ? 1 : months));
    return here({ as_of: undefined, from: start, to: monthEnd(addMonths(start, (span > 1 ? span : months) - 1)) });
  };
  return { from, to, before: step(-1), after: step(1) };
}

const GROUPS = ['region', 'customer', 'sales_rep', 'parent_customer'] as const;
const FILTERS: Record<string, string> = { region: 'region', customer: 'customer_id', sales_rep: 'sales_rep', parent_customer: 'parent_customer' };

export function BridgePage() {
  const { t, lang, known, here, href, address } = useApp();
  const { params } = address, period = usePeriod();
  const group = (GROUPS as readonly string[]).includes(params.group_by) ? params.group_by : 'region', level = params.level ?? '2';
  const common = { ...known, region: params.region, sales_rep: params.sales_rep, from: period.from, to: period.to };
  const asked = { ...common, group_by: group, level: group === 'region' ? level : undefined };
  const answer = useTable<Bridge, BridgeRow>('/v1/receivables/bridge', asked, (data) => data.rows, params.sort);
  const totals = [...(answer.data?.totals ?? [])];
  const volume = (amounts: BridgeAmounts): string => add(magnitude(amounts.invoices), magnitude(amounts.cash));
  const facts = totals.map((amounts) => ({ currency: amounts.currency, change: subtract(amounts.closing, amounts.opening), invoices: amounts.invoices, cash: amounts.cash }));
  const cell = (row: BridgeRow, type: Step | ''): string =>
    here({ cell: cellOf('entries', { ...common, [FILTERS[group]]: row.group ?? '', currency: row.currency, type: orNone(type) }) });
  const columns: Column<BridgeRow>[] = [
    { key: 'group', head: t(group === 'region' ? 'region' : group === 'customer' ? 'customer' : group === 'sales_rep' ? 'salesrep' : 'parent'), heads: true, class: 'stick', cell: (row) => (group === 'customer' ? <a class="lnk0" href={href(['customers', row.group])}><Name>{row.customer_name ?? row.group}</Name></a> : <Name>{row.group || t('unassigned')}</Name>), order: (a, b) => textOrder(a.group, b.group) },
    { key: 'currency', head: t('cur'), class: 'cur', cell: (row) => row.currency, order: (a, b) => textOrder(a.currency, b.currency) },
    { key: 'opening', head: t('opening'), right: true, class: 'ob', cell: (row) => <Amount text={row.opening} align />, order: (a, b) => compare(a.opening, b.opening) },
    ...STEPS.map((step): Column<BridgeRow> => ({ key: step, head: t(`c_${step}`), right: true, cell: (row) => <Amount text={row[step]} align href={cell(row, step)} />, order: (a, b) => compare(a[step], b[step]) })),
    { key: 'closing', head: t('closing'), right: true, class: 'gr', cell: (row) => <Amount text={row.closing} align href={href(['receivables', 'ageing'], { as_of: period.to, [FILTERS[group]]: row.group })} />, order: (a, b) => compare(a.closing, b.closing) },
    { key: 'proof', head: <span class="vh">{t('proof')}</span>, right: true, cell: (row) => (row.proof ? <ProofMark difference={row.proof.difference} ledger={row.proof.open_balance} /> : null) },
  ];
  const totalRow = (amounts: BridgeAmounts): Total => ({
    label: `${t('total')} ${amounts.currency}`, ruling: bridgeHolds(amounts) ? 'proven' : 'broken',
    cells: {
      currency: amounts.currency, opening: <Amount text={amounts.opening} total align />, closing: <Amount text={amounts.closing} total align />,
      ...Object.fromEntries(STEPS.map((step) => [step, <Amount text={amounts[step]} align href={here({ cell: cellOf('entries', { ...common, currency: amounts.currency, type: step }) })} />])),
      proof: amounts.proof ? <ProofMark difference={amounts.proof.difference} ledger={amounts.proof.open_balance} /> : null,
    },
  });
  const words = { region: t('region'), customer: t('customer'), sales_rep: t('salesrep'), parent_customer: t('parent') };
  const holds = totals.every(bridgeHolds), bySize = [...totals].sort((a, b) => biggest(b) - biggest(a));
  function biggest(amounts: BridgeAmounts): number {
    return answer.rows.filter((row) => row.currency === amounts.currency).length * 1e3 + Math.log10(1 + toNumber(volume(amounts)));
  }
  const [main, ...others] = bySize;
  return (
    <Page title={t('bridge')} period={period} view={answer.data} file={{ path: '/v1/receivables/bridge', params: asked }} filters={<><RegionPick /><Field label={t('salesrep')} value={params.sales_rep ?? ''} hint={t('all')} to={(value) => here({ sales_rep: orNone(value) })} />{period.to === monthEnd(period.to) ? <span class="since"><ChangedAfter end={period.to} region={params.region} /></span> : null}</>}
      lead={answer.data ? sentences.bridge(lang, [...facts].sort((a, b) => (main && a.currency === main.currency ? -1 : main && b.currency === main.currency ? 1 : 0))) : null}>
      <Shown of={answer} height={320}>{() => (main ? (
        <>
          <div class="cols gap">
            <Panel class={others.length ? 'c8' : 'c12'} title={main.currency} sub={<span class="legend">{t('column_opens')}<span><i class="kt" />{t('c_balance')}</span><span><i class="ka" />{t('adds')}</span><span><i class="kl" />{t('lowers')}</span></span>}>
              <div class="in"><BridgeChart amounts={main} params={common} height={others.length ? 330 : 260} /></div>
            </Panel>
            {others.length ? <div class="c4 stack">{others.slice(0, 2).map((amounts) => (
              <Panel key={amounts.currency} title={amounts.currency} sub={compactSigned(subtract(amounts.closing, amounts.opening), lang)}><div class="in"><BridgeChart amounts={amounts} params={common} height={150} short /></div></Panel>
            ))}</div> : null}
          </div>
          <div class="lane">
            <span class="lab">{t('groupby')}</span>
            <Segments label={t('groupby')} value={group} choices={GROUPS.map((value) => ({ value, words: words[value] }))} to={(value) => here({ group_by: value === 'region' ? undefined : value, level: undefined })} />
            {group === 'region' ? <><span class="lab">{t('level')}</span><Segments label={t('level')} value={level} choices={['1', '2', '3'].map((value) => ({ value, words: value }))} to={(value) => here({ level: value === '2' ? undefined : value })} /></> : null}
            <span class="note">{t('signed_as')}</span>
          </div>
          <Panel busy={answer.busy}>
            <Table name={t('bridge')} class="wide nar" columns={columns} rows={answer.rows} keyOf={(row) => `${row.group} ${row.currency}`} totals={totals.map(totalRow)} sortAs="sort" whole={answer.complete} />
            <Cap path="/v1/receivables/bridge" params={asked} of={answer}><Proof holds={holds}>{t(holds ? 'bridge_proven' : 'proof_fails')}</Proof></Cap>
          </Panel>
        </>
      ) : <Panel><Empty words={t('nothing_moved')} detail={t('as_filtered')} /></Panel>)}</Shown>
    </Page>
  );
}

export function RestatementPage() {
  const { t, lang, zone, asOf, when, address, href, status } = useApp();
  const { params } = address;
  const end = when.as_of ?? previousMonthEnd(asOf), from = params.known_from ?? endOfDay(addDays(addMonths(String(end), 1), 4), zone);
  const asked: Params = { as_of: end, known_from: from, known_to: params.known_to ?? status.newest_recorded_at, region: params.region, sales_rep: params.sales_rep };
  const answer = useTable<Restatement, RestatementRow>('/v1/receivables/restatement', asked, (data) => data.rows, params.sort, PAGE_MAX);
  const rows = answer.rows, totals = answer.data?.totals ?? [];
  const told = (row: RestatementRow): number => Math.max(0, daysBetween(row.effective_date, localTime(row.event.recorded_at, zone).day));
  const longest = Math.max(1, ...rows.map(told)), then = momentWords(from, zone, lang, t('endofday'));
  const by = new Map<string, number>();
  for (const row of rows) by.set(row.event.type, (by.get(row.event.type) ?? 0) + 1);
  const mostly = [...by].sort((a, b) => b[1] - a[1])[0]?.[0];
  const columns: Column<RestatementRow>[] = [
    { key: 'recorded', head: t('recorded'), heads: true, cell: (row) => <span class="kn">{instant(row.event.recorded_at, zone, lang)}</span>, order: (a, b) => textOrder(a.event.recorded_at, b.event.recorded_at) },
    { key: 'effective', head: t('happened'), cell: (row) => date(row.effective_date, lang), order: (a, b) => textOrder(a.effective_date, b.effective_date) },
    { key: 'lag', head: t('lag'), right: true, cell: (row) => <><svg class="lag not-s" width={50} height="8" aria-hidden="true"><rect width={(50 * told(row)) / longest} height="8" class="kd" /></svg>{count(told(row))} {t('d')}</>, order: (a, b) => told(a) - told(b) },
    { key: 'what', head: t('what'), cell: (row) => t(`e_${row.event.type}` as 'e_invoice_issued'), order: (a, b) => textOrder(a.event.type, b.event.type) },
    { key: 'document', head: t('document'), cell: (row) => <DocumentLink entry={row} customer={row.customer_id} />, order: (a, b) => textOrder(a.document_id, b.document_id) },
    { key: 'customer', head: t('customer'), class: 'not-s', cell: (row) => <Name>{row.customer_name ?? row.customer_id}</Name>, order: (a, b) => textOrder(a.customer_name ?? a.customer_id, b.customer_name ?? b.customer_id) },
    { key: 'currency', head: t('cur'), class: 'cur', cell: (row) => row.currency, order: (a, b) => textOrder(a.currency, b.currency) },
    { key: 'amount', head: t('amount'), right: true, cell: (row) => <Amount text={row.amount} align />, order: (a, b) => compare(a.amount, b.amount) },
    { key: 'position', head: t('position'), class: 'not-s', cell: (row) => <a class="lnk mono" href={href(eventPath(row.event))}>{placeInLog(row.event)}</a>, order: (a, b) => textOrder(placeInLog(a.event), placeInLog(b.event)) },
  ];
  const of = (currency: string): RestatementRow[] => rows.filter((row) => row.currency === currency);
  const holds = (total: (typeof totals)[number]): boolean => isZero(subtract(add(total.balance_from, total.change), total.balance_to)) && (!answer.complete || isZero(subtract(sum(['0', ...of(total.currency).map((row) => row.amount)]), total.change)));
  const proven = totals.every(holds);
  return (
    <Page title={t('restatement')} view={answer.data} file={{ path: '/v1/receivables/restatement', params: asked }}
      lead={answer.data ? sentences.restatement(lang, { asOf: date(String(end), lang, 'short'), then, records: rows.length, more: !answer.complete, mostly: mostly ? t(`e_${mostly}` as 'e_invoice_issued') : null }) : null}
      dates={<><AsOf /><KnownAt name="known_from" label={t('known_then')} value={from} /><span class="arrow"><Icon name="right" /></span><KnownAt name="known_to" label={t('knownat')} value={params.known_to ?? null} /></>}
      filters={<RegionPick />}>
      <Shown of={answer} height={280}>{() => (
        <>
          <div class="cols gap">
            {totals.map((total) => (
              <Panel key={total.currency} class="c4" title={total.currency} sub={`${count(of(total.currency).length)} ${t(of(total.currency).length === 1 ? 'record_1' : 'records_n')}`}>
                <div class="in">
                  <div class="tn">
                    <div><small class="kn">{t('then')}</small><b>{plain(total.balance_from)}</b></div>
                    <div><small>{t(params.known_to ? 'later' : 'now_')}</small><b>{plain(total.balance_to)}</b></div>
                    <div class="chg"><small>{t('change')}</small><b>{plain(total.change)}</b></div>
                  </div>
                  <Moved rows={of(total.currency)} start={total.balance_from} from={from} />
                </div>
              </Panel>
            ))}
          </div>
          <Panel title={t('came_since')} sub={t('by_recorded')} busy={answer.busy}>
            {rows.length ? (
              <Table name={t('came_since')} columns={columns} rows={rows} keyOf={(row) => `${row.event.topic}:${row.event.partition}:${row.event.offset}:${row.document_id}:${row.effective_date}:${row.amount}`} sortAs="sort" whole={answer.complete}
                totals={totals.map((total): Total => ({ label: `${t('change')} ${total.currency}`, cells: { currency: total.currency, amount: <Amount text={total.change} total align /> }, ruling: holds(total) ? 'proven' : 'broken' }))} />
            ) : <Empty words={t('nothing_since')} />}
            <Cap path="/v1/receivables/restatement" params={asked} of={answer}><Proof holds={proven}>{t(proven ? 'then_now' : 'proof_fails')}</Proof></Cap>
          </Panel>
        </>
      )}</Shown>
    </Page>
  );
}

// The balance as it moved by recorded time.
function Moved({ rows, start, from }: { rows: RestatementRow[]; start: string; from: string }) {
  const { t, zone, lang, status } = useApp();
  const begin = Date.parse(from), end = Math.max(begin + 1, Date.parse(status.newest_recorded_at ?? from));
  let balance = start;
  const points = [...rows].sort((a, b) => textOrder(a.event.recorded_at, b.event.recorded_at)).map((row) => {
    balance = add(balance, row.amount);
    return { x: (100 * (Date.parse(row.event.recorded_at) - begin)) / (end - begin), value: toNumber(balance) };
  });
  const values = [toNumber(start), ...points.map((point) => point.value)], low = Math.min(...values), high = Math.max(...values);
  const y = (value: number): number => 8 + 50 * (high === low ? 0.5 : 1 - (value - low) / (high - low));
  const path = `M0 ${y(values[0]).toFixed(1)} ` + points.map((point) => `H${point.x.toFixed(2)} V${y(point.value).toFixed(1)}`).join(' ') + ' H100';
  return (
    <svg width="100%" height="88" role="img" aria-label={t('moved_picture')}>
      <svg width="100%" height="74" viewBox="0 0 100 74" preserveAspectRatio="none"><path d={path} class="lthen solid" /></svg>
      {points.slice(0, 60).map((point, i) => <circle key={i} cx={`${Math.min(99, Math.max(1, point.x)).toFixed(2)}%`} cy={y(point.value)} r="3" class="kd" />)}
      <text x="0" y="86" class="ts">{date(localTime(from, zone).day, lang, 'short')}</text>
      <text x="100%" y="86" class="ts" text-anchor="end">{date(localTime(new Date(end).toISOString(), zone).day, lang, 'short')}</text>
    </svg>
  );
}
