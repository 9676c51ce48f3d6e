// Where a document's page is, by what the server calls its kind or its event.
import type { Params } from './url';

const BY_KIND: Record<string, string> = {
  customer: 'customers', order: 'orders', invoice: 'invoices', payment: 'payments', credit_note: 'credit-notes', shipment: 'shipments',
  INVOICE: 'invoices', DEBIT_NOTE: 'invoices', SURPLUS: 'invoices', PAYMENT: 'payments', CREDIT_NOTE: 'credit-notes',
};

// A refund that stands by itself names no source that has a page: its customer has.
export function documentPath(kind: string, id: string, customer: string): [string[], Params] {
  const page = BY_KIND[kind] ?? 'customers';
  return page === 'customers' ? [['customers', customer], {}] : [[page, id], { customer_id: customer }];
}

// Which document an event is about, by its payload's name (contract 1).
const BY_EVENT: [RegExp, string][] = [
  [/^invoice|^dispute|^write_off|^debit_note/, 'invoices'], [/^credit_note|^credit_/, 'credit-notes'], [/^payment|^cash|^refund/, 'payments'],
  [/^order/, 'orders'], [/^shipment|^delivery|^goods|^proof/, 'shipments'],
];

export const pageOfEvent = (type: string): string | null => BY_EVENT.find(([form]) => form.test(type))?.[1] ?? null;

// The document an event is about, where it has a page. What left is a shipment, though it is told of an order.
const ID_FIELDS: Record<string, string> = { invoices: 'invoice_id', payments: 'payment_id', 'credit-notes': 'credit_note_id', orders: 'order_id', shipments: 'shipment_id' };

export function documentOfEvent(type: string, payload: Record<string, unknown>): { page: string; id: string } | null {
  const page = pageOfEvent(type), id = page ? payload[ID_FIELDS[page]] : undefined;
  return page && typeof id === 'string' ? { page, id } : null;
}

export interface LogPlace {
  topic: string;
  partition: number;
  offset: number;
}

export const eventPath = (event: LogPlace): string[] => ['events', event.topic, String(event.partition), String(event.offset)];
export const shortName = (topic: string): string => topic.replace(/^.*?([^.]+)\.v\d+$/, '$1');
// "payments:4:460": what the topic is of, without the names around it.
export const placeInLog = (event: LogPlace): string =>
  `${shortName(event.topic)}:${event.partition}:${event.offset}`;

// The place of a record that a text names, "payments:4:460" or with the topic's whole name; null: it names none.
export function parsePlace(text: string, topics: string[]): LogPlace | null {
  const found = /(?:^|\s)([\w.-]+):(\d{1,9}):(\d{1,15})(?=[,;.]?(?:$|\s))/.exec(text.trim());
  const topic = found ? topics.find((one) => one === found[1] || shortName(one) === found[1]) : undefined;
  return found && topic ? { topic, partition: Number(found[2]), offset: Number(found[3]) } : null;
}
