// What changes while one looks: marked, told, and nothing jumps. And how soon the first figures are there.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { HOSTILE, serve } from './server.mjs';
import { api, encoded, findings, PICTURES, server, settled, visitor } from './visitor.mjs';

const CHANGE_MS = 20_000;

// An invoice of a million that is late, told now; its id.
async function tell(customer, currency) {
  const invoice_id = `live-${randomUUID()}`;
  const answer = await fetch(`${server.url}/v1/events`, {
    method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({
      event_id: randomUUID(), customer_id: customer, source: 'test', occurred_at: '2024-11-01T09:00:00Z',
      invoice_issued: { invoice_id, currency, net_minor: '9000000000', issue_date: '2024-11-01', due_date: '2024-11-02' },
    }),
  });
  const text = await answer.text();
  assert.equal(answer.status, 200, text);
  const { topic, partition, offset } = JSON.parse(text).results[0];
  return { invoice_id, place: `events/${topic}/${partition}/${offset}` };
}

test('a figure that changes is underlined for two seconds, and told; nothing moves', async () => {
  const { page, open, close } = await visitor();
  const { rows } = await api('/v1/receivables/worklist');
  await open('receivables/ageing?group_by=customer');
  const before = await page.textContent('tfoot tr.sum');
  assert.equal(await page.locator('.changed').count(), 0, 'what is first seen has not changed');
  await tell(rows[0].customer_id, rows[0].currency);
  await page.waitForSelector('.changed', { timeout: CHANGE_MS });
  const look = await page.locator('.changed').first().evaluate((element) => {
    const style = getComputedStyle(element);
    return { line: style.textDecorationLine, animation: style.animationName, transition: style.transitionProperty, size: element.getBoundingClientRect().height };
  });
  assert.equal(look.line, 'underline');
  assert.equal(look.animation, 'none');
  assert.equal(look.transition, 'none');
  assert.notEqual(await page.textContent('tfoot'), before);
  assert.match((await page.locator('[aria-live=polite].vh').allTextContents()).join(), /\d+ figures changed/);
  await page.waitForFunction(() => !document.querySelector('.changed'), undefined, { timeout: 5_000 });
  // Another question is no change.
  await page.evaluate(() => (location.hash = '#/receivables/ageing?group_by=customer&as_of=2024-10-31'));
  await settled(page);
  assert.equal(await page.locator('.changed').count(), 0);
  await close();
});

test('rows do not jump: a row that would change place waits to be sorted again', async () => {
  const { page, open, close } = await visitor();
  await open('receivables/worklist?sort=-overdue');
  const names = () => page.locator('tbody th .nm').allTextContents();
  const before = await names(), { rows } = await api('/v1/receivables/worklist?page_size=1000');
  const least = rows.find((row) => (row.customer_name ?? row.customer_id) === before[before.length - 1]);
  await tell(least.customer_id, least.currency);
  await page.waitForSelector('.cap:has-text("would change place")', { timeout: CHANGE_MS });
  assert.deepEqual(await names(), before);
  await page.click('.cap button:has-text("sort again")');
  // Behind the one account that owes more than anybody could.
  assert.equal((await names())[1], before[before.length - 1]);
  await close();
});

test('a figure that changed names the record that moved it, which leads to its document and its place in the log', async () => {
  const { rows } = await api('/v1/receivables/worklist?page_size=1000');
  const one = rows.find((row) => row.customer_id !== HOSTILE.customer), other = rows.find((row) => ![HOSTILE.customer, one.customer_id].includes(row.customer_id));
  for (const { path, lang } of [{ path: '', lang: 'en' }, { path: `customers/${encoded(one.customer_id)}`, lang: 'zh' }]) {
    const { page, open, close } = await visitor({ lang, width: lang === 'zh' ? 390 : 1440 });
    await open(path);
    // What moves nothing on the page of one account is not named there.
    await tell(other.customer_id, other.currency);
    if (path === '') await page.waitForSelector('.moved li', { timeout: CHANGE_MS });
    const told = await tell(one.customer_id, one.currency);
    const link = page.locator('.moved li', { hasText: told.invoice_id });
    await link.waitFor({ timeout: CHANGE_MS });
    assert.match(await link.textContent(), lang === 'zh' ? /^开票/ : /^Invoice issued/);
    if (path !== '') assert.equal(await page.locator('.moved li').count(), 1);
    assert.deepEqual(await findings(page), []);
    if (PICTURES) await page.screenshot({ path: join(PICTURES, `moved-${lang}.png`) });
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth), 0);
    await link.locator('a >> nth=1').click();
    await page.waitForFunction((place) => location.hash.startsWith(`#/${place}`), told.place);
    await settled(page);
    assert.equal(await page.locator('.moved').count(), 0, 'on another page it is none of its figures');
    await page.goBack();
    await page.waitForSelector('main h1');
    await tell(one.customer_id, one.currency);
    await page.waitForSelector('.moved li', { timeout: CHANGE_MS });
    await page.locator('.moved a').first().click();
    await page.waitForFunction(() => location.hash.startsWith('#/invoices/live-'));
    await settled(page);
    await close();
  }
});

