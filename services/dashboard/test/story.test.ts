import test from 'node:test';
import assert from 'node:assert/strict';
import type { EventRef, Invoice } from '../src/lib/answers';
import { fromMinor, openByDay, storyOf } from '../src/lib/story';

let offset = 0;
const event = (type: string, recorded: string, payload: Record<string, unknown>): EventRef => ({
  event_id: `e${++offset}`, type, topic: 'daybook.payments.v1', partition: 1, offset, recorded_at: recorded, occurred_at: recorded,
  content: { customer_id: 'C', source: 'erp', [type]: payload },
});

const issued = event('invoice_issued', '2024-09-13T01:00:00Z', { invoice_id: 'I', issue_date: '2024-09-13' });
const paid = event('payment_received', '2024-11-20T08:00:00Z', { payment_id: 'P', value_date: '2024-11-20' });
const bounced = event('payment_reversed', '2024-12-10T03:00:00Z', { payment_id: 'P', date: '2024-11-26' });
const other = event('payment_received', '2024-11-21T08:00:00Z', { payment_id: 'Q', value_date: '2024-11-21' });
const invoice = {
  customer_id: 'C', invoice_id: 'I', gross: '100.00', open: '100.00', void_date: null, applications: [],
  past_applications: [{ type: 'payment', id: 'P', source_id: 'P', amount: '60.00', from: '2024-11-20', until: '2024-11-26', ended_by: 'reversed' }], events: [issued],
} as unknown as Invoice;

test('a story has the events of what was applied, what each did, and what undid it', () => {
  const { told, moves } = storyOf(invoice, [paid, bounced, other], 'UTC', false);
  assert.deepEqual(told.map((one) => [one.event.type, one.effect, one.open]), [
    ['invoice_issued', '100.00', '100.00'], ['payment_received', '-60.00', '40.00'], ['payment_reversed', '60.00', '100.00']]);
  assert.equal(told[1].undoneBy, bounced);
  assert.equal(told[2].lateDays, 14);
  assert.deepEqual(openByDay(moves, 'day'), [['2024-09-13', '100.00'], ['2024-11-20', '40.00'], ['2024-11-26', '100.00']]);
  // Until it was told, the books showed the invoice as paid in part.
  assert.deepEqual(openByDay(moves, 'known'), [['2024-09-13', '100.00'], ['2024-11-20', '40.00'], ['2024-12-10', '100.00']]);
});

test('promises that name the invoice are told, with what became of them, and move nothing', () => {
  const made = event('promise_made', '2024-11-12T02:05:00Z', { promise_id: 'M', invoice_ids: ['I'], amount_minor: '6000', promised_date: '2024-11-29' });
  const withdrawn = event('promise_withdrawn', '2024-11-27T02:00:00Z', { promise_id: 'M' });
  const promise = { promise_id: 'M', currency: 'CNY', amount: '60.00', promised_date: '2024-11-29', fulfilled: '0.00', state: 'withdrawn', events: [made, withdrawn] };
  const { told, moves } = storyOf({ ...invoice, promises: [promise] }, [paid, bounced], 'UTC', false);
  assert.deepEqual(told.map((one) => [one.event.type, one.promise?.state ?? null, one.effect]), [['invoice_issued', null, '100.00'], ['promise_made', 'withdrawn', null],
    ['payment_received', null, '-60.00'], ['payment_reversed', null, '60.00'], ['promise_withdrawn', null, null]]);
  assert.equal(moves.length, 3);
});

test('by recorded time the order is another', () => {
  const late = event('invoice_issued', '2024-12-24T01:00:00Z', { invoice_id: 'I', issue_date: '2024-09-13' });
  const { told } = storyOf({ ...invoice, events: [late] }, [paid, bounced], 'UTC', true);
  assert.equal(told[told.length - 1].event, late);
});

test('minor units become the currency’s decimals', () => {
  assert.equal(fromMinor('10855470', '1.00'), '108554.70');
  assert.equal(fromMinor('-5', '1.00'), '-0.05');
  assert.equal(fromMinor('5', '100'), '5');
  assert.equal(fromMinor('1234', '0.000'), '1.234');
  assert.equal(fromMinor(undefined, '1.00'), null);
});
