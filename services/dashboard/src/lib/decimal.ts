// Decimal text as the server sends it ("-1234.50"), computed with whole numbers only: no amount ever goes
// through floating point. `toNumber` is for where something is drawn, nothing else.

interface Decimal {
  units: bigint;
  scale: number;
}

const FORM = /^(-?)(\d+)(?:\.(\d+))?$/;

function parse(text: string): Decimal {
  const parts = FORM.exec(text);
  if (!parts) throw new Error(`not a decimal: ${text}`);
  const fraction = parts[3] ?? '';
  const units = BigInt(parts[2] + fraction);
  return { units: parts[1] ? -units : units, scale: fraction.length };
}

function print({ units, scale }: Decimal): string {
  const digits = abs(units).toString().padStart(scale + 1, '0');
  const whole = digits.slice(0, digits.length - scale);
  return (units < 0n ? '-' : '') + whole + (scale ? '.' + digits.slice(digits.length - scale) : '');
}

const abs = (value: bigint): bigint => (value < 0n ? -value : value);
const power = (scale: number): bigint => 10n ** BigInt(scale);
const scaled = (value: Decimal, scale: number): bigint => value.units * power(scale - value.scale);

// Halves away from zero, as people round.
function divide(dividend: bigint, divisor: bigint): bigint {
  const size = (abs(dividend) * 2n + abs(divisor)) / (abs(divisor) * 2n);
  return dividend < 0n !== divisor < 0n ? -size : size;
}

export function add(a: string, b: string): string {
  const x = parse(a), y = parse(b), scale = Math.max(x.scale, y.scale);
  return print({ units: scaled(x, scale) + scaled(y, scale), scale });
}

export function negate(text: string): string {
  const value = parse(text);
  return print({ units: -value.units, scale: value.scale });
}

export const subtract = (a: string, b: string): string => add(a, negate(b));
export const sum = (texts: string[]): string => texts.reduce(add, '0');
export const isZero = (text: string): boolean => parse(text).units === 0n;
export const isNegative = (text: string): boolean => parse(text).units < 0n;
export const magnitude = (text: string): string => (isNegative(text) ? negate(text) : text);

// Below zero, zero or above, as a is less than, equal to or greater than b.
export function compare(a: string, b: string): number {
  const difference = parse(subtract(a, b)).units;
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

// a / b × 10^shift with that many decimals; null where b is zero.
export function ratio(a: string, b: string, decimals: number, shift = 0): string | null {
  const x = parse(a), y = parse(b), scale = Math.max(x.scale, y.scale);
  if (y.units === 0n) return null;
  return print({ units: divide(scaled(x, scale) * power(decimals + shift), scaled(y, scale)), scale: decimals });
}

export const percent = (a: string, b: string, decimals = 1): string | null => ratio(a, b, decimals, 2);

// The value of `text` / 10^exponent with that many decimals: "12340000.00", 6, 2 gives "12.34".
export function reduced(text: string, exponent: number, decimals: number): string {
  const value = parse(text);
  const below = value.scale + exponent;
  const units = value.units * power(decimals) * power(Math.max(0, -below));
  return print({ units: divide(units, power(Math.max(0, below))), scale: decimals });
}

export const rounded = (text: string, decimals: number): string => reduced(text, 0, decimals);

export const multiply = (text: string, factor: number): string => {
  const value = parse(text);
  return print({ units: value.units * BigInt(factor), scale: value.scale });
};

// For widths and heights only.
export const toNumber = (text: string): number => Number(text);
