// Tables: as files, sorted, with rows by the thousand, and on paper.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { HOSTILE, serve } from './server.mjs';
import { api, encoded, everyPage, settled, visitor } from './visitor.mjs';

const bytesOf = async (download) => readFileSync(await download.path());
const isWorkbook = (bytes) => bytes.subarray(0, 4).equals(Buffer.from('PK\x03\x04'));

// Clicks what saves a file, and has it.
async function saved(page, link) {
  const [download] = await Promise.all([page.waitForEvent('download'), link.click()]);
  return { name: download.suggestedFilename(), bytes: await bytesOf(download) };
}

test('every table can be saved as CSV and XLSX, and the server’s files are there', async () => {
  const { page, open, close } = await visitor();
  const asked = new Set();
  for (const [name, path] of Object.entries(await everyPage())) {
    await open(path);
    const lacking = await page.locator('main table, .drawer table').evaluateAll((tables) => tables
      .filter((table) => !table.closest('.cal') && !table.closest('.panel, .drawer')?.querySelector('.cap .acts')).map((table) => table.getAttribute('aria-label')));
    assert.deepEqual(lacking, [], name);
    for (const url of await page.locator('.cap .acts a[download]').evaluateAll((links) => links.map((link) => link.href))) asked.add(url);
  }
  assert.ok(asked.size > 30, String(asked.size));
  for (const url of asked) {
    const answer = await fetch(url), bytes = Buffer.from(await answer.arrayBuffer());
    assert.equal(answer.status, 200, url);
    if (url.includes('format=xlsx')) assert.ok(isWorkbook(bytes), url);
    else assert.match(bytes.toString(), /^[a-z_]+(,[\w.+-]+)+\r\n/, url);
  }
  await close();
});

test('a file has all rows of the same filters, whatever the page shows of them', async () => {
  const { page, open, close } = await visitor();
  await open('customers');
  const csv = await saved(page, page.locator('.cap .acts a >> nth=0')), xlsx = await saved(page, page.locator('.cap .acts a >> nth=1'));
  let rows = 0, token = '';
  do {
    const answer = await api(`/v1/customers?page_size=1000${token}`);
    rows += answer.customers.length;
    token = answer.next_page_token ? `&page_token=${encoded(answer.next_page_token)}` : '';
  } while (token);
  assert.ok(rows > 100);
  assert.equal(csv.bytes.toString().trimEnd().split('\r\n').length, rows + 1);
  assert.ok(isWorkbook(xlsx.bytes));
  await open(`customers?region=${encoded(HOSTILE.region)}`);
  const one = await saved(page, page.locator('.cap .acts a >> nth=0'));
  assert.equal(one.bytes.toString().trimEnd().split('\r\n').length, 2);
  await close();
});

test('what no list of the server has is made a file on the page: first bytes, fields, no formula', async () => {
  const { page, open, close } = await visitor();
  await open(`orders/${encoded(HOSTILE.order)}?customer_id=${encoded(HOSTILE.customer)}`);
  const foot = page.locator('.cap .acts').first();
  const csv = await saved(page, foot.locator('button >> nth=0')), xlsx = await saved(page, foot.locator('button >> nth=1'));
  assert.equal(csv.name, 'order-lines.csv');
  assert.match(csv.bytes.toString(), /^line_id,sku,quantity,remaining_quantity,dispatched,returned,delivered,net,tax\r\n'\+1W+,'-2\+3W+,1\.5,1\.5,/);
  assert.equal(xlsx.name, 'order-lines.xlsx');
  assert.ok(isWorkbook(xlsx.bytes));
  assert.ok(xlsx.bytes.includes('<t xml:space="preserve">+1W') && xlsx.bytes.includes('<c s="1"><v>1.5</v></c>'));
  await close();
});

test('sorted by another column than the server’s, a long table needs all rows, and says so', async () => {
  const many = await serve({ hostile: false, orders: 1600, customers: 1300 });
  try {
    const { page, close } = await visitor({ at: many.url });
    const heads = () => page.locator('tbody th .nm').allTextContents();
    await page.goto(`${many.url}/#/customers?sort=-customer`);
    await settled(page);
    const first = (await (await fetch(`${many.url}/v1/customers?page_size=1`)).json()).customers[0];
    // What is there is a part: it stays as the server has it.
    assert.equal((await heads())[0], first.name ?? first.customer_id);
    assert.equal(await page.locator('th[aria-sort]').count(), 0);
    await page.click('.cap button:has-text("Sort all rows, more than 1,000")');
    await page.waitForSelector('.cap:has-text("all 1,300 rows sorted")');
    const names = await heads();
    assert.equal(names.length, 200, 'further rows are drawn by need');
    assert.deepEqual(names, [...names].sort((a, b) => (a < b ? 1 : a > b ? -1 : 0)));
    assert.equal(await page.locator('th[aria-sort=descending]').count(), 1);
    for (let drawn = 200; drawn < 1300; drawn = await page.locator('tbody tr').count()) {
      await page.locator('tbody tr').last().scrollIntoViewIfNeeded();
      await page.waitForFunction((before) => document.querySelectorAll('tbody tr').length > before, drawn);
    }
    assert.equal(await page.locator('tbody tr').count(), 1300);
    await close();
  } finally {
    await many.stop();
  }
});

test('on paper a table has all its rows', async () => {
  const { page, open, close } = await visitor();
  const { totals } = await api('/v1/receivables/bridge?from=2024-01-01&to=2024-12-31');
  await open(`rows?cell=${encoded(`entries?from=2024-01-01&to=2024-12-31&currency=${totals[0].currency}`)}`);
  const shown = await page.locator('tbody tr').count(), all = Number((await page.textContent('.prf')).replace(/,/g, '').match(/\d+/)[0]);
  assert.equal(shown, 200);
  assert.ok(all > 200);
  await page.pdf({ format: 'A4' });
  assert.equal(await page.locator('tbody tr').count(), all);
  await close();
});
