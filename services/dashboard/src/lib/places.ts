// The places of the dashboard, and the path from each page back to where one came from.
import type { IconName } from '../parts/icons';
import { decoded, orNone, type Address, type Params } from './url';
import type { Word } from './words';

export const PLACES = {
  overview: { path: [] as string[], word: 'overview' as Word },
  ageing: { path: ['receivables', 'ageing'], word: 'ageing' as Word },
  bridge: { path: ['receivables', 'roll-forward'], word: 'bridge' as Word },
  restatement: { path: ['receivables', 'restatement'], word: 'restatement' as Word },
  worklist: { path: ['receivables', 'worklist'], word: 'worklist' as Word },
  reconcile: { path: ['receivables', 'reconcile'], word: 'reconcile' as Word },
  customers: { path: ['customers'], word: 'customers' as Word },
  cycle: { path: ['order-cycle'], word: 'cycle' as Word },
  ontime: { path: ['on-time'], word: 'ontime' as Word },
  openorders: { path: ['open-orders'], word: 'openorders' as Word },
  sales: { path: ['sales'], word: 'regions' as Word },
  anomalies: { path: ['anomalies'], word: 'anomalies' as Word },
  parked: { path: ['parked'], word: 'parked' as Word },
  status: { path: ['status'], word: 'status' as Word },
};
export type Place = keyof typeof PLACES;

export interface Section {
  word: Word;
  short: Word;
  icon: IconName;
  places: Place[];
}

export const SECTIONS: Section[] = [
  { word: 'overview', short: 'overview', icon: 'overview', places: ['overview'] },
  { word: 'receivables', short: 'receivablesShort', icon: 'receivables', places: ['ageing', 'bridge', 'restatement', 'worklist', 'reconcile', 'customers'] },
  { word: 'orders', short: 'orders', icon: 'orders', places: ['cycle', 'ontime', 'openorders'] },
  { word: 'sales', short: 'sales', icon: 'sales', places: ['sales'] },
  { word: 'control', short: 'control', icon: 'control', places: ['anomalies', 'parked', 'status'] },
];

// Documents belong to the place that leads to them.
const OF_DOCUMENTS: Record<string, Place> = {
  invoices: 'customers', payments: 'customers', 'credit-notes': 'customers', orders: 'openorders', shipments: 'openorders', events: 'status', customers: 'customers',
};

export function placeOf(path: string[]): Place {
  const known = (Object.keys(PLACES) as Place[]).find((place) => PLACES[place].path.join('/') === path.join('/'));
  return known ?? OF_DOCUMENTS[path[0]] ?? 'overview';
}

// The rows that are open, as the address has them.
export const openOf = (text: string | undefined): string[] => (text ?? '').split(',').filter(Boolean).map(decoded);
export const printOpen = (open: string[]): string | undefined => orNone(open.map(encodeURIComponent).join(','));

export interface Crumb {
  words: string;
  href?: string;
}

type Words = (word: Word) => string;
type Href = (path: string[], params?: Params) => string;

export function crumbsOf(address: Address, t: Words, href: Href, here: (changes: Params) => string): Crumb[] {
  const place = placeOf(address.path), section = SECTIONS.find(({ places }) => places.includes(place));
  const crumbs: Crumb[] = [];
  if (section && section.word !== 'overview') crumbs.push({ words: t(section.word), href: href(PLACES[section.places[0]].path) });
  crumbs.push({ words: t(PLACES[place].word), href: href(PLACES[place].path) });
  const customer = address.params.customer_id;
  if (address.path.length > 1 && PLACES[place].path.join('/') !== address.path.join('/')) {
    if (customer && address.path[0] !== 'customers') crumbs.push({ words: customer, href: href(['customers', customer]) });
    crumbs.push({ words: address.path[0] === 'events' ? address.path.slice(1).join(':') : address.path[1], href: href(address.path.slice(0, 2), customer ? { customer_id: customer } : {}) });
    if (address.path[2] === 'statement') crumbs.push({ words: t('statement') });
  }
  // The rows that were opened last, and what was opened in them.
  const opened = openOf(address.params.open), last = opened[opened.length - 1];
  if (last) crumbs.push({ words: last.replace(/^(all:)?[^:]*:/, ''), href: here({}) });
  if (address.params.cell) crumbs.push({ words: t('cell_rows') });
  return crumbs;
}
