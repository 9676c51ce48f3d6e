// Charts as fluid SVG: x in per cent, y in pixels, so that text keeps its size at any width. A chart whose marks lead
// somewhere is a group of links, another a picture with a name, one that repeats its row is hidden from readers.
// Heights are the only use of amounts as floating point.
import type { ComponentChildren } from 'preact';
import { compact, compactSigned, type Lang } from '../lib/format';
import { isZero, toNumber } from '../lib/decimal';

const P = (x: number): string => x.toFixed(2) + '%';

interface SvgProps {
  height: number;
  label?: string;
  group?: boolean;
  class?: string;
  children: ComponentChildren;
}

const Svg = ({ height, label, group, class: cls, children }: SvgProps) => (
  <svg class={cls} width="100%" height={height} aria-hidden={label ? undefined : 'true'}
    role={label ? (group ? 'group' : 'img') : undefined} aria-label={label}>{children}</svg>
);

// What is lower or on the other side is hatched, so that colour is never alone.
export const Patterns = () => (
  <svg width="0" height="0" aria-hidden="true" class="defs">
    <defs>
      <pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
        <rect width="6" height="6" class="hb" /><rect width="2.4" height="6" class="hl" />
      </pattern>
      <pattern id="hatchd" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
        <rect width="5" height="5" class="hdb" /><rect width="1.8" height="5" class="hdl" />
      </pattern>
    </defs>
  </svg>
);

export interface Column {
  label: string;
  value: string;
  share: string | null;
  href: string;
}

interface AgeingProps {
  title: string;
  columns: Column[];
  credits: { lines: string[]; value: string; href: string }[];
  axis: string;
  bracket?: string;
  lang: Lang;
  height?: number;
}

const age = (index: number, count: number): number => (count <= 6 ? index : index === 0 ? 0 : 1 + Math.round((4 * (index - 1)) / (count - 2)));

// Ordered columns; the customers' money hangs below the line, set apart, never netted in.
export function AgeingColumns({ title, columns, credits, axis, bracket, lang, height = 212 }: AgeingProps) {
  const max = Math.max(1, ...columns.map((column) => toNumber(column.value)));
  // The bracket stands over what is below it, also where that is the highest.
  const top = !bracket ? 36 : columns.slice(1).some((column) => toNumber(column.value) > 0.8 * max) ? 62 : 40;
  const maxCredit = Math.max(1, ...credits.map((credit) => toNumber(credit.value)));
  const plot = height - top - 36, down = Math.min(26, Math.max(10, (plot * maxCredit) / max)), up = plot - down, zero = top + up;
  const slot = 73.2 / columns.length, right = 75.6, end = 73.2;
  return (
    <Svg height={height} label={title} group class="ageing">
      <line x1="0" x2={P(end)} y1={zero + 0.5} y2={zero + 0.5} class="ax" />
      <line x1={P(right)} x2="100%" y1={zero + 0.5} y2={zero + 0.5} class="ax" />
      {columns.map((column, i) => {
        const value = toNumber(column.value), h = value > 0 ? Math.max(2, (up * value) / max) : 0, x = i * slot, middle = P(x + slot / 2);
        return (
          <a key={column.label} href={column.href} class="colm">
            <rect x={P(x)} y="0" width={P(slot)} height={height - 18} class="hit" />
            <rect x={P(x + 1)} y={zero - h} width={P(slot - 2)} height={h} class={`f${age(i, columns.length)}`} />
            <text x={middle} y={zero - h - 19} class="tv" text-anchor="middle">{compact(column.value, lang)}</text>
            <text x={middle} y={zero - h - 5} class="ts" text-anchor="middle">{column.share ?? ''}</text>
            <text x={middle} y={zero + 16} class="tl" text-anchor="middle">{column.label}</text>
          </a>
        );
      })}
      {credits.map((credit, i) => {
        const value = toNumber(credit.value), h = value ? Math.max(3, (down * value) / maxCredit) : 0, x = right + i * 12.2, middle = P(x + 6.1);
        return (
          <a key={i} href={credit.href} class="colm">
            <rect x={P(x)} y={zero - 24} width="12.2%" height={height - zero + 6} class="hit" />
            <rect x={P(x + 1.6)} y={zero + 1} width="9%" height={h} fill="url(#hatch)" class="cr" />
            <text x={middle} y={zero - 7} class="tv" text-anchor="middle">{value ? compact('-' + credit.value, lang) : '–'}</text>
            {credit.lines.map((line, j) => <text key={j} x={middle} y={zero + h + 16 + 13 * j} class="tl" text-anchor="middle">{line}</text>)}
          </a>
        );
      })}
      <text x={P(slot * (columns.length + 1) / 2)} y={zero + 31} class="ts" text-anchor="middle">{axis}</text>
      {bracket ? (
        <>
          <line x1={P(slot + 1)} x2={P(end - 1)} y1="22.5" y2="22.5" class="br" />
          <line x1={P(slot + 1)} x2={P(slot + 1)} y1="22" y2="28" class="br" />
          <line x1={P(end - 1)} x2={P(end - 1)} y1="22" y2="28" class="br" />
          <text x={P(end - 1)} y="15" text-anchor="end" class="tv">{bracket}</text>
        </>
      ) : null}
    </Svg>
  );
}

