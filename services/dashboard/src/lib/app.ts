// What every part of a page looks at: the address, the language, the two dates, and how links are made.
import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { Status } from './answers';
import type { Lang } from './format';
import { carried, printAddress, type Address, type Params } from './url';
import type { Word } from './words';

export interface App {
  lang: Lang;
  t: (word: Word) => string;
  address: Address;
  status: Status;
  zone: string;
  today: string;
  asOf: string;
  knownAt: string | null;
  base: string | undefined;  // The currency that totals are converted to, where one was chosen.
  // For any view: the two dates, as far as they are set.
  when: Params;
  // For views of a period, where `to` is the as-of date.
  known: Params;
  // Another page, with what is carried along.
  href: (path: string[], params?: Params) => string;
  // This page, with something changed; what was open on it closes.
  here: (changes: Params) => string;
  go: (hash: string) => void;
}

export const AppContext = createContext<App | null>(null);

export function useApp(): App {
  const app = useContext(AppContext);
  if (!app) throw new Error('outside the frame');
  return app;
}

export function linksOf(address: Address): Pick<App, 'href' | 'here' | 'go'> {
  return {
    href: (path, params = {}) => printAddress(path, { ...carried(address.params), ...params }),
    here: (changes) => printAddress(address.path, { ...address.params, cell: undefined, ...changes }),
    go: (hash) => {
      location.hash = hash;
    },
  };
}
