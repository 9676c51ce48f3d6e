import test from 'node:test';
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

declare const SOURCES: string;  // The folder of the sources, put in by the build.

const files = (folder: string): string[] => readdirSync(join(SOURCES, folder), { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? files(`${folder}/${entry.name}`) : [`${folder}/${entry.name}`]));
const code = files('src').map((name) => readFileSync(join(SOURCES, name), 'utf8')).join('\n');

test('no style is left over', () => {
  for (const name of files('style').filter((one) => one.endsWith('.css'))) {
    const sheet = readFileSync(join(SOURCES, name), 'utf8').replace(/\/\*.*?\*\//gs, '');
    for (const [, selector] of sheet.matchAll(/([^{}]+)\{/g)) {
      for (const [, used] of selector.matchAll(/\.([a-z][\w-]*)/gi)) {
        // A class may be put together of a name and a number.
        const numbered = used.replace(/\d+$/, '');
        assert.ok(new RegExp(`(?<![\\w-])${used}(?![\\w-])`).test(code) || (numbered !== used && code.includes(`${numbered}\${`)), `${name}: .${used} is used nowhere`);
      }
    }
  }
});
