// A server with a history to look at: the generated company of the first command, told as it happened, and beside it
// one account whose texts are as hostile as the contract lets them be.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const DAYBOOK = process.env.DAYBOOK_BIN ?? new URL('../../build/release/bin/daybook', import.meta.url).pathname;
export const TODAY = '2024-12-31';
// No settings of somebody's own.
const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('DAYBOOK_')));

const bytes = (text) => Buffer.byteLength(text);
// As long as an id may be.
const long = (text, filler = 'W') => text + filler.repeat((128 - bytes(text)) / bytes(filler));
// Nothing of these may run, load, calculate, widen the page or turn the line around.
export const HOSTILE = {
  customer: long('<img src=x onerror=alert(1)>"\'`&lt;'),
  invoice: long('=HYPERLINK("http://example.invalid")مرحبا', 'م'),
  order: long('"><a href=javascript:alert(3)>'),
  payment: long('%00%2F../?#&;'),
  credit_note: long('<!--'),
  shipment: long('\'"><svg/onload=alert(4)>', 'שלום'),
  name: '</script><script>alert("x")</script> \u202E مرحبا بالعالم \u2066 ' + '客户'.repeat(10),
  region: 'A"B/<b>C',
  rep: "O'Brien & <i>Sons</i>",
};

function hostileEvents() {
  let n = 0;
  const event = (payload) => ({
    event_id: `00000000-0000-4000-8000-${String(++n).padStart(12, '0')}`, customer_id: HOSTILE.customer, source: '<svg onload=alert(2)>', occurred_at: '2024-10-01T09:00:00Z', ...payload,
  });
  const place = { region: HOSTILE.region, sales_rep: HOSTILE.rep }, { order: order_id, invoice: invoice_id, payment: payment_id, credit_note: credit_note_id, shipment: shipment_id } = HOSTILE;
  const lines = [{ line_id: long('+1'), sku: long('-2+3'), quantity: '1.5', net_minor: '100000', tax_minor: '13000' }];
  const paid = event({ payment_received: { payment_id, currency: 'CNY', amount_minor: '5000', value_date: '2024-11-01', method: long('<m>'), reference: long('=1+1'), allocations: [{ invoice_id, amount_minor: '3000' }] } });
  return [
    event({ customer_profile_set: { name: HOSTILE.name, ...place, grade: '{{7*7}}', credit_currency: 'CNY', credit_limit_minor: '100', payment_terms_days: 30 } }),
    event({ occurred_at: '2024-11-01T09:00:00Z', customer_profile_set: { name: HOSTILE.name, ...place, grade: long('{{7*7}}'), credit_currency: 'CNY', credit_limit_minor: '200', payment_terms_days: 30 } }),
    event({ order_placed: { order_id, ...place, channel: long('@SUM(A1)'), currency: 'CNY', lines } }),
    event({ order_delayed: { order_id, stage: 'PRODUCE', reason_code: long('<script>'), note: '\u202Eon\u2069 <b>bold</b>' } }),
    event({ shipment_dispatched: { shipment_id, order_id, warehouse: long('</td>'), carrier: long('<'), lines: [{ line_id: lines[0].line_id, quantity: '1' }], freight_minor: '1', currency: 'CNY' } }),
    event({ shipment_delivered: { shipment_id, order_id, signed_by: long('"><img src=x onerror=alert(5)>') } }),
    event({ invoice_issued: { invoice_id, order_ids: [order_id], ...place, currency: 'CNY', net_minor: '999999999999999', tax_minor: '1', issue_date: '2024-10-01', due_date: '2024-10-15' } }),
    event({ invoice_disputed: { dispute_id: long('<d>'), invoice_id, amount_minor: '100', reason_code: long('&amp;') } }),
    event({ credit_note_issued: { credit_note_id, invoice_id, currency: 'CNY', net_minor: '700', issue_date: '2024-10-20', reason_code: long('+') } }),
    paid,
    event({ promise_made: { promise_id: long('<p>'), invoice_ids: [invoice_id], currency: 'CNY', amount_minor: '100', promised_date: '2024-12-01' } }),
    // Sent again, and told otherwise.
    paid,
    event({ payment_received: { ...paid.payment_received, amount_minor: '6000' } }),
  ];
}

function run(...args) {
  const { status, stderr } = spawnSync(DAYBOOK, args.slice(0, -1), { input: args[args.length - 1], env, encoding: 'utf8', timeout: 120_000 });
  if (status !== 0) throw new Error(`daybook ${args.slice(0, -1).join(' ')}: ${stderr}`);
}

// `hostile`: with that account; else as the first command shows it.
// `flags`: of the server, besides.
export async function serve({ hostile = true, orders = 1500, customers, flags = [] } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'daybook-dashboard-'));
  const data = join(folder, 'data');
  run('generate', '--orders', String(orders), ...(customers ? ['--customers', String(customers)] : []), '--from', '2024-01-01', '--to', TODAY, '--data', data, '--recorded-as-told', '');
  if (hostile) run('publish', '-', '--data', data, hostileEvents().map((event) => JSON.stringify(event)).join('\n') + '\n');
  const child = spawn(DAYBOOK, ['up', '--data', data, '--listen', '127.0.0.1:0', '--today', TODAY, ...flags], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  child.stderr.on('data', (chunk) => (said += chunk));
  const url = await new Promise((resolve, reject) => {
    child.stdout.on('data', (chunk) => {
      const found = /listening on (\S+)/.exec(chunk);
      if (found) resolve(found[1]);
    });
    child.on('exit', (code) => reject(new Error(`daybook up ended with ${code}: ${said}`)));
  });
  for (let i = 0; (await fetch(`${url}/readyz`)).status !== 200; ++i) {
    if (i > 300) throw new Error(`not ready: ${said}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return {
    url,
    async stop() {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
