// Where a document's page is, by what the server calls its kind or its event.
import type { Params } from './url';

const BY_KIND: Record<string, string> = {
  customer: 'customers', order: 'orders', invoice: 'invoices', payment: 'payments', credit_note: 'credit-notes', shipment: 'shipments',
  INVOICE: 'invoices', DEBIT_NOTE: 'invoices', SURPLUS: 'invoices', PAYMENT: 'payments', CREDIT_NOTE: 'credit-notes', REFUND: 'payments',
};

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

export const eventPath = (event: { topic: string; partition: number; offset: number }): string[] => ['events', event.topic, String(event.partition), String(event.offset)];
// "payments:4:460": what the topic is of, without the names around it.
export const placeInLog = (event: { topic: string; partition: number; offset: number }): string =>
  `${event.topic.replace(/^.*?([^.]+)\.v\d+$/, '$1')}:${event.partition}:${event.offset}`;
