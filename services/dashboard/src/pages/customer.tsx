// Can we deliver, what to claim, do they keep their word.
import { useApp } from '../lib/app';
import { useAnswer } from '../lib/api';
import type { Ageing, Credit, Customer, Item, Promise_, ProvenAges, Ratios, Statement, StatementEntry, Trend } from '../lib/answers';
import { addMonths, monthStart } from '../lib/dates';
import { add, compare, isNegative, isZero, percent, subtract, sum, toNumber } from '../lib/decimal';
import { documentPath, pageOfEvent } from '../lib/documents';
import { compact, count, date, monthName, plain, share } from '../lib/format';
import * as sentences from '../lib/sentences';
import { apiPath } from '../lib/url';
import { Amount, Chip, Missing, Name, Panel, PromiseState, Proof, Segments, Shown, Tile } from '../parts/basics';
import { Bars, Profile } from '../parts/charts';
import { Icon } from '../parts/icons';
import { Page } from '../parts/page';
import { overdueOf } from '../lib/figures';
import { Cap, OwnCap, Table, textOrder, type Column } from '../parts/table';

export function CustomerPage({ id }: { id: string }) {
  const { t, lang, when, known, asOf, href, address } = useApp();
  const answer = useAnswer<Customer>(apiPath('customers', id), when);
  const ageing = useAnswer<Ageing>('/v1/receivables/ageing', { ...when, customer_id: id, group_by: 'none' });
  const ratios = useAnswer<Ratios>('/v1/receivables/ratios', { ...known, customer_id: id, from: addMonths(asOf, -5), to: asOf });
  const customer = answer.data, totals = ageing.data?.totals ?? [];
  const chosen = totals.find(({ currency }) => currency === address.params.currency) ?? [...totals].sort((a, b) => b.items - a.items)[0];
  const name = customer?.profile?.name ?? id;
  return (
    <Page title={<bdi>{name}</bdi>} name={name} lead={customer ? leadOf(customer, chosen) : null} view={customer} file={{ path: '/v1/receivables/items', params: { ...when, customer_id: id } }}
      above={customer ? <File customer={customer} /> : null}
      actions={<a class="btn" href={href(['customers', id, 'statement'])}><Icon name="print" />{t('statement')}</a>}
      filters={totals.length > 1 ? <Segments label={t('currency')} choices={totals.map(({ currency }) => ({ value: currency, words: currency }))} value={chosen?.currency ?? ''} to={(currency) => href(['customers', id], { currency })} /> : undefined}>
      <Shown of={answer} height={320}>{(data) => (
        <>
          <Tiles customer={data} total={chosen} ratios={ratios.data} />
          <div class="cols">
            <OpenItems customer={data} total={chosen} />
            <div class="c4 stack">
              <CreditPanel credit={data.credit} customer={id} />
              <MonthEnds id={id} currency={chosen?.currency} />
            </div>
            <Account id={id} currency={chosen?.currency} />
            <Promises promises={data.promises} />
            {data.history.length > 1 ? <History customer={data} /> : null}
          </div>
        </>
      )}</Shown>
    </Page>
  );

  function leadOf(data: Customer, total?: ProvenAges) {
    const { credit } = data, above = credit.exposure && credit.credit_limit ? subtract(credit.exposure, credit.credit_limit) : null;
    const state = (name_: string): number => data.promises.filter((promise) => promise.state === name_).length;
    return sentences.customer(lang, {
      balances: data.balances, overdue: total ? share(overdueOf(total), total.gross_open, 0) : null,
      oldest: data.items.reduce<number | null>((most, item) => (item.days_overdue !== null && (most === null || item.days_overdue > most) ? item.days_overdue : most), null),
      above: above && !isNegative(above) && !isZero(above) ? `${credit.credit_currency} ${plain(above)}` : null,
      promises: { all: data.promises.length, kept: state('kept'), broken: state('broken') },
    });
  }
}

