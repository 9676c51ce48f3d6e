// Whom to call today, what letter goes out; finance's own ledger against this one; who the customers are.
import { useRef, useState } from 'preact/hooks';
import { useApp } from '../lib/app';
import { Failure, send, urlOf } from '../lib/api';
import type { CallerNotes, CustomerRow, Customers, Dunning, DunningRow, Reconciliation, ReconciliationLine, Worklist, WorklistRow } from '../lib/answers';
import { cellOf } from '../lib/cells';
import { compare, isZero, toNumber } from '../lib/decimal';
import { eventPath, placeInLog } from '../lib/documents';
import { useBase } from '../lib/figures';
import { count, date, plain, signed } from '../lib/format';
import { useTable } from '../lib/rows';
import { saveAs } from '../lib/save';
import * as sentences from '../lib/sentences';
import { orNone } from '../lib/url';
import { Amount, Chip, Empty, Failed, Field, Missing, Name, Panel, Pick, Segments, Shown } from '../parts/basics';
import { Page, RegionPick } from '../parts/page';
import { Cap, SaveCap, Table, textOrder, type Column } from '../parts/table';
import { LastPromise } from './overview';

export function WorklistPage() {
  const { t, here, address } = useApp();
  const dunning = address.params.view === 'dunning';
  const lane = (
    <div class="lane">
      <Segments label={t('view')} value={dunning ? 'dunning' : 'calls'} choices={[{ value: 'calls', words: t('worklist') }, { value: 'dunning', words: t('dunning') }]} to={(value) => here({ view: value === 'calls' ? undefined : value, sort: undefined })} />
      <Field label={t('minimum')} value={address.params.minimum ?? ''} hint="0" to={(value) => here({ minimum: orNone(value) })} />
      {dunning ? <Field label={t('levels')} value={address.params.levels ?? ''} hint="1,15,30,60" to={(value) => here({ levels: orNone(value) })} />
        : <Field label={t('grace_days')} value={address.params.grace_days ?? ''} hint="3" to={(value) => here({ grace_days: orNone(value) })} />}
      <Pick label={t('credits_as')} value={address.params.credits ?? 'separate'} choices={[{ value: 'separate', words: t('credits_separate') }, { value: 'fifo', words: t('credits_fifo') }]} to={(value) => here({ credits: value === 'separate' ? undefined : value })} />
    </div>
  );
  return dunning ? <DunningView lane={lane} /> : <Calls lane={lane} />;
}

// What whoever calls wants to know first.
function callerColumns<Row extends CallerNotes>({ t, lang }: Pick<ReturnType<typeof useApp>, 't' | 'lang'>): Column<Row>[] {
  const reasons = (row: Row): string[] => [...new Set((row.disputes ?? []).map((dispute) => dispute.reason_code ?? dispute.dispute_id))];
  return [
    { key: 'paid', head: t('last_payment'), class: 'not-s', cell: (row) => (row.last_payment ? <span class="say">{plain(row.last_payment.amount)}<span class="q">{date(row.last_payment.date, lang, 'short')}</span></span> : t('none_figure')), order: (a, b) => textOrder(a.last_payment?.date ?? '', b.last_payment?.date ?? '') },
    { key: 'reasons', head: t('dispute_reasons'), class: 'not-s', cell: (row) => <span class="wraplist">{reasons(row).map((reason) => <Name key={reason}>{reason}</Name>)}</span> },
  ];
}

