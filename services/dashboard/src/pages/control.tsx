// What does not add up, what could not be read, and whether the feed is whole.
import { useApp } from '../lib/app';
import { useRows } from '../lib/api';
import type { Anomalies, Anomaly, Parked, ParkedRecord } from '../lib/answers';
import { lagOf } from '../lib/live';
import { daysBetween, localTime } from '../lib/dates';
import { eventPath, pageOfEvent, placeInLog, shortName } from '../lib/documents';
import { count, instant } from '../lib/format';
import { useTable } from '../lib/rows';
import * as sentences from '../lib/sentences';
import { Chip, Empty, Name, Panel, Segments, Shown } from '../parts/basics';
import { Page } from '../parts/page';
import { Cap, OwnCap, Table, textOrder, type Column } from '../parts/table';

export function AnomaliesPage() {
  const { t, lang, zone, when, asOf, here, href, address } = useApp();
  const { params } = address, state = params.state === 'cleared' ? 'cleared' : 'open';
  const asked = { ...when, state, customer_id: params.customer_id };
  const answer = useRows<Anomalies, Anomaly>('/v1/anomalies', asked, (data) => data.anomalies, 1000);
  const counts = new Map<string, number>();
  for (const { kind } of answer.rows) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  const kinds = [...counts].sort((a, b) => b[1] - a[1]), chosen = counts.has(params.kind) ? params.kind : kinds[0]?.[0];
  const most = Math.max(1, ...kinds.map(([, n]) => n)), words = (kind: string): string => t(`an_${kind}` as 'an_unknown_invoice');
  const ofKind = useTable<Anomalies, Anomaly>(chosen ? '/v1/anomalies' : null, { ...asked, kind: chosen }, (data) => data.anomalies, params.sort);
  const documentOf = (row: Anomaly) => {
    if (row.document_id === row.customer_id) return <a class="lnk" href={href(['customers', row.customer_id])}><Name>{row.document_id}</Name></a>;
    if (row.kind === 'shipped_without_proof_of_delivery') return <a class="lnk" href={href(['shipments', row.document_id], { customer_id: row.customer_id })}><Name>{row.document_id}</Name></a>;
    const page = row.kind.startsWith('unknown_') ? null : pageOfEvent(row.event?.type ?? '');
    return page ? <a class="lnk" href={href([page, row.document_id], { customer_id: row.customer_id })}><Name>{row.document_id}</Name></a> : <Name>{row.document_id}</Name>;
  };
  const since = (row: Anomaly): number => Math.max(0, daysBetween(localTime(row.event.recorded_at, zone).day, asOf));
  const columns: Column<Anomaly>[] = [
    { key: 'document', head: t('document'), heads: true, cell: documentOf, order: (a, b) => textOrder(a.document_id, b.document_id) },
    { key: 'customer', head: t('customer'), cell: (row) => (row.customer_id ? <a class="lnk0" href={href(['customers', row.customer_id])}><Name>{row.customer_name ?? row.customer_id}</Name></a> : ''), order: (a, b) => textOrder(a.customer_name ?? a.customer_id, b.customer_name ?? b.customer_id) },
    { key: 'detail', head: t('detail'), class: 'rest not-s', cell: (row) => <Name>{row.detail}</Name> },
    { key: 'recorded', head: t('recorded'), cell: (row) => instant(row.event.recorded_at, zone, lang), order: (a, b) => textOrder(a.event.recorded_at, b.event.recorded_at) },
    { key: 'since', head: t('since_days'), right: true, class: 'not-s', cell: (row) => `${count(since(row))} ${t('d')}`, order: (a, b) => since(a) - since(b) },
    { key: 'position', head: t('position'), cell: (row) => <a class="lnk mono" href={href(eventPath(row.event))}>{placeInLog(row.event)}</a> },
  ];
  return (
    <Page title={t('anomalies')} view={answer.data} file={{ path: '/v1/anomalies', params: asked }}
      lead={answer.data ? sentences.anomalies(lang, { all: answer.rows.length, more: !answer.complete, open: state === 'open', kinds: kinds.map(([kind, n]) => ({ words: words(kind), n })) }) : null}>
      <Shown of={answer} height={320}>{() => (
        <div class="cols">
          <Panel class="c4" title={t('by_kind')} busy={answer.busy} beside={<Segments label={t('state')} value={state} choices={[{ value: 'open', words: t('openp') }, { value: 'cleared', words: t('cleared') }]} to={(value) => here({ state: value === 'open' ? undefined : value, kind: undefined })} />}>
            {kinds.length ? (
              <div class="in flush">
                <ul class="kinds">
                  {kinds.map(([kind, n]) => (
                    <li key={kind}>
                      <a href={here({ kind })} aria-current={kind === chosen ? 'true' : undefined}>
                        <span><b>{words(kind)}</b><small>{t(`why_${kind.replace(/^unknown_(?!event).*/, 'unknown')}` as 'why_unknown')}</small></span>
                        <svg width="64" height="8" aria-hidden="true"><rect width={(64 * n) / most} height="8" class="ba" /></svg>
                        <span class="n">{count(n)}</span>
                      </a>
                    </li>
                  ))}
                </ul>
              </div>
            ) : <Empty words={t(state === 'open' ? 'all_adds_up' : 'none_cleared')} />}
          </Panel>
          {chosen ? (
            <Panel class="c8" title={words(chosen)} sub={count(counts.get(chosen) ?? 0)} busy={ofKind.busy}>
              <Shown of={ofKind} height={320}>{() => (
                <>
                  <Table name={words(chosen)} columns={columns} rows={ofKind.rows} keyOf={(row) => `${row.kind} ${row.customer_id} ${row.document_id}`} sortAs="sort" whole={ofKind.complete} />
                  <Cap path="/v1/anomalies" params={{ ...asked, kind: chosen }} of={ofKind} />
                </>
              )}</Shown>
            </Panel>
          ) : null}
        </div>
      )}</Shown>
    </Page>
  );
}

