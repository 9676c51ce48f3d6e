// A record of the log: what became of what was sent, found from wherever an event is told.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { HOSTILE } from './server.mjs';
import { api, encoded, settled, visitor } from './visitor.mjs';

const placeOf = ({ topic, partition, offset }) => `events/${topic}/${partition}/${offset}`;

// The latest record of a topic's partition that became something.
async function latest({ topic, partition }, state) {
  const { positions } = await api('/v1/status');
  const end = positions.find((position) => position.topic === topic && position.partition === partition).next_offset;
  for (let offset = end - 1; offset >= 0; --offset) {
    const record = await api(`/v1/events/${topic}/${partition}/${offset}`);
    if (record.state === state) return { topic, partition, offset };
  }
  throw new Error(`no record of ${topic}:${partition} is ${state}`);
}

test('a record says what became of it, and leads to its document, its customer and what it repeats', async () => {
  const { page, open, close } = await visitor();
  const payment = await api(`/v1/payments/${encoded(HOSTILE.payment)}?customer_id=${encoded(HOSTILE.customer)}&expand=events`);
  const first = payment.events[0];
  await open(placeOf(first));
  assert.match(await page.textContent('.lead'), /^Accepted: /);
  assert.match(await page.textContent('h1'), /accepted/);
  const content = JSON.parse(await page.textContent('.code >> nth=0'));
  assert.equal(content.payment_received.payment_id, HOSTILE.payment);
  const bytes = await page.textContent('.code >> nth=1');
  assert.ok(Buffer.from(bytes, 'base64').includes(Buffer.from(HOSTILE.payment)));
  const hrefs = await page.locator('.facts a').evaluateAll((links) => links.map((link) => link.getAttribute('href')));
  assert.deepEqual(hrefs, [`#/customers/${encoded(HOSTILE.customer)}`, `#/payments/${encoded(HOSTILE.payment)}?${new URLSearchParams({ customer_id: HOSTILE.customer })}`]);

  await open(placeOf(await latest(first, 'duplicate')));
  assert.match(await page.textContent('.lead'), /^A repeat: /);
  await page.click('.facts a.mono');
  await settled(page);
  assert.ok(page.url().endsWith(placeOf(first)));

  await open(placeOf(await latest(first, 'conflict')));
  assert.match(await page.textContent('.lead'), /^In conflict: /);
  assert.match(await page.textContent('.facts'), /Detail.*amount/s);
  await close();
});

test('each event of a story, an anomaly and a row of entries leads to its record; so does its place, typed', async () => {
  const { page, open, close } = await visitor();
  const own = `customer_id=${encoded(HOSTILE.customer)}`;
  for (const [kind, plural] of [['invoice', 'invoices'], ['order', 'orders'], ['payment', 'payments'], ['credit_note', 'credit-notes'], ['shipment', 'shipments']]) {
    await open(`${plural}/${encoded(HOSTILE[kind])}?${own}`);
    const events = await page.locator('.tl li').count(), links = await page.locator('.tl .src a[href^="#/events/"]').count();
    assert.ok(events > 0, kind);
    assert.equal(links, events, kind);
  }
  for (const path of [`anomalies?${own}`, `rows?cell=${encoded(`entries?from=2024-10-01&to=2024-12-31&currency=CNY&${own}`)}`]) {
    await open(path);
    assert.ok((await page.locator('tbody a[href^="#/events/"]').count()) > 0, path);
  }
  const { events: [event] } = await api(`/v1/invoices/${encoded(HOSTILE.invoice)}?${own}`);
  await page.keyboard.press('/');
  await page.keyboard.type(`invoices:${event.partition}:${event.offset}`);
  await page.waitForSelector('.found li:has-text("record")');
  await page.keyboard.press('Enter');
  await page.waitForFunction((place) => location.hash === `#/${place}`, placeOf(event));
  await settled(page);
  assert.match(await page.textContent('.lead'), /^Accepted: /);
  await close();
});

// The gateway lets none of these through; a log that others write to has them.
test('a parked record is listed with its reason and leads to its bytes', async () => {
  const { page, open, close } = await visitor({ width: 390 });
  const parked = { topic: 'daybook.invoices.v1', partition: 3, offset: 17, recorded_at: '2024-12-30T10:00:00Z', reason: 'not_parseable', detail: '<img src=x onerror=alert(6)>' + 'W'.repeat(128), bytes: 4 };
  const { positions } = await api('/v1/status');
  const view = { as_of: '2024-12-31', known_at: null, positions, newest_recorded_at: '2024-12-31T00:00:00Z', waiting: 0 };
  await page.route('**/v1/parked?*', (route) => route.fulfill({ json: { ...view, parked: [parked], next_page_token: null } }));
  await page.route('**/v1/events/daybook.invoices.v1/3/17*', (route) => route.fulfill({ json: { ...view, parked: 1, event: { event_id: null, type: null, topic: parked.topic, partition: 3, offset: 17, recorded_at: parked.recorded_at, occurred_at: null }, customer_id: null, state: 'parked', detail: `not_parseable: ${parked.detail}`, content: null, bytes: '3q2+7w==' } }));
  await open('parked');
  assert.match(await page.textContent('tbody'), /not readable/);
  await page.click('tbody a.mono');
  await settled(page);
  assert.match(page.url(), /events\/daybook\.invoices\.v1\/3\/17/);
  assert.match(await page.textContent('.lead'), /^Parked: /);
  assert.match(await page.textContent('main'), /kept as they came.*3q2\+7w==/s);
  assert.equal(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth), 0);
  assert.equal(await page.locator('main img').count(), 0);
  await close();
});
