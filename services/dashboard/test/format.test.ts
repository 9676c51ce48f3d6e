import test from 'node:test';
import assert from 'node:assert/strict';
import { compact, compactSigned, date, days, daysSigned, duration, instant, period, plain, rateText, share, signed, span } from '../src/lib/format';
import { addMonths, daysBetween, endOfDay, instantOf, isDay, localTime, monthEnd, nextMonthEnd, previousMonthEnd, quarterEnd, quarterStart, weekday } from '../src/lib/dates';

test('exact amounts have thousands and a true minus', () => {
  assert.equal(plain('-1234567.50'), '−1,234,567.50');
  assert.equal(plain('1000000000000000.00'), '1,000,000,000,000,000.00');
  assert.equal(plain('0'), '0');
  assert.equal(signed('12.00'), '+12.00');
  assert.equal(signed('-12.00'), '−12.00');
  assert.equal(signed('0.00'), '0.00');
});

test('compact figures name their unit, and round into the next one', () => {
  assert.equal(compact('41862310.00', 'en'), '41.86 m');
  assert.equal(compact('415196.74', 'en'), '415 k');
  assert.equal(compact('9999.99', 'en'), '10.0 k');
  assert.equal(compact('999665', 'en'), '1.00 m');
  assert.equal(compact('999.6', 'en'), '1.0 k');
  assert.equal(compact('0.00', 'en'), '0');
  assert.equal(compact('-1851721.36', 'en'), '−1.85 m');
  assert.equal(compact('12345678901.00', 'en'), '12.35 bn');
  assert.equal(compact('12340000', 'zh'), '1,234 万');
  assert.equal(compact('415000', 'zh'), '41.5 万');
  assert.equal(compact('420000000', 'zh'), '4.20 亿');
  assert.equal(compact('99999999', 'zh'), '1.00 亿');
  assert.equal(compactSigned('0', 'en'), '0');
  assert.equal(compactSigned('5000', 'en'), '+5.0 k');
});

test('shares of nothing are none', () => {
  assert.equal(share('36.65', '72.83'), '50.3%');
  assert.equal(share('1', '0.00'), null);
  assert.equal(rateText('0.6311'), '63%');
  assert.equal(rateText('1.284', 1), '128.4%');
});

test('days are written as the language writes them', () => {
  assert.equal(date('2024-12-31', 'en'), '31 Dec 2024');
  assert.equal(date('2024-12-31', 'zh'), '2024-12-31');
  assert.equal(date('1900-01-05', 'en', 'short'), '5 Jan');
  assert.equal(date('2199-12-29', 'zh', 'short'), '12月29日');
  assert.equal(date('2024-02-01', 'zh', 'month'), '2024年2月');
});

test('periods have names', () => {
  assert.equal(period('2024-Q4', 'en'), 'Q4 2024');
  assert.equal(period('2024-Q4', 'zh'), '2024年4季度');
  assert.equal(period('2024-12', 'en'), 'Dec 2024');
  assert.equal(period('2024-W07', 'zh'), '2024年第7周');
  assert.equal(span('2024-11-01', '2024-11-30', 'en'), '1 – 30 Nov 2024');
  assert.equal(span('2023-12-01', '2024-12-31', 'en'), 'Dec 2023 – Dec 2024');
  assert.equal(span('2024-10-01', '2024-12-31', 'zh'), '2024年4季度');
  assert.equal(span('2024-01-01', '2024-12-31', 'en'), '2024');
  assert.equal(span('2024-11-28', '2024-12-03', 'en'), '28 Nov 2024 – 3 Dec 2024');
});

test('seconds are days, or hours below one', () => {
  assert.equal(days(1287700), '14.9');
  assert.equal(daysSigned('-8640.5'), '−0.10');
  assert.equal(duration('3600', 'en'), '1.0 h');
  assert.equal(duration('172800', 'zh'), '2.0 天');
});

test('instants stand in the business time zone, and its days end there', () => {
  assert.deepEqual(localTime('2024-12-31T15:45:23.100Z', 'Asia/Shanghai'), { day: '2024-12-31', clock: '23:45:23' });
  assert.equal(instant('2024-12-31T23:00:00Z', 'Asia/Shanghai', 'en'), '1 Jan 2025 07:00');
  assert.equal(endOfDay('2024-12-05', 'Asia/Shanghai'), '2024-12-05T15:59:59.999Z');
  // The day on which the clocks go forward has 23 hours.
  assert.equal(endOfDay('2024-03-31', 'Europe/Berlin'), '2024-03-31T21:59:59.999Z');
  assert.equal(instantOf('2024-07-01', '12:00:00', 'America/New_York'), '2024-07-01T16:00:00.000Z');
});

test('the calendar holds over the contract’s range', () => {
  for (const day of ['1900-01-01', '2000-02-29', '2199-12-31']) assert.ok(isDay(day), day);
  for (const day of ['1899-12-31', '2100-02-29', '2024-11-31', '2024-1-1', '', '2200-01-01']) assert.ok(!isDay(day), day);
  assert.equal(monthEnd('2024-02-10'), '2024-02-29');
  assert.equal(previousMonthEnd('2024-12-31'), '2024-11-30');
  assert.equal(nextMonthEnd('2024-12-31'), '2025-01-31');
  assert.equal(nextMonthEnd('2024-12-30'), '2024-12-31');
  assert.equal(addMonths('2024-12-31', -12), '2023-12-01');
  assert.equal(quarterStart('2024-12-31'), '2024-10-01');
  assert.equal(quarterEnd('2024-02-02'), '2024-03-31');
  assert.equal(daysBetween('2024-02-28', '2024-03-01'), 2);
  assert.equal(weekday('2024-12-30'), 0);
});