export function ParkedPage() {
  const { t, lang, zone, when, href, address } = useApp();
  const answer = useTable<Parked, ParkedRecord>('/v1/parked', when, (data) => data.parked, address.params.sort);
  const columns: Column<ParkedRecord>[] = [
    { key: 'position', head: t('position'), heads: true, cell: (row) => <a class="lnk mono" href={href(eventPath(row))}>{placeInLog(row)}</a>, order: (a, b) => textOrder(placeInLog(a), placeInLog(b)) },
    { key: 'recorded', head: t('recorded'), cell: (row) => instant(row.recorded_at, zone, lang), order: (a, b) => textOrder(a.recorded_at, b.recorded_at) },
    { key: 'reason', head: t('reason'), cell: (row) => <Chip kind="late">{t(`an_${row.reason}` as 'an_invalid')}</Chip>, order: (a, b) => textOrder(a.reason, b.reason) },
    { key: 'detail', head: t('detail'), class: 'long', cell: (row) => <bdi class="wrap">{row.detail}</bdi> },
    { key: 'bytes', head: t('bytes'), right: true, class: 'not-s', cell: (row) => count(Number(row.bytes)), order: (a, b) => Number(a.bytes) - Number(b.bytes) },
  ];
  return (
    <Page title={t('parked')} lead={answer.data ? sentences.parked(lang, answer.rows.length) : null} file={{ path: '/v1/parked', params: when }}>
      <Panel title={t('parked')} sub={t('kept_retry')} busy={answer.busy}>
        <Shown of={answer} height={240}>{() => (answer.rows.length ? (
          <>
            <Table name={t('parked')} columns={columns} rows={answer.rows} keyOf={placeInLog} sortAs="sort" whole={answer.complete} />
            <Cap path="/v1/parked" params={when} of={answer} />
          </>
        ) : <Empty words={t('nothing_parked')} />)}</Shown>
      </Panel>
    </Page>
  );
}

export function StatusPage() {
  const { t, lang, zone, status, href } = useApp();
  const topics = [...new Set(status.positions.map(({ topic }) => topic))], partitions = [...new Set(status.positions.map(({ partition }) => partition))].sort((a, b) => a - b);
  const at = (topic: string, partition: number) => status.positions.find((position) => position.topic === topic && position.partition === partition);
  const lagOfTopic = (topic: string): number => status.positions.filter((position) => position.topic === topic).reduce((all, position) => all + (position.lag ?? 0), 0);
  const lag = lagOf(status);
  const columns: Column<{ topic: string }>[] = [
    { key: 'topic', head: t('next_offset'), heads: true, class: 'stick', cell: (row) => <Name>{shortName(row.topic)}</Name> },
    ...partitions.map((partition): Column<{ topic: string }> => ({ key: `p${partition}`, head: `p${partition}`, right: true, cell: (row) => count(at(row.topic, partition)?.next_offset ?? 0) })),
    { key: 'lag', head: t('lag_records'), right: true, cell: (row) => (lagOfTopic(row.topic) ? <b class="late">{count(lagOfTopic(row.topic))}</b> : '0') },
  ];
  const fact = (word: string, value: preact.ComponentChildren) => <><dt>{word}</dt><dd class="wrap">{value}</dd></>;
  return (
    <Page title={t('status')} lead={sentences.status(lang, { lag, trouble: Boolean(status.trouble), accepted: status.accepted })}>
      <div class="cols">
        <Panel class="c8" title={t('feed')} sub={`${count(topics.length)} ${t('topics')}, ${count(partitions.length)} ${t('partitions')}`}>
          <Table name={t('feed')} columns={columns} rows={topics.map((topic) => ({ topic }))} keyOf={(row) => row.topic}
            totals={[{ label: t('total'), cells: { ...Object.fromEntries(partitions.map((partition) => [`p${partition}`, count(topics.reduce((all, topic) => all + (at(topic, partition)?.next_offset ?? 0), 0))])), lag: count(lag) }, ruling: 'open' }]} />
          <OwnCap name="positions" rows={status.positions} decimals={[]} />
        </Panel>
        <Panel class="c4" title={t('status')}>
          <div class="in">
            <dl class="facts">
              {fact(t('state'), status.trouble ? <Chip kind="bad">{t('trouble')}</Chip> : lag === 0 ? <Chip kind="ok">{t('live')}</Chip> : <Chip kind="late">{t('catching_up')}</Chip>)}
              {status.trouble ? fact(t('detail'), <bdi>{status.trouble}</bdi>) : null}
              {fact(t('newest'), status.newest_recorded_at ? instant(status.newest_recorded_at, zone, lang, 'seconds') : t('none_figure'))}
              {fact(t('accepted'), count(status.accepted))}
              {fact(t('duplicates_conflicts'), `${count(status.duplicates)}, ${count(status.conflicts)}`)}
              {fact(t('waiting'), count(status.waiting))}
              {fact(t('parked'), <a class="lnk" href={href(['parked'])}>{count(status.parked)}</a>)}
              {fact(t('records_per_second'), count(status.rates.records_per_second))}
              {fact(t('bizdays'), status.business_time_zone)}
              {fact(t('log'), status.log ?? 'kafka')}
              {fact(t('digest'), <span class="mono">{status.digest}</span>)}
              {fact(t('build'), <span class="mono">{status.build}</span>)}
              {status.unprotected ? fact(t('access'), <Chip kind="late">{t('unprotected')}</Chip>) : null}
            </dl>
          </div>
        </Panel>
      </div>
    </Page>
  );
}
