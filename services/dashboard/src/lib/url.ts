// The address is the statement: every choice on a page stands in it, so that a link reproduces the page and each
// choice is one step of the browser's history. Behind the `#`: the server then serves one page and knows no other.

export interface Address {
  path: string[];  // Percent-decoded.
  params: Record<string, string>;
}

export const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;  // Typed by hand, with a lone "%".
  }
};

export function parseAddress(hash: string): Address {
  const [path, query = ''] = hash.replace(/^#?\/?/, '').split(/\?(.*)/s);
  const params: Record<string, string> = {};
  for (const [name, value] of new URLSearchParams(query)) params[name] = value;
  return { path: path.split('/').filter(Boolean).map(decoded), params };
}

// What is not there (undefined or null) is left out, so that a default leaves no trace; an empty value is one: rows
// without a region have the region "".
export type Params = Record<string, string | number | boolean | null | undefined>;

export function query(params: Params): string {
  const pairs = Object.entries(params).filter(([, value]) => value !== undefined && value !== null);
  return new URLSearchParams(pairs.map(([name, value]) => [name, String(value)])).toString();
}

export function printAddress(path: string[], params: Params): string {
  const text = query(params);
  return '#/' + path.map(encodeURIComponent).join('/') + (text ? '?' + text : '');
}

// What goes along from page to page: when, as known when, in which money, and in which language.
export const CARRIED = ['as_of', 'known_at', 'base_currency', 'region', 'lang'];

export function carried(params: Record<string, string>): Params {
  return Object.fromEntries(CARRIED.filter((name) => params[name] !== undefined).map((name) => [name, params[name]]));
}

// A path below /v1, each part encoded.
export const apiPath = (...parts: (string | number)[]): string => '/v1/' + parts.map((part) => encodeURIComponent(part)).join('/');

// What was chosen or typed; nothing is the default.
export const orNone = (value: string): string | undefined => (value === '' ? undefined : value);
