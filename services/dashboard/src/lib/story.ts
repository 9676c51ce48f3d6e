// An invoice's story: its own events and those of what was applied to it, each with what it did to the amount that is
// open; and the open amount by day, as known now and as it was known on that day.
import type { Application, Content, EventRef, Invoice, Promise_ } from './answers';
import { add, negate, sum } from './decimal';
import { daysBetween, localTime } from './dates';

export interface Told {
  event: EventRef;
  payload: Record<string, unknown>;
  effective: string;    // The business day.
  recordedDay: string;
  lateDays: number;     // How long after it took effect it was told.
  effect: string | null;
  open: string | null;  // What was left, in the order of this list.
  undoneBy: EventRef | null;
  promise?: Promise_;   // What became of it, where this event made it.
}

export const payloadOf = (event: EventRef): Record<string, unknown> => {
  const payload = event.content?.[event.type as keyof Content];
  return payload && typeof payload === 'object' ? (payload as Record<string, unknown>) : {};
};

// The day an event took effect: the business date it names, else the day it happened.
const DATES: Record<string, string> = {
  invoice_issued: 'issue_date', credit_note_issued: 'issue_date', payment_received: 'value_date', refund_paid: 'value_date',
  payment_allocated: 'date', payment_unallocated: 'date', payment_reversed: 'date', invoice_voided: 'date', credit_note_voided: 'date',
  invoice_written_off: 'date', write_off_recovered: 'date',
};

export function effectiveDay(event: EventRef, zone: string): string {
  const day = payloadOf(event)[DATES[event.type] ?? ''];
  return typeof day === 'string' ? day : localTime(event.occurred_at, zone).day;
}

// Minor units as the currency's own decimals, counted from an amount of it.
export function fromMinor(minor: unknown, like: string): string | null {
  if (typeof minor !== 'string' && typeof minor !== 'number') return null;
  const decimals = like.split('.')[1]?.length ?? 0, text = String(minor), negative = text.startsWith('-');
  const digits = text.replace('-', '').padStart(decimals + 1, '0');
  return (negative ? '-' : '') + (decimals ? `${digits.slice(0, -decimals)}.${digits.slice(-decimals)}` : digits);
}

const named = (payload: Record<string, unknown>, field: string, id: string | null): boolean => id !== null && payload[field] === id;

function began(application: Application, event: EventRef): boolean {
  const payload = payloadOf(event);
  switch (event.type) {
    case 'payment_received': return application.type === 'payment' && application.id === application.source_id && named(payload, 'payment_id', application.id);
    case 'credit_note_issued': return application.type === 'credit_note' && named(payload, 'credit_note_id', application.id);
    case 'payment_allocated': return named(payload, 'allocation_id', application.id) && (named(payload, 'payment_id', application.source_id) || named(payload, 'credit_note_id', application.source_id));
    case 'invoice_written_off': return application.type === 'write_off' && named(payload, 'write_off_id', application.id);
    case 'write_off_recovered': return application.type === 'recovery' && named(payload, 'recovery_id', application.id);
    default: return false;
  }
}

function ended(application: Application, event: EventRef): boolean {
  const payload = payloadOf(event);
  switch (event.type) {
    case 'payment_unallocated': return application.ended_by === 'unallocated' && named(payload, 'allocation_id', application.id);
    case 'payment_reversed': return application.ended_by === 'reversed' && named(payload, 'payment_id', application.source_id);
    case 'credit_note_voided': return application.ended_by === 'voided' && named(payload, 'credit_note_id', application.source_id);
    case 'invoice_voided': return application.ended_by === 'voided' && application.source_id !== null && payload.credit_note_id === undefined;
    case 'refund_paid': return application.ended_by === 'refunded' && (named(payload, 'payment_id', application.source_id) || named(payload, 'credit_note_id', application.source_id));
    default: return false;
  }
}

// An event by itself, before it is known what it did.
const tell = (event: EventRef, zone: string): Told => {
  const effective = effectiveDay(event, zone), recordedDay = localTime(event.recorded_at, zone).day;
  return { event, payload: payloadOf(event), effective, recordedDay, lateDays: Math.max(0, daysBetween(effective, recordedDay)), effect: null, open: null, undoneBy: null };
};

const inOrder = (told: Told[], byRecorded: boolean): Told[] => {
  const key = (one: Told): string => (byRecorded ? '' : one.effective) + one.event.recorded_at;
  return told.sort((a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0));
};

// Events of a document by the day they took effect.
export const toldOf = (events: EventRef[], zone: string): Told[] => inOrder(events.map((event) => tell(event, zone)), false);

// How many were told on a later day than they took effect, and the longest.
export function lateOf(told: Told[]): { events: number; days: number } {
  const late = told.filter((one) => one.lateDays > 0);
  return { events: late.length, days: Math.max(0, ...late.map((one) => one.lateDays)) };
}

interface Move {
  day: string;
  known: string;  // The first day it both was in effect and had been told.
  amount: string;
}

export interface Story {
  told: Told[];
  moves: Move[];
}

// `others`: the events of the payments and credit notes behind the applications. Promises that name the invoice move
// nothing; what became of one stands with the event that made it.
export function storyOf(invoice: Invoice, others: EventRef[], zone: string, byRecorded: boolean): Story {
  const applications = [...invoice.applications, ...invoice.past_applications];
  const own = invoice.events, about = others.filter((event) => !own.some(({ event_id }) => event_id === event.event_id)
    && applications.some((application) => began(application, event) || ended(application, event)));
  const moves: Move[] = [];
  const promises = invoice.promises ?? [];
  const told = inOrder([...own, ...about, ...promises.flatMap(({ events }) => events)].map((event): Told => {
    const one = tell(event, zone), { effective, recordedDay } = one;
    const effects: string[] = [];
    if (event.type === 'invoice_issued') effects.push(invoice.gross);
    for (const application of applications) {
      if (began(application, event)) effects.push(negate(application.amount));
      if (ended(application, event)) effects.push(application.amount);
    }
    if (event.type === 'invoice_voided' && invoice.void_date) effects.push(negate(invoice.gross));
    const effect = effects.length ? sum(effects) : null;
    if (effect !== null) moves.push({ day: effective, known: recordedDay > effective ? recordedDay : effective, amount: effect });
    const end = applications.find((application) => application.ended_by && began(application, event));
    const promise = event.type === 'promise_made' ? promises.find(({ promise_id }) => promise_id === one.payload.promise_id) : undefined;
    return { ...one, effect, promise, undoneBy: end ? ([...own, ...others].find((other) => ended(end, other)) ?? null) : null };
  }), byRecorded);
  let open = '0';
  for (const one of told) {
    if (one.effect === null) continue;
    open = add(open, one.effect);
    one.open = open;
  }
  return { told, moves };
}

// The open amount after each day on which it changed.
export function openByDay(moves: Move[], by: 'day' | 'known'): [string, string][] {
  const days = [...new Set(moves.map((move) => move[by]))].sort();
  return days.map((day) => [day, sum(moves.filter((move) => move[by] <= day).map((move) => move.amount))]);
}
