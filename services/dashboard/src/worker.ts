// Shared by all tabs of a browser: listens to what changes, and tells each.
import type { Heard } from './lib/changes';
import { openStream } from './lib/feed';

const ports = new Set<MessagePort>();
let state: Heard = { kind: 'down' };

openStream((heard) => {
  if (heard.kind === 'open' || heard.kind === 'down') state = heard;
  for (const port of ports) port.postMessage(heard);
});

(self as unknown as { onconnect: (event: MessageEvent) => void }).onconnect = ({ ports: [port] }) => {
  ports.add(port);
  port.onmessage = () => ports.delete(port);  // Its tab goes.
  port.postMessage(state);
};
