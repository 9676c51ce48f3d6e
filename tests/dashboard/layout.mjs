// What stands where: nothing is wider than its page, also with wider letters than ours; what belongs together is seen
// together; every chart has its table; nothing moves when the first figures come.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { encoded, everyPage, findings, PICTURES, server, settled, visitor } from './visitor.mjs';

// Fonts differ from one machine to the next: these letters are as wide as those of the widest that are usual, whichever
// font is here.
const widen = (page) => page.evaluate(() => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync('* { letter-spacing: .15em !important }');
  document.adoptedStyleSheets = [sheet];
});

for (const lang of ['en', 'zh']) {
  test(`no page is wider than a phone with the widest letters, ${lang}`, async () => {
    const { page, open, close } = await visitor({ lang, width: 390 });
    const found = {};
    for (const [name, path] of Object.entries(await everyPage())) {
      await open(path);
      await widen(page);
      await page.evaluate(() => document.querySelectorAll('.astable').forEach((table) => (table.open = true)));
      await page.waitForFunction(() => [...document.querySelectorAll('.astable')].every((one) => one.querySelector('table')));
      const wide = await page.evaluate(() => {
        const over = document.documentElement.scrollWidth - innerWidth;
        const who = [...document.querySelectorAll('body *')].filter((one) => one.getBoundingClientRect().right > innerWidth + 0.5 && !one.closest('.tbl, .seg, .places, .vh')).slice(0, 3);
        return over > 0 ? `${over}: ${who.map((one) => one.outerHTML.slice(0, 120))}` : '';
      });
      if (wide) found[name] = wide;
      if (PICTURES && wide) await page.screenshot({ path: join(PICTURES, `wide-${name}-${lang}.png`), fullPage: true });
    }
    assert.deepEqual(found, {});
    await close();
  });
}

test('at 1,280 px a balance and its proof are seen beside what they are of, and no figure is cut', async () => {
  for (const lang of ['en', 'zh']) {
    const { page, open, close } = await visitor({ lang, width: 1280 });
    const open_ = `region=EU&open=${encoded('region:EU')}`;
    for (const path of [`receivables/ageing?${open_}`, 'receivables/roll-forward?region=EU', 'receivables/restatement?region=EU&as_of=2024-06-30', 'sales?region=EU', 'order-cycle?region=EU', '?region=EU']) {
      await open(path);
      // As Arial and Noto Sans have them, a little wider than what is here.
      const hidden = await page.evaluate(() => [...document.querySelectorAll('main .tbl')].filter((box) => box.scrollWidth > box.clientWidth + 1).map((box) => `${box.firstElementChild?.getAttribute('aria-label')} by ${box.scrollWidth - box.clientWidth}`));
      assert.deepEqual(hidden, [], `${path}, ${lang}`);
      const out = await page.evaluate(() => [...document.querySelectorAll('main .panel')].flatMap((panel) => {
        const edge = panel.getBoundingClientRect().right + 1;
        return [...panel.querySelectorAll('b, dd, .n, .prf, .v')].filter((one) => one.getBoundingClientRect().right > edge && !one.closest('.vh')).map((one) => one.textContent);
      }));
      assert.deepEqual(out, [], `${path}, ${lang}: sticks out of its panel`);
      const over = await page.evaluate(() => [...document.querySelectorAll('main svg')].flatMap((svg) => {
        const texts = [...svg.querySelectorAll('text')].map((text) => [text.textContent, text.getBoundingClientRect()]).filter(([, box]) => box.width > 0);
        return texts.flatMap(([a, x], i) => texts.slice(i + 1).filter(([, y]) => Math.min(x.right, y.right) - Math.max(x.left, y.left) > 2 && Math.min(x.bottom, y.bottom) - Math.max(x.top, y.top) > 6).map(([b]) => `${a} | ${b}`));
      }));
      assert.deepEqual(over, [], `${path}, ${lang}: words stand on words`);
    }
    await close();
  }
});

test('every chart has its table, and each table its files', async () => {
  const { page, open, close } = await visitor();
  const worst = (await everyPage()).customer;
  let charts = 0;
  for (const path of ['', 'receivables/ageing', 'receivables/roll-forward', 'order-cycle', 'on-time?group_by=region', 'sales', worst]) {
    await open(path);
    for (const summary of await page.locator('.astable summary').all()) await summary.click();
    await settled(page);
    const lacking = await page.locator('main .panel svg[role]').evaluateAll((all) => all.filter((chart) => {
      const panel = chart.closest('.panel');
      // A bar of a few parts has them beside it in words.
      return !panel.querySelector('dl') && !(panel.querySelector('table') && panel.querySelector('.cap .acts'));
    }).map((chart) => chart.getAttribute('aria-label')));
    assert.deepEqual(await findings(page), [], path);
    charts += await page.locator('main .panel svg[role]').count();
    assert.deepEqual(lacking, [], path);
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth), 0, path);
  }
  assert.ok(charts > 8, String(charts));
  // What the table of a chart says is what the chart says.
  await open('');
  await page.locator('.panel:has(svg.ageing) .astable summary').click();
  const tile = (await page.locator('.kpi.first .v span').getAttribute('title')).trim();
  assert.equal((await page.locator('.panel:has(svg.ageing) .astable tbody tr').last().locator('td').first().textContent()).trim(), tile);
  await close();
});

test('nothing moves when the first figures come', async () => {
  for (const width of [1440, 1280]) {
    const { page, close } = await visitor({ width });
    await page.addInitScript(() => {
      window.moved = [];
      new PerformanceObserver((list) => list.getEntries().forEach((entry) => window.moved.push([entry.value, Math.round(entry.startTime), ...entry.sources.map(({ node, previousRect, currentRect }) => `${node?.nodeName} ${node?.className?.baseVal ?? node?.className ?? ''} ${previousRect.y} to ${currentRect.y}`)]))).observe({ type: 'layout-shift', buffered: true });
    });
    await page.goto(server.url);
    await settled(page);
    const moved = await page.evaluate(() => window.moved);
    // What Lighthouse calls good is 0.1.
    assert.ok(moved.reduce((all, [value]) => all + value, 0) < 0.1, `${width} px: ${JSON.stringify(moved)}`);
    await close();
  }
});
