// Bundles the dashboard into build/dist: index.html, and below assets/ what it loads, named by content, so that a
// browser may keep it for ever. Fails where a colour condition does not hold or a byte budget is broken.
//   node build.mjs           the bundle
//   node build.mjs --tests   the unit tests, for `node --test`
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, transform } from 'esbuild';
import * as tokens from './style/tokens.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const BUDGET = 110 * 1024;  // Of all that is sent, compressed.
const SHEETS = ['base', 'frame', 'dates', 'panels', 'tables', 'parts', 'phone', 'print', 'charts', 'pages', 'own'];
// What Preact 10 and ES modules need; the browsers of the last years have more.
const TARGET = ['es2021', 'chrome100', 'firefox100', 'safari15.4'];

const fail = (words) => {
  console.error(words);
  process.exit(1);
};

async function tests() {
  const out = join(here, 'build/tests');
  rmSync(out, { recursive: true, force: true });
  const entries = readdirSync(join(here, 'test')).filter((name) => name.endsWith('.test.ts')).map((name) => join(here, 'test', name));
  await build({
    entryPoints: entries, outdir: out, bundle: true, platform: 'node', format: 'esm', target: 'node18', outExtension: { '.js': '.mjs' },
    jsx: 'automatic', jsxImportSource: 'preact', define: { SOURCES: JSON.stringify(here), WORKER: '""' }, logLevel: 'warning',
  });
}

function named(name, extension, contents) {
  const hash = createHash('sha256').update(contents).digest('hex').slice(0, 10);
  return [`${name}-${hash}.${extension}`, contents];
}

async function bundle() {
  const { failures } = tokens.check();
  if (failures.length) fail(failures.join('\n'));
  const sheet = tokens.css() + SHEETS.map((name) => readFileSync(join(here, 'style', `${name}.css`), 'utf8')).join('\n');
  const style = (await transform(sheet, { loader: 'css', minify: true, target: TARGET })).code;
  const script = async (source, format, define) => (await build({
    entryPoints: [join(here, 'src', source)], bundle: true, minify: true, write: false, format, target: TARGET, charset: 'utf8', define,
    jsx: 'automatic', jsxImportSource: 'preact', legalComments: 'none', logLevel: 'warning',
  })).outputFiles[0].text;
  const [workerName, workerText] = named('worker', 'js', await script('worker.ts', 'iife', { WORKER: '""' }));
  const main = await script('main.tsx', 'esm', { WORKER: JSON.stringify(`/assets/${workerName}`) });
  const [styleName, styleText] = named('style', 'css', style), [scriptName, scriptText] = named('main', 'js', main);
  const files = {
    'index.html': readFileSync(join(here, 'index.html'), 'utf8').replace('{style}', styleName).replace('{script}', scriptName),
    [`assets/${styleName}`]: styleText, [`assets/${scriptName}`]: scriptText, [`assets/${workerName}`]: workerText, 'assets/icon.svg': readFileSync(join(here, 'icon.svg'), 'utf8'),
  };
  const out = join(here, 'build/dist');
  rmSync(out, { recursive: true, force: true });
  mkdirSync(join(out, 'assets'), { recursive: true });
  let total = 0;
  for (const [name, contents] of Object.entries(files)) {
    writeFileSync(join(out, name), contents);
    const size = gzipSync(contents, { level: 9 }).length;
    total += size;
    console.log(`${String(size).padStart(7)} ${name}`);
  }
  console.log(`${String(total).padStart(7)} of ${BUDGET} bytes, compressed`);
  if (total > BUDGET) fail('the dashboard is larger than its budget');
}

await (process.argv.includes('--tests') ? tests() : bundle());
