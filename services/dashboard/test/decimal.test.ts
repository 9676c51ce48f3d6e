import test from 'node:test';
import assert from 'node:assert/strict';
import { add, compare, isZero, negate, percent, ratio, reduced, subtract, sum } from '../src/lib/decimal';

test('amounts are added exactly, whatever their size', () => {
  assert.equal(add('0.10', '0.20'), '0.30');
  assert.equal(add('1000000000000000.01', '-0.02'), '999999999999999.99');
  assert.equal(add('12', '0.5'), '12.5');
  assert.equal(subtract('0.00', '0.01'), '-0.01');
  assert.equal(sum(['-1.05', '1.05', '0.00']), '0.00');
  assert.equal(negate('0.00'), '0.00');
  assert.equal(negate('-7'), '7');
});

test('amounts compare by value, not by text', () => {
  assert.ok(compare('9.00', '10') < 0);
  assert.equal(compare('1.50', '1.5'), 0);
  assert.ok(compare('-2', '-3') > 0);
  assert.ok(isZero('-0.00'));
});

test('ratios round halves away from zero and refuse to divide by zero', () => {
  assert.equal(percent('1', '3'), '33.3');
  assert.equal(percent('-1', '8', 1), '-12.5');
  assert.equal(percent('1', '2000', 1), '0.1');
  assert.equal(percent('5', '0.00'), null);
  assert.equal(ratio('2', '3', 4), '0.6667');
});

test('values are put into another unit exactly', () => {
  assert.equal(reduced('41862310.00', 6, 2), '41.86');
  assert.equal(reduced('0.6311', -2, 0), '63');
  assert.equal(reduced('1', -2, 1), '100.0');
  assert.equal(reduced('-999665', 3, 0), '-1000');
});

test('what is no decimal is refused', () => {
  for (const text of ['', '1e3', '1,000', 'NaN', '.5', '1.']) assert.throws(() => add(text, '1'), text);
});
