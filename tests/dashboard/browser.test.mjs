// The dashboard in a real browser, over a real server. Pictures of every page stay in DASHBOARD_PICTURES.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { HOSTILE, serve } from './server.mjs';

const require = createRequire(import.meta.url);
const AXE = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
const PICTURES = process.env.DASHBOARD_PICTURES ?? '';
const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';

let server, browser;
before(async () => {
  server = process.env.DASHBOARD_URL ? { url: process.env.DASHBOARD_URL, stop: async () => undefined } : await serve();
  browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
  if (PICTURES) mkdirSync(PICTURES, { recursive: true });
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

const api = async (path) => (await fetch(server.url + path)).json();

// A page that counts what must never happen: errors, violations of the policy, requests to others, dialogs.
async function visitor({ lang = 'en', theme = 'light', width = 1440, height = 900 } = {}) {
  const context = await browser.newContext({ viewport: { width, height }, colorScheme: theme, locale: lang === 'zh' ? 'zh-CN' : 'en-GB', reducedMotion: 'reduce', hasTouch: width < 700 });
  const page = await context.newPage();
  const wrong = [];
  page.on('console', (message) => message.type() === 'error' && wrong.push(message.text()));
  page.on('pageerror', (error) => wrong.push(error.stack));
  page.on('dialog', (dialog) => {
    wrong.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on('request', (request) => request.url().startsWith(server.url) || request.url().startsWith('data:') || wrong.push(`asked ${request.url()}`));
  await page.addInitScript(() => document.addEventListener('securitypolicyviolation', (event) => console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`)));
  const open = async (path) => {
    await page.goto('about:blank');
    await page.goto(`${server.url}/#/${path}`);
    await settled(page);
  };
  const close = async () => {
    await context.close();
    assert.deepEqual(wrong, []);
  };
  return { page, open, close, wrong };
}

async function settled(page) {
  await page.waitForSelector('main h1');
  await page.waitForLoadState('networkidle');
  await page.waitForFunction(() => !document.querySelector('.busy, [role=status]'));
}

const encoded = encodeURIComponent;
async function everyPage() {
  const worst = (await api('/v1/receivables/worklist?page_size=1')).rows[0].customer_id;
  const item = (await api(`/v1/receivables/items?customer_id=${encoded(worst)}&page_size=1`)).items[0].document_id;
  const invoice = await api(`/v1/invoices/${encoded(item)}?customer_id=${encoded(worst)}`);
  const payment = (await api('/v1/payments?page_size=1')).payments[0], note = (await api('/v1/credit-notes?page_size=1')).credit_notes[0], shipment = (await api('/v1/shipments?page_size=1')).shipments[0];
  return {
    overview: '', ageing: 'receivables/ageing?open=region%3AEU%2Cregion%3AEU%252FDE', customer_ages: 'receivables/ageing?group_by=customer', cell: `receivables/ageing?cell=${encoded('items?currency=EUR&bucket=1-30')}`,
    customer: `customers/${encoded(worst)}`, statement: `customers/${encoded(worst)}/statement`, invoice: `invoices/${encoded(item)}?customer_id=${encoded(worst)}`,
    payment: `payments/${encoded(payment.payment_id)}?customer_id=${encoded(payment.customer_id)}`, credit_note: `credit-notes/${encoded(note.credit_note_id)}?customer_id=${encoded(note.customer_id)}`,
    order: `orders/${encoded(invoice.order_ids[0])}?customer_id=${encoded(worst)}`, shipment: `shipments/${encoded(shipment.shipment_id)}?customer_id=${encoded(shipment.customer_id)}`,
    roll_forward: 'receivables/roll-forward', restatement: 'receivables/restatement?as_of=2024-06-30', then: 'receivables/ageing?as_of=2024-06-30&known_at=2024-07-05T23:59:59.999Z',
    worklist: 'receivables/worklist', dunning: 'receivables/worklist?view=dunning', reconcile: 'receivables/reconcile', customers: 'customers', cycle: 'order-cycle', on_time: 'on-time?group_by=region',
    open_orders: 'open-orders', sales: 'sales', anomalies: 'anomalies', parked: 'parked', status: 'status',
    hostile_customer: `customers/${encoded(HOSTILE.customer)}`, hostile_invoice: `invoices/${encoded(HOSTILE.invoice)}?customer_id=${encoded(HOSTILE.customer)}`,
  };
}

// Findings of axe-core on the page as it stands.
async function findings(page) {
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }));
  return violations.map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map((node) => `${node.html.slice(0, 160)} (${node.any.concat(node.all, node.none).map((check) => check.message).join('; ').slice(0, 200)})`).join(' | ')}`);
}

for (const [lang, theme, width] of [['en', 'light', 1440], ['zh', 'light', 1440], ['en', 'dark', 1440], ['zh', 'dark', 390], ['en', 'light', 390], ['zh', 'light', 390], ['en', 'dark', 390], ['zh', 'dark', 1440]]) {
  test(`every page stands, ${lang}, ${theme}, ${width} px: no error, no finding, nothing from elsewhere`, async () => {
    const { page, open, close } = await visitor({ lang, theme, width });
    const found = {};
    for (const [name, path] of Object.entries(await everyPage())) {
      await open(path);
      assert.equal(await page.getAttribute('html', 'lang'), lang === 'zh' ? 'zh-CN' : 'en', name);
      assert.equal(await page.locator('h1').count(), 1, name);
      assert.equal(await page.locator('.msg.bad').count(), 0, `${name}: ${await page.locator('.msg.bad').allTextContents()}`);
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      if (overflow > 0) found[`${name} is too wide by`] = overflow;
      if (PICTURES) await page.screenshot({ path: join(PICTURES, `${name}-${lang}-${theme}-${width}.png`), fullPage: true });
      const axe = await findings(page);
      if (axe.length) found[name] = axe;
    }
    assert.deepEqual(found, {});
    await close();
  });
}

test('from a tile to an event in three clicks, and back', async () => {
  const { page, open, close } = await visitor();
  await open('');
  await page.click('a.kpi >> nth=1');
  await settled(page);
  await page.locator('table.wide tfoot a.n').first().click();
  await page.waitForSelector('.drawer tbody tr');
  assert.match(await page.textContent('.drawer .prf'), /add up to this figure, difference 0/);
  await page.locator('.drawer tbody a.lnk').first().click();
  await settled(page);
  // The document's events stand on its page, each with its place in the log.
  assert.ok((await page.locator('.tl li').count()) > 0);
  assert.match(await page.textContent('.tl .src a.mono'), /^\w+:\d+:\d+$/);
  const at = page.url();
  await page.goBack();
  await page.waitForSelector('.drawer tbody tr');
  await page.goBack();
  await page.waitForSelector('.drawer', { state: 'detached' });
  assert.match(page.url(), /receivables\/ageing/);
  await page.goForward();
  await page.goForward();
  await page.waitForFunction((url) => location.href === url, at);
  await close();
});

test('every figure of a row opens rows that add up to it', async () => {
  const { page, open, close } = await visitor();
  await open('receivables/ageing');
  const cells = await page.locator('table.wide tbody tr a.n, table.wide tfoot a.n').evaluateAll((links) => links.map((link) => link.getAttribute('href')));
  assert.ok(cells.length > 20);
  for (const href of cells) {
    await page.evaluate((hash) => (location.hash = hash), href);
    await page.waitForSelector('.drawer .prf');
    assert.match(await page.textContent('.drawer .prf'), /add up to this figure, difference 0/, href);
  }
  for (const path of ['receivables/roll-forward', 'sales', 'order-cycle']) {
    await open(path);
    const links = await page.locator('a[href*="cell="]').evaluateAll((all) => all.map((link) => link.getAttribute('href')));
    assert.ok(links.length > 3, path);
    for (const href of [...new Set(links)].slice(0, 24)) {
      await page.evaluate((hash) => (location.hash = hash), href);
      await page.waitForSelector('.drawer .prf');
      assert.match(await page.textContent('.drawer .prf'), /add up to this figure/, `${path}: ${href}`);
    }
  }
  await close();
});

test('a link reproduces the page, in another browser too', async () => {
  const first = await visitor();
  await first.open('receivables/ageing?group_by=customer&as_of=2024-09-30&known_at=2024-10-05T23:59:59.999Z&base_currency=EUR');
  await first.page.locator('tbody button[aria-expanded=false]').first().click();
  await settled(first.page);
  await first.page.waitForSelector('tr.lv3 .nm');
  const seen = await first.page.textContent('main'), url = first.page.url();
  await first.close();
  const second = await visitor();
  await second.page.goto(url);
  await settled(second.page);
  await second.page.waitForSelector('tr.lv3 .nm');
  assert.equal(await second.page.textContent('main'), seen);
  assert.match(seen, /as it was known on/);
  await second.close();
});

test('the keyboard alone: go, move, open, close, dates, search, help', async () => {
  const { page, open, close } = await visitor();
  await open('');
  await page.keyboard.press('g');
  await page.keyboard.press('a');
  await page.waitForFunction(() => location.hash.includes('ageing'));
  await settled(page);
  await page.locator('table.wide tbody [tabindex="0"]').focus();
  const stops = await page.locator('table.wide [tabindex="0"]').count();
  assert.equal(stops, 1, 'one tab stop a table');
  await page.keyboard.press('ArrowRight');
  await settled(page);
  assert.ok((await page.locator('tr.lv1').count()) > 0, 'the row opened');
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('Enter');
  await page.waitForSelector('.drawer .prf');
  assert.ok(await page.evaluate(() => document.querySelector('.drawer').contains(document.activeElement)), 'focus goes in');
  await page.keyboard.press('Escape');
  await page.waitForSelector('.drawer', { state: 'detached' });
  await page.keyboard.press('d');
  await page.waitForSelector('[role=dialog] .cal');
  await page.keyboard.press('Escape');
  await page.waitForSelector('[role=dialog]', { state: 'detached' });
  await page.keyboard.press('[');
  await page.waitForFunction(() => location.hash.includes('as_of=2024-11-30'));
  await page.keyboard.press('n');
  await page.waitForSelector('.knpop');
  await page.keyboard.press('Escape');
  await page.keyboard.press('/');
  await page.keyboard.type('C-00001');
  await page.waitForSelector('.found li[role=option]');
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => location.hash.includes('customers/C-00001'));
  await settled(page);
  await page.keyboard.press('?');
  await page.waitForSelector('.keypop');
  await page.keyboard.press('Escape');
  await page.keyboard.press('l');
  await page.waitForFunction(() => document.documentElement.lang === 'zh-CN');
  await close();
});

test('the date picker and known-at change the page and the address', async () => {
  const { page, open, close } = await visitor();
  await open('receivables/ageing');
  await page.click('.asof');
  await page.fill('.dayf input', '2024-11-31');
  await page.waitForSelector('.dayf .bad');
  await page.fill('.dayf input', '2024-08-31');
  await page.press('.dayf input', 'Enter');
  await page.waitForFunction(() => location.hash.includes('as_of=2024-08-31'));
  await settled(page);
  await page.click('.known');
  await page.click('.knpop .note a >> nth=1');
  await page.waitForSelector('.then');
  assert.match(page.url(), /known_at=2024-09-05T/);
  await settled(page);
  assert.match(await page.textContent('.feed'), /Standing still/);
  await page.click('.then .btn >> nth=1');
  await page.waitForSelector('.then', { state: 'detached' });
  await close();
});

test('hostile texts are text: whole in the title, never markup, and they turn nothing around', async () => {
  const { page, open, close } = await visitor();
  await open(`customers/${encoded(HOSTILE.customer)}`);
  assert.equal(await page.textContent('h1'), HOSTILE.name);
  assert.equal(await page.locator('main img, main script, main a[href^="javascript"]').count(), 0);
  await open(`invoices/${encoded(HOSTILE.invoice)}?customer_id=${encoded(HOSTILE.customer)}`);
  assert.ok((await page.textContent('h1')).includes(HOSTILE.invoice));
  assert.ok((await page.textContent('main')).includes('10,000,000,000,000.00'));
  for (const path of ['customers', 'receivables/ageing?group_by=customer', 'receivables/worklist', 'sales?group_by=channel', 'anomalies', 'open-orders', `receivables/ageing?region=${encoded(HOSTILE.region)}`]) {
    await open(path);
    assert.equal(await page.locator('main img, main script, main a[href^="javascript"]').count(), 0, path);
  }
  await close();
});

test('what cannot be answered is said, and a way out offered', async () => {
  const { page, open, wrong } = await visitor();
  await open('receivables/ageing?buckets=nonsense');
  assert.ok((await page.locator('.msg.late').count()) > 0);
  await page.locator('.msg.late .btn').first().click();
  await settled(page);
  assert.equal(await page.locator('.msg.late').count(), 0);
  await open('invoices/there-is-none');
  assert.match(await page.textContent('main'), /Not there/);
  await open('no/such/page');
  assert.match(await page.textContent('h1'), /Not there/);
  await page.route('**/v1/receivables/ageing?*', (route) => route.fulfill({ status: 503, contentType: 'application/problem+json', body: JSON.stringify({ title: 'Shards not available', detail: 'partition 5 does not answer' }) }));
  await page.goto('about:blank');
  await page.goto(`${server.url}/#/receivables/ageing`);
  await page.waitForSelector('.msg.bad');
  assert.match(await page.textContent('main'), /partition 5 does not answer.*whole or not at all/s);
  await page.unroute('**/v1/receivables/ageing?*');
  assert.ok(wrong.every((words) => /status of (400|404|503)/.test(words)), wrong.join('\n'));
});

