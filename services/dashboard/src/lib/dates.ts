// Calendar days as text ("2024-12-31"), and instants in the business time zone. Days are counted in UTC, where none is
// longer than another.

const DAY = 86_400_000;
const at = (day: string): number => Date.parse(day + 'T00:00:00Z');
const text = (time: number): string => new Date(time).toISOString().slice(0, 10);

// A calendar day between 1900 and 2199, as contract 1 has them.
export function isDay(value: string): boolean {
  if (!/^\d{4}-\d\d-\d\d$/.test(value)) return false;
  const time = at(value), year = Number(value.slice(0, 4));
  return !Number.isNaN(time) && text(time) === value && year >= 1900 && year <= 2199;
}

export const addDays = (day: string, count: number): string => text(at(day) + count * DAY);
export const daysBetween = (from: string, to: string): number => Math.round((at(to) - at(from)) / DAY);
export const monthOf = (day: string): string => day.slice(0, 7);
export const monthStart = (day: string): string => day.slice(0, 7) + '-01';

// The first of a month so many months on.
export function addMonths(day: string, count: number): string {
  const months = Number(day.slice(0, 4)) * 12 + Number(day.slice(5, 7)) - 1 + count;
  return `${String(Math.floor(months / 12)).padStart(4, '0')}-${String((months % 12) + 1).padStart(2, '0')}-01`;
}

export const monthEnd = (day: string): string => addDays(addMonths(day, 1), -1);
export const isMonthEnd = (day: string): boolean => monthEnd(day) === day;
export const previousMonthEnd = (day: string): string => addDays(monthStart(day), -1);
export const nextMonthEnd = (day: string): string => (isMonthEnd(day) ? monthEnd(addMonths(day, 1)) : monthEnd(day));
export const weekday = (day: string): number => (new Date(at(day)).getUTCDay() + 6) % 7;  // Monday is 0.

export const quarterOf = (day: string): number => Math.ceil(Number(day.slice(5, 7)) / 3);
export const quarterStart = (day: string): string =>
  `${day.slice(0, 4)}-${String(quarterOf(day) * 3 - 2).padStart(2, '0')}-01`;
export const quarterEnd = (day: string): string => monthEnd(addMonths(quarterStart(day), 2));
export const yearStart = (day: string): string => day.slice(0, 4) + '-01-01';

// How a label of the server is spelled: "2024-12", "2024-Q4", "2024-W52", "2024".
export const monthLabel = (day: string): string => monthOf(day);
export const quarterLabel = (day: string): string => `${day.slice(0, 4)}-Q${quarterOf(day)}`;

// The first and last day of a label; null where it is no month, quarter, year or day.
export function daysOfLabel(label: string): [string, string] | null {
  const quarter = /^(\d{4})-Q([1-4])$/.exec(label);
  if (quarter) {
    const start = `${quarter[1]}-${String(Number(quarter[2]) * 3 - 2).padStart(2, '0')}-01`;
    return [start, quarterEnd(start)];
  }
  if (/^\d{4}-\d\d$/.test(label)) return [label + '-01', monthEnd(label + '-01')];
  if (/^\d{4}$/.test(label)) return [label + '-01-01', label + '-12-31'];
  return isDay(label) ? [label, label] : null;
}

export interface LocalTime {
  day: string;
  clock: string;  // "23:45:23"
}

const formats = new Map<string, Intl.DateTimeFormat>();

function formatOf(zone: string): Intl.DateTimeFormat {
  let format = formats.get(zone);
  if (!format) {
    format = new Intl.DateTimeFormat('en-GB', {
      timeZone: zone, hourCycle: 'h23', year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit',
      second: '2-digit',
    });
    formats.set(zone, format);
  }
  return format;
}

export function localTime(instant: string, zone: string): LocalTime {
  const parts: Record<string, string> = {};
  for (const { type, value } of formatOf(zone).formatToParts(Date.parse(instant))) parts[type] = value;
  return {
    day: `${parts.year.padStart(4, '0')}-${parts.month}-${parts.day}`,
    clock: `${parts.hour}:${parts.minute}:${parts.second}`,
  };
}

// The instant of a day and a clock time in a zone, found by correcting a guess by what the zone makes of it: twice,
// for the clocks may change in between.
export function instantOf(day: string, clock: string, zone: string): string {
  const wanted = Date.parse(`${day}T${clock}Z`);
  let guess = wanted;
  for (let i = 0; i < 2; ++i) {
    const seen = localTime(new Date(guess).toISOString(), zone);
    guess += wanted - Date.parse(`${seen.day}T${seen.clock}${clock.slice(8)}Z`);
  }
  return new Date(guess).toISOString();
}

// The last millisecond of a business day.
export const endOfDay = (day: string, zone: string): string =>
  new Date(Date.parse(instantOf(addDays(day, 1), '00:00:00', zone)) - 1).toISOString();