function File({ customer }: { customer: Customer }) {
  const { t, lang } = useApp();
  const { profile } = customer;
  if (!profile) return <>{customer.customer_id} · {t('no_file')}</>;
  const current = customer.history[customer.history.length - 1];
  const parts = [customer.customer_id, profile.region, profile.sales_rep, profile.grade ? `${t('grade')} ${profile.grade}` : null,
    profile.payment_terms_days === null ? null : `${count(profile.payment_terms_days)} ${t('days_net')}`].filter(Boolean);
  return <><bdi>{parts.join(' · ')}</bdi>{current ? <> · <a class="lnk" href="#history" onClick={(event) => {
    event.preventDefault();
    document.getElementById('history')?.scrollIntoView();
  }}>{t('file_since')} {date(current.from, lang)}</a></> : null}</>;
}

function Tiles({ customer, total, ratios }: { customer: Customer; total?: ProvenAges; ratios?: Ratios }) {
  const { t, lang, asOf } = useApp();
  const dated = customer.items.filter((item) => item.days_overdue !== null && item.currency === total?.currency);
  const oldest = dated.reduce<Item | null>((most, item) => (!most || (item.days_overdue as number) > (most.days_overdue as number) ? item : most), null);
  const days = ratios?.rows.find(({ currency }) => currency === total?.currency)?.days_to_pay.value ?? null;
  const { credit } = customer, used = credit.exposure && credit.credit_limit ? percent(credit.exposure, credit.credit_limit, 0) : null;
  const late = total ? share(overdueOf(total), total.gross_open) : null;
  return (
    <section class="kpis k5" aria-label={t('key_figures')}>
      <Tile label={t('balance')} figure={total ? <><small>{total.currency}</small> {plain(total.balance)}</> : '0'}
        under={total ? <Proof holds={isZero(total.proof.difference)}>{t(isZero(total.proof.difference) ? 'proven' : 'not_proven')} · {t('ledger')} {plain(total.proof.ledger_balance)}</Proof> : t('nothing_open')} />
      <Tile label={t('overdue')} figure={total && late ? <>{late} <small>{total.currency} {plain(overdueOf(total))}</small></> : <Missing why={t('nothing_open')} />}
        under={total && late ? <Profile parts={[total.not_due, ...total.buckets]} label={t('ageing')} height={6} /> : ''} />
      <Tile label={t('oldest')} figure={oldest && (oldest.days_overdue as number) > 0 ? <>{count(oldest.days_overdue as number)} <small>{t('days')}</small></> : <Missing why={t('nothing_late')} />}
        under={oldest?.due_date ? <><bdi>{oldest.document_id}</bdi>, {t('due_on')} {date(oldest.due_date, lang, 'short')}</> : ''} />
      <Tile label={t('exposure_of_limit')} figure={used === null ? <Missing why={t(credit.credit_limit === null ? 'no_limit' : 'no_rate')} /> : `${plain(used)}%`} under={<CreditBar credit={credit} />} />
      <Tile label={t('daystopay')} figure={days === null ? <Missing why={t('nothing_paid')} /> : <>{plain(days)} <small>{t('days')}</small></>} under={`${monthName(addMonths(asOf, -5), lang, true)} – ${monthName(asOf, lang, true)}, ${t('weighted')}`} />
    </section>
  );
}

// Parts of the exposure against the limit, where they are in one currency.
function CreditBar({ credit }: { credit: Credit }) {
  const { t } = useApp();
  const part = credit.parts.length === 1 ? credit.parts[0] : null;
  if (!credit.credit_limit || !credit.exposure) return null;
  const limit = toNumber(credit.credit_limit), max = 1.1 * Math.max(1, limit, toNumber(credit.exposure));
  const at = (value: number): string => `${Math.max(0, Math.min(100, (100 * value) / max)).toFixed(2)}%`;
  const pieces = part && part.currency === credit.credit_currency ? [part.balance, part.dispatched_not_invoiced, part.open_orders].map((text) => Math.max(0, toNumber(text))) : [toNumber(credit.exposure)];
  let x = 0;
  return (
    <svg width="100%" height="26" role="img" aria-label={t('exposure_against_limit')}>
      <rect y="6" width="100%" height="13" class="bb" />
      {pieces.map((value, i) => {
        const from = x;
        x += value;
        return <rect key={i} x={at(from)} y="6" width={at(value)} height="13" class={['ba', 'bp', 'bp2'][i]} />;
      })}
      <rect x={at(limit)} y="1" width="3" height="23" class="bt" />
    </svg>
  );
}

const ageClass = (days: number): string => `a${days <= 0 ? 0 : Math.min(5, Math.ceil(days / 30))}`;

