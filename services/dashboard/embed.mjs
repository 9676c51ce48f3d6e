// Writes build/dist, compressed, as a C++ source: node embed.mjs FILE.cc
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const dist = join(dirname(fileURLToPath(import.meta.url)), 'build/dist');
const TYPES = { html: 'text/html; charset=utf-8', js: 'text/javascript; charset=utf-8', css: 'text/css; charset=utf-8', svg: 'image/svg+xml' };

const names = ['index.html', ...readdirSync(join(dist, 'assets')).sort().map((name) => `assets/${name}`)];
const files = names.map((name) => ({ name, path: name === 'index.html' ? '/' : `/${name}`, bytes: gzipSync(readFileSync(join(dist, name)), { level: 9 }) }));
const array = ({ bytes }, i) => `constexpr unsigned char kFile${i}[] = {${[...bytes].join(',')}};`;
const entry = ({ name, path, bytes }, i) => `    {"${path}", "${TYPES[name.split('.').pop()]}", {reinterpret_cast<const char*>(kFile${i}), ${bytes.length}}},`;
writeFileSync(process.argv[2], `// Made by services/dashboard/embed.mjs.
#include "app/dashboard_files.h"

namespace daybook::app {
namespace {

${files.map(array).join('\n')}

const DashboardFile kFiles[] = {
${files.map(entry).join('\n')}
};

}  // namespace

std::span<const DashboardFile> dashboard_files() { return kFiles; }

}  // namespace daybook::app
`);