test('the statement prints as a sheet of A4, without the frame', async () => {
  const { page, open, close } = await visitor();
  const worst = (await api('/v1/receivables/worklist?page_size=1')).rows[0].customer_id;
  await open(`customers/${encoded(worst)}/statement`);
  await page.emulateMedia({ media: 'print' });
  for (const part of ['.side', '.bar', '.when', '.foot']) assert.equal(await page.locator(part).isVisible(), false, part);
  assert.ok(await page.locator('.sheet').first().isVisible());
  const pdf = await page.pdf({ format: 'A4', preferCSSPageSize: true });
  assert.ok(pdf.length > 5_000);
  await close();
});

test('a file is reconciled where it is dropped', async () => {
  const { page, open, close } = await visitor();
  const items = (await api('/v1/receivables/items?page_size=3')).items.filter((item) => item.kind === 'INVOICE');
  const rows = items.map((item, i) => `${item.customer_id},${item.document_id},${item.currency},${i === 0 ? '1.00' : item.open}`);
  await open('receivables/reconcile?partial=true');
  await page.setInputFiles('#ledger-file', { name: 'ledger.csv', mimeType: 'text/csv', buffer: Buffer.from(`customer_id,document_id,currency,amount\n${rows.join('\n')}\n`) });
  await page.waitForSelector('.kpis.k4');
  assert.match(await page.textContent('.kpis.k4'), /Differs\s*1/);
  await page.setInputFiles('#ledger-file', { name: 'wrong.csv', mimeType: 'text/csv', buffer: Buffer.from('customer_id,document_id,currency,amount\nC,D,CNY,abc\n') });
  await page.waitForSelector('[role=alert]');
  await page.context().close();
});