function OpenItems({ customer, total }: { customer: Customer; total?: ProvenAges }) {
  const { t, lang, href, when } = useApp();
  const several = customer.balances.length > 1;
  const rows = customer.items.filter((item) => !total || item.currency === total.currency).sort((a, b) => (b.days_overdue ?? -1e9) - (a.days_overdue ?? -1e9));
  const amount = sum(['0', ...rows.map((item) => item.amount)]), open = sum(['0', ...rows.map((item) => item.open)]);
  const holds = total !== undefined && isZero(subtract(open, total.balance)) && isZero(total.proof.difference);
  const columns: Column<Item>[] = [
    { key: 'document', head: t('document'), heads: true, cell: (item) => (item.document_id ? <a class="lnk" href={href(...documentPath(item.kind, item.document_id, item.customer_id))}><Name>{item.document_id}</Name></a> : t('on_account')), order: (a, b) => textOrder(a.document_id, b.document_id) },
    { key: 'issued', head: t('issued'), class: 'not-s', cell: (item) => date(item.issue_date, lang), order: (a, b) => textOrder(a.issue_date, b.issue_date) },
    { key: 'due', head: t('due'), cell: (item) => (item.due_date ? date(item.due_date, lang) : ''), order: (a, b) => textOrder(a.due_date, b.due_date) },
    { key: 'days', head: t('daysoverdue'), right: true, cell: (item) => (item.days_overdue === null ? '' : item.days_overdue > 0 ? <><span class={`agek ${ageClass(item.days_overdue)}`} />{count(item.days_overdue)}</> : <span class="z">{t('in_days')} {count(-item.days_overdue)}</span>), order: (a, b) => (a.days_overdue ?? -1e9) - (b.days_overdue ?? -1e9) },
    { key: 'amount', head: t('amount'), right: true, class: 'not-s', cell: (item) => <Amount text={item.amount} />, order: (a, b) => compare(a.amount, b.amount) },
    { key: 'open', head: t('open'), right: true, cell: (item) => <Amount text={item.open} />, order: (a, b) => compare(a.open, b.open) },
    { key: 'note', head: <span class="vh">{t('note')}</span>, class: 'not-s', cell: (item) => (!isZero(item.disputed) ? <Chip kind="late">{t('disputed')}</Chip> : item.kind === 'INVOICE' || item.kind === 'DEBIT_NOTE' ? (item.open === item.amount ? '' : t('part_paid')) : t(`k_${item.kind}` as 'k_PAYMENT')) },
    { key: 'rep', head: t('salesrep'), class: 'xl not-s', cell: (item) => (item.sales_rep ? <Name>{item.sales_rep}</Name> : ''), order: (a, b) => textOrder(a.sales_rep, b.sales_rep) },
  ];
  return (
    <Panel class="c8" title={t('open_items')} sub={`${count(rows.length)} · ${t('oldest_first')}`}>
      {rows.length ? (
        <>
          <Table name={t('open_items')} columns={columns} rows={rows} keyOf={(item) => `${item.kind} ${item.document_id} ${item.instalment} ${item.currency}`} sortAs="sort"
            totals={[{ label: `${t('total')} ${total?.currency ?? ''}`, cells: { amount: <Amount text={amount} total />, open: <Amount text={open} total /> }, ruling: holds ? 'proven' : 'broken' }]} />
          <Cap path="/v1/receivables/items" params={{ ...when, customer_id: customer.customer_id, currency: several ? total?.currency : undefined }}>
            <Proof holds={holds}>{t(holds ? 'proven' : 'not_proven')}, {t('difference')} {plain(total ? subtract(open, total.proof.ledger_balance) : '0')}</Proof>
          </Cap>
        </>
      ) : <p class="in note">{t('nothing_open')}</p>}
    </Panel>
  );
}

