import test from 'node:test';
import assert from 'node:assert/strict';
import * as sentences from '../src/lib/sentences';

const en = (text: sentences.Text): string => sentences.plainText(text);

test('the overview says how much, how late, and better or worse', () => {
  const facts = { currency: 'CNY', balance: '70563301.71', before: '58220000.00', month: 'December', overdueShare: '50.3%', overdueBefore: '2.8', top: null };
  assert.equal(en(sentences.overview('en', facts)), 'Receivables grew by CNY 12.34 m in December. 50.3% of what is open is overdue, 2.8 points more than a month ago.');
  assert.equal(en(sentences.overview('zh', { ...facts, month: '12月' })), '12月应收余额增加 CNY 1,234 万。未清款项的 50.3% 已逾期，比上月末高 2.8 个百分点。');
  assert.match(en(sentences.overview('en', { ...facts, top: { share: '59.6%', currency: null } })), /a month ago\. The ten largest debtors owe 59\.6% of it\.$/);
  assert.match(en(sentences.overview('en', { ...facts, top: { share: '59.6%', currency: 'CNY' } })), /a month ago\. In CNY the ten largest debtors owe 59\.6%\.$/);
  assert.match(en(sentences.overview('zh', { ...facts, top: { share: '59.6%', currency: 'CNY' } })), /。CNY 前十大客户占未清款项的 59\.6%。$/);
});

test('the overview has something true to say of every case', () => {
  const facts = { currency: 'CNY', balance: '0.00', before: '0.00', month: 'May', overdueShare: null, overdueBefore: null, top: null };
  assert.equal(en(sentences.overview('en', facts)), 'Receivables did not change in May. Nothing is open.');
  assert.equal(en(sentences.overview('en', { ...facts, before: null })), 'CNY 0 is owed to us. Nothing is open.');
  assert.equal(en(sentences.overview('en', { ...facts, balance: '5.00', before: '10.00', overdueShare: '0.0%', overdueBefore: '-4.0' })),
    'Receivables fell by CNY 5 in May. 0.0% of what is open is overdue, 4.0 points less than a month ago.');
  assert.equal(en(sentences.overview('en', { ...facts, overdueShare: '10.0%', overdueBefore: '0.0' })), 'Receivables did not change in May. 10.0% of what is open is overdue.');
});

test('one is not many', () => {
  assert.equal(en(sentences.ageing('en', { open: 'CNY 5', items: 1, overdue: '0.0%', over90: '0.0%', worst: null })), 'CNY 5 is open in 1 item. 0.0% is past due, and 0.0% by more than 90 days.');
  assert.equal(en(sentences.ageing('en', { open: null, items: 0, overdue: null, over90: null, worst: null })), 'Nothing is open.');
  assert.equal(en(sentences.parked('en', 1)), '1 record is kept whole and counted nowhere.');
  assert.equal(en(sentences.parked('en', 0)), 'Every record could be read.');
  assert.equal(en(sentences.anomalies('en', { all: 0, more: false, kinds: [], open: true })), 'Everything adds up.');
  assert.equal(en(sentences.worklist('en', { rows: 1, more: false, broken: 0 })), '1 account is late, the most urgent first.');
  assert.equal(en(sentences.reconciliation('en', { lines: 3, agrees: 2 })), '2 of 3 lines agree; 1 does not.');
});

test('the roll-forward names each currency', () => {
  assert.equal(en(sentences.bridge('en', [{ currency: 'CNY', change: '4970000', invoices: '28110000', cash: '-23140000' }, { currency: 'EUR', change: '328000', invoices: '1', cash: '0' }, { currency: 'JPY', change: '-40950000', invoices: '0', cash: '0' }])),
    'CNY receivables rose by 4.97 m: invoices of 28.11 m against cash of 23.14 m. EUR rose by 328 k, JPY fell by 40.95 m.');
  assert.equal(en(sentences.bridge('en', [])), 'Nothing moved, and nothing is owed.');
});

