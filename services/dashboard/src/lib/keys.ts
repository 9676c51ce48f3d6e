// Keys: single ones do nothing in fields, can be switched off, and are the same in both languages.
import type { Word } from './words';
import { PLACES, type Place } from './places';

export const KEYS: { keys: string[]; word: Word }[] = [
  { keys: ['/'], word: 'key_search' }, { keys: ['d'], word: 'asof' }, { keys: ['n'], word: 'knownat' },
  { keys: ['[', ']'], word: 'key_step' }, { keys: ['t'], word: 'today' }, { keys: ['↑', '↓', '←', '→'], word: 'key_move' },
  { keys: ['Enter'], word: 'key_open' }, { keys: ['Esc'], word: 'key_back' },
  { keys: ['g', 'o'], word: 'overview' }, { keys: ['g', 'a'], word: 'ageing' }, { keys: ['g', 'b'], word: 'bridge' },
  { keys: ['g', 'r'], word: 'restatement' }, { keys: ['g', 'w'], word: 'worklist' }, { keys: ['g', 'k'], word: 'customers' },
  { keys: ['g', 'c'], word: 'cycle' }, { keys: ['g', 's'], word: 'regions' }, { keys: ['g', 'x'], word: 'anomalies' },
  { keys: ['e'], word: 'exportAll' }, { keys: ['c'], word: 'copylink' }, { keys: ['p'], word: 'print' },
  { keys: ['l'], word: 'language' }, { keys: ['.'], word: 'density' }, { keys: ['?'], word: 'keyboard' },
];

const GO: Record<string, Place> = {
  o: 'overview', a: 'ageing', b: 'bridge', r: 'restatement', w: 'worklist', k: 'customers', c: 'cycle', s: 'sales', x: 'anomalies',
};

export interface Doings {
  place: (path: string[]) => void;
  today: () => void;
  up: () => void;
  density: () => void;
  keyboard: () => void;
  singles: () => boolean;  // Whether single keys do anything.
}

const inField = (target: EventTarget | null): boolean => target instanceof Element && target.closest('input,select,textarea,[contenteditable]') !== null;

// What a part of the page does for a key: the first that is seen.
function press(key: string): boolean {
  const element = [...document.querySelectorAll<HTMLElement>('[data-key]')].find((one) => one.dataset.key === key && one.getClientRects().length > 0);
  if (!element) return false;
  element.focus();
  if (!(element instanceof HTMLInputElement)) element.click();
  return true;
}

export function listen(doings: Doings): () => void {
  let going = false;
  const key = (event: KeyboardEvent) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || inField(event.target)) return;
    if (event.key === 'Escape') return doings.up();
    if (!doings.singles()) return;
    if (going) {
      going = false;
      const place = GO[event.key];
      if (place) doings.place(PLACES[place].path);
      return;
    }
    switch (event.key) {
      case 'g': going = true; break;
      case 't': doings.today(); break;
      case '.': doings.density(); break;
      case '?': doings.keyboard(); break;
      case 'p': print(); break;
      default: if (!press(event.key)) return;
    }
    event.preventDefault();
  };
  document.addEventListener('keydown', key);
  return () => document.removeEventListener('keydown', key);
}