// The same as rows, for phones.
export function AgeingRows({ title, columns, lang }: { title: string; columns: Column[]; lang: Lang }) {
  const max = Math.max(1, ...columns.map((column) => toNumber(column.value))), step = 40;
  return (
    <Svg height={columns.length * step} label={title} group>
      {columns.map((column, i) => (
        <a key={column.label} href={column.href} class="colm">
          <rect x="0" y={i * step} width="100%" height={step} class="hit" />
          <text x="0" y={i * step + 24} class="tl">{column.label}</text>
          <rect x="25%" y={i * step + 12} width={P(Math.max(0.6, (38 * toNumber(column.value)) / max))} height="16" class={`f${age(i, columns.length)}`} />
          <text x="86%" y={i * step + 24} class="tv" text-anchor="end">{compact(column.value, lang)}</text>
          <text x="100%" y={i * step + 24} class="ts" text-anchor="end">{column.share ?? ''}</text>
        </a>
      ))}
    </Svg>
  );
}

// The whole row in order of age.
export function Profile({ parts, label, height = 3 }: { parts: string[]; label?: string; height?: number }) {
  const values = parts.map((part) => Math.max(0, toNumber(part))), whole = values.reduce((a, b) => a + b, 0) || 1;
  let x = 0;
  return (
    <Svg height={height} label={label} class="profile">
      {values.map((value, i) => {
        const width = (100 * value) / whole, from = x;
        x += width;
        return width > 0.01 ? <rect key={i} x={P(from)} y="0" width={P(Math.max(0.8, width - (x < 99.9 ? 0.9 : 0)))} height={height} class={`f${age(i, parts.length)}`} /> : null;
      })}
    </Svg>
  );
}

// A line of 13 periods or so; what is not known leaves a gap of the line, not a zero.
export function Spark({ values, label, height = 22, zero = false }: { values: (number | null)[]; label?: string; height?: number; zero?: boolean }) {
  const known = values.map((value, i) => [value, i] as const).filter((pair): pair is readonly [number, number] => pair[0] !== null);
  if (known.length < 2) return <svg class="spark" width="100%" height={height} aria-hidden="true" />;
  const numbers = known.map(([value]) => value), low = zero ? 0 : Math.min(...numbers), high = Math.max(...numbers), n = values.length - 1;
  const y = (value: number): number => 3 + (height - 6) * (1 - (value - low) / (high - low || 1));
  const points = known.map(([value, i]) => `${((100 * i) / n).toFixed(2)},${((100 * y(value)) / height).toFixed(2)}`).join(' ');
  const last = known[known.length - 1];
  return (
    <svg class="spark" width="100%" height={height} role={label ? 'img' : undefined} aria-label={label} aria-hidden={label ? undefined : 'true'}>
      <svg width="100%" height={height} viewBox="0 0 100 100" preserveAspectRatio="none"><polyline points={points} class="ln" /></svg>
      <circle cx={P(Math.min(99, (100 * last[1]) / n))} cy={y(last[0])} r="2.5" class="dt" />
    </svg>
  );
}

export interface WaterfallStep {
  lines: string[];
  value: string;
  total?: boolean;
  href: string;
}

