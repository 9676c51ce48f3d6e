// The dashboard in a real browser, over a real server. Pictures of every page stay in DASHBOARD_PICTURES.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { HOSTILE, serve, TODAY } from './server.mjs';
import { api, browser, encoded, everyPage, findings, PICTURES, server, settled, visitor, watched } from './visitor.mjs';
import './layout.mjs';
import './proofs.mjs';
import './records.mjs';
import './tables.mjs';
import './live.mjs';

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
  for (const path of ['receivables/ageing?group_by=parent_customer', 'receivables/roll-forward', 'receivables/roll-forward?group_by=parent_customer', 'sales', 'order-cycle']) {
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

test('a dialog has the keys from the moment that it is there', async () => {
  const { page, open, close } = await visitor();
  await open('receivables/ageing');
  const isGone = () => page.waitForSelector('[role=dialog]', { state: 'detached', timeout: 5000 });
  // Esc comes with the dialog, before the browser has drawn it.
  const escaped = (opens) => page.evaluate((how) => new Promise((done) => {
    const press = (key) => document.activeElement.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }));
    const seen = new MutationObserver(() => {
      if (!document.querySelector('[role=dialog]')) return;
      seen.disconnect();
      press('Escape');
      done();
    });
    seen.observe(document.body, { childList: true, subtree: true });
    if (how.key) press(how.key);
    else document.querySelector(how.click).click();
  }), opens);
  for (const opens of [{ key: 'd' }, { key: 'n' }, { key: '?' }, { click: 'table.wide tfoot a.n' }]) {
    await escaped(opens);
    await isGone();
  }
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

test('hostile texts and ids of 128 bytes stand on every kind of page at the width of a phone: none is wider, nothing runs', async () => {
  const own = `customer_id=${encoded(HOSTILE.customer)}`, of = (kind, params) => `rows?cell=${encoded(`${kind}?${params}&${own}`)}`;
  const year = 'from=2024-01-01&to=2024-12-31';
  const pages = {
    ...Object.fromEntries(Object.entries(await everyPage()).filter(([name]) => name.startsWith('hostile_'))),
    overview: `?region=${encoded(HOSTILE.region)}`, regions: `receivables/ageing?region=${encoded(HOSTILE.region)}&open=${encoded(encoded(`region:${HOSTILE.region}`))}`, customer_ages: `receivables/ageing?group_by=customer&region=${encoded(HOSTILE.region)}&open=${encoded(encoded(`customer:${HOSTILE.customer}`))}`,
    reps: 'receivables/ageing?group_by=sales_rep', roll_forward: `receivables/roll-forward?${year}&group_by=customer&region=${encoded(HOSTILE.region)}`, restatement: `receivables/restatement?as_of=2024-11-30&known_from=2024-09-30T00:00:00Z&region=${encoded(HOSTILE.region)}`,
    worklist: `receivables/worklist?region=${encoded(HOSTILE.region)}`, dunning: `receivables/worklist?view=dunning&region=${encoded(HOSTILE.region)}`, customers: `customers?region=${encoded(HOSTILE.region)}`, items: of('items', 'currency=CNY'), entries: of('entries', `${year}&currency=CNY`),
    postings: of('postings', `${year}&currency=CNY&measure=ordered`), cycle: `order-cycle?region=${encoded(HOSTILE.region)}&${year}`, on_time: `on-time?group_by=customer&region=${encoded(HOSTILE.region)}`, open_orders: `open-orders?${own}`, channels: `sales?group_by=channel&${year}`, skus: `sales?group_by=sku&${year}&region=${encoded(HOSTILE.region)}`,
    anomalies: `anomalies?${own}`, found: 'anomalies',
  };
  const found = {};
  for (const lang of ['en', 'zh']) {
    const { page, open, close } = await visitor({ lang, width: 390 });
    for (const [name, path] of Object.entries(pages)) {
      await open(path);
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      if (overflow > 0) found[`${name}, ${lang}, is too wide by`] = overflow;
      const injected = await page.locator('img, svg[onload], script:not([src]), main a[href^="javascript"], main b > i').count();
      if (injected) found[`${name}, ${lang}, has elements of its data`] = injected;
      // Whatever is long beside it, an amount stands on one line.
      const broken = await page.locator('.ledg dd').evaluateAll((amounts) => amounts.filter((amount) => {
        const text = document.createRange();
        text.selectNodeContents(amount);
        return text.getBoundingClientRect().height > 40;
      }).length);
      if (broken) found[`${name}, ${lang}, breaks amounts`] = broken;
      if (PICTURES && lang === 'en') await page.screenshot({ path: join(PICTURES, `phone-${name}.png`), fullPage: true });
    }
    await close();
  }
  assert.deepEqual(found, {});
});

// Tab after Tab, as one does who sees where the focus is.
async function tabTo(page, selector) {
  for (let i = 0; i < 80; ++i) {
    await page.keyboard.press('Tab');
    if (await page.evaluate((wanted) => document.activeElement?.matches(wanted) ?? false, selector)) return;
  }
  throw new Error(`no way by Tab to ${selector}`);
}

