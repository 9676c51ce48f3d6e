import test from 'node:test';
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ALL_WORDS, words } from '../src/lib/words';
import { STEPS } from '../src/lib/answers';
import { check } from '../style/tokens.mjs';

declare const SOURCES: string;  // The folder of the sources, put in by the build.

const files = (folder: string): string[] => readdirSync(join(SOURCES, folder), { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? files(`${folder}/${entry.name}`) : [`${folder}/${entry.name}`]));
const code = files('src').filter((name) => !name.endsWith('words.ts')).map((name) => ({ name, text: readFileSync(join(SOURCES, name), 'utf8') }));
// Written the same in both languages: our name, and names of keys.
const NAMES = new Set(['Daybook', 'Enter', 'Esc']);

test('every word is there in both languages', () => {
  for (const [key, pair] of Object.entries(ALL_WORDS)) {
    assert.equal(pair.length, 2, key);
    assert.ok(pair[0].trim() && pair[1].trim(), `${key} is empty in a language`);
    assert.ok(/[\u4e00-\u9fff]/.test(pair[1]), `${key} is not translated: ${pair[1]}`);
    assert.ok(!/[\u4e00-\u9fff]/.test(pair[0]), `${key} is Chinese in English`);
    assert.deepEqual((pair[0].match(/\{\d\}/g) ?? []).sort(), (pair[1].match(/\{\d\}/g) ?? []).sort(), `${key} has other places to fill`);
  }
});

test('no word is left over', () => {
  const all = code.map(({ text }) => text).join('\n');
  const prefixes = [...all.matchAll(/t\(`(\w+_)\$/g)].map((match) => match[1]);
  for (const key of Object.keys(ALL_WORDS)) {
    assert.ok(prefixes.some((prefix) => key.startsWith(prefix)) || new RegExp(`\\b${key}\\b`).test(all), `${key} is used nowhere`);
  }
});

test('pages hold no words of their own', () => {
  for (const { name, text } of code.filter((one) => one.name.endsWith('.tsx'))) {
    for (const match of text.matchAll(/(?<!=)>\s*([A-Za-z][a-z]{2,}(?: [a-z]+)*)\s*</g)) {
      assert.ok(NAMES.has(match[1]), `${name}: "${match[1]}" is not in words.ts`);
    }
    assert.ok(!/[\u4e00-\u9fff]/.test(text.replace(/lang === 'zh' \?[^;]*/g, '').replace(/'中文'/g, '')), `${name} has Chinese of its own`);
  }
});

test('what the contract names has a word', () => {
  const t = words('zh');
  for (const key of [
    ...STEPS.map((step) => `c_${step}`),
    ...['order_placed', 'order_confirmed', 'order_changed', 'order_delayed', 'order_ready', 'order_cancelled', 'shipment_dispatched', 'shipment_delivered', 'shipment_returned', 'invoice_issued',
      'invoice_delivered', 'invoice_due_date_changed', 'invoice_voided', 'credit_note_issued', 'credit_note_voided', 'invoice_disputed', 'dispute_resolved', 'invoice_written_off', 'write_off_recovered',
      'payment_received', 'payment_allocated', 'payment_unallocated', 'payment_reversed', 'refund_paid', 'promise_made', 'promise_withdrawn', 'customer_profile_set', 'sales_target_set',
      'exchange_rate_published'].map((type) => `e_${type}`),
    ...['unknown_invoice', 'unknown_order', 'unknown_payment', 'unknown_credit_note', 'unknown_shipment', 'unknown_allocation', 'unknown_write_off', 'unknown_dispute', 'unknown_promise', 'over_applied',
      'allocation_exceeds_payment', 'refund_exceeds_unapplied', 'recovery_exceeds_write_off', 'currency_mismatch', 'conflicting_repeat', 'payment_before_invoice', 'invoiced_over_ordered',
      'shipped_over_ordered', 'returned_over_dispatched', 'delivered_not_invoiced', 'shipped_without_proof_of_delivery', 'invoice_not_received', 'over_credit_limit', 'milestones_out_of_order',
      'missing_rate', 'not_parseable', 'unknown_event_type', 'wrong_topic', 'wrong_key', 'wrong_partition', 'invalid'].map((kind) => `an_${kind}`),
    ...['placed', 'confirmed', 'ready', 'first_dispatched', 'dispatched', 'delivered', 'invoiced', 'paid'].map((milestone) => `m_${milestone}`),
    ...['kept', 'partly_kept', 'broken', 'open', 'withdrawn'].map((state) => `p_${state}`),
    ...['waiting', 'future', 'rejected', 'ended', 'in_effect'].map((state) => `al_${state}`),
    ...['INVOICE', 'DEBIT_NOTE', 'PAYMENT', 'CREDIT_NOTE', 'SURPLUS', 'REFUND', 'ON_ACCOUNT'].map((kind) => `k_${kind}`),
    ...['over_limit', 'overdue', 'no_limit', 'ok'].map((state) => `s_${state}`),
    ...['agrees', 'differs', 'missing_here', 'missing_there'].map((state) => `r_${state}`),
    ...['CONFIRM', 'PRODUCE', 'DISPATCH', 'DELIVER', 'INVOICE'].map((stage) => `st_${stage}`),
    ...['accepted', 'duplicate', 'conflict', 'parked'].map((state) => `ev_${state}`),
    ...['customer', 'order', 'invoice', 'payment', 'credit_note', 'shipment'].map((kind) => `kind_${kind}`),
  ]) {
    assert.ok(key in ALL_WORDS, `no word for ${key}`);
    assert.notEqual(t(key as 'total'), '');
  }
});

test('a kind that has no word yet is shown as it was sent', () => {
  assert.equal(words('en')('an_something_new' as 'total'), 'something new');
});

test('every condition of the colours holds', () => {
  const { conditions, failures } = check();
  assert.deepEqual(failures, []);
  assert.ok(conditions > 180, String(conditions));
});
