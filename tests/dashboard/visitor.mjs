// Who looks at the dashboard: a browser, a server to look at, and pages that count what must never happen.
import { after, before } from 'node:test';
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { chromium } from 'playwright-core';
import { HOSTILE, serve } from './server.mjs';

const require = createRequire(import.meta.url);
const AXE = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
export const PICTURES = process.env.DASHBOARD_PICTURES ?? '';
const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';

export let server, browser;
before(async () => {
  server = process.env.DASHBOARD_URL ? { url: process.env.DASHBOARD_URL, stop: async () => undefined } : await serve();
  browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
  if (PICTURES) mkdirSync(PICTURES, { recursive: true });
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

export const api = async (path) => (await fetch(server.url + path)).json();

// A page that counts what must never happen: errors, violations of the policy, requests to others, dialogs.
export async function visitor({ lang = 'en', theme = 'light', width = 1440, height = 900, at = server.url } = {}) {
  const context = await browser.newContext({ viewport: { width, height }, colorScheme: theme, locale: lang === 'zh' ? 'zh-CN' : 'en-GB', reducedMotion: 'reduce', hasTouch: width < 700 });
  // Machines that run tests do other things too.
  context.setDefaultTimeout(60_000);
  const page = watched(await context.newPage());
  const wrong = [];
  page.on('console', (message) => message.type() === 'error' && wrong.push(message.text()));
  page.on('pageerror', (error) => wrong.push(error.stack));
  page.on('dialog', (dialog) => {
    wrong.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on('request', (request) => [at, 'data:', 'blob:'].some((own) => request.url().startsWith(own)) || wrong.push(`asked ${request.url()}`));
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

// What each page is waiting for; the stream of changes and the worker that has it never end.
const waiting = new WeakMap();
export function watched(page) {
  const open = new Set();
  waiting.set(page, open);
  page.on('request', (request) => {
    if (request.isNavigationRequest()) open.clear();  // What the page before it asked nobody waits for.
    if (!/\/assets\/worker-|\/v1\/changes$/.test(request.url())) open.add(request);
  });
  for (const end of ['requestfinished', 'requestfailed']) page.on(end, (request) => open.delete(request));
  return page;
}
export async function settled(page) {
  await page.waitForSelector('main h1');
  const open = waiting.get(page);
  for (let quiet = 0, begun = Date.now(); quiet < 500; quiet = open.size ? 0 : quiet + 50) {
    if (Date.now() - begun > 60_000) assert.fail(`not answered: ${[...open].map((request) => request.url())}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  await page.waitForFunction(() => !document.querySelector('.busy, [role=status]'));
}

export const encoded = encodeURIComponent;
export async function everyPage() {
  const worst = (await api('/v1/receivables/worklist?page_size=1')).rows[0].customer_id;
  const item = (await api(`/v1/receivables/items?customer_id=${encoded(worst)}&page_size=1`)).items[0].document_id;
  const invoice = await api(`/v1/invoices/${encoded(item)}?customer_id=${encoded(worst)}`);
  const event = invoice.events[0], hostile = (await api(`/v1/invoices/${encoded(HOSTILE.invoice)}?customer_id=${encoded(HOSTILE.customer)}`)).events[0];
  const payment = (await api('/v1/payments?page_size=1')).payments[0], note = (await api('/v1/credit-notes?page_size=1')).credit_notes[0], shipment = (await api('/v1/shipments?page_size=1')).shipments[0];
  const documents = Object.entries({ invoice: 'invoices', order: 'orders', payment: 'payments', credit_note: 'credit-notes', shipment: 'shipments' });
  const ofHostile = Object.fromEntries([
    ['hostile_customer', `customers/${encoded(HOSTILE.customer)}`], ['hostile_statement', `customers/${encoded(HOSTILE.customer)}/statement?from=2024-10-01&to=2024-12-31`],
    ...documents.map(([kind, page]) => [`hostile_${kind}`, `${page}/${encoded(HOSTILE[kind])}?customer_id=${encoded(HOSTILE.customer)}`]),
  ]);
  return {
    overview: '', ageing: 'receivables/ageing?open=region%3AEU%2Cregion%3AEU%252FDE', customer_ages: 'receivables/ageing?group_by=customer', cell: `receivables/ageing?cell=${encoded('items?currency=EUR&bucket=1-30')}`,
    customer: `customers/${encoded(worst)}`, statement: `customers/${encoded(worst)}/statement`, invoice: `invoices/${encoded(item)}?customer_id=${encoded(worst)}`,
    payment: `payments/${encoded(payment.payment_id)}?customer_id=${encoded(payment.customer_id)}`, credit_note: `credit-notes/${encoded(note.credit_note_id)}?customer_id=${encoded(note.customer_id)}`,
    order: `orders/${encoded(invoice.order_ids[0])}?customer_id=${encoded(worst)}`, shipment: `shipments/${encoded(shipment.shipment_id)}?customer_id=${encoded(shipment.customer_id)}`,
    roll_forward: 'receivables/roll-forward', restatement: 'receivables/restatement?as_of=2024-06-30', then: 'receivables/ageing?as_of=2024-06-30&known_at=2024-07-05T23:59:59.999Z',
    worklist: 'receivables/worklist', dunning: 'receivables/worklist?view=dunning', reconcile: 'receivables/reconcile', customers: 'customers', cycle: 'order-cycle', on_time: 'on-time?group_by=region',
    open_orders: 'open-orders', sales: 'sales', anomalies: 'anomalies', parked: 'parked', status: 'status',
    record: `events/${event.topic}/${event.partition}/${event.offset}`, rows: `rows?cell=${encoded('items?currency=EUR&bucket=1-30')}`,
    ...ofHostile, hostile_record: `events/${hostile.topic}/${hostile.partition}/${hostile.offset}`,
  };
}

// Findings of axe-core on the page as it stands.
export async function findings(page) {
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }));
  return violations.map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map((node) => `${node.html.slice(0, 160)} (${node.any.concat(node.all, node.none).map((check) => check.message).join('; ').slice(0, 200)})`).join(' | ')}`);
}
