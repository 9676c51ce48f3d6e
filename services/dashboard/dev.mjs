// For work on the pages: serves build/dist with the headers of the real server, and hands all else to one.
//   node dev.mjs http://127.0.0.1:8080 [PORT]
import { createServer, request } from 'node:http';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const dist = join(dirname(fileURLToPath(import.meta.url)), 'build/dist');
const server = new URL(process.argv[2] ?? 'http://127.0.0.1:8080'), port = Number(process.argv[3] ?? 8090);
const TYPES = { html: 'text/html; charset=utf-8', js: 'text/javascript; charset=utf-8', css: 'text/css; charset=utf-8', svg: 'image/svg+xml' };
const POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

createServer((asked, answer) => {
  const path = asked.url.split('?')[0], name = path === '/' ? 'index.html' : path.slice(1), file = join(dist, name);
  if (/^(index\.html|assets\/[\w.-]+)$/.test(name) && existsSync(file)) {
    answer.writeHead(200, { 'Content-Type': TYPES[name.split('.').pop()], 'Content-Security-Policy': POLICY, 'Cache-Control': 'no-cache' });
    answer.end(readFileSync(file));
    return;
  }
  const onward = request({ host: server.hostname, port: server.port, path: asked.url, method: asked.method, headers: asked.headers }, (got) => {
    answer.writeHead(got.statusCode, got.headers);
    got.pipe(answer);
  });
  onward.on('error', () => {
    answer.writeHead(502);
    answer.end();
  });
  asked.pipe(onward);
}).listen(port, '127.0.0.1', () => console.log(`http://127.0.0.1:${port}/`));
