// What changes, as far as a page has to know: which of its answers a note of the server may have changed. One that none
// names is as it was.
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Position } from './answers';
import type { Params } from './url';

// Of `event: commit` of /v1/changes.
export interface Note {
  positions: Position[];  // Of its partition: what is folded by now.
  reports: string[];
  customers: string[] | 'many';
}

// What is heard of the stream: it runs, it does not, anything may have changed, or a note.
export type Heard = { kind: 'open' | 'down' | 'resync' } | { kind: 'commit'; note: Note };
export type Tell = (heard: Heard) => void;

// The report at each path, by the name that notes have for it; `*` is an id. Of a path that is not here every note is
// taken to be.
export const REPORTS: Record<string, string> = {
  '/v1/anomalies': 'anomalies',
  '/v1/credit-notes': 'credit-notes',
  '/v1/credit-notes/*': 'credit-note',
  '/v1/customers': 'customers',
  '/v1/customers/*': 'customer',
  '/v1/customers/*/statement': 'statement',
  '/v1/events/*/*/*': 'event',
  '/v1/invoices': 'invoices',
  '/v1/invoices/*': 'invoice',
  '/v1/order-cycle': 'order-cycle',
  '/v1/order-cycle/factors': 'factors',
  '/v1/order-cycle/on-time': 'on-time',
  '/v1/order-cycle/open': 'open-orders',
  '/v1/order-cycle/orders': 'cycle-orders',
  '/v1/orders': 'orders',
  '/v1/orders/*': 'order',
  '/v1/parked': 'parked',
  '/v1/payments': 'payments',
  '/v1/payments/*': 'payment',
  '/v1/receivables/ageing': 'ageing',
  '/v1/receivables/ageing/trend': 'ageing-trend',
  '/v1/receivables/bridge': 'bridge',
  '/v1/receivables/dunning': 'dunning',
  '/v1/receivables/entries': 'entries',
  '/v1/receivables/items': 'items',
  '/v1/receivables/ratios': 'ratios',
  '/v1/receivables/restatement': 'restatement',
  '/v1/receivables/worklist': 'worklist',
  '/v1/sales': 'sales',
  '/v1/sales/postings': 'sales-postings',
  '/v1/shipments': 'shipments',
  '/v1/shipments/*': 'shipment',
};

export interface Subject {
  report?: string;    // None: it is not known which.
  customer?: string;  // Whom alone the answer is about.
}

export function subjectOf(path: string, params: Params): Subject {
  const parts = path.split('/').slice(1);
  const known = Object.keys(REPORTS).find((pattern) => {
    const wanted = pattern.split('/').slice(1);
    return wanted.length === parts.length && wanted.every((part, i) => part === '*' || part === parts[i]);
  });
  const of = parts[1] === 'customers' && parts.length > 2 ? decodeURIComponent(parts[2]) : params.customer_id;
  return { report: known === undefined ? undefined : REPORTS[known], customer: typeof of === 'string' && of !== '' ? of : undefined };
}

const NAMED_MAX = 2000;

// How often each answer may have changed.
export class Ticks {
  private now = 0;
  private all = 0;                              // When anything may have.
  private byReport = new Map<string, number>(); // Of anybody.
  private ofMany = new Map<string, number>();   // Of any customer.
  private ofOne = new Map<string, number>();    // Of one, by report and name.

  everything(): void {
    this.all = ++this.now;
    for (const kept of [this.byReport, this.ofMany, this.ofOne]) kept.clear();
  }

  add({ reports, customers }: Pick<Note, 'reports' | 'customers'>): void {
    const tick = ++this.now;
    for (const report of reports) {
      this.byReport.set(report, tick);
      if (customers === 'many') this.ofMany.set(report, tick);
      else for (const customer of customers) this.ofOne.set(`${report} ${customer}`, tick);
    }
    if (this.ofOne.size > NAMED_MAX) this.everything();
  }

  // Grows when this answer may be another than it was.
  of({ report, customer }: Subject): number {
    if (report === undefined) return this.now;
    if (customer === undefined) return Math.max(this.all, this.byReport.get(report) ?? 0);
    return Math.max(this.all, this.ofMany.get(report) ?? 0, this.ofOne.get(`${report} ${customer}`) ?? 0);
  }
}

// Whether a note may have changed the answer about this.
const names = ({ reports, customers }: Note, { report, customer }: Subject): boolean =>
  report === undefined || (reports.includes(report) && (customer === undefined || customers === 'many' || customers.includes(customer)));

// Of this page.
export const ticks = new Ticks();
const looking = new Map<() => void, Subject>();
// Whether anything that is shown may have changed by a note.
export const concerns = (note: Note): boolean => [...looking.values()].some((subject) => names(note, subject));
// After `ticks` has moved.
export function announce(): void {
  for (const look of looking.keys()) look();
}

// What is fixed by known_at stays.
const stays = (path: string | null, params: Params): boolean => path === null || Boolean(params.known_at);
export const tickOf = (path: string, params: Params): number => (stays(path, params) ? -1 : ticks.of(subjectOf(path, params)));

// The tick of an answer: who shows it is drawn again when it moves.
export function useTick(path: string | null, params: Params): number {
  const subject = path === null ? {} : subjectOf(path, params);
  const fixed = stays(path, params), tick = fixed ? -1 : ticks.of(subject);
  const seen = useRef(tick);
  seen.current = tick;
  const [, again] = useState(0);
  useEffect(() => {
    if (fixed) return;
    const look = () => {
      if (ticks.of(subject) !== seen.current) again((count) => count + 1);
    };
    look();
    looking.set(look, subject);
    return () => {
      looking.delete(look);
    };
  }, [fixed, subject.report, subject.customer]);
  return tick;
}
