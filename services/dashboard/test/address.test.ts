import test from 'node:test';
import assert from 'node:assert/strict';
import { apiPath, carried, parseAddress, printAddress, query } from '../src/lib/url';
import { cellOf, parseCell } from '../src/lib/cells';
import { crumbsOf, openOf, placeOf, PLACES, printOpen } from '../src/lib/places';
import { words } from '../src/lib/words';

// 128 bytes of what ids may be made of.
const HOSTILE = ['<img src=x onerror=alert(1)>', '=1+1', `"';--`, 'a/b?c#d&e=f%', '%E0%A4%A', '\u202Eevil', '合同,一号', 'x'.repeat(128)];

test('an address says the same when it is read again', () => {
  for (const id of HOSTILE) {
    const printed = printAddress(['customers', id], { as_of: '2024-12-31', known_at: '2024-12-05T15:59:59.999Z', region: id, open: undefined });
    assert.deepEqual(parseAddress(printed), { path: ['customers', id], params: { as_of: '2024-12-31', known_at: '2024-12-05T15:59:59.999Z', region: id } }, id);
  }
});

test('defaults leave no trace, an empty value is one', () => {
  assert.equal(printAddress([], { as_of: undefined, known_at: null }), '#/');
  assert.equal(query({ region: '', n: 0 }), 'region=&n=0');
  assert.deepEqual(parseAddress('#/sales?region=').params, { region: '' });
});

test('what was typed by hand does not break the page', () => {
  assert.deepEqual(parseAddress('#/customers/100%'), { path: ['customers', '100%'], params: {} });
  assert.deepEqual(parseAddress(''), { path: [], params: {} });
  assert.deepEqual(parseAddress('#//a//'), { path: ['a'], params: {} });
});

test('dates, language, region and currency go along, the rest stays', () => {
  assert.deepEqual(carried({ as_of: '2024-01-01', lang: 'zh', open: 'x', cell: 'y', region: '' }), { as_of: '2024-01-01', lang: 'zh', region: '' });
});

test('paths of the interface are encoded part by part', () => {
  assert.equal(apiPath('customers', 'a/b?c'), '/v1/customers/a%2Fb%3Fc');
});

test('a cell stands in an address and comes back', () => {
  for (const id of HOSTILE) {
    const cell = cellOf('items', { region: id, currency: 'CNY', bucket: '61-90' });
    const back = parseAddress(printAddress(['receivables', 'ageing'], { cell })).params.cell;
    assert.deepEqual(parseCell(back), { kind: 'items', params: { region: id, currency: 'CNY', bucket: '61-90' } });
  }
  assert.equal(parseCell('nonsense?a=b'), null);
});

test('each place knows itself, and documents the place that leads to them', () => {
  for (const [place, { path }] of Object.entries(PLACES)) assert.equal(placeOf(path), place);
  assert.equal(placeOf(['invoices', 'I']), 'customers');
  assert.equal(placeOf(['events', 't', '1', '2']), 'status');
});

test('rows that are open have their names in the path', () => {
  const open = printOpen(['region:EU', 'region:EU/DE', 'customer:a,b']) as string;
  assert.deepEqual(openOf(open), ['region:EU', 'region:EU/DE', 'customer:a,b']);
  const crumbs = crumbsOf(parseAddress(printAddress(['receivables', 'ageing'], { open })), words('en'), () => '', () => '');
  assert.equal(crumbs[crumbs.length - 1].words, 'a,b');
});

test('the path leads back over the customer', () => {
  const address = parseAddress('#/invoices/INV-1?customer_id=C-1'), href = (path: string[]) => path.join('/');
  const crumbs = crumbsOf(address, words('en'), href, () => '');
  assert.deepEqual(crumbs.map((crumb) => crumb.words), ['Receivables', 'Customers', 'C-1', 'INV-1']);
  assert.equal(crumbs[2].href, 'customers/C-1');
});
