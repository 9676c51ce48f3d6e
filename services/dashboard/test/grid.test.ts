import test from 'node:test';
import assert from 'node:assert/strict';
import { target } from '../src/parts/grid';
import { sorted, type Column } from '../src/parts/table';
import { freshnessOf } from '../src/lib/live';

const stop = (row: number, column: number) => ({ element: {} as HTMLElement, row, column });

test('arrows move over what can be opened, to the nearest column', () => {
  const a = stop(1, 0), b = stop(1, 3), c = stop(2, 0), d = stop(2, 4), e = stop(5, 2), all = [a, b, c, d, e];
  assert.equal(target(all, a, 'ArrowRight', false), b);
  assert.equal(target(all, b, 'ArrowRight', false), b);
  assert.equal(target(all, b, 'ArrowDown', false), d);
  assert.equal(target(all, d, 'ArrowDown', false), e);
  assert.equal(target(all, e, 'ArrowDown', false), e);
  assert.equal(target(all, d, 'Home', false), c);
  assert.equal(target(all, e, 'Home', true), a);
  assert.equal(target(all, a, 'End', true), e);
  assert.equal(target(all, a, 'PageDown', false), e);
  assert.equal(target(all, a, 'x', false), undefined);
});

test('rows are sorted by a head, either way, and stay as they came by an unknown one', () => {
  const columns: Column<number>[] = [{ key: 'n', head: '', cell: String, order: (a, b) => a - b }];
  assert.deepEqual(sorted([2, 3, 1], columns, 'n'), [1, 2, 3]);
  assert.deepEqual(sorted([2, 3, 1], columns, '-n'), [3, 2, 1]);
  assert.deepEqual(sorted([2, 3, 1], columns, 'other'), [2, 3, 1]);
});

test('freshness: live, catching up, late after a minute, cut off', () => {
  assert.equal(freshnessOf(false, 0, 0), 'live');
  assert.equal(freshnessOf(false, 5, 10_000), 'catching_up');
  assert.equal(freshnessOf(false, 5, 61_000), 'late');
  assert.equal(freshnessOf(true, 0, 0), 'cut_off');
});