test('what the first figures wait for is asked at once, not one after the other', async () => {
  const { page, close } = await visitor(), asked = [];
  page.on('request', (request) => {
    const { pathname, searchParams } = new URL(request.url());
    if (pathname === '/v1/receivables/ageing' && searchParams.get('group_by') === 'none') asked.push(searchParams.get('base_currency') ?? 'any currency');
  });
  await page.route('**/v1/status', async (route) => {
    await new Promise((resolve) => setTimeout(resolve, asked.includes('status') ? 0 : 2_000));
    asked.push('status');
    await route.continue();
  });
  await page.goto(server.url);
  await settled(page);
  assert.deepEqual(asked.slice(0, 3), ['any currency', 'CNY', 'status']);
  assert.equal(asked.filter((one) => one !== 'status').length, 2, 'and once');
  await close();
});

// From the key that moves the date to tiles of that day; the bound is wide, as below.
const REPAINTED_MS = 500;

test('tiles are of another day soon after the date moves', async (context) => {
  const { page, open, close } = await visitor(), taken = [];
  await open('');
  for (let i = 0; i < 5; ++i) {
    await page.evaluate(() => {
      const texts = () => [...document.querySelectorAll('.kpi .v')].map((figure) => figure.textContent);
      const before = texts().slice(0, 3).join(), at = location.hash;
      let begun = 0;
      addEventListener('keydown', () => (begun = performance.now()), { once: true, capture: true });
      window.repainted = new Promise((resolve) => {
        const look = () => {
          if (location.hash !== at && texts().slice(0, 3).join() !== before && texts().every((text) => !text.includes('…'))) resolve(performance.now() - begun);
          else requestAnimationFrame(look);
        };
        look();
      });
    });
    await page.keyboard.press('[');
    taken.push(Math.round(await page.evaluate(() => window.repainted)));
    await settled(page);
  }
  context.diagnostic(`all tiles after ${taken.join(', ')} ms; ${REPAINTED_MS} are wanted`);
  assert.ok(Math.min(...taken) < BOUND * REPAINTED_MS, String(taken));
  await close();
});

// What a reader waits for on a slow machine, of the demonstration's size. The bound is wide: machines that run tests
// are slow themselves; the figure is said.
const FIRST_FIGURES_MS = 800;
const BOUND = 5;

test('the first figures are there soon, four times slower', async (context) => {
  const demonstration = await serve({ hostile: false, orders: 4000 });
  try {
    const taken = [];
    for (let i = 0; i < 3; ++i) {
      const { page, close } = await visitor({ at: demonstration.url });
      const session = await page.context().newCDPSession(page);
      await session.send('Emulation.setCPUThrottlingRate', { rate: 4 });
      await page.addInitScript(() => {
        const look = () => {
          const figure = document.querySelector('.kpi.first .v');
          if (/\d/.test(figure?.textContent ?? '')) window.firstFigures = performance.now();
          else requestAnimationFrame(look);
        };
        requestAnimationFrame(look);
      });
      await page.goto(`${demonstration.url}/`);
      taken.push(await (await page.waitForFunction(() => window.firstFigures)).jsonValue());
      await close();
    }
    taken.sort((a, b) => a - b);
    context.diagnostic(`first figures after ${taken.map((time) => Math.round(time)).join(', ')} ms at 4 times slower; ${FIRST_FIGURES_MS} are wanted`);
    assert.ok(taken[0] < BOUND * FIRST_FIGURES_MS, String(taken));
  } finally {
    await demonstration.stop();
  }
});