test('the first view is small, its files are kept, and it asks nobody else', async () => {
  const files = [];
  const page = await fetch(`${server.url}/`);
  assert.equal(page.headers.get('x-content-type-options'), 'nosniff');
  assert.match(page.headers.get('content-security-policy'), /default-src 'none'; script-src 'self'; style-src 'self'/);
  assert.doesNotMatch(page.headers.get('content-security-policy'), /unsafe/);
  const html = await page.text();
  assert.doesNotMatch(html, /<script>|<style|style=|https?:/);
  for (const [, path] of html.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)) {
    const plain = await fetch(server.url + path, { headers: { 'Accept-Encoding': 'identity' } }), packed = await fetch(server.url + path, { headers: { 'Accept-Encoding': 'gzip' } });
    assert.equal(plain.status, 200, path);
    assert.equal(plain.headers.get('content-encoding'), null);
    assert.equal(packed.headers.get('content-encoding'), 'gzip');
    assert.equal(await plain.text(), await packed.text());
    files.push(Number(packed.headers.get('content-length')));
    const again = await fetch(server.url + path, { headers: { 'Accept-Encoding': 'gzip', 'If-None-Match': packed.headers.get('etag') } });
    assert.equal(again.status, 304, path);
  }
  assert.equal(files.length, 3);
  assert.ok(files.reduce((a, b) => a + b, 0) < 110 * 1024, String(files));
  assert.equal((await fetch(`${server.url}/assets/../v1/status`)).status, 200);
  assert.equal((await fetch(`${server.url}/assets/nothing.js`)).status, 404);
  assert.equal((await fetch(`${server.url}/receivables/ageing`)).status, 404);
});

// docs/dashboard.png is this picture, of the company that the first command generates.
test('the first page of the demonstration', { skip: !PICTURES && 'no folder for pictures' }, async () => {
  const demonstration = await serve({ hostile: false, orders: 4000 });
  const context = await browser.newContext({ viewport: { width: 1260, height: 780 }, locale: 'en-GB', reducedMotion: 'reduce' });
  const page = await context.newPage();
  await page.goto(`${demonstration.url}/`);
  await settled(page);
  const picture = await page.screenshot({ path: join(PICTURES, 'dashboard.png') });
  await context.close();
  await demonstration.stop();
  assert.ok(picture.length < 200 * 1024, `${picture.length} bytes`);
});