function Calls({ lane }: { lane: preact.JSX.Element }) {
  const { t, lang, when, href, here, address } = useApp();
  const { params } = address, { base, currencies, ready } = useBase();
  const asked = { ...when, region: params.region, sales_rep: params.sales_rep, base_currency: base, grace_days: params.grace_days, minimum: params.minimum, credits: params.credits, details: 'true' };
  const answer = useTable<Worklist, WorklistRow>(ready ? '/v1/receivables/worklist' : null, asked, (data) => data.rows, params.sort);
  const most = answer.rows[0]?.score ?? '0', last = (row: WorklistRow) => row.promises[row.promises.length - 1];
  const columns: Column<WorklistRow>[] = [
    { key: 'rank', head: t('rank'), right: true, cell: (row) => (row.rank === null ? <Missing why={t('no_rate')} /> : count(row.rank)), order: (a, b) => (a.rank ?? 1e9) - (b.rank ?? 1e9) },
    { key: 'score', head: base ? `${t('score')} (${base})` : t('score'), class: 'rankb not-s', cell: (row) => <span title={row.score ? plain(row.score) : t('no_rate')}><svg height="10" aria-hidden="true"><rect class="sb" height="10" rx="1" width={row.score && !isZero(most) ? Math.max(1, (44 * toNumber(row.score)) / toNumber(most)) : 0} /></svg><span class="vh">{row.score ? plain(row.score) : t('no_rate')}</span></span>, order: (a, b) => compare(a.score ?? '-1', b.score ?? '-1') },
    { key: 'customer', head: t('customer'), heads: true, cell: (row) => <span class="two"><a class="lnk0" href={href(['customers', row.customer_id])}><Name>{row.customer_name ?? row.customer_id}</Name></a><span class="id"><bdi>{row.customer_name ? row.customer_id : ''}</bdi></span></span>, order: (a, b) => textOrder(a.customer_name ?? a.customer_id, b.customer_name ?? b.customer_id) },
    { key: 'currency', head: t('cur'), class: 'cur', cell: (row) => row.currency, order: (a, b) => textOrder(a.currency, b.currency) },
    { key: 'overdue', head: t('overdue'), right: true, cell: (row) => <Amount text={row.overdue} align href={here({ cell: cellOf('items', { ...when, customer_id: row.customer_id, currency: row.currency, column: 'overdue' }) })} />, order: (a, b) => compare(a.overdue, b.overdue) },
    { key: 'disputed', head: t('disputed'), right: true, class: 'not-s', cell: (row) => <Amount text={row.disputed_overdue} align />, order: (a, b) => compare(a.disputed_overdue, b.disputed_overdue) },
    { key: 'oldest', head: t('oldest'), right: true, cell: (row) => `${count(row.oldest_days_overdue)} ${t('d')}`, order: (a, b) => a.oldest_days_overdue - b.oldest_days_overdue },
    { key: 'promise', head: t('promise'), class: 'not-s', cell: (row) => <span class="say"><LastPromise of={last(row)} />{last(row) ? <span class="q">{last(row).currency} {plain(last(row).amount)}, {date(last(row).promised_date, lang, 'short')}</span> : null}</span> },
    ...callerColumns<WorklistRow>({ t, lang }),
  ];
  return (
    <Page title={t('worklist')} view={answer.data} file={{ path: '/v1/receivables/worklist', params: asked }}
      lead={answer.data ? sentences.worklist(lang, { rows: answer.rows.length, more: !answer.complete, broken: answer.rows.filter((row) => last(row)?.state === 'broken').length }) : null}
      filters={<><RegionPick /><Field label={t('salesrep')} value={params.sales_rep ?? ''} hint={t('all')} to={(value) => here({ sales_rep: orNone(value) })} /><Pick label={t('scores_in')} value={base ?? ''} choices={currencies.map((value) => ({ value, words: value }))} to={(value) => here({ base_currency: value })} /></>}>
      {lane}
      <Panel title={t('whotochase')} sub={t('overdue_times_days')} busy={answer.busy}>
        <Shown of={answer} height={320}>{() => (answer.rows.length ? (
          <>
            <Table name={t('worklist')} columns={columns} rows={answer.rows} keyOf={(row) => row.customer_id + row.currency} sortAs="sort" whole={answer.complete} />
            <Cap path="/v1/receivables/worklist" params={asked} of={answer}><span>{t('per_currency')}</span></Cap>
          </>
        ) : <Empty words={t('nobody_late')} detail={t('as_filtered')} />)}</Shown>
      </Panel>
    </Page>
  );
}

