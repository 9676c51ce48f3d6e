import test from 'node:test';
import assert from 'node:assert/strict';
import type { RawEvent } from '../src/lib/answers';
import { accountOf, countOf, Followed, movedBy, placesOf } from '../src/lib/moved';
import { parseAddress } from '../src/lib/url';

const at = (topic: string, partition: number, next_offset: number) => ({ topic, partition, next_offset });

test('records between what was shown and what was told are named once', () => {
  const followed = new Followed();
  followed.follow([at('invoices', 0, 5), at('invoices', 1, 7), at('payments', 0, 0)], 0);
  assert.deepEqual(followed.take(0), [], 'what is there from the first moved nothing');
  followed.follow([at('invoices', 0, 7), at('payments', 0, 1)], 100);
  followed.follow([at('invoices', 0, 7), at('invoices', 1, 6)], 200);
  const spans = followed.take(300);
  assert.deepEqual(spans, [{ topic: 'invoices', partition: 0, from: 5, to: 7 }, { topic: 'payments', partition: 0, from: 0, to: 1 }]);
  assert.equal(countOf(spans), 3);
  assert.deepEqual(followed.take(300), []);
});

test('what concerns nothing that is shown, and what was told long ago, moved no figure', () => {
  const followed = new Followed();
  followed.follow([at('invoices', 0, 1)], 0);
  followed.follow([at('invoices', 0, 2)], 100, false);
  followed.follow([at('invoices', 0, 3)], 200);
  assert.deepEqual(followed.take(300), [{ topic: 'invoices', partition: 0, from: 2, to: 3 }], 'it goes on behind what was passed over');
  followed.follow([at('invoices', 0, 4)], 1_000);
  assert.deepEqual(followed.take(60_000), []);
});

test('of very many records the last are read', () => {
  const spans = [{ topic: 'orders', partition: 2, from: 10, to: 1_000 }, { topic: 'orders', partition: 3, from: 1, to: 3 }];
  assert.deepEqual(placesOf(spans, 4), [{ topic: 'orders', partition: 3, offset: 2 }, { topic: 'orders', partition: 3, offset: 1 }, { topic: 'orders', partition: 2, offset: 999 }, { topic: 'orders', partition: 2, offset: 998 }]);
  assert.equal(countOf(spans), 992);
});

test('a figure is of the account that its row leads to, else of the page’s', () => {
  const cases: [string[], string, string | null][] = [
    [['#/customers/C-1?as_of=2024-12-31'], '#/receivables/ageing', 'C-1'],
    [['#/customers/a%2Fb'], '#/customers/C-2', 'a/b'],
    [['#/invoices/I1?customer_id=C%201'], '#/receivables/worklist', 'C 1'],
    [['#/receivables/ageing?cell=x'], '#/receivables/ageing', null],
    [[], '#/customers/C-2?as_of=2024-12-31', 'C-2'],
    [[], '#/invoices/I1?customer_id=C-3', 'C-3'],
    [[], '#/', null],
  ];
  for (const [links, page, account] of cases) assert.equal(accountOf(links, parseAddress(page)), account, `${links} on ${page}`);
});

test('records of other accounts moved nothing of this one; a rate moves everybody’s', () => {
  const record = (customer_id: string, state = 'accepted') => ({ customer_id, state }) as RawEvent;
  const one = record('C-1'), other = record('C-2'), repeat = record('C-1', 'duplicate');
  assert.deepEqual(movedBy([one, other, repeat], ['C-1']), [one]);
  assert.deepEqual(movedBy([one, other], ['C-1', null]), [one, other]);
  assert.deepEqual(movedBy([record('rates')], ['C-1']).length, 1);
});
