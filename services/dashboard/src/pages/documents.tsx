// Payments, credit notes, orders and shipments: what they say, what became of them, and their events.
import { useApp } from '../lib/app';
import type { Allocation, CreditNote, Order, OrderLine, Payment, Shipment } from '../lib/answers';
import { daysBetween, localTime } from '../lib/dates';
import { isZero, subtract, sum } from '../lib/decimal';
import { date, instant, plain } from '../lib/format';
import * as sentences from '../lib/sentences';
import { lateOf } from '../lib/story';
import { Amount, Chip, Name, Panel } from '../parts/basics';
import { DocumentPage, Fact, Facts, LinkFact, SumFact, TextFact, useDocument } from '../parts/document';
import { MILESTONES, Milestones } from '../parts/milestones';
import { OwnCap, Table, type Column } from '../parts/table';

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
      {rows.length ? (
        <>
          <Table name={t('applied_to')} columns={columns} rows={rows} keyOf={(row) => `${row.allocation_id} ${row.invoice_id} ${row.from} ${row.amount}`}
            totals={[{ label: t('al_in_effect'), cells: { amount: <Amount text={applied} total /> }, ruling: 'open' }]} />
          <OwnCap name="allocations" rows={rows} decimals={['amount', 'taken_back']} />
        </>
      ) : <p class="in note">{t('nothing_applied')}</p>}
    </Panel>
  );
}

export function PaymentPage({ id }: { id: string }) {
  const { t, lang } = useApp();
  return (
    <DocumentPage kind="payments" word="payment" id={id} of={useDocument<Payment>('payments', id)} like={(data) => data.amount}
      chip={(data) => (data.reversed_on ? <Chip kind="bad">{t('e_payment_reversed')}</Chip> : isZero(data.unapplied) ? <Chip kind="ok">{t('applied')}</Chip> : <Chip kind="late">{t('unapplied')}</Chip>)}
      lead={(data, told) => sentences.payment(lang, { currency: data.currency, open: data.unapplied, whole: data.amount, told: lateOf(told), reversed: data.reversed_on !== null })}
      main={(data) => <Allocations rows={data.allocations} currency={data.currency} customer={data.customer_id} />}
      facts={(data) => (
        <>
          <Fact word={t('amount')}>{data.currency} {plain(data.amount)}</Fact>
          <Fact word={t('valuedate')}>{date(data.value_date, lang)}</Fact>
          <TextFact word={t('method')} text={data.method} />
          <TextFact word={t('reference')} text={data.reference} />
          <Fact word={t('c_refunds')}>{isZero(data.refunded) ? null : plain(data.refunded)}</Fact>
          <Fact word={t('reversed_on')}>{data.reversed_on ? date(data.reversed_on, lang) : null}</Fact>
          <SumFact word={t('unapplied')}>{data.currency} {plain(data.unapplied)}</SumFact>
        </>
      )} />
  );
}

export function CreditNotePage({ id }: { id: string }) {
  const { t, lang } = useApp();
  return (
    <DocumentPage kind="credit-notes" word="creditnote" id={id} of={useDocument<CreditNote>('credit-notes', id)} like={(data) => data.amount}
      chip={(data) => (data.void_date ? <Chip>{t('e_credit_note_voided')}</Chip> : isZero(data.open) ? <Chip kind="ok">{t('applied')}</Chip> : <Chip kind="late">{t('open')}</Chip>)}
      lead={(data, told) => sentences.payment(lang, { currency: data.currency, open: data.open, whole: data.amount, told: lateOf(told), reversed: data.void_date !== null })}
      main={(data) => <Allocations rows={data.allocations} currency={data.currency} customer={data.customer_id} />}
      facts={(data) => (
        <>
          <LinkFact word={t('invoice')} page="invoices" ids={data.invoice_id ? [data.invoice_id] : []} customer={data.customer_id} />
          <Fact word={t('net')}>{plain(data.net)}</Fact>
          <Fact word={t('tax')}>{plain(data.tax)}</Fact>
          <Fact word={t('amount')}>{data.currency} {plain(data.amount)}</Fact>
          <Fact word={t('issued')}>{date(data.issue_date, lang)}</Fact>
          <TextFact word={t('reason')} text={data.reason_code} />
          <TextFact word={t('region')} text={data.region} />
          <Fact word={t('void_date')}>{data.void_date ? date(data.void_date, lang) : null}</Fact>
          <SumFact word={t('open')}>{data.currency} {plain(data.open)}</SumFact>
        </>
      )} />
  );
}

