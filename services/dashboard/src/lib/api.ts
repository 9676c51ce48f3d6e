// Asking the server. Answers are kept per address, so that going back is instant; an answer is asked for again once
// it may be another, and the old figures stay until the new ones are there. Another question shows nothing of the
// one before: a figure under the wrong heading misleads.
import { useLayoutEffect, useState } from 'preact/hooks';
import { tickOf, useTick } from './changes';
import { query, type Params } from './url';

export interface Violation {
  index: number;
  field: string;
  message: string;
}

// Problem details of RFC 9457; status 0: no answer at all.
export class Failure extends Error {
  constructor(readonly status: number, readonly title: string, readonly detail: string, readonly violations: Violation[] = [], readonly accounts: string[] = []) {
    super(`${status} ${title}: ${detail}`);
  }
}

async function failureOf(response: Response): Promise<Failure> {
  try {
    const problem = await response.json();
    return new Failure(response.status, problem.title ?? '', problem.detail ?? '', problem.violations ?? [], problem.accounts ?? []);
  } catch {
    return new Failure(response.status, response.statusText, '');
  }
}

export async function send<T>(url: string, init: RequestInit = {}): Promise<T> {
  let response: Response;
  try {
    response = await fetch(url, init);
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    throw new Failure(0, '', String(error));
  }
  if (!response.ok) throw await failureOf(response);
  return response.json();
}

export const urlOf = (path: string, params: Params = {}): string => {
  const text = query(params);
  return text ? `${path}?${text}` : path;
};

interface Kept {
  data: unknown;
  tick: number;
}
const KEPT_MAX = 64;
const kept = new Map<string, Kept>();
const underWay = new Map<string, Promise<unknown>>();

function keep(url: string, entry: Kept): void {
  kept.delete(url);
  kept.set(url, entry);
  if (kept.size > KEPT_MAX) kept.delete(kept.keys().next().value as string);
}

// One request for all who ask the same at the same time.
function share<T>(url: string): Promise<T> {
  let promise = underWay.get(url) as Promise<T> | undefined;
  if (!promise) {
    promise = send<T>(url).finally(() => underWay.delete(url));
    underWay.set(url, promise);
  }
  return promise;
}

// Asks what a page will ask when it stands, while it is being made.
export async function ahead<T>(path: string, params: Params): Promise<T> {
  const url = urlOf(path, params), tick = tickOf(path, params), data = await share<T>(url);
  keep(url, { data, tick });
  return data;
}

export interface Loaded<T> {
  data?: T;
  failure?: Failure;
  busy: boolean;
  retry: () => void;
}

interface State {
  url: string | null;
  data?: unknown;
  failure?: Failure;
  busy: boolean;
}

// `path` null: nothing is asked, for what it depends on is not known yet.
export function useAnswer<T>(path: string | null, params: Params = {}): Loaded<T> {
  const url = path === null ? null : urlOf(path, params);
  const tick = useTick(path, params);
  const [attempt, setAttempt] = useState(0);
  const [state, setState] = useState<State>({ url: null, busy: false });

  // Before anything is painted: the answer is under way while the page takes its first shape.
  useLayoutEffect(() => {
    if (url === null) return;
    const known = kept.get(url);
    if (known && known.tick === tick && attempt === 0) {
      setState({ url, data: known.data, busy: false });
      return;
    }
    let gone = false;
    setState((old) => ({ url, data: known?.data ?? (old.url === url ? old.data : undefined), busy: true }));
    share<T>(url).then(
      (data) => {
        keep(url, { data, tick });
        if (!gone) setState({ url, data, busy: false });
      },
      (failure: Failure) => {
        if (!gone) setState({ url, failure, busy: false });
      },
    );
    return () => {
      gone = true;
    };
  }, [url, tick, attempt]);

  const retry = () => setAttempt((count) => count + 1);
  if (state.url === url) return { data: state.data as T | undefined, failure: state.failure, busy: state.busy, retry };
  return { data: url === null ? undefined : (kept.get(url)?.data as T | undefined), busy: true, retry };
}

export interface Rows<Answer, Row> extends Loaded<Answer> {
  rows: Row[];
  more: (() => void) | null;  // null on the last page.
  complete: boolean;
}

interface Pages<Row> {
  url: string;
  first: unknown;
  rows: Row[];
  token: string | null;
}

export const PAGE = 100;
export const PAGE_MAX = 1000;

// The rows of a paged list: the first page, and those asked for since.
export function useRows<Answer extends { next_page_token?: string | null }, Row>(
  path: string | null, params: Params, rowsOf: (answer: Answer) => Row[], size = PAGE): Rows<Answer, Row> {
  const asked = { ...params, page_size: size };
  const first = useAnswer<Answer>(path, asked);
  const url = path === null ? '' : urlOf(path, asked);
  const [pages, setPages] = useState<Pages<Row> | null>(null);
  const further = pages && pages.url === url && pages.first === first.data ? pages : null;
  const token = further ? further.token : (first.data?.next_page_token ?? null);
  const rows = first.data ? [...rowsOf(first.data), ...(further?.rows ?? [])] : [];
  const more = token === null || path === null ? null : () => {
    send<Answer>(urlOf(path, { ...asked, page_token: token })).then((answer) => {
      setPages({
        url, first: first.data, rows: [...(further?.rows ?? []), ...rowsOf(answer)], token: answer.next_page_token ?? null,
      });
    }, () => undefined);
  };
  return { ...first, rows, more, complete: first.data !== undefined && token === null };
}

// All rows of a list, page by page, up to `max`; `onPage` hears how many there are, and may throw to end it.
export async function askAll<Answer extends { next_page_token?: string | null }, Row>(
  path: string, params: Params, rowsOf: (answer: Answer) => Row[], max: number, onPage?: (read: number) => void): Promise<{ rows: Row[]; last: Answer; complete: boolean }> {
  const rows: Row[] = [];
  let token: string | null = null;
  for (;;) {
    const answer: Answer = await send<Answer>(urlOf(path, { ...params, page_size: PAGE_MAX, page_token: token }));
    rows.push(...rowsOf(answer));
    onPage?.(rows.length);
    token = answer.next_page_token ?? null;
    if (token === null || rows.length >= max) return { rows, last: answer, complete: token === null };
  }
}