// Totals stand on the axis, what adds is solid, what lowers is hatched; each says its sign.
export function Waterfall({ title, steps, lang, height = 224 }: { title: string; steps: WaterfallStep[]; lang: Lang; height?: number }) {
  const top = 22, bottom = 34, plot = height - top - bottom, axis = height - bottom;
  let run = 0;
  const bars = steps.map((step) => {
    const value = toNumber(step.value), from = step.total ? 0 : run;
    run = step.total ? value : run + value;
    return { ...step, number: value, from, to: run };
  });
  const high = Math.max(0, ...bars.map((bar) => Math.max(bar.from, bar.to))), low = Math.min(0, ...bars.map((bar) => Math.min(bar.from, bar.to)));
  const y = (value: number): number => top + plot * (1 - (value - low) / (high - low || 1)), slot = 100 / bars.length;
  return (
    <Svg height={height} label={title} group class="wf">
      {bars.map((bar, i) => {
        const x = i * slot, y1 = Math.min(y(bar.from), y(bar.to)), middle = P(x + slot / 2);
        const h = isZero(bar.value) && !bar.total ? 0 : Math.max(2, Math.abs(y(bar.from) - y(bar.to))), above = bar.total || bar.number >= 0;
        const words = bar.total ? compact(bar.value, lang) : isZero(bar.value) ? '–' : compactSigned(bar.value, lang);
        return (
          <a key={i} href={bar.href} class="colm">
            <rect x={P(x)} y="0" width={P(slot)} height={height} class="hit" />
            {i + 1 < bars.length ? <line x1={P(x + slot * 0.86)} x2={P(x + slot * 1.14)} y1={y(bar.to) + 0.5} y2={y(bar.to) + 0.5} class="cn" /> : null}
            {h ? <rect x={P(x + slot * 0.14)} y={y1} width={P(slot * 0.72)} height={h} class={bar.total ? 'wt' : bar.number >= 0 ? 'wa' : 'wl'} /> : null}
            <text x={middle} y={Math.min(above ? y1 - 6 : y1 + h + 14, axis - 2)} class="tv" text-anchor="middle">{words}</text>
            {bar.lines.map((line, k) => <text key={k} x={middle} y={axis + 17 + 13 * k} class="tl" text-anchor="middle">{line}</text>)}
          </a>
        );
      })}
      <line x1="0" x2="100%" y1={y(0) + 0.5} y2={y(0) + 0.5} class="ax" />
    </Svg>
  );
}

// A bar against a marker, and a thin one where that would stand today; an earlier period as a thin bar below.
export function Bullet({ actual, target, pace, before, max, label, height = 22 }: { actual: number; target?: number; pace?: number; before?: number; max: number; label?: string; height?: number }) {
  const at = (value: number): number => Math.max(0, Math.min(100, (100 * value) / (max || 1)));
  return (
    <Svg height={height} label={label} class="bullet">
      <rect x="0" y="5" width="100%" height={height - 10} class="bb" />
      {before !== undefined ? <rect x="0" y={height - 7} width={P(Math.min(97, at(before)))} height="4" class="bp" /> : null}
      <rect x="0" y="5" width={P(at(actual))} height={height - 12} class="ba" />
      {pace !== undefined ? <rect x={P(at(pace))} y="3" width="1.5" height={height - 7} class="pace" /> : null}
      {target !== undefined ? <rect x={P(at(target))} y="1" width="3" height={height - 3} class="bt" /> : null}
    </Svg>
  );
}

export interface Band {
  label: string;
  p50: number | null;
  p90: number | null;
  p99: number | null;
  mean: number | null;
}

interface BandsProps {
  title?: string;
  bands: Band[];
  height?: number;
  max?: number;
  names?: { p50: string; p90: string; mean: string; p99: string };
  small?: boolean;
}

export const bandsMax = (bands: Band[], key: 'p90' | 'p99'): number => Math.max(1, ...bands.map((band) => band[key] ?? 0));

