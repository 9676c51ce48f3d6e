// An invoice's story: why is this still open, and who knew when.
import { useEffect, useState } from 'preact/hooks';
import { useApp } from '../lib/app';
import { send, urlOf, useAnswer } from '../lib/api';
import type { Application, EventRef, Invoice, Order } from '../lib/answers';
import { addDays, addMonths, daysBetween } from '../lib/dates';
import { isZero, negate, subtract, sum, toNumber } from '../lib/decimal';
import { compact, count, date, monthName, plain } from '../lib/format';
import * as sentences from '../lib/sentences';
import { lateOf, openByDay, storyOf } from '../lib/story';
import { apiPath } from '../lib/url';
import { Chip, Name, Panel, Proof, Shown, Skeleton } from '../parts/basics';
import { Steps } from '../parts/charts';
import { DocumentPage, Fact, LinkFact, SumFact, TextFact, useDocument } from '../parts/document';
import { Milestones } from '../parts/milestones';
import { OwnCap } from '../parts/table';

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

export function InvoicePage({ id }: { id: string }) {
  const { t, lang, zone, asOf, here, address } = useApp();
  const of = useDocument<Invoice>('invoices', id, 'story'), invoice = of.data;
  const { events } = useSources(invoice);
  const byRecorded = address.params.by === 'recorded', story = invoice && events ? storyOf(invoice, events, zone, byRecorded) : null;
  const chip = (data: Invoice) => {
    if (data.void_date) return <Chip>{t('e_invoice_voided')}</Chip>;
    if (isZero(data.open)) return <Chip kind="ok">{t('settled')}</Chip>;
    const overdue = Math.max(0, ...data.instalments.filter((part) => !isZero(part.open)).map((part) => daysBetween(part.due_date, asOf)));
    return overdue > 0 ? <Chip kind="late">{count(overdue)} {t('days_overdue')}</Chip> : <Chip>{t('notdue')}</Chip>;
  };
  return (
    <DocumentPage kind="invoices" word="invoice" id={id} of={of} chip={chip} told={story?.told ?? null} like={(data) => data.gross}
      lead={(data, told) => sentences.invoice(lang, { currency: data.currency, open: data.open, whole: data.gross, told: lateOf(told) })}
      by={{ words: t(byRecorded ? 'by_recorded' : 'by_effective'), href: here({ by: byRecorded ? undefined : 'recorded' }), other: t(byRecorded ? 'by_effective' : 'by_recorded') }}
      main={(data) => (story ? <OpenByDay invoice={data} moves={story.moves} /> : <Panel title={t('what_open')}><Skeleton height={240} /></Panel>)}
      before={(data) => <Ledger invoice={data} />}
      facts={(data) => (
        <>
          <LinkFact word={t('order')} page="orders" ids={data.order_ids} customer={data.customer_id} />
          <TextFact word={t('region')} text={data.region} />
          <TextFact word={t('salesrep')} text={data.sales_rep} />
          <Fact word={t('net')}>{plain(data.net)}</Fact>
          <Fact word={t('tax')}>{plain(data.tax)}</Fact>
          <Fact word={t('issued')}>{date(data.issue_date, lang)}</Fact>
          {data.instalments.map((part) => <Fact key={part.number} word={data.instalments.length > 1 ? `${t('due')}, ${t('instalment')} ${part.number}` : t('due')}>{date(part.due_date, lang)}{data.instalments.length > 1 ? ` · ${plain(part.amount)} · ${t('open')} ${plain(part.open)}` : ''}</Fact>)}
          <Fact word={t('disputed')}>{isZero(data.disputed) ? null : plain(data.disputed)}</Fact>
          <Fact word={t('void_date')}>{data.void_date ? date(data.void_date, lang) : null}</Fact>
        </>
      )}
      after={(data) => (data.order_ids.length ? <OrderBehind order={data.order_ids[0]} customer={data.customer_id} /> : null)} />
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
  const days = [...new Set(dates)].map((day) => ({ date: day, known_now: valueAt(now, day), known_that_day: valueAt(then, day) }));
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
          <div class="tbl"><table aria-label={t('what_open')}>
            <thead><tr><th scope="col">{t('date')}</th><th scope="col" class="r">{t('known_now')}</th><th scope="col" class="r">{t('known_that_day')}</th></tr></thead>
            <tbody>{days.map((day) => <tr key={day.date}><th scope="row">{date(day.date, lang)}</th><td class="r">{plain(day.known_now)}</td><td class="r">{plain(day.known_that_day)}</td></tr>)}</tbody>
          </table></div>
          <OwnCap name="open-by-day" rows={days} decimals={['known_now', 'known_that_day']} />
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
          <SumFact word={<>{t('open')}, {date(asOf, lang)}</>}>{invoice.currency} {plain(invoice.open)}</SumFact>
        </dl>
        <p class="pt8"><Proof holds={holds}>{t(holds ? 'adds_up' : 'does_not_add_up')}</Proof></p>
      </div>
    </Panel>
  );
}

function OrderBehind({ order, customer }: { order: string; customer: string }) {
  const { t, when, href } = useApp();
  const answer = useAnswer<Order>(apiPath('orders', order), { ...when, customer_id: customer });
  if (answer.failure?.status === 404) return null;
  return (
    <Panel title={t('order_behind')} more={{ href: href(['orders', order], { customer_id: customer }), words: <Name>{order}</Name> }}>
      <Shown of={answer}>{(data) => <Milestones order={data} />}</Shown>
    </Panel>
  );
}