test('the keyboard alone leads from a tile to an event', async () => {
  const { page, open, close } = await visitor();
  await open('');
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => document.activeElement.className), 'skip');
  await page.keyboard.press('Enter');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'main');
  await tabTo(page, 'a.kpi');
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => location.hash.includes('receivables/ageing'));
  await settled(page);
  await tabTo(page, 'table.wide tbody [tabindex="0"]');
  await page.keyboard.press('ArrowRight');
  await settled(page);
  await page.keyboard.press('ArrowRight');
  assert.ok(await page.evaluate(() => document.activeElement.matches('a.n')), 'on a figure');
  await page.keyboard.press('Enter');
  await page.waitForSelector('.drawer .prf');
  await tabTo(page, '.drawer tbody a');
  await page.keyboard.press('Enter');
  await page.waitForSelector('.tl li');
  await settled(page);
  await tabTo(page, '.tl .src a.mono');
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => location.hash.startsWith('#/events/'));
  await settled(page);
  assert.match(await page.textContent('.lead'), /^Accepted: /);
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

test('the statement prints as sheets of A4, a currency each, without the frame', async () => {
  // Of an account with two currencies there is a sheet for each.
  const { customers } = await api('/v1/customers?page_size=1000'), both = customers.find(({ balances }) => balances.length > 1) ?? customers[0];
  for (const lang of ['en', 'zh']) {
    const { page, open, close } = await visitor({ lang });
    await open(`customers/${encoded(both.customer_id)}/statement?from=2024-12-01&to=2024-12-31`);
    await page.emulateMedia({ media: 'print' });
    for (const part of ['.side', '.bar', '.tabs', '.head', '.when', '.foot', '.cap']) assert.equal(await page.locator(part).first().isVisible(), false, part);
    const sheets = await page.locator('.sheet').count();
    assert.ok(sheets > 0);
    const look = await page.locator('.sheet').first().evaluate((sheet) => {
      const of = (selector) => getComputedStyle(sheet.querySelector(selector));
      return { ink: getComputedStyle(sheet).color, paper: getComputedStyle(sheet).backgroundColor, heads: of('thead').display, totals: of('tfoot').display, ruled: of('tfoot tr > *').borderBottomStyle };
    });
    // Heads repeat on each page, totals stand at the end alone, ruled off where they are proven.
    assert.deepEqual(look, { ink: 'rgb(0, 0, 0)', paper: 'rgb(255, 255, 255)', heads: 'table-header-group', totals: 'table-row-group', ruled: 'double' });
    const text = await page.locator('.sheet').first().innerText();
    assert.ok(text.includes(`/v1/customers/${encoded(both.customer_id)}/statement?`), 'the address in full');
    assert.match(text, lang === 'zh' ? /对账单/ : /Statement of account/);
    const pdf = (await page.pdf({ format: 'A4', preferCSSPageSize: true })).toString('latin1'), boxes = [...pdf.matchAll(/\/MediaBox \[\s*0 0 ([\d.]+) ([\d.]+)\s*\]/g)];
    assert.ok(boxes.length >= sheets, `${boxes.length} pages`);
    for (const [, across, down] of boxes) assert.ok(Math.abs(across - 595) < 2 && Math.abs(down - 842) < 2, `${across} × ${down}`);
    await close();
  }
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

// Something that was not there: an invoice of a customer, in its own currency so that no conversion moves.
let published = 0;
async function publish(customer, target = server) {
  const id = `live-${process.pid}-${++published}`;
  const answer = await fetch(`${target.url}/v1/events`, {
    method: 'POST', headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ event_id: id, customer_id: customer, source: 'test', occurred_at: `${TODAY}T08:00:00Z`, invoice_issued: { invoice_id: id, currency: 'CNY', net_minor: '100', issue_date: TODAY } }),
  });
  assert.equal(answer.status, 200, await answer.text());
  return id;
}
const streams = async (target = server) => Number(/^daybook_change_streams (\d+)$/m.exec(await (await fetch(`${target.url}/metrics`)).text())[1]);
async function eventually(condition, words) {
  for (let i = 0; !(await condition()); ++i) {
    if (i > 100) assert.fail(words);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
// How often a page asks at a path, from now on.
function asked(page, path) {
  const counter = { count: 0 };
  page.on('request', (request) => new URL(request.url()).pathname === path && ++counter.count);
  return counter;
}

test('the paths of the interface are those of the reports that notes name', async () => {
  const source = readFileSync(process.env.DASHBOARD_SOURCES ? join(process.env.DASHBOARD_SOURCES, 'src/lib/changes.ts') : new URL('../../services/dashboard/src/lib/changes.ts', import.meta.url), 'utf8');
  const named = Object.fromEntries([...source.matchAll(/'(\/v1\/[^']+)': '([a-z-]+)'/g)].map(([, path, report]) => [path, report]));
  assert.ok(Object.keys(named).length > 20);
  const { paths } = await api('/openapi.json'), described = {};
  for (const [path, { get }] of Object.entries(paths)) if (get) described[path.replace(/\{[^}]+\}/g, '*')] = get.operationId;
  for (const [path, report] of Object.entries(named)) assert.equal(described[path], report, path);
});

test('what is published is on the page within a second, and only what it changed is asked for', async () => {
  const { page, open, close } = await visitor();
  await publish('Live One');
  await publish('Live Two');
  for (const id of ['Live%20One', 'Live%20Two']) await eventually(async () => (await api(`/v1/customers/${id}`)).customer_id, 'it is folded');
  await open('customers/Live%20One');
  await eventually(async () => (await streams()) > 0, 'a stream');
  const invoice = async () => {
    const begun = Date.now(), id = await publish('Live One');
    await page.waitForFunction((name) => document.querySelector('main').textContent.includes(name), id, { timeout: 10_000 });
    return Date.now() - begun;
  };
  await invoice();
  await new Promise((resolve) => setTimeout(resolve, 1500));
  const took = [];
  for (let i = 0; i < 3; ++i) {
    took.push(await invoice());
    await new Promise((resolve) => setTimeout(resolve, 1500));
  }
  assert.ok(Math.min(...took) < 1000, `${took} ms from publishing to the page`);
  const own = asked(page, '/v1/customers/Live%20One');
  await publish('Live Two');
  await publish('Live Two');
  await new Promise((resolve) => setTimeout(resolve, 2000));
  assert.equal(own.count, 0, 'what is of another customer is none of its business');
  // As known then nothing moves.
  await open(`customers/Live%20One?known_at=${encoded((await api('/v1/status')).newest_recorded_at)}`);
  const standing = asked(page, '/v1/customers/Live%20One');
  await publish('Live One');
  await new Promise((resolve) => setTimeout(resolve, 2000));
  assert.equal(standing.count, 0);
  await close();
});

for (const [how, without] of [['a worker that they share', []], ['the tab that holds the lock', ['SharedWorker']]]) {
  test(`twelve tabs have one stream, by ${how}`, async () => {
    // Of its own: streams of pages that other tests left are let go of at some note or other.
    const served = await serve({ orders: 20 });
    await publish('Live One', served);
    await eventually(async () => (await fetch(`${served.url}/v1/customers/Live%20One`)).ok, 'it is folded');
    const context = await browser.newContext();
    await context.addInitScript((names) => names.forEach((name) => delete globalThis[name]), without);
    const pages = [];
    for (let i = 0; i < 12; ++i) {
      const page = watched(await context.newPage());
      await page.goto(`${served.url}/#/customers/Live%20One`);
      await settled(page);
      pages.push(page);
    }
    // Of pages that went the server hears with the next note.
    await eventually(async () => {
      await publish('Live Two', served);
      return (await streams(served)) === 1;
    }, 'one stream');
    const id = await publish('Live One', served);
    // The tab in front shows it; the others when they are seen.
    await pages[11].bringToFront();
    await pages[11].waitForFunction((name) => document.querySelector('main').textContent.includes(name), id, { timeout: 10_000 });
    // The first one goes, whichever has the stream.
    await pages[0].close();
    await new Promise((resolve) => setTimeout(resolve, 500));
    const next = await publish('Live One', served);
    await pages[11].waitForFunction((name) => document.querySelector('main').textContent.includes(name), next, { timeout: 10_000 });
    assert.ok((await streams(served)) <= 2, 'the one that went is let go of with the next note');
    await context.close();
    await eventually(async () => {
      await publish('Live One', served);
      return (await streams(served)) === 0;
    }, 'none is left');
    await served.stop();
  });
}

test('without a stream a page asks by itself', async () => {
  const full = await serve({ orders: 20, flags: ['--streams-max', '0'] });
  const { page } = await visitor();
  await page.goto(`${full.url}/#/customers/Live%20One`);
  await settled(page);
  const first = await publish('Live One', full);
  await page.goto(`${full.url}/#/customers`);
  await page.goto(`${full.url}/#/customers/Live%20One`);
  await page.waitForFunction((name) => document.querySelector('main').textContent.includes(name), first, { timeout: 15_000 });
  const id = await publish('Live One', full);
  await page.waitForFunction((name) => document.querySelector('main').textContent.includes(name), id, { timeout: 15_000 });
  await page.context().close();
  await full.stop();
});

// docs/dashboard.png is this picture, of the company that the first command generates.
test('the first page of the demonstration', { skip: !PICTURES && 'no folder for pictures' }, async () => {
  const demonstration = await serve({ hostile: false, orders: 4000 });
  const context = await browser.newContext({ viewport: { width: 1260, height: 780 }, locale: 'en-GB', reducedMotion: 'reduce' });
  const page = watched(await context.newPage());
  await page.goto(`${demonstration.url}/`);
  await settled(page);
  const picture = await page.screenshot({ path: join(PICTURES, 'dashboard.png') });
  await context.close();
  await demonstration.stop();
  assert.ok(picture.length < 200 * 1024, `${picture.length} bytes`);
});