function CreditPanel({ credit, customer }: { credit: Credit; customer: string }) {
  const { t, href } = useApp();
  const above = credit.exposure && credit.credit_limit ? subtract(credit.exposure, credit.credit_limit) : null;
  const over = above !== null && !isNegative(above) && !isZero(above);
  return (
    <Panel title={t('credit')} beside={<Chip kind={credit.state === 'over_limit' ? 'bad' : credit.state === 'overdue' ? 'late' : credit.state === 'ok' ? 'ok' : ''}>{t(`s_${credit.state}` as 's_ok')}</Chip>} more={{ href: href(['open-orders'], { customer_id: customer }), words: t('orders_behind') }}>
      <div class="in">
        <CreditBar credit={credit} />
        <dl class="facts">
          {credit.parts.map((part) => (
            <>
              <dt><i class="sw ba_" />{t('balance')} {part.currency}</dt><dd><Amount text={part.balance} total /></dd>
              <dt><i class="sw bp_" />{t('dispatched_not_invoiced')}</dt><dd><Amount text={part.dispatched_not_invoiced} total /></dd>
              <dt><i class="sw bp2_" />{t('openorders')}</dt><dd><Amount text={part.open_orders} total /></dd>
            </>
          ))}
          {credit.exposure !== null ? <><dt class="rule">{t('exposure')} {credit.credit_currency}</dt><dd class="rule"><b>{plain(credit.exposure)}</b></dd></> : null}
          {credit.credit_limit !== null ? <><dt>{t('credit_limit')}</dt><dd>{plain(credit.credit_limit)}</dd></> : null}
          {over ? <><dt class="bad">{t('above_limit')}</dt><dd class="bad"><b>{plain(above)}</b></dd></> : null}
          {credit.unconverted.length ? <><dt class="latec">{t('without')} {credit.unconverted.map(({ currency }) => currency).join(', ')}</dt><dd class="latec">{t('no_rate')}</dd></> : null}
        </dl>
      </div>
    </Panel>
  );
}

function MonthEnds({ id, currency }: { id: string; currency?: string }) {
  const { t, lang, known, asOf } = useApp();
  const asked = { ...known, customer_id: id, currency, from: addMonths(asOf, -12), to: asOf, grain: 'month' };
  const answer = useAnswer<Trend>(currency ? '/v1/receivables/ageing/trend' : null, asked);
  if (!currency) return null;
  return (
    <Panel title={t('balance_month_end')} sub={currency} busy={answer.busy}>
      <Shown of={answer}>{(data) => {
        const rows = data.rows, last = rows[rows.length - 1];
        return last ? (
          <div class="in">
            <Bars values={rows.map((row) => toNumber(row.balance))} labels={rows.map((row) => monthName(row.as_of, lang, true))} dark={1} label={`${t('balance_month_end')} ${currency}`} last={compact(last.balance, lang)} />
            <details class="astable"><summary>{t('showtable')}</summary>
              <table aria-label={t('balance_month_end')}><tbody>{rows.map((row) => <tr key={row.period}><th scope="row">{date(row.as_of, lang)}</th><td class="r">{plain(row.balance)}</td></tr>)}</tbody></table>
              <Cap path="/v1/receivables/ageing/trend" params={asked} />
            </details>
          </div>
        ) : <p class="in note">{t('nothing_open')}</p>;
      }}</Shown>
    </Panel>
  );
}

const LAST = 7;

function Account({ id, currency }: { id: string; currency?: string }) {
  const { t, lang, known, asOf, href } = useApp();
  const path = apiPath('customers', id, 'statement'), asked = { ...known, from: monthStart(asOf), to: asOf };
  const answer = useAnswer<Statement>(path, { ...asked, page_size: 1000 });
  const columns: Column<StatementEntry>[] = [
    { key: 'date', head: t('effective'), cell: (entry) => date(entry.date, lang) },
    { key: 'what', head: t('what'), class: 'not-s', cell: (entry) => t(`e_${entry.type}` as 'e_invoice_issued') },
    { key: 'document', head: t('document'), cell: (entry) => <DocumentLink entry={entry} customer={id} /> },
    { key: 'amount', head: t('amount'), right: true, cell: (entry) => <Amount text={entry.amount} /> },
    { key: 'balance', head: t('balance'), right: true, cell: (entry) => <Amount text={entry.running_balance} total /> },
  ];
  return (
    <Shown of={answer}>{(data) => {
      const part = data.currencies.find((one) => one.currency === currency) ?? data.currencies[0];
      const all = part?.entries ?? [], rows = all.slice(-LAST);
      const holds = part !== undefined && isZero(subtract(add(part.brought_forward, sum(['0', ...all.map((entry) => entry.amount)])), part.carried_forward));
      return (
        <Panel class="c6" title={`${t('account_in')} ${monthName(asOf, lang)}`} busy={answer.busy} sub={part ? `${t('brought')} ${plain(part.brought_forward)} · ${t('last_of').replace('{0}', count(rows.length)).replace('{1}', count(all.length))}` : ''} more={{ href: href(['customers', id, 'statement']), words: t('statement') }}>
          {part ? (
            <>
              <Table name={t('account_in')} class="tight snug" columns={columns} rows={rows} keyOf={(entry) => `${entry.event.topic}${entry.event.partition}${entry.event.offset}${entry.amount}`}
                totals={[{ label: t('carried'), cells: { balance: <Amount text={part.carried_forward} total /> }, ruling: holds ? 'proven' : 'open' }]} />
              <Cap path={path} params={asked} />
            </>
          ) : <p class="in note">{t('nothing_moved')}</p>}
        </Panel>
      );
    }}</Shown>
  );
}

