// The stream of what changes: one a browser, however many tabs it has. A worker that they share has it; where there is
// none, the tab that holds a lock, which tells the others; where there is neither, nobody, and pages ask by themselves.
import type { Heard, Tell } from './changes';

declare const WORKER: string;  // Where the build put it.

// After a refusal; what broke the browser opens again by itself.
const AGAIN_AFTER = 30_000;

// Until the function that it gives is called.
export function openStream(tell: Tell): () => void {
  let source: EventSource, timer: ReturnType<typeof setTimeout> | undefined;
  const open = () => {
    source = new EventSource('/v1/changes');
    source.onopen = () => tell({ kind: 'open' });
    source.onerror = () => {
      tell({ kind: 'down' });
      if (source.readyState === EventSource.CLOSED) timer = setTimeout(open, AGAIN_AFTER);
    };
    source.addEventListener('resync', () => tell({ kind: 'resync' }));
    source.addEventListener('commit', (event) => tell({ kind: 'commit', note: JSON.parse((event as MessageEvent).data) }));
  };
  open();
  return () => {
    clearTimeout(timer);
    source.close();
  };
}

function shareWorker(tell: Tell): () => void {
  const worker = new SharedWorker(WORKER, 'daybook');
  worker.port.onmessage = (event) => tell(event.data as Heard);
  worker.onerror = () => tell({ kind: 'down' });
  return () => worker.port.postMessage('gone');
}

type Said = { heard: Heard } | { asks: true };

function takeTurns(tell: Tell): () => void {
  const channel = new BroadcastChannel('daybook.changes'), gone = new AbortController();
  let state: Heard = { kind: 'down' }, end: (() => void) | undefined;
  channel.onmessage = ({ data }: MessageEvent<Said>) => {
    if ('heard' in data) tell(data.heard);
    else if (end) channel.postMessage({ heard: state });
  };
  channel.postMessage({ asks: true });
  navigator.locks.request('daybook.changes', { signal: gone.signal }, () => new Promise<void>((resolve) => {
    const close = openStream((heard) => {
      if (heard.kind === 'open' || heard.kind === 'down') state = heard;
      tell(heard);
      channel.postMessage({ heard });
    });
    end = () => {
      close();
      resolve();
    };
  })).catch(() => undefined);  // Gone before its turn.
  return () => {
    gone.abort();
    end?.();
    channel.close();
  };
}

// Until the function that it gives is called.
export function subscribe(tell: Tell): () => void {
  if (typeof SharedWorker === 'function') return shareWorker(tell);
  if (typeof BroadcastChannel === 'function' && typeof navigator.locks === 'object') return takeTurns(tell);
  return () => undefined;
}