function DunningView({ lane }: { lane: preact.JSX.Element }) {
  const { t, lang, when, href, here, address } = useApp();
  const { params } = address;
  const asked = { ...when, region: params.region, sales_rep: params.sales_rep, levels: params.levels, minimum: params.minimum, credits: params.credits, details: 'true' };
  const answer = useTable<Dunning, DunningRow>('/v1/receivables/dunning', asked, (data) => data.rows, params.sort);
  const columns: Column<DunningRow>[] = [
    { key: 'customer', head: t('customer'), heads: true, cell: (row) => <span class="two"><a class="lnk0" href={href(['customers', row.customer_id])}><Name>{row.customer_name ?? row.customer_id}</Name></a><span class="id"><bdi>{row.customer_name ? row.customer_id : ''}</bdi></span></span>, order: (a, b) => textOrder(a.customer_name ?? a.customer_id, b.customer_name ?? b.customer_id) },
    { key: 'level', head: t('level'), right: true, cell: (row) => <Chip kind={row.level >= 3 ? 'bad' : 'late'}>{count(row.level)}</Chip>, order: (a, b) => a.level - b.level },
    { key: 'currency', head: t('cur'), class: 'cur', cell: (row) => row.currency, order: (a, b) => textOrder(a.currency, b.currency) },
    { key: 'amount', head: t('amount'), right: true, cell: (row) => <Amount text={row.amount} align href={here({ cell: cellOf('items', { ...when, customer_id: row.customer_id, currency: row.currency, column: 'overdue' }) })} />, order: (a, b) => compare(a.amount, b.amount) },
    { key: 'oldest', head: t('oldest'), right: true, cell: (row) => `${count(row.oldest_days_overdue)} ${t('d')}`, order: (a, b) => a.oldest_days_overdue - b.oldest_days_overdue },
    { key: 'items', head: t('items'), class: 'not-s', cell: (row) => <span class="wraplist">{row.items.slice(0, 4).map((item) => <a key={`${item.document_id} ${item.instalment}`} class="lnk" href={href(['invoices', item.document_id], { customer_id: row.customer_id })}><Name>{item.document_id}</Name></a>)}{row.items.length > 4 ? <span class="q">+{count(row.items.length - 4)}</span> : null}</span> },
    ...callerColumns<DunningRow>({ t, lang }),
  ];
  return (
    <Page title={t('dunning')} view={answer.data} file={{ path: '/v1/receivables/dunning', params: asked }} filters={<RegionPick />}
      lead={answer.data ? sentences.dunning(lang, { rows: answer.rows.length, more: !answer.complete, highest: Math.max(0, ...answer.rows.map((row) => row.level)) }) : null}>
      {lane}
      <Panel title={t('letters')} sub={t('not_disputed')} busy={answer.busy}>
        <Shown of={answer} height={320}>{() => (answer.rows.length ? (
          <>
            <Table name={t('dunning')} columns={columns} rows={answer.rows} keyOf={(row) => row.customer_id + row.currency} sortAs="sort" whole={answer.complete} />
            <Cap path="/v1/receivables/dunning" params={asked} of={answer} />
          </>
        ) : <Empty words={t('no_letters')} detail={t('as_filtered')} />)}</Shown>
      </Panel>
    </Page>
  );
}

export function CustomersPage() {
  const { t, lang, when, href, here, address } = useApp();
  const { params } = address, asked = { ...when, region: params.region, sales_rep: params.sales_rep, grade: params.grade };
  const answer = useTable<Customers, CustomerRow>('/v1/customers', asked, (data) => data.customers, params.sort);
  const columns: Column<CustomerRow>[] = [
    { key: 'customer', head: t('customer'), heads: true, cell: (row) => <span class="two"><a class="lnk0" href={href(['customers', row.customer_id])}><Name>{row.name ?? row.customer_id}</Name></a><span class="id"><bdi>{row.name ? row.customer_id : ''}</bdi></span></span>, order: (a, b) => textOrder(a.name ?? a.customer_id, b.name ?? b.customer_id) },
    { key: 'region', head: t('region'), class: 'not-s', cell: (row) => (row.region ? <Name>{row.region}</Name> : ''), order: (a, b) => textOrder(a.region, b.region) },
    { key: 'rep', head: t('salesrep'), class: 'not-s', cell: (row) => (row.sales_rep ? <Name>{row.sales_rep}</Name> : ''), order: (a, b) => textOrder(a.sales_rep, b.sales_rep) },
    { key: 'grade', head: t('grade'), class: 'not-s', cell: (row) => (row.grade ? <Name>{row.grade}</Name> : ''), order: (a, b) => textOrder(a.grade, b.grade) },
    { key: 'balance', head: t('balance'), right: true, cell: (row) => row.balances.filter(({ balance }) => !isZero(balance)).map(({ currency, balance }, i) => <>{i ? <br /> : null}<span class="cur">{currency}</span> <Amount text={balance} align href={here({ cell: cellOf('items', { ...when, customer_id: row.customer_id, currency }) })} /></>) },
    { key: 'exposure', head: t('exposure'), right: true, class: 'not-s', cell: (row) => (row.credit.exposure ? <><span class="cur">{row.credit.credit_currency}</span> {plain(row.credit.exposure)}</> : <Missing why={t(row.credit.credit_limit === null ? 'no_limit' : 'no_rate')} />) },
    { key: 'limit', head: t('credit_limit'), right: true, class: 'not-s', cell: (row) => (row.credit.credit_limit ? plain(row.credit.credit_limit) : '') },
    { key: 'state', head: t('state'), cell: (row) => <Chip kind={row.credit.state === 'over_limit' ? 'bad' : row.credit.state === 'overdue' ? 'late' : row.credit.state === 'ok' ? 'ok' : ''}>{t(`s_${row.credit.state}` as 's_ok')}</Chip>, order: (a, b) => textOrder(a.credit.state, b.credit.state) },
  ];
  return (
    <Page title={t('customers')} view={answer.data} file={{ path: '/v1/customers', params: asked }}
      filters={<><RegionPick /><Field label={t('salesrep')} value={params.sales_rep ?? ''} hint={t('all')} to={(value) => here({ sales_rep: orNone(value) })} /><Field label={t('grade')} value={params.grade ?? ''} hint={t('all')} to={(value) => here({ grade: orNone(value) })} /></>}
      lead={answer.data ? sentences.customers(lang, { n: answer.rows.length, more: !answer.complete, overLimit: answer.rows.filter((row) => row.credit.state === 'over_limit').length }) : null}>
      <Panel busy={answer.busy}>
        <Shown of={answer} height={320}>{() => (answer.rows.length ? (
          <>
            <Table name={t('customers')} columns={columns} rows={answer.rows} keyOf={(row) => row.customer_id} sortAs="sort" whole={answer.complete} />
            <Cap path="/v1/customers" params={asked} of={answer} />
          </>
        ) : <Empty words={t('no_accounts')} detail={t('as_filtered')} />)}</Shown>
      </Panel>
    </Page>
  );
}