test('what is left out is named, and what it would do', () => {
  const facts = { asOf: '30 Nov 2024', moment: '5 Dec 2024, end of day', records: '15', change: ['CNY 1.37 m'], lowers: true };
  assert.equal(en(sentences.leftOut('en', facts)), 'You see 30 Nov 2024 as it was known on 5 Dec 2024, end of day. 15 records that came in later are left out; they would lower the balance by CNY 1.37 m.');
  assert.equal(en(sentences.leftOut('en', { ...facts, records: '0', change: [], lowers: null })), 'You see 30 Nov 2024 as it was known on 5 Dec 2024, end of day. No record that came in later changes it.');
  assert.equal(en(sentences.leftOut('en', { ...facts, records: null })), 'You see 30 Nov 2024 as it was known on 5 Dec 2024, end of day.');
});

test('the cycle says which stage, where there is a period before', () => {
  const facts = { n: 402, period: 'Dec 2024', half: '13.6', nine: '23.2', change: '0.4', before: 'Nov 2024', stage: 'ready' };
  assert.match(en(sentences.cycle('en', facts)), /0\.4 days longer than in Nov 2024; what changed most is the way to ready\.$/);
  assert.equal(en(sentences.cycle('en', { ...facts, n: 0 })), 'No order came to its end in Dec 2024.');
  assert.ok(!en(sentences.cycle('en', { ...facts, change: null })).includes('mean'));
});

test('names stay text, whatever is in them', () => {
  const text = sentences.ageing('en', { open: 'CNY 5', items: 2, overdue: '1.0%', over90: '1.0%', worst: { group: '{1*}<b>', share: '75%' } });
  assert.ok(en(text).includes('{1*}<b> is worst: 75%'));
});

test('each sentence exists in both languages', () => {
  for (const lang of ['en', 'zh'] as const) {
    for (const text of [
      sentences.customer(lang, { balances: [], overdue: null, oldest: null, above: null, promises: { all: 0, kept: 0, broken: 0 } }),
      sentences.customer(lang, { balances: [{ currency: 'EUR', balance: '304845.60' }], overdue: '93%', oldest: 63, above: 'EUR 1.00', promises: { all: 22, kept: 12, broken: 8 } }),
      sentences.invoice(lang, { currency: 'EUR', open: '0.00', whole: '5.00', told: { events: 0, days: 0 } }), sentences.invoice(lang, { currency: 'EUR', open: '1.00', whole: '5.00', told: { events: 2, days: 45 } }),
      sentences.payment(lang, { currency: 'EUR', open: '1.00', whole: '5.00', told: { events: 0, days: 0 }, reversed: true }), sentences.order(lang, { last: 'x', next: 'y', days: 3, late: true, invoices: 0 }),
      sentences.restatement(lang, { asOf: 'a', then: 'b', records: 0, more: false, mostly: null }), sentences.restatement(lang, { asOf: 'a', then: 'b', records: 3, more: true, mostly: 'c' }),
      sentences.onTime(lang, { period: 'p', due: 0, late: 0, otif: null, openLate: 0 }), sentences.openOrders(lang, { orders: 3, more: false, late: 1, slow: 1 }),
      sentences.sales(lang, { period: 'p', measure: 'Ordered', totals: [], withTarget: 0, reached: 0, worst: [] }), sentences.dunning(lang, { rows: 2, more: false, highest: 4 }),
      sentences.customers(lang, { n: 2, more: false, overLimit: 1 }), sentences.status(lang, { lag: 0, trouble: false, accepted: 1 }), sentences.status(lang, { lag: 7, trouble: false, accepted: 1 }),
    ]) {
      assert.ok(en(text).length > 3);
      assert.ok(!/\{\d/.test(en(text)), en(text));
      if (lang === 'zh') assert.match(en(text), /[\u4e00-\u9fff]/);
    }
  }
});

test('a record says what became of it; a state without a word says nothing', () => {
  for (const [state, en_, zh] of [['accepted', /^Accepted: /, /^已接受/], ['duplicate', /^A repeat: .*changes nothing\.$/, /^重复/], ['conflict', /^In conflict: .*counts nowhere/, /^冲突/], ['parked', /^Parked: .*counted nowhere\.$/, /^已搁置/]] as const) {
    assert.match(en(sentences.record('en', state)), en_);
    assert.match(en(sentences.record('zh', state)), zh);
  }
  assert.deepEqual(sentences.record('en', 'something_new'), []);
});
