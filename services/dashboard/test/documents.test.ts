import test from 'node:test';
import assert from 'node:assert/strict';
import { documentOfEvent, documentPath, parsePlace, placeInLog } from '../src/lib/documents';

const TOPICS = ['daybook.invoices.v1', 'daybook.payments.v1'];

test('a place in the log is found by the topic’s name or its short one', () => {
  const place = { topic: 'daybook.invoices.v1', partition: 3, offset: 17 };
  for (const text of ['invoices:3:17', 'daybook.invoices.v1:3:17', ' invoices:3:17 ', 'repeats daybook.invoices.v1:3:17', 'as invoices:3:17, before']) assert.deepEqual(parsePlace(text, TOPICS), place, text);
  for (const text of ['', 'invoices:3', 'orders:3:17', 'invoices:3:17:4', 'invoices:-3:17', 'x.invoices:3:17', 'invoices:3:1.5']) assert.equal(parsePlace(text, TOPICS), null, text);
  assert.equal(placeInLog(place), 'invoices:3:17');
});

test('an event leads to the document it is about', () => {
  const CASES: [string, Record<string, unknown>, string | null][] = [
    ['invoice_disputed', { invoice_id: 'I', dispute_id: 'D' }, 'invoices I'], ['payment_allocated', { payment_id: 'P', allocation_id: 'A' }, 'payments P'],
    ['credit_note_issued', { credit_note_id: 'N', invoice_id: 'I' }, 'credit-notes N'], ['order_delayed', { order_id: 'O' }, 'orders O'], ['shipment_dispatched', { shipment_id: 'S', order_id: 'O' }, 'shipments S'],
    ['promise_made', { promise_id: 'P' }, null], ['customer_profile_set', {}, null], ['payment_allocated', { credit_note_id: 'N' }, null], ['invoice_issued', { invoice_id: 7 }, null],
  ];
  for (const [type, payload, expected] of CASES) {
    const found = documentOfEvent(type, payload);
    assert.equal(found && `${found.page} ${found.id}`, expected, type);
  }
});

test('an item leads to the page of its document, one that has none to its customer', () => {
  for (const [kind, page] of [['INVOICE', 'invoices'], ['DEBIT_NOTE', 'invoices'], ['SURPLUS', 'invoices'], ['PAYMENT', 'payments'], ['CREDIT_NOTE', 'credit-notes']]) {
    assert.deepEqual(documentPath(kind, 'D', 'C'), [[page, 'D'], { customer_id: 'C' }], kind);
  }
  for (const kind of ['REFUND', 'ON_ACCOUNT', 'customer']) assert.deepEqual(documentPath(kind, 'D', 'C'), [['customers', 'C'], {}], kind);
});