const STATES = ['agrees', 'differs', 'missing_here', 'missing_there'] as const;

const RECONCILIATION = '/v1/receivables/reconciliation';
const posted = (body: string): RequestInit => ({ method: 'POST', headers: { 'Content-Type': 'text/csv', Accept: 'application/json' }, body });

// A file is sent, and only what does not agree is shown. Nothing of it stays anywhere.
export function ReconcilePage() {
  const { t, lang, known, asOf, address, here } = useApp();
  const input = useRef<HTMLInputElement>(null);
  const [text, setText] = useState<{ name: string; body: string } | null>(null), [over, setOver] = useState(false);
  const [answer, setAnswer] = useState<Reconciliation | null>(null), [failure, setFailure] = useState<Failure | null>(null), [busy, setBusy] = useState(false);
  const asked = { ...known, date: asOf, only: 'differences', partial: address.params.partial };
  const compareWith = async (file: { name: string; body: string }) => {
    setText(file);
    setBusy(true);
    setFailure(null);
    setAnswer(null);
    try {
      const lines: ReconciliationLine[] = [];
      let token: string | null | undefined, last: Reconciliation;
      do {
        last = await send<Reconciliation>(urlOf(RECONCILIATION, { ...asked, page_size: 1000, page_token: token }), posted(file.body));
        lines.push(...last.lines);
        token = last.next_page_token;
      } while (token && lines.length < 5000);
      setAnswer({ ...last, lines });
    } catch (error) {
      setFailure(error instanceof Failure ? error : new Failure(0, '', String(error)));
    } finally {
      setBusy(false);
    }
  };
  const save = async (kind: 'csv' | 'xlsx') => {
    const response = await fetch(urlOf(RECONCILIATION, { ...asked, format: kind }), posted(text?.body ?? ''));
    if (response.ok) saveAs(`reconciliation.${kind}`, await response.blob());
    else setFailure(new Failure(response.status, response.statusText, ''));
  };
  const take = async (file: File | undefined) => {
    if (file) await compareWith({ name: file.name, body: await file.text() });
  };
  const totals = answer?.totals ?? [], n = (state: (typeof STATES)[number]): number => totals.reduce((all, total) => all + total[state], 0);
  return (
    <Page title={t('reconcile')} view={answer ?? undefined} lead={answer ? sentences.reconciliation(lang, { lines: STATES.reduce((all, state) => all + n(state), 0), agrees: n('agrees') }) : [t('reconcile_lead')]}
      filters={<Pick label={t('file_has')} value={address.params.partial ?? 'false'} choices={[{ value: 'false', words: t('all_accounts') }, { value: 'true', words: t('some_accounts') }]} to={(value) => here({ partial: value === 'true' ? value : undefined })} />}>
      <Panel class="gap" title={t('file')} sub={text ? <bdi>{text.name}</bdi> : ''} busy={busy}>
        <div class={`in drop ${over ? 'over' : ''}`} onDragOver={(event) => {
          event.preventDefault();
          setOver(true);
        }} onDragLeave={() => setOver(false)} onDrop={(event) => {
          event.preventDefault();
          setOver(false);
          void take(event.dataTransfer?.files[0]);
        }}>
          <p>{t('drop_file')} <code>customer_id,document_id,currency,amount</code></p>
          <div class="acts2">
            <input ref={input} type="file" accept=".csv,text/csv" class="vh" id="ledger-file" tabIndex={-1} aria-label={t('choose_file')} onChange={(event) => void take((event.target as HTMLInputElement).files?.[0])} />
            <button class="btn pri" type="button" onClick={() => input.current?.click()}>{t('choose_file')}</button>
            {text ? <button class="btn" type="button" onClick={() => void compareWith(text)}>{t('compare_again')}</button> : null}
          </div>
        </div>
      </Panel>
      {failure ? <Panel><div class="in"><FileFaults failure={failure} /></div></Panel> : null}
      {answer ? <Compared answer={answer} n={n} save={(kind) => void save(kind)} /> : null}
    </Page>
  );
}