export function DocumentLink({ entry, customer }: { entry: { document_id: string; event: { type: string } }; customer: string }) {
  const { href } = useApp();
  const page = pageOfEvent(entry.event.type);
  return page ? <a class="lnk" href={href([page, entry.document_id], { customer_id: customer })}><Name>{entry.document_id}</Name></a> : <Name>{entry.document_id}</Name>;
}

// Of the promises the latest are shown.
const PROMISES = 12;

function Promises({ promises }: { promises: Promise_[] }) {
  const { t, lang } = useApp();
  const rows = [...promises].sort((a, b) => textOrder(b.promised_date, a.promised_date));
  const columns: Column<Promise_>[] = [
    { key: 'id', head: t('promise'), heads: true, cell: (row) => <Name>{row.promise_id}</Name> },
    { key: 'amount', head: t('amount'), right: true, cell: (row) => <><span class="cur">{row.currency}</span> <Amount text={row.amount} /></> },
    { key: 'for', head: t('promised_for'), right: true, cell: (row) => date(row.promised_date, lang) },
    { key: 'came', head: t('came'), right: true, class: 'not-s', cell: (row) => <Amount text={row.fulfilled} /> },
    { key: 'state', head: t('state'), cell: (row) => <PromiseState state={row.state} /> },
  ];
  return (
    <Panel class="c6" title={t('promises')} sub={t('cash_counted')}>
      {rows.length ? (
        <>
          <Table name={t('promises')} class="tight snug" columns={columns} rows={rows.slice(0, PROMISES)} keyOf={(row) => row.promise_id} />
          <OwnCap name="promises" rows={rows} decimals={['amount', 'fulfilled']}>{rows.length > PROMISES ? <span>{t('first_rows').replace('{0}', count(PROMISES)).replace('{1}', count(rows.length))}</span> : null}</OwnCap>
        </>
      ) : <p class="in note">{t('no_promises')}</p>}
    </Panel>
  );
}

function History({ customer }: { customer: Customer }) {
  const { t, lang } = useApp();
  type Row = Customer['history'][number];
  const columns: Column<Row>[] = [
    { key: 'from', head: t('in_force_from'), heads: true, cell: (row) => date(row.from, lang) },
    { key: 'name', head: t('customer'), cell: (row) => <Name>{row.profile.name ?? ''}</Name> },
    { key: 'region', head: t('region'), cell: (row) => <Name>{row.profile.region ?? ''}</Name> },
    { key: 'rep', head: t('salesrep'), cell: (row) => <Name>{row.profile.sales_rep ?? ''}</Name> },
    { key: 'grade', head: t('grade'), cell: (row) => <Name>{row.profile.grade ?? ''}</Name> },
    { key: 'limit', head: t('credit_limit'), right: true, cell: (row) => (row.profile.credit_limit ? <><span class="cur">{row.profile.credit_currency}</span> {plain(row.profile.credit_limit)}</> : '') },
    { key: 'terms', head: t('terms'), right: true, cell: (row) => (row.profile.payment_terms_days === null ? '' : count(row.profile.payment_terms_days)) },
  ];
  return <div class="c12" id="history"><Panel title={t('file_history')}><Table name={t('file_history')} columns={columns} rows={customer.history} keyOf={(row) => row.from} /><OwnCap name="customer-file" rows={customer.history} decimals={['profile.credit_limit']} /></Panel></div>;
}

