import test from 'node:test';
import assert from 'node:assert/strict';
import { REPORTS, subjectOf, Ticks } from '../src/lib/changes';
import { apiPath } from '../src/lib/url';
import { Unseen } from '../src/lib/live';
import { ticks } from '../src/lib/changes';

test('a path says which report it is, and whom alone it is about', () => {
  const cases: [string, Record<string, string>, string | undefined, string | undefined][] = [
    ['/v1/receivables/ageing', {}, 'ageing', undefined],
    ['/v1/receivables/ageing/trend', { customer_id: 'C1' }, 'ageing-trend', 'C1'],
    [apiPath('customers', 'a/b?c'), {}, 'customer', 'a/b?c'],
    [apiPath('customers', 'C1', 'statement'), { from: '2024-01-01' }, 'statement', 'C1'],
    [apiPath('invoices', 'I1'), {}, 'invoice', undefined],
    [apiPath('invoices', 'I1'), { customer_id: 'C1' }, 'invoice', 'C1'],
    [apiPath('events', 'daybook.orders.v1', 0, 7), {}, 'event', undefined],
    ['/v1/customers', {}, 'customers', undefined],
    ['/v1/of/tomorrow', { customer_id: '' }, undefined, undefined],
  ];
  for (const [path, params, report, customer] of cases) assert.deepEqual(subjectOf(path, params), { report, customer }, path);
});

test('every report has one path', () => {
  const names = Object.values(REPORTS);
  assert.equal(new Set(names).size, names.length);
});

test('a note moves the answers that it names and no others', () => {
  const all = new Ticks();
  const subjects = { ageing: { report: 'ageing' }, one: { report: 'ageing', customer: 'C1' }, other: { report: 'ageing', customer: 'C2' }, sales: { report: 'sales' }, unknown: {} };
  const moved = (change: () => void): string[] => {
    const before = Object.values(subjects).map((subject) => all.of(subject));
    change();
    return Object.entries(subjects).filter(([, subject], i) => all.of(subject) > before[i]).map(([name]) => name);
  };
  assert.deepEqual(moved(() => all.add({ reports: ['ageing', 'items'], customers: ['C1'] })), ['ageing', 'one', 'unknown']);
  assert.deepEqual(moved(() => all.add({ reports: ['ageing'], customers: 'many' })), ['ageing', 'one', 'other', 'unknown']);
  assert.deepEqual(moved(() => all.add({ reports: ['sales'], customers: ['C1'] })), ['sales', 'unknown']);
  assert.deepEqual(moved(() => all.add({ reports: ['event'], customers: [] })), ['unknown']);
  assert.deepEqual(moved(() => all.everything()), Object.keys(subjects));
});

test('of very many customers none is kept by name for ever', () => {
  const all = new Ticks(), one = { report: 'ageing', customer: 'X' }, before = all.of(one);
  for (let i = 0; i < 3000; ++i) all.add({ reports: ['ageing'], customers: [`C${i}`] });
  assert.ok(all.of(one) > before, 'it is told too much rather than too little');
});

test('what was heard while nobody looked is shown at once, everything where that is not known', () => {
  const unseen = new Unseen(), ageing = { report: 'ageing', customer: 'C1' }, sales = { report: 'sales' };
  assert.equal(unseen.any, false);
  unseen.add({ kind: 'commit', note: { positions: [], reports: ['ageing'], customers: ['C1'] } });
  unseen.add({ kind: 'commit', note: { positions: [], reports: ['ageing'], customers: ['C2'] } });
  const before = [ticks.of(ageing), ticks.of(sales)];
  unseen.show();
  assert.ok(ticks.of(ageing) > before[0]);
  assert.equal(ticks.of(sales), before[1]);
  assert.equal(unseen.any, false);
  unseen.add({ kind: 'resync' });
  unseen.show();
  assert.ok(ticks.of(sales) > before[1]);
});
