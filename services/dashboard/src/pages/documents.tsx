// A document's story: why is this still open, and who knew when.
import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { useApp } from '../lib/app';
import { send, urlOf, useAnswer, type Loaded } from '../lib/api';
import type { Allocation, Application, CreditNote, EventRef, Invoice, Order, OrderLine, Payment, RawEvent, Shipment, View } from '../lib/answers';
import { addDays, addMonths, daysBetween, localTime } from '../lib/dates';
import { add, isZero, negate, subtract, sum, toNumber } from '../lib/decimal';
import { compact, count, date, days, instant, monthName, plain } from '../lib/format';
import * as sentences from '../lib/sentences';
import { effectiveDay, openByDay, payloadOf, storyOf, type Told } from '../lib/story';
import { apiPath, type Params } from '../lib/url';
import { Amount, Chip, Failed, Name, Panel, Proof, Shown, Skeleton } from '../parts/basics';
import { Steps } from '../parts/charts';
import { Page } from '../parts/page';
import { Table, type Column } from '../parts/table';
import { Timeline } from '../parts/timeline';

// A document of a customer; several may have one id, and then each is offered.
function useDocument<T>(kind: string, id: string): { answer: Loaded<T>; asked: Params } {
  const { when, address } = useApp();
  const asked = { ...when, customer_id: address.params.customer_id, expand: 'events' };
  return { answer: useAnswer<T>(apiPath(kind, id), asked), asked };
}

interface FrameProps<T> {
  kind: string;
  id: string;
  word: 'invoice' | 'payment' | 'creditnote' | 'order' | 'shipment';
  answer: Loaded<T>;
  asked: Params;
  chip?: ComponentChildren;
  lead?: sentences.Text | null;
  children: (data: T) => ComponentChildren;
}

function Document<T extends View>({ kind, id, word, answer, chip, lead, children }: FrameProps<T>) {
  const { t } = useApp();
  return (
    <Page title={<>{t(word)} <bdi class="wrap">{id}</bdi> {chip}</>} name={`${t(word)} ${id}`} lead={lead} view={answer.data}>
      {answer.failure?.status === 409 ? <Several kind={kind} id={id} detail={answer.failure.detail} /> : <Shown of={answer} height={320}>{children}</Shown>}
    </Page>
  );
}