function niceStep(max: number): number {
  const raw = max / 4, power = 10 ** Math.floor(Math.log10(raw));
  return [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((step) => step >= raw) ?? raw;
}

// Half within (bold), to nine in ten (area), to 99 in 100 (lighter), the mean dotted; names at the ends of the lines.
export function Bands({ title, bands, height = 220, max, names, small }: BandsProps) {
  const known = bands.filter((band) => band.p50 !== null);
  const highest = max ?? bandsMax(bands, small ? 'p90' : 'p99'), step = niceStep(highest), ceiling = small ? highest : step * Math.ceil(highest / step);
  const top = small ? 4 : 10, bottom = small ? 4 : 24, plot = height - top - bottom, n = Math.max(1, bands.length - 1), W = 1000;
  const y = (value: number): number => top + plot * (1 - value / (ceiling || 1));
  const x = (band: Band): number => (bands.length === 1 ? W / 2 : (W * bands.indexOf(band)) / n);
  const path = (key: 'p50' | 'p90' | 'p99' | 'mean', reverse = false): string => {
    const points = known.map((band) => `${x(band).toFixed(1)},${y(band[key] ?? 0).toFixed(1)}`);
    return (reverse ? points.reverse() : points).join(' ');
  };
  const ticks: number[] = [];
  if (!small) for (let tick = 0; tick <= ceiling + step / 2; tick += step) ticks.push(tick);
  // The last period has its label, and as many before it as there is room for; on phones every second of these.
  const every = Math.ceil(bands.length / (names ? 14 : 5)), labelled = (i: number): boolean => (n - i) % every === 0;
  const last = known[known.length - 1];
  return (
    <div class="chart">
      {small ? null : (
        <svg width="34" height={height} aria-hidden="true">
          {ticks.map((tick) => <text key={tick} x="26" y={y(tick) + 4} class="ts" text-anchor="end">{String(Math.round(tick * 10) / 10)}</text>)}
        </svg>
      )}
      <div class="grow">
        <Svg height={height} label={title}>
          {ticks.map((tick) => <line key={tick} x1="0" x2="100%" y1={y(tick) + 0.5} y2={y(tick) + 0.5} class="gr" />)}
          <svg width="100%" height={height} viewBox={`0 0 ${W} ${height}`} preserveAspectRatio="none">
            {small ? null : <polygon points={`${path('p90')} ${path('p99', true)}`} class="bd2" />}
            <polygon points={`${path('p50')} ${path('p90', true)}`} class="bd1" />
            <polyline points={path('p90')} class="l90" />
            {small ? null : <polyline points={path('mean')} class="lmean" />}
            <polyline points={path('p50')} class="l50" />
          </svg>
          {small ? null : bands.map((band, i) => (labelled(i) ? (
            <text key={band.label} x={P(bands.length === 1 ? 50 : (100 * i) / n)} y={height - 6} class={(n - i) % (2 * every) ? 'ts not-s' : 'ts'}
              text-anchor={bands.length === 1 ? 'middle' : i === 0 ? 'start' : i === n ? 'end' : 'middle'}>{band.label}</text>
          ) : null))}
        </Svg>
      </div>
      {names && last ? <Ends height={height} ends={[[names.p99, y(last.p99 ?? 0)], [names.p90, y(last.p90 ?? 0)], [names.mean, y(last.mean ?? 0)], [names.p50, y(last.p50 ?? 0)]]} /> : null}
    </div>
  );
}

// Names beside the ends of the lines, kept apart.
function Ends({ height, ends }: { height: number; ends: [string, number][] }) {
  const at = ends.map(([name, y]): [string, number] => [name, y + 4]);
  for (let i = 1; i < at.length; ++i) {
    const lacking = (15 - at[i][1] + at[i - 1][1]) / 2;
    if (lacking > 0) {
      at[i - 1][1] -= lacking;
      at[i][1] += lacking;
    }
  }
  return (
    <svg class="not-s" width="150" height={height} aria-hidden="true">
      {at.map(([name, y]) => <text key={name} x="8" y={y.toFixed(1)} class="te">{name}</text>)}
    </svg>
  );
}

export function Stages({ parts, max, label, height = 26 }: { parts: { value: number; words: string }[]; max: number; label: string; height?: number }) {
  let x = 0;
  return (
    <Svg height={height} label={label}>
      {parts.map((part, i) => {
        const width = (100 * Math.max(0, part.value)) / (max || 1), from = x, stage = 1 + (i % 5);
        x += width;
        return (
          <>
            <rect x={P(from)} y="0" width={P(Math.max(0.3, width - 0.25))} height={height} class={`st${stage}`} />
            {width > 7 ? <text x={P(from + width / 2)} y={height / 2 + 4} text-anchor="middle" class={`ti t${stage}`}>{part.words}</text> : null}
          </>
        );
      })}
    </Svg>
  );
}

// From a zero line: lower to the left, higher to the right.
export function Diverging({ value, max, soft }: { value: number; max: number; soft?: boolean }) {
  const width = (50 * Math.abs(value)) / (max || 1), cls = `${value >= 0 ? 'dvp' : 'dvm'} ${soft ? 'soft' : ''}`;
  return (
    <Svg height={14}>
      <line x1="50%" x2="50%" y1="0" y2="14" class="ax" />
      <rect x={P(value >= 0 ? 50 : 50 - width)} y="2" width={P(width)} height="10" class={cls} />
    </Svg>
  );
}

// Upright bars, the last ones dark.
export function Bars({ values, labels, dark, label, last, height = 96 }: { values: number[]; labels: string[]; dark: number; label?: string; last?: string; height?: number }) {
  const high = Math.max(1, ...values), low = Math.min(0, ...values), top = last ? 20 : 4, plot = height - top - 22, slot = 100 / Math.max(1, values.length);
  const y = (value: number): number => top + plot * (1 - (value - low) / (high - low || 1)), n = values.length - 1;
  return (
    <Svg height={height} label={label}>
      {values.map((value, i) => (
        <rect key={i} x={P(i * slot)} y={Math.min(y(value), y(0))} width={P(slot * 0.78)} height={Math.max(0.5, Math.abs(y(value) - y(0)))} class={i > n - dark ? 'ba' : 'bp'} />
      ))}
      <line x1="0" x2="100%" y1={y(0) + 0.5} y2={y(0) + 0.5} class="ax" />
      <text x="0" y={height - 6} class="ts">{labels[0]}</text>
      {n > 0 ? <text x={P(n * slot + slot * 0.78)} y={height - 6} class="ts" text-anchor="end">{labels[n]}</text> : null}
      {last && n >= 0 ? <text x={P(n * slot + slot * 0.78)} y={Math.min(...values.slice(-4).map(y)) - 6} class="tv" text-anchor="end">{last}</text> : null}
    </Svg>
  );
}

// Parts of a sum in a row.
export function Stacked({ parts, label, height = 14 }: { parts: { value: number; class: string }[]; label?: string; height?: number }) {
  const whole = parts.reduce((all, part) => all + part.value, 0) || 1;
  let x = 0;
  return (
    <Svg height={height} label={label}>
      {parts.map((part, i) => {
        const width = (100 * part.value) / whole, from = x;
        x += width;
        return width > 0 ? <rect key={i} x={P(from)} y="1" width={P(width)} height={height - 2} class={part.class} /> : null;
      })}
    </Svg>
  );
}

export interface StepLine {
  class: string;
  points: [day: number, value: number][];
}

interface StepsProps {
  title: string;
  lines: StepLine[];
  from: number;
  to: number;
  max: number;
  ticks: { value: number; words: string }[];
  labels: { day: number; words: string }[];
  marks: { day: number; words: string; class?: string }[];
  height?: number;
}

// Amounts that stay until they change. Days are counted from anywhere.
export function Steps({ title, lines, from, to, max, ticks, labels, marks, height = 206 }: StepsProps) {
  const top = 22, bottom = 24, plot = height - top - bottom, W = 1000, width = Math.max(1, to - from);
  const x = (day: number): number => (W * Math.max(0, Math.min(width, day - from))) / width;
  const y = (value: number): number => top + plot * (1 - value / (max || 1));
  const path = (line: StepLine): string => line.points.map(([day, value], i) => (i ? `H${x(day).toFixed(1)} V${y(value).toFixed(1)}` : `M${x(day).toFixed(1)} ${y(value).toFixed(1)}`)).join(' ') + ` H${W}`;
  return (
    <div class="chart">
      <svg width="52" height={height} aria-hidden="true">
        {ticks.map((tick) => <text key={tick.value} x="46" y={y(tick.value) + 4} class="ts" text-anchor="end">{tick.words}</text>)}
      </svg>
      <div class="grow">
        <Svg height={height} label={title}>
          {ticks.map((tick) => <line key={tick.value} x1="0" x2="100%" y1={y(tick.value) + 0.5} y2={y(tick.value) + 0.5} class="gr" />)}
          <svg width="100%" height={height} viewBox={`0 0 ${W} ${height}`} preserveAspectRatio="none">
            {lines.map((line, i) => <path key={i} d={path(line)} class={line.class} />)}
          </svg>
          {marks.map((mark, i) => {
            const at = x(mark.day) / 10, anchor = at < 8 ? 'start' : at > 92 ? 'end' : 'middle';
            return (
              <g key={i}>
                <line x1={P(at)} x2={P(at)} y1="20" y2={height - bottom} class={`mk ${mark.class ?? ''}`} />
                <text x={P(at)} y="16" class={`ts ${mark.class ?? ''}`} text-anchor={anchor}>{mark.words}</text>
              </g>
            );
          })}
          {labels.map((label) => <text key={label.day} x={P(x(label.day) / 10)} y={height - 6} class="ts" text-anchor="middle">{label.words}</text>)}
        </Svg>
      </div>
    </div>
  );
}
