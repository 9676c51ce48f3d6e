import test from 'node:test';
import assert from 'node:assert/strict';
import { inflateRawSync } from 'node:zlib';
import { csvOf, sheetOf, xlsxOf } from '../src/lib/sheet';

const ROWS = [
  { invoice_id: 'I-1', amount: '1234.50', from: '2024-12-31', until: null, part: { n: 3, name: 'a,"b"' }, codes: ['x', 'y'] },
  { invoice_id: '=1+1', amount: '-0.05', from: '1899-01-01', until: '2025-01-31', part: { n: 0, name: '' }, codes: [] },
];
const sheet = sheetOf(ROWS, ['amount']);

test('fields head the columns, nested ones with a point; what is not there is empty', () => {
  assert.deepEqual(sheet.columns, ['invoice_id', 'amount', 'from', 'until', 'part.n', 'part.name', 'codes']);
  assert.deepEqual(sheetOf([{ a: 1 }, { b: null, c: '2' }], []).rows, [[1, null, null], [null, null, '2']]);
});

test('CSV is the server’s: RFC 4180, and no text is a formula', () => {
  assert.equal(csvOf(sheet), 'invoice_id,amount,from,until,part.n,part.name,codes\r\n'
    + 'I-1,1234.50,2024-12-31,,3,"a,""b""","[""x"",""y""]"\r\n'
    + '\'=1+1,-0.05,1899-01-01,2025-01-31,0,,[]\r\n');
  for (const first of ['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠']) assert.match(csvOf(sheetOf([{ a: `${first}x` }], [])), /\n"?'/, first);
});

// The files of a workbook, by the directory at its end.
function files(bytes: Uint8Array): Record<string, string> {
  const view = new DataView(bytes.buffer), end = bytes.length - 22, found: Record<string, string> = {};
  assert.equal(view.getUint32(end, true), 0x06054b50);
  let at = view.getUint32(end + 16, true);
  for (let i = 0; i < view.getUint16(end + 10, true); ++i) {
    assert.equal(view.getUint32(at, true), 0x02014b50);
    const method = view.getUint16(at + 10, true), size = view.getUint32(at + 20, true), length = view.getUint16(at + 28, true), local = view.getUint32(at + 42, true);
    const name = new TextDecoder().decode(bytes.slice(at + 46, at + 46 + length)), begin = local + 30 + view.getUint16(local + 26, true);
    assert.equal(view.getUint32(local, true), 0x04034b50);
    const raw = bytes.slice(begin, begin + size);
    found[name] = new TextDecoder().decode(method ? inflateRawSync(raw) : raw);
    at += 46 + length;
  }
  return found;
}

test('a workbook has a report and the rows: numbers in their decimals, days as days, text as text', () => {
  const bytes = xlsxOf('allocations: all?', sheetOf([...ROWS, { invoice_id: '<i>&\u0007', amount: '1234567890123456.78', from: '2024-02-29', until: null, part: { n: 1, name: '' }, codes: [] }], ['amount']), [['as_of', '2024-12-31']]);
  assert.equal(new TextDecoder().decode(bytes.slice(0, 2)), 'PK');
  const all = files(bytes), rows = all['xl/worksheets/sheet2.xml'];
  assert.match(all['xl/workbook.xml'], /name="report".*name="allocations  all "/);
  assert.match(all['xl/worksheets/sheet1.xml'], /as_of.*2024-12-31/);
  assert.match(rows, /<c s="2"><v>1234\.50<\/v><\/c><c s="5"><v>45657<\/v><\/c><c\/><c s="0"><v>3<\/v><\/c>/);
  // What a spreadsheet would round, and days before it has any, stay text.
  assert.match(rows, /<t xml:space="preserve">1234567890123456\.78<\/t>/);
  assert.match(rows, /<t xml:space="preserve">1899-01-01<\/t>/);
  assert.match(rows, /<t xml:space="preserve">&lt;i&gt;&amp;\ufffd<\/t>/);
  assert.match(rows, /<t xml:space="preserve">=1\+1<\/t>/);
});
