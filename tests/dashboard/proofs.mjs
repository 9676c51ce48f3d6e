// Totals are ruled off by their proof, and where one fails what differs is named.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { api, findings, visitor } from './visitor.mjs';

const ruled = (page) => page.locator('main table tfoot tr').evaluateAll((rows) => rows.map((row) => [row.querySelector('.cur').textContent, row.className]));

test('sales are ruled off where their rows come to what is kept apart, in every measure and group', async () => {
  const { page, open, close } = await visitor();
  for (const measure of ['ordered', 'shipped', 'invoiced', 'collected']) {
    for (const group of ['region', 'sales_rep', 'customer', 'channel', ...(measure === 'collected' ? [] : ['sku'])]) {
      await open(`sales?measure=${measure}&group_by=${group}`);
      const { proof } = await api(`/v1/sales?from=2024-10-01&to=2024-12-31&measure=${measure}`);
      assert.ok(proof.length > 1, measure);
      const totals = await ruled(page);
      assert.deepEqual(totals.map(([currency]) => currency), proof.map(({ currency }) => currency), `${measure} by ${group}`);
      for (const [currency, kind] of totals) assert.equal(kind, 'sum proven', `${measure} by ${group}, ${currency}`);
      assert.match(await page.locator('main .prf').first().textContent(), /^Proven: in each currency all rows come to what is kept apart/);
    }
  }
  await close();
});

test('where the proof of sales fails, the currency, what is kept and the difference are named', async () => {
  for (const { lang, words } of [{ lang: 'en', words: /The proof fails.*CNY kept apart [\d,.]+, difference \+1,234\.50$/ }, { lang: 'zh', words: /勾稽不符.*CNY 另存总额 [\d,.]+, 差额 \+1,234\.50$/ }]) {
    const { page, open, close } = await visitor({ lang, width: 390 });
    await page.route('**/v1/sales?*', async (route) => {
      const response = await route.fetch(), answer = await response.json();
      for (const one of answer.proof) if (one.currency === 'CNY') for (const measure of Object.keys(one.difference)) one.difference[measure] = '1234.50';
      await route.fulfill({ response, json: answer });
    });
    await open('sales');
    const totals = Object.fromEntries(await ruled(page));
    assert.equal(totals.CNY, 'sum broken');
    assert.equal(totals.EUR, 'sum proven');
    assert.match(await page.locator('main .prf.bad').first().textContent(), words);
    assert.match(await page.locator('tfoot tr.broken .bad[title]').getAttribute('title'), /1,234\.50/);
    assert.deepEqual(await findings(page), []);
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth), 0);
    await open('');
    assert.match(await page.locator('.panel:has(.tgt) .prf.bad').textContent(), /1,234\.50/);
    await close();
  }
});