// The file's own faults, by line and column.
function FileFaults({ failure }: { failure: Failure }) {
  const { t } = useApp();
  if (!failure.violations.length) return <Failed failure={failure} retry={() => undefined} />;
  return (
    <div role="alert">
      <p><b class="bad">{t('file_faults')}</b></p>
      <ul class="faults">{failure.violations.slice(0, 50).map((fault, i) => <li key={i}>{t('line')} {count(fault.index + 2)}{fault.field ? <>, <bdi>{fault.field}</bdi></> : null}: <bdi>{fault.message}</bdi></li>)}</ul>
    </div>
  );
}

function Compared({ answer, n, save }: { answer: Reconciliation; n: (state: (typeof STATES)[number]) => number; save: (kind: 'csv' | 'xlsx') => void }) {
  const { t, lang, href } = useApp();
  const columns: Column<ReconciliationLine>[] = [
    { key: 'customer', head: t('customer'), heads: true, cell: (row) => <a class="lnk0" href={href(['customers', row.customer_id])}><Name>{row.customer_name ?? row.customer_id}</Name></a>, order: (a, b) => textOrder(a.customer_id, b.customer_id) },
    { key: 'document', head: t('document'), cell: (row) => (row.document_id ? <Name>{row.document_id}</Name> : <span class="z">{t('whole_account')}</span>), order: (a, b) => textOrder(a.document_id, b.document_id) },
    { key: 'state', head: t('state'), cell: (row) => <Chip kind={row.state === 'agrees' ? 'ok' : row.state === 'differs' ? 'late' : 'bad'}>{t(`r_${row.state}`)}</Chip>, order: (a, b) => textOrder(a.state, b.state) },
    { key: 'currency', head: t('cur'), class: 'cur', cell: (row) => row.currency, order: (a, b) => textOrder(a.currency, b.currency) },
    { key: 'theirs', head: t('theirs'), right: true, cell: (row) => (row.theirs === null ? '' : <Amount text={row.theirs} align />) },
    { key: 'ours', head: t('ours'), right: true, cell: (row) => (row.ours === null ? '' : <Amount text={row.ours} align />) },
    { key: 'difference', head: t('difference'), right: true, cell: (row) => <span class="n">{signed(row.difference)}</span>, order: (a, b) => compare(a.difference, b.difference) },
    { key: 'why', head: t('explained_by'), class: 'not-s', cell: (row) => <span class="wraplist">{row.explained_by.map((ref) => <span key={placeInLog(ref)}>{t(`c_${ref.entry_type}` as 'c_cash')} <Name>{ref.document_id}</Name> {date(ref.effective_date, lang, 'short')} {signed(ref.amount)} <a class="lnk mono" href={href(eventPath(ref))}>{placeInLog(ref)}</a></span>)}</span> },
  ];
  return (
    <>
      <section class="kpis k4" aria-label={t('key_figures')}>
        {STATES.map((state) => <div key={state} class="kpi"><span class="k">{t(`r_${state}`)}</span><span class="v">{count(n(state))}</span><span class="d">{answer.totals.filter((total) => total[state]).map((total) => total.currency).join(' · ')}</span></div>)}
      </section>
      <Panel title={t('differences')}>
        {answer.lines.length ? (
          <>
            <Table name={t('differences')} columns={columns} rows={answer.lines} whole={!answer.next_page_token} keyOf={(row) => `${row.customer_id} ${row.document_id} ${row.currency} ${row.state}`} sortAs="sort"
              totals={answer.totals.map((total) => ({ label: `${t('all_lines')} ${total.currency}`, cells: { currency: total.currency, theirs: <Amount text={total.theirs} total align />, ours: <Amount text={total.ours} total align />, difference: <span class="n">{signed(total.difference)}</span> }, ruling: isZero(total.difference) ? 'proven' : 'open' }))} />
            <SaveCap save={save} />
          </>
        ) : <Empty words={t('all_agree')} />}
      </Panel>
    </>
  );
}
