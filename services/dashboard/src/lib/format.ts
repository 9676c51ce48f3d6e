// Numbers and dates as the language writes them. Amounts stay decimal text from the server to the screen.
import { isNegative, isZero, magnitude, negate, percent, reduced } from './decimal';
import { daysOfLabel, localTime, monthEnd, monthStart, quarterOf, quarterStart, quarterEnd, yearStart } from './dates';

export type Lang = 'en' | 'zh';

export const MINUS = '−';
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const MONTHS_LONG = ['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October',
  'November', 'December'];

const grouped = (digits: string): string => digits.replace(/\B(?=(\d{3})+(?!\d))/g, ',');

// "-1234.50" → "−1,234.50".
export function plain(text: string): string {
  const [whole, fraction] = magnitude(text).split('.');
  return (isNegative(text) ? MINUS : '') + grouped(whole) + (fraction ? '.' + fraction : '');
}

export const count = (value: number): string => plain(String(Math.trunc(value)));

// "+1,234.50", "−1,234.50", "0.00".
export const signed = (text: string): string => (isZero(text) || isNegative(text) ? '' : '+') + plain(text);

// How many digits stand before the point.
const size = (text: string): number => magnitude(text).split('.')[0].length;

interface Unit {
  exponent: number;
  name: string;
  decimals: (digits: number) => number;  // By how many digits stand before the point in this unit.
}
const UNITS: Record<Lang, Unit[]> = {
  en: [
    { exponent: 0, name: '', decimals: () => 0 }, { exponent: 3, name: ' k', decimals: (digits) => (digits >= 3 ? 0 : 1) },
    { exponent: 6, name: ' m', decimals: () => 2 }, { exponent: 9, name: ' bn', decimals: () => 2 },
    { exponent: 12, name: ' tn', decimals: () => 2 },
  ],
  zh: [{ exponent: 0, name: '', decimals: () => 0 }, { exponent: 4, name: ' 万', decimals: (digits) => (digits >= 3 ? 0 : 1) }, { exponent: 8, name: ' 亿', decimals: () => 2 },
    { exponent: 12, name: ' 万亿', decimals: () => 2 }],
};

// For tiles and charts: 41862310 → "41.86 m", "4,186 万". The exact figure is never far. What rounds up to the next unit
// stands in it: 999,665 is "1.00 m".
export function compact(text: string, lang: Lang): string {
  const units = UNITS[lang];
  for (let i = 0; ; ++i) {
    const { exponent, name, decimals } = units[i], next = units[i + 1];
    const value = reduced(text, exponent, decimals(size(reduced(text, exponent, 0))));
    if (!next || size(value) <= next.exponent - exponent) return plain(value) + name;
  }
}

export const compactSigned = (text: string, lang: Lang): string =>
  (isZero(text) || isNegative(text) ? '' : '+') + compact(text, lang);

// "50.3%"; null where there is nothing to have a share of.
export function share(part: string, whole: string, decimals = 1): string | null {
  const value = percent(part, whole, decimals);
  return value === null ? null : plain(value) + '%';
}

export const percentText = (value: string, decimals = 1): string => plain(reduced(value, 0, decimals)) + '%';
// A rate of the server, "0.6311".
export const rateText = (rate: string, decimals = 0): string => plain(reduced(rate, -2, decimals)) + '%';

export type DateStyle = 'table' | 'short' | 'month' | 'long';

export function date(day: string, lang: Lang, style: DateStyle = 'table'): string {
  const [year, month, of] = day.slice(0, 10).split('-').map(Number);
  if (lang === 'zh') {
    if (style === 'long') return `${year}年${month}月${of}日`;
    if (style === 'month') return `${year}年${month}月`;
    return style === 'short' ? `${month}月${of}日` : day.slice(0, 10);
  }
  if (style === 'month') return `${MONTHS[month - 1]} ${year}`;
  if (style === 'short') return `${of} ${MONTHS[month - 1]}`;
  return style === 'long' ? `${of} ${MONTHS_LONG[month - 1]} ${year}` : `${of} ${MONTHS[month - 1]} ${year}`;
}