// 409 names the accounts that have the id.
function Several({ kind, id, detail }: { kind: string; id: string; detail: string }) {
  const { t, href } = useApp();
  const accounts = detail.split(/[\s,;:'"]+/).filter((word) => word !== '' && word !== id);
  return (
    <Panel title={t('several_accounts')}>
      <div class="in">
        <p class="wrap"><bdi>{detail}</bdi></p>
        <p class="acts2">{accounts.filter((word) => /[0-9]/.test(word)).map((account) => <a key={account} class="btn" href={href([kind, id], { customer_id: account })}><Name>{account}</Name></a>)}</p>
      </div>
    </Panel>
  );
}

const CustomerFact = ({ id, name }: { id: string; name: string | null }) => {
  const { t, href } = useApp();
  return <><dt>{t('customer')}</dt><dd><a class="lnk" href={href(['customers', id])}><Name>{name ?? id}</Name></a></dd></>;
};

const Fact = ({ word, children }: { word: string; children: ComponentChildren }) => (children === null || children === undefined || children === '' ? null : <><dt>{word}</dt><dd class="wrap">{children}</dd></>);

// What was applied, by the documents behind it: their events are part of the story.
const SOURCES: Record<string, string> = { payment: 'payments', credit_note: 'credit-notes', credit_allocation: 'credit-notes' };

function useSources(invoice: Invoice | undefined): { events: EventRef[] | null } {
  const { when } = useApp();
  const [events, setEvents] = useState<EventRef[] | null>(null);
  const wanted = [...new Set([...(invoice?.applications ?? []), ...(invoice?.past_applications ?? [])].filter((one) => one.source_id !== null && SOURCES[one.type]).map((one) => `${SOURCES[one.type]} ${one.source_id}`))];
  const key = JSON.stringify([wanted, when, invoice?.customer_id, invoice?.newest_recorded_at]);
  useEffect(() => {
    if (!invoice) return;
    let gone = false;
    Promise.all(wanted.map(async (one) => {
      const [kind, ...id] = one.split(' ');
      const document = await send<{ events: EventRef[] }>(urlOf(apiPath(kind, id.join(' ')), { ...when, customer_id: invoice.customer_id, expand: 'events' }));
      return document.events;
    })).then((lists) => !gone && setEvents(lists.flat()), () => !gone && setEvents([]));
    return () => {
      gone = true;
    };
  }, [key]);
  return { events };
}

const toldOf = (told: Told[]): { events: number; days: number } => {
  const late = told.filter((one) => one.lateDays > 0);
  return { events: late.length, days: Math.max(0, ...late.map((one) => one.lateDays)) };
};

export function InvoicePage({ id }: { id: string }) {
  const { t, lang, zone, asOf, href, here, address } = useApp();
  const { answer, asked } = useDocument<Invoice>('invoices', id);
  const { events } = useSources(answer.data);
  const byRecorded = address.params.by === 'recorded', invoice = answer.data;
  const story = invoice && events ? storyOf(invoice, events, zone, byRecorded) : null;
  const overdue = invoice && !isZero(invoice.open) ? Math.max(0, ...invoice.instalments.filter((part) => !isZero(part.open)).map((part) => daysBetween(part.due_date, asOf))) : 0;
  const chip = invoice ? invoice.void_date ? <Chip>{t('e_invoice_voided')}</Chip> : isZero(invoice.open) ? <Chip kind="ok">{t('settled')}</Chip> : overdue > 0 ? <Chip kind="late">{count(overdue)} {t('days_overdue')}</Chip> : <Chip>{t('notdue')}</Chip> : null;
  return (
    <Document kind="invoices" id={id} word="invoice" answer={answer} asked={asked} chip={chip}
      lead={invoice && story ? sentences.invoice(lang, { currency: invoice.currency, open: invoice.open, whole: invoice.gross, told: toldOf(story.told) }) : null}>
      {(data) => (
        <div class="cols">
          <div class="c8 stack">
            {story ? <OpenByDay invoice={data} moves={story.moves} /> : <Panel title={t('what_open')}><Skeleton height={240} /></Panel>}
            <Panel title={t('story')} sub={story ? `${count(story.told.length)} ${t('events')}, ${t(byRecorded ? 'by_recorded' : 'by_effective')}` : ''} more={{ href: here({ by: byRecorded ? undefined : 'recorded' }), words: t(byRecorded ? 'by_effective' : 'by_recorded') }}>
              {story ? <Timeline told={story.told} like={data.gross} own={id} customer={data.customer_id} /> : <Skeleton height={320} />}
            </Panel>
          </div>
          <div class="c4 stack">
            <Ledger invoice={data} />
            <Panel title={t('details')}>
              <div class="in">
                <dl class="facts">
                  <CustomerFact id={data.customer_id} name={data.customer_name} />
                  {data.order_ids.map((order) => <Fact key={order} word={t('order')}><a class="lnk" href={href(['orders', order], { customer_id: data.customer_id })}><Name>{order}</Name></a></Fact>)}
                  <Fact word={t('region')}>{data.region ? <Name>{data.region}</Name> : null}</Fact>
                  <Fact word={t('salesrep')}>{data.sales_rep ? <Name>{data.sales_rep}</Name> : null}</Fact>
                  <Fact word={t('net')}>{plain(data.net)}</Fact>
                  <Fact word={t('tax')}>{plain(data.tax)}</Fact>
                  <Fact word={t('issued')}>{date(data.issue_date, lang)}</Fact>
                  {data.instalments.map((part) => <Fact key={part.number} word={data.instalments.length > 1 ? `${t('due')}, ${t('instalment')} ${part.number}` : t('due')}>{date(part.due_date, lang)}{data.instalments.length > 1 ? ` · ${plain(part.amount)} · ${t('open')} ${plain(part.open)}` : ''}</Fact>)}
                  <Fact word={t('disputed')}>{isZero(data.disputed) ? null : plain(data.disputed)}</Fact>
                  <Fact word={t('void_date')}>{data.void_date ? date(data.void_date, lang) : null}</Fact>
                </dl>
              </div>
            </Panel>
            {data.order_ids.length ? <OrderBehind order={data.order_ids[0]} customer={data.customer_id} /> : null}
          </div>
        </div>
      )}
    </Document>
  );
}

function niceTicks(max: number): number[] {
  const raw = Math.max(1, max) / 3, power = 10 ** Math.floor(Math.log10(raw)), step = [1, 2, 5, 10].map((factor) => factor * power).find((one) => one >= raw) ?? raw;
  return [0, 1, 2, 3, 4].map((i) => i * step).filter((tick) => tick - step < max);
}

// The open amount by day: solid as known now, dashed as it was known on that day.
function OpenByDay({ invoice, moves }: { invoice: Invoice; moves: ReturnType<typeof storyOf>['moves'] }) {
  const { t, lang, asOf } = useApp();
  const now = openByDay(moves, 'day'), then = openByDay(moves, 'known');
  const dates = [...now, ...then].map(([day]) => day).sort(), first = dates[0] ?? invoice.issue_date;
  // A settled invoice's line ends soon after it was.
  const moved = dates[dates.length - 1] ?? asOf, until = isZero(invoice.open) ? addDays(moved, 14) : asOf;
  const last = until < moved ? moved : until, at = (day: string): number => daysBetween(first, day);
  const max = Math.max(1, ...[...now, ...then].map(([, open]) => toNumber(open)));
  const line = (points: [string, string][]): [number, number][] => [[-1, 0], ...points.map(([day, open]): [number, number] => [at(day), toNumber(open)])];
  const months: { day: number; words: string }[] = [];
  for (let month = addMonths(first, 1); month <= last && months.length < 60; month = addMonths(month, 1)) months.push({ day: at(month), words: monthName(month, lang, true) });
  const every = Math.ceil(months.length / 10);
  const ticks = niceTicks(max), told = then.filter(([day]) => !now.some(([other]) => other === day));
  const marks = [
    { day: at(invoice.due_date), words: `${t('due_on')} ${date(invoice.due_date, lang, 'short')}`, class: 'late' },
    ...(told.length ? [{ day: at(told[told.length - 1][0]), words: t('told'), class: 'kn' }] : []),
  ].filter((mark) => mark.day >= 0 && mark.day <= at(last));
  return (
    <Panel title={t('what_open')} beside={<span class="legend"><span><i class="kline" />{t('known_now')}</span><span><i class="kline dash" />{t('known_that_day')}</span></span>}>
      <div class="in">
        <Steps title={t('what_open')} from={-1} to={at(last) + 1} max={ticks[ticks.length - 1]} lines={[{ class: 'lthen', points: line(then) }, { class: 'lnow', points: line(now) }]}
          ticks={ticks.map((value) => ({ value, words: compact(String(value), lang) }))} labels={months.filter((_, i) => i % every === 0)} marks={marks} />
        <details class="astable"><summary>{t('showtable')}</summary>
          <table aria-label={t('what_open')}>
            <thead><tr><th scope="col">{t('date')}</th><th scope="col" class="r">{t('known_now')}</th><th scope="col" class="r">{t('known_that_day')}</th></tr></thead>
            <tbody>{[...new Set(dates)].map((day) => <tr key={day}><th scope="row">{date(day, lang)}</th><td class="r">{plain(valueAt(now, day))}</td><td class="r">{plain(valueAt(then, day))}</td></tr>)}</tbody>
          </table>
        </details>
      </div>
    </Panel>
  );
}

const valueAt = (points: [string, string][], day: string): string => points.filter(([one]) => one <= day).pop()?.[1] ?? '0';

// From gross to open as a small ledger; what ended is struck through and does not count.
function Ledger({ invoice }: { invoice: Invoice }) {
  const { t, lang, asOf, href } = useApp();
  const gross = invoice.void_date ? '0' : invoice.gross;
  const open = subtract(gross, sum(['0', ...invoice.applications.map((one) => one.amount)])), holds = isZero(subtract(open, invoice.open));
  const link = (one: Application) => {
    const id = one.source_id ?? one.id, page = SOURCES[one.type];
    return page ? <a class="lnk" href={href([page, id], { customer_id: invoice.customer_id })}><Name>{id}</Name></a> : <>{t(`a_${one.type}` as 'a_payment')} <Name>{id}</Name></>;
  };
  const all = [...invoice.applications.map((one) => ({ one, gone: false })), ...invoice.past_applications.map((one) => ({ one, gone: true }))].sort((a, b) => (a.one.from < b.one.from ? -1 : 1));
  return (
    <Panel title={t('gross_to_open')}>
      <div class="in">
        <dl class="facts ledg">
          <dt>{t('gross_issued')}</dt><dd>{plain(invoice.gross)}</dd>
          {invoice.void_date ? <><dt>{t('e_invoice_voided')}, {date(invoice.void_date, lang, 'short')}</dt><dd>{plain(negate(invoice.gross))}</dd></> : null}
          {all.map(({ one, gone }) => (
            <>
              <dt class={gone ? 'gone' : ''}>{link(one)}, {date(one.from, lang, 'short')}{gone && one.until ? ` – ${date(one.until, lang, 'short')}` : ''}</dt>
              <dd class={gone ? 'gone' : ''}>{plain(negate(one.amount))}</dd>
            </>
          ))}
          <dt class="sumline">{t('open')}, {date(asOf, lang)}</dt><dd class="sumline">{invoice.currency} {plain(invoice.open)}</dd>
        </dl>
        <p class="pt8"><Proof holds={holds}>{t(holds ? 'adds_up' : 'does_not_add_up')}</Proof></p>
      </div>
    </Panel>
  );
}

const MILESTONES = ['placed', 'confirmed', 'ready', 'first_dispatched', 'dispatched', 'delivered', 'invoiced', 'paid'];

function Milestones({ order }: { order: Order }) {
  const { t, lang, zone } = useApp();
  let before: string | null = null;
  return (
    <table class="tight" aria-label={t('milestones')}>
      <tbody>
        {MILESTONES.map((name) => {
          const at = order.milestones[name], since = at && before ? Math.round((Date.parse(at) - Date.parse(before)) / 1000) : null;
          if (at) before = at;
          return (
            <tr key={name}>
              <th scope="row">{t(`m_${name}` as 'm_placed')}</th>
              <td>{at ? instant(at, zone, lang) : <span class="z">{t('not_yet')}</span>}</td>
              <td class="r q">{since === null ? '' : `${since < 0 ? '' : '+'}${days(since)} ${t('d')}`}</td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

function OrderBehind({ order, customer }: { order: string; customer: string }) {
  const { t, when, href } = useApp();
  const answer = useAnswer<Order>(apiPath('orders', order), { ...when, customer_id: customer });
  if (answer.failure?.status === 404) return null;
  return (
    <Panel title={t('order_behind')} more={{ href: href(['orders', order], { customer_id: customer }), words: <Name>{order}</Name> }}>
      <Shown of={answer}>{(data) => <div class="tbl"><Milestones order={data} /></div>}</Shown>
    </Panel>
  );
}

// Events of a document as a story without effects on an amount.
function toldPlain(events: EventRef[], zone: string, effects: (event: EventRef) => string | null = () => null): Told[] {
  let open: string | null = null;
  return [...events].map((event): Told => {
    const effective = effectiveDay(event, zone), recordedDay = localTime(event.recorded_at, zone).day;
    return { event, payload: payloadOf(event), effective, recordedDay, lateDays: Math.max(0, daysBetween(effective, recordedDay)), effect: effects(event), open: null, undoneBy: null };
  }).sort((a, b) => (a.effective + a.event.recorded_at < b.effective + b.event.recorded_at ? -1 : 1)).map((one) => {
    if (one.effect === null) return one;
    open = open === null ? one.effect : add(open, one.effect);
    return { ...one, open };
  });
}

function StoryPanel({ told, like, own, customer }: { told: Told[]; like: string; own: string; customer: string }) {
  const { t } = useApp();
  return <Panel title={t('story')} sub={`${count(told.length)} ${t('events')}, ${t('by_effective')}`}><Timeline told={told} like={like} own={own} customer={customer} /></Panel>;
}

function Allocations({ rows, currency, customer }: { rows: Allocation[]; currency: string; customer: string }) {
  const { t, lang, href } = useApp();
  const counted = rows.filter((row) => row.state === 'in_effect'), applied = sum(['0', ...counted.map((row) => subtract(row.amount, row.taken_back))]);
  const columns: Column<Allocation>[] = [
    { key: 'invoice', head: t('invoice'), heads: true, cell: (row) => <a class="lnk" href={href(['invoices', row.invoice_id], { customer_id: customer })}><Name>{row.invoice_id}</Name></a> },
    { key: 'from', head: t('effective'), cell: (row) => (row.from ? date(row.from, lang) : '') },
    { key: 'until', head: t('until'), cell: (row) => (row.until ? date(row.until, lang) : '') },
    { key: 'amount', head: t('amount'), right: true, cell: (row) => <Amount text={row.amount} /> },
    { key: 'back', head: t('taken_back'), right: true, cell: (row) => <Amount text={row.taken_back} /> },
    { key: 'state', head: t('state'), cell: (row) => <Chip kind={row.state === 'in_effect' ? 'ok' : row.state === 'rejected' ? 'bad' : row.state === 'waiting' ? 'late' : ''}>{t(`al_${row.state}` as 'al_ended')}</Chip> },
  ];
  return (
    <Panel title={t('applied_to')} sub={currency}>
      {rows.length ? <Table name={t('applied_to')} columns={columns} rows={rows} keyOf={(row) => `${row.allocation_id} ${row.invoice_id} ${row.from} ${row.amount}`} totals={[{ label: t('al_in_effect'), cells: { amount: <Amount text={applied} total /> }, ruling: 'open' }]} /> : <p class="in note">{t('nothing_applied')}</p>}
    </Panel>
  );
}

export function PaymentPage({ id }: { id: string }) {
  const { t, lang, zone } = useApp();
  const { answer, asked } = useDocument<Payment>('payments', id);
  const payment = answer.data, told = payment ? toldPlain(payment.events, zone) : [];
  const chip = payment ? payment.reversed_on ? <Chip kind="bad">{t('e_payment_reversed')}</Chip> : isZero(payment.unapplied) ? <Chip kind="ok">{t('applied')}</Chip> : <Chip kind="late">{t('unapplied')}</Chip> : null;
  return (
    <Document kind="payments" id={id} word="payment" answer={answer} asked={asked} chip={chip}
      lead={payment ? sentences.payment(lang, { currency: payment.currency, open: payment.unapplied, whole: payment.amount, told: toldOf(told), reversed: payment.reversed_on !== null }) : null}>
      {(data) => (
        <div class="cols">
          <div class="c8 stack"><Allocations rows={data.allocations} currency={data.currency} customer={data.customer_id} /><StoryPanel told={told} like={data.amount} own={id} customer={data.customer_id} /></div>
          <div class="c4 stack">
            <Panel title={t('details')}>
              <div class="in">
                <dl class="facts">
                  <CustomerFact id={data.customer_id} name={data.customer_name} />
                  <Fact word={t('amount')}>{data.currency} {plain(data.amount)}</Fact>
                  <Fact word={t('valuedate')}>{date(data.value_date, lang)}</Fact>
                  <Fact word={t('method')}>{data.method ? <bdi>{data.method}</bdi> : null}</Fact>
                  <Fact word={t('reference')}>{data.reference ? <bdi>{data.reference}</bdi> : null}</Fact>
                  <Fact word={t('c_refunds')}>{isZero(data.refunded) ? null : plain(data.refunded)}</Fact>
                  <Fact word={t('reversed_on')}>{data.reversed_on ? date(data.reversed_on, lang) : null}</Fact>
                  <dt class="sumline">{t('unapplied')}</dt><dd class="sumline">{data.currency} {plain(data.unapplied)}</dd>
                </dl>
              </div>
            </Panel>
          </div>
        </div>
      )}
    </Document>
  );
}

export function CreditNotePage({ id }: { id: string }) {
  const { t, lang, zone, href } = useApp();
  const { answer, asked } = useDocument<CreditNote>('credit-notes', id);
  const note = answer.data, told = note ? toldPlain(note.events, zone) : [];
  const chip = note ? note.void_date ? <Chip>{t('e_credit_note_voided')}</Chip> : isZero(note.open) ? <Chip kind="ok">{t('applied')}</Chip> : <Chip kind="late">{t('open')}</Chip> : null;
  return (
    <Document kind="credit-notes" id={id} word="creditnote" answer={answer} asked={asked} chip={chip}
      lead={note ? sentences.payment(lang, { currency: note.currency, open: note.open, whole: note.amount, told: toldOf(told), reversed: note.void_date !== null }) : null}>
      {(data) => (
        <div class="cols">
          <div class="c8 stack"><Allocations rows={data.allocations} currency={data.currency} customer={data.customer_id} /><StoryPanel told={told} like={data.amount} own={id} customer={data.customer_id} /></div>
          <div class="c4 stack">
            <Panel title={t('details')}>
              <div class="in">
                <dl class="facts">
                  <CustomerFact id={data.customer_id} name={data.customer_name} />
                  <Fact word={t('invoice')}>{data.invoice_id ? <a class="lnk" href={href(['invoices', data.invoice_id], { customer_id: data.customer_id })}><Name>{data.invoice_id}</Name></a> : null}</Fact>
                  <Fact word={t('net')}>{plain(data.net)}</Fact><Fact word={t('tax')}>{plain(data.tax)}</Fact>
                  <Fact word={t('amount')}>{data.currency} {plain(data.amount)}</Fact>
                  <Fact word={t('issued')}>{date(data.issue_date, lang)}</Fact>
                  <Fact word={t('reason')}>{data.reason_code ? <bdi>{data.reason_code}</bdi> : null}</Fact>
                  <Fact word={t('region')}>{data.region ? <Name>{data.region}</Name> : null}</Fact>
                  <Fact word={t('void_date')}>{data.void_date ? date(data.void_date, lang) : null}</Fact>
                  <dt class="sumline">{t('open')}</dt><dd class="sumline">{data.currency} {plain(data.open)}</dd>
                </dl>
              </div>
            </Panel>
          </div>
        </div>
      )}
    </Document>
  );
}

export function OrderPage({ id }: { id: string }) {
  const { t, lang, zone, asOf, href } = useApp();
  const { answer, asked } = useDocument<Order>('orders', id);
  const order = answer.data, told = order ? toldPlain(order.events, zone) : [];
  const last = order ? [...MILESTONES].reverse().find((name) => order.milestones[name]) ?? 'placed' : 'placed';
  const next = MILESTONES[MILESTONES.indexOf(last) + 1] ?? null;
  const promise = order?.last_promise ?? order?.requested_date ?? null, late = order !== undefined && promise !== null && !order.milestones.delivered && promise < asOf;
  const placed = order?.milestones.placed, at = order?.milestones[last];
  const columns: Column<OrderLine>[] = [
    { key: 'line', head: t('line'), heads: true, cell: (row) => <Name>{row.line_id}</Name> },
    { key: 'sku', head: 'SKU', cell: (row) => <Name>{row.sku}</Name> },
    { key: 'quantity', head: t('quantity'), right: true, cell: (row) => plain(row.quantity) },
    { key: 'remaining', head: t('remaining'), right: true, cell: (row) => plain(row.remaining_quantity) },
    { key: 'dispatched', head: t('m_dispatched'), right: true, cell: (row) => plain(row.dispatched) },
    { key: 'delivered', head: t('m_delivered'), right: true, class: 'not-s', cell: (row) => plain(row.delivered) },
    { key: 'returned', head: t('returned'), right: true, class: 'not-s', cell: (row) => plain(row.returned) },
    { key: 'net', head: t('net'), right: true, cell: (row) => <Amount text={row.net} /> },
    { key: 'tax', head: t('tax'), right: true, class: 'not-s', cell: (row) => <Amount text={row.tax} /> },
  ];
  const links = (ids: string[], page: string, word: string, customer: string) => <Fact word={word}>{ids.length ? ids.map((one, i) => <>{i ? ', ' : ''}<a class="lnk" href={href([page, one], { customer_id: customer })}><Name>{one}</Name></a></>) : null}</Fact>;
  return (
    <Document kind="orders" id={id} word="order" answer={answer} asked={asked} chip={late ? <Chip kind="late">{t('latec')}</Chip> : order ? <Chip>{t(`m_${last}` as 'm_placed')}</Chip> : null}
      lead={order ? sentences.order(lang, { last: t(`m_${last}` as 'm_placed'), next: next ? t(`m_${next}` as 'm_placed') : null, days: placed && at ? daysBetween(localTime(placed, zone).day, localTime(at, zone).day) : null, late, invoices: order.invoices.length }) : null}>
      {(data) => (
        <div class="cols">
          <div class="c8 stack">
            <Panel title={t('lines_as_they_stand')} sub={data.currency}>
              <Table name={t('lines_as_they_stand')} columns={columns} rows={data.lines} keyOf={(row) => row.line_id}
                totals={[{ label: t('total'), cells: { net: <Amount text={sum(['0', ...data.lines.map((line) => line.net)])} total />, tax: <Amount text={sum(['0', ...data.lines.map((line) => line.tax)])} total /> }, ruling: 'open' }]} />
            </Panel>
            <StoryPanel told={told} like={data.lines[0]?.net ?? '0.00'} own={id} customer={data.customer_id} />
          </div>
          <div class="c4 stack">
            <Panel title={t('milestones')}><div class="tbl"><Milestones order={data} /></div></Panel>
            <Panel title={t('details')}>
              <div class="in">
                <dl class="facts">
                  <CustomerFact id={data.customer_id} name={data.customer_name} />
                  <Fact word={t('kind')}>{t(`o_${data.kind}` as 'o_STANDARD')}</Fact>
                  <Fact word={t('region')}>{data.region ? <Name>{data.region}</Name> : null}</Fact>
                  <Fact word={t('salesrep')}>{data.sales_rep ? <Name>{data.sales_rep}</Name> : null}</Fact>
                  <Fact word={t('channel')}>{data.channel ? <Name>{data.channel}</Name> : null}</Fact>
                  <Fact word={t('requested_for')}>{data.requested_date ? date(data.requested_date, lang) : null}</Fact>
                  <Fact word={t('first_promise')}>{data.first_promise ? date(data.first_promise, lang) : null}</Fact>
                  <Fact word={t('last_promise')}>{data.last_promise ? date(data.last_promise, lang) : null}</Fact>
                  {links(data.shipments, 'shipments', t('shipment'), data.customer_id)}
                  {links(data.invoices, 'invoices', t('invoice'), data.customer_id)}
                </dl>
              </div>
            </Panel>
          </div>
        </div>
      )}
    </Document>
  );
}

export function ShipmentPage({ id }: { id: string }) {
  const { t, lang, zone, href } = useApp();
  const { answer, asked } = useDocument<Shipment>('shipments', id);
  const shipment = answer.data, told = shipment ? toldPlain(shipment.events, zone) : [];
  type Line = Shipment['orders'][number]['lines'][number] & { order: string };
  const columns: Column<Line>[] = [
    { key: 'order', head: t('order'), cell: (row) => <Name>{row.order}</Name> },
    { key: 'line', head: t('line'), heads: true, cell: (row) => <Name>{row.line_id}</Name> },
    { key: 'sku', head: 'SKU', cell: (row) => <Name>{row.sku}</Name> },
    { key: 'quantity', head: t('quantity'), right: true, cell: (row) => plain(row.quantity) },
    { key: 'returned', head: t('returned'), right: true, cell: (row) => plain(row.returned) },
  ];
  return (
    <Document kind="shipments" id={id} word="shipment" answer={answer} asked={asked}
      chip={shipment ? shipment.orders.every((part) => part.delivered_at) ? <Chip kind="ok">{t('m_delivered')}</Chip> : <Chip>{t('on_the_way')}</Chip> : null}>
      {(data) => (
        <div class="cols">
          <div class="c8 stack">
            <Panel title={t('lines')}><Table name={t('lines')} columns={columns} rows={data.orders.flatMap((part) => part.lines.map((line) => ({ ...line, order: part.order_id })))} keyOf={(row) => `${row.order} ${row.line_id}`} /></Panel>
            <StoryPanel told={told} like="0.00" own={id} customer={data.customer_id} />
          </div>
          <div class="c4 stack">
            {data.orders.map((part) => (
              <Panel key={part.order_id} title={<a class="lnk" href={href(['orders', part.order_id], { customer_id: data.customer_id })}><Name>{part.order_id}</Name></a>}>
                <div class="in">
                  <dl class="facts">
                    <CustomerFact id={data.customer_id} name={data.customer_name} />
                    <Fact word={t('warehouse')}>{part.warehouse ? <bdi>{part.warehouse}</bdi> : null}</Fact>
                    <Fact word={t('carrier')}>{part.carrier ? <bdi>{part.carrier}</bdi> : null}</Fact>
                    <Fact word={t('m_dispatched')}>{instant(part.dispatched_at, zone, lang)}</Fact>
                    <Fact word={t('m_delivered')}>{part.delivered_at ? instant(part.delivered_at, zone, lang) : t('not_yet')}</Fact>
                    <Fact word={t('signed_by')}>{part.signed_by ? <bdi>{part.signed_by}</bdi> : null}</Fact>
                    <Fact word={t('freight')}>{part.freight && part.currency ? `${part.currency} ${plain(part.freight)}` : null}</Fact>
                  </dl>
                </div>
              </Panel>
            ))}
          </div>
        </div>
      )}
    </Document>
  );
}

// The record itself: where it stands, what became of it, what it says, and its bytes.
export function EventPage({ topic, partition, offset }: { topic: string; partition: string; offset: string }) {
  const { t, lang, zone, href, known } = useApp();
  const answer = useAnswer<RawEvent>(apiPath('events', topic, partition, offset), known);
  const title = `${topic}:${partition}:${offset}`;
  return (
    <Page title={<bdi class="wrap">{title}</bdi>} name={title} view={answer.data}>
      {answer.failure ? <Panel><div class="in"><Failed failure={answer.failure} retry={answer.retry} /></div></Panel> : (
        <Shown of={answer} height={240}>{(data) => (
          <div class="cols">
            <Panel class="c8" title={t('content')}>
              <div class="in">{data.content ? <pre class="code" tabIndex={0} role="region" aria-label={t('content')}>{JSON.stringify(data.content, null, 2)}</pre> : <p class="note">{t('does_not_parse')}</p>}</div>
            </Panel>
            <div class="c4 stack">
              <Panel title={t('event')}>
                <div class="in">
                  <dl class="facts">
                    <Fact word={t('state')}><Chip kind={data.state === 'accepted' ? 'ok' : data.state === 'parked' ? 'bad' : 'late'}>{t(`ev_${data.state}` as 'ev_accepted')}</Chip></Fact>
                    <Fact word={t('detail')}>{data.detail ? <bdi>{data.detail}</bdi> : null}</Fact>
                    <Fact word={t('customer')}>{data.customer_id ? <a class="lnk" href={href(['customers', data.customer_id])}><Name>{data.customer_id}</Name></a> : null}</Fact>
                    {data.event ? (
                      <>
                        <Fact word={t('what')}>{t(`e_${data.event.type}` as 'e_invoice_issued')}</Fact>
                        <Fact word={t('recorded')}>{instant(data.event.recorded_at, zone, lang, 'seconds')}</Fact>
                        <Fact word={t('occurred')}>{data.event.occurred_at ? instant(data.event.occurred_at, zone, lang, 'seconds') : null}</Fact>
                        <Fact word="event_id"><bdi class="mono">{data.event.event_id}</bdi></Fact>
                      </>
                    ) : null}
                  </dl>
                </div>
              </Panel>
              <Panel title={t('bytes')} sub={`${count(Math.floor((data.bytes.replace(/=+$/, '').length * 3) / 4))}`}><div class="in"><pre class="code" tabIndex={0} role="region" aria-label={t('bytes')}>{data.bytes}</pre></div></Panel>
            </div>
          </div>
        )}</Shown>
      )}
    </Page>
  );
}