export function OrderPage({ id }: { id: string }) {
  const { t, lang, zone, asOf } = useApp();
  const reached = (order: Order) => {
    const last = [...MILESTONES].reverse().find((name) => order.milestones[name]) ?? 'placed', promise = order.last_promise ?? order.requested_date;
    return { last, next: MILESTONES[MILESTONES.indexOf(last) + 1] ?? null, late: promise !== null && !order.milestones.delivered && promise < asOf };
  };
  const day = (time: string): string => localTime(time, zone).day, words = (name: string): string => t(`m_${name}` as 'm_placed');
  return (
    <DocumentPage kind="orders" word="order" id={id} of={useDocument<Order>('orders', id)} like={(data) => data.lines[0]?.net ?? '0.00'}
      chip={(data) => (reached(data).late ? <Chip kind="late">{t('latec')}</Chip> : <Chip>{words(reached(data).last)}</Chip>)}
      lead={(data) => {
        const { last, next, late } = reached(data), { placed, [last]: at } = data.milestones;
        return sentences.order(lang, { last: words(last), next: next ? words(next) : null, days: placed && at ? daysBetween(day(placed), day(at)) : null, late, invoices: data.invoices.length });
      }}
      main={(data) => <OrderLines order={data} />}
      before={(data) => <Panel title={t('milestones')}><Milestones order={data} /></Panel>}
      facts={(data) => (
        <>
          <Fact word={t('kind')}>{t(`o_${data.kind}` as 'o_STANDARD')}</Fact>
          <TextFact word={t('region')} text={data.region} />
          <TextFact word={t('salesrep')} text={data.sales_rep} />
          <TextFact word={t('channel')} text={data.channel} />
          <Fact word={t('requested_for')}>{data.requested_date ? date(data.requested_date, lang) : null}</Fact>
          <Fact word={t('first_promise')}>{data.first_promise ? date(data.first_promise, lang) : null}</Fact>
          <Fact word={t('last_promise')}>{data.last_promise ? date(data.last_promise, lang) : null}</Fact>
          <LinkFact word={t('shipment')} page="shipments" ids={data.shipments} customer={data.customer_id} />
          <LinkFact word={t('invoice')} page="invoices" ids={data.invoices} customer={data.customer_id} />
        </>
      )} />
  );
}

function OrderLines({ order }: { order: Order }) {
  const { t } = useApp();
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
  const all = (part: 'net' | 'tax') => <Amount text={sum(['0', ...order.lines.map((line) => line[part])])} total />;
  return (
    <Panel title={t('lines_as_they_stand')} sub={order.currency}>
      <Table name={t('lines_as_they_stand')} columns={columns} rows={order.lines} keyOf={(row) => row.line_id} totals={[{ label: t('total'), cells: { net: all('net'), tax: all('tax') }, ruling: 'open' }]} />
      <OwnCap name="order-lines" rows={order.lines} decimals={['quantity', 'remaining_quantity', 'dispatched', 'delivered', 'returned', 'net', 'tax']} />
    </Panel>
  );
}

export function ShipmentPage({ id }: { id: string }) {
  const { t, lang, zone, href } = useApp();
  return (
    <DocumentPage kind="shipments" word="shipment" id={id} of={useDocument<Shipment>('shipments', id)} like={() => '0.00'}
      chip={(data) => (data.orders.every((part) => part.delivered_at) ? <Chip kind="ok">{t('m_delivered')}</Chip> : <Chip>{t('on_the_way')}</Chip>)}
      main={(data) => <ShipmentLines shipment={data} />}
      facts={() => null}
      after={(data) => data.orders.map((part) => (
        <Facts key={part.order_id} title={<a class="lnk" href={href(['orders', part.order_id], { customer_id: data.customer_id })}><Name>{part.order_id}</Name></a>}>
          <TextFact word={t('warehouse')} text={part.warehouse} />
          <TextFact word={t('carrier')} text={part.carrier} />
          <Fact word={t('m_dispatched')}>{instant(part.dispatched_at, zone, lang)}</Fact>
          <Fact word={t('m_delivered')}>{part.delivered_at ? instant(part.delivered_at, zone, lang) : t('not_yet')}</Fact>
          <TextFact word={t('signed_by')} text={part.signed_by} />
          <Fact word={t('freight')}>{part.freight && part.currency ? `${part.currency} ${plain(part.freight)}` : null}</Fact>
        </Facts>
      ))} />
  );
}

function ShipmentLines({ shipment }: { shipment: Shipment }) {
  const { t } = useApp();
  const rows = shipment.orders.flatMap((part) => part.lines.map((line) => ({ order_id: part.order_id, ...line })));
  const columns: Column<(typeof rows)[number]>[] = [
    { key: 'order', head: t('order'), cell: (row) => <Name>{row.order_id}</Name> },
    { key: 'line', head: t('line'), heads: true, cell: (row) => <Name>{row.line_id}</Name> },
    { key: 'sku', head: 'SKU', cell: (row) => <Name>{row.sku}</Name> },
    { key: 'quantity', head: t('quantity'), right: true, cell: (row) => plain(row.quantity) },
    { key: 'returned', head: t('returned'), right: true, cell: (row) => plain(row.returned) },
  ];
  return (
    <Panel title={t('lines')}>
      <Table name={t('lines')} columns={columns} rows={rows} keyOf={(row) => `${row.order_id} ${row.line_id}`} />
      <OwnCap name="shipment-lines" rows={rows} decimals={['quantity', 'returned']} />
    </Panel>
  );
}