// "December" where the year is plain.
export function monthName(day: string, lang: Lang, short = false): string {
  const month = Number(day.slice(5, 7));
  if (lang === 'zh') return `${month}月`;
  return (short ? MONTHS : MONTHS_LONG)[month - 1];
}

// A label of the server: "2024-12", "2024-Q4", "2024-W07", "2024".
export function period(label: string, lang: Lang): string {
  const quarter = /^(\d{4})-Q(\d)$/.exec(label);
  if (quarter) return lang === 'zh' ? `${quarter[1]}年${quarter[2]}季度` : `Q${quarter[2]} ${quarter[1]}`;
  const week = /^(\d{4})-W(\d\d)$/.exec(label);
  if (week) return lang === 'zh' ? `${week[1]}年第${Number(week[2])}周` : `W${week[2]} ${week[1]}`;
  if (/^\d{4}-\d\d$/.test(label)) return lang === 'zh' ? label : date(label + '-01', 'en', 'month');
  if (label.includes('/')) {
    const [from, to] = label.split('/');
    return span(from, to, lang);
  }
  return daysOfLabel(label) && label.length === 10 ? date(label, lang) : label;
}

// For axes, where the year is plain: "Dec", "Q4", "W07".
export function periodShort(label: string, lang: Lang): string {
  const quarter = /^\d{4}-Q(\d)$/.exec(label);
  if (quarter) return lang === 'zh' ? `${quarter[1]}季` : `Q${quarter[1]}`;
  const week = /^\d{4}-(W\d\d)$/.exec(label);
  if (week) return week[1];
  return /^\d{4}-\d\d$/.test(label) ? monthName(label + '-01', lang, true) : label;
}

// From the first day to the last: "1 – 30 Nov 2024", "Dec 2023 – Dec 2024", "Q4 2024".
export function span(from: string, to: string, lang: Lang): string {
  const whole = from === monthStart(from) && to === monthEnd(to);
  if (from === quarterStart(to) && to === quarterEnd(to)) return period(`${to.slice(0, 4)}-Q${quarterOf(to)}`, lang);
  if (from === yearStart(to) && to === to.slice(0, 4) + '-12-31') return lang === 'zh' ? `${to.slice(0, 4)}年` : to.slice(0, 4);
  if (whole && from.slice(0, 7) !== to.slice(0, 7)) {
    return lang === 'zh' ? `${from.slice(0, 7)} – ${to.slice(0, 7)}` : `${date(from, lang, 'month')} – ${date(to, lang, 'month')}`;
  }
  if (lang === 'en' && from.slice(0, 7) === to.slice(0, 7)) return `${Number(from.slice(8))} – ${date(to, lang)}`;
  return `${date(from, lang)} – ${date(to, lang)}`;
}

// "31 Dec 2024 23:45:23" in the business time zone.
export function instant(time: string, zone: string, lang: Lang, precision: 'minutes' | 'seconds' = 'minutes'): string {
  const local = localTime(time, zone);
  return `${date(local.day, lang)} ${precision === 'minutes' ? local.clock.slice(0, 5) : local.clock}`;
}

// Seconds as days to one decimal, hours below one day; the sign is kept.
export function duration(seconds: string, lang: Lang): string {
  const hours = BigInt(reduced(magnitude(seconds), 0, 0)) < 86400n;
  const value = inUnits(seconds, hours ? 3600 : 86400, 1);
  return plain(value) + (lang === 'zh' ? (hours ? ' 小时' : ' 天') : hours ? ' h' : ' d');
}

function inUnits(seconds: string, unitSeconds: number, decimals: number): string {
  const negative = isNegative(seconds);
  const value = percent(magnitude(seconds), String(unitSeconds * 100), decimals) ?? '0';
  return negative ? negate(value) : value;
}

// "15.4": seconds as days.
export const days = (seconds: string | number, decimals = 1): string => plain(inUnits(String(seconds), 86400, decimals));
export const daysSigned = (seconds: string | number, decimals = 2): string => signed(inUnits(String(seconds), 86400, decimals));
