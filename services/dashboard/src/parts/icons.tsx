// Icons as inline SVG: nothing is loaded, and they take the colour of their words.
const PATHS = {
  left: 'M10 3.5 5.5 8l4.5 4.5',
  right: 'M6 3.5 10.5 8 6 12.5',
  down: 'M3.5 6 8 10.5 12.5 6',
  calendar: 'M2.5 4h11v9.5h-11zM2.5 7h11M5.5 2v3M10.5 2v3',
  clock: 'M2 8a6 6 0 1 0 12 0a6 6 0 1 0-12 0M8 4.5V8l2.5 1.5',
  back: 'M3 3v3.5h3.5M3.2 6.5A5.5 5.5 0 1 1 2.6 9M8 5.5V8l2 1.3',
  check: 'M3 8.5 6.5 12 13 4.5',
  cross: 'm4 4 8 8M12 4l-8 8',
  warn: 'M8 2.5 14 13H2zM8 6.5v3M8 11.2v.3',
  info: 'M2 8a6 6 0 1 0 12 0a6 6 0 1 0-12 0M8 7.3v4M8 4.7v.2',
  link: 'M6.5 9.5 9.5 6.5M7 4.5 8.6 2.9a3.2 3.2 0 0 1 4.5 4.5L11.5 9M9 11.5l-1.6 1.6a3.2 3.2 0 0 1-4.5-4.5L4.5 7',
  save: 'M8 2.5v7.5M5 7.2 8 10.2l3-3M3 13.5h10',
  print: 'M4.5 6V2.5h7V6M4.5 11.5h-2V6h11v5.5h-2M4.5 9.5h7v4h-7z',
  search: 'M2.5 7a4.5 4.5 0 1 0 9 0a4.5 4.5 0 1 0-9 0M10.5 10.5l3.5 3.5',
  theme: 'M2.5 8a5.5 5.5 0 1 0 11 0a5.5 5.5 0 1 0-11 0M8 2.5v11M10 3.2v9.6M12 4.5v7',
  overview: 'M2.5 7.5 8 3l5.5 4.5v6h-4v-3.5h-3v3.5h-4z',
  receivables: 'M3 13.5v-8M6.3 13.5v-11M9.7 13.5v-6M13 13.5v-3.5',
  orders: 'M2.5 5 8 2.5 13.5 5v6L8 13.5 2.5 11zM2.5 5 8 7.5 13.5 5M8 7.5v6',
  sales: 'M8 14s4.5-4.3 4.5-7.7A4.4 4.4 0 0 0 8 2a4.4 4.4 0 0 0-4.5 4.3C3.5 9.7 8 14 8 14zM6.5 6.3a1.5 1.5 0 1 0 3 0a1.5 1.5 0 1 0-3 0',
  control: 'M1.5 8.5h3l2-5 3 9 2-4h3',
} as const;

export type IconName = keyof typeof PATHS;

export const Icon = ({ name, small }: { name: IconName; small?: boolean }) => (
  <svg class={small ? 'i s' : 'i'} viewBox="0 0 16 16" aria-hidden="true"><path d={PATHS[name]} /></svg>
);

export const Logo = () => (
  <svg viewBox="0 0 20 20" aria-hidden="true">
    <path d="M3 3.5h14v9.5h-14z" fill="none" stroke="currentColor" stroke-width="1.6" />
    <path d="M6.5 3.5v9.5" stroke="currentColor" stroke-width="1.6" />
    <path d="M3 15.6h14M3 18h14" stroke="currentColor" stroke-width="1.5" />
  </svg>
);
