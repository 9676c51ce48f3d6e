// Colour tokens: defined once in OKLCH, written as CSS variables by the build, which fails if a condition does not hold:
// contrast of text and graphics on every surface they are used on, and how far neighbours in order lie apart for
// people who see colours differently. Light and dark are two tables of the same names.
import { oklch, contrast, distance, KINDS } from './colour.mjs';

const OKLCH = {
  light: {
    canvas: [0.974, 0.004, 250], surface: [1, 0, 0], sunken: [0.952, 0.006, 250], hover: [0.962, 0.011, 245],
    line: [0.905, 0.008, 250], edge: [0.645, 0.015, 250],
    ink: [0.225, 0.022, 258], ink2: [0.41, 0.022, 256], ink3: [0.515, 0.02, 255],
    link: [0.455, 0.135, 255], focus: [0.55, 0.19, 255], select: [0.945, 0.03, 250],
    known: [0.44, 0.18, 302], knownSoft: [0.955, 0.028, 305],
    ok: [0.455, 0.085, 178], okSoft: [0.95, 0.03, 178],
    late: [0.485, 0.13, 45], lateSoft: [0.955, 0.035, 70],
    bad: [0.46, 0.175, 24], badSoft: [0.95, 0.03, 20],
    age0: [0.58, 0.09, 238], age1: [0.672, 0.132, 68], age2: [0.60, 0.148, 51], age3: [0.52, 0.16, 38], age4: [0.432, 0.15, 28], age5: [0.325, 0.11, 20],
    credit: [0.585, 0.07, 178],
    total: [0.36, 0.03, 256], adds: [0.54, 0.115, 250], lowers: [0.63, 0.08, 215],
    now: [0.45, 0.12, 252], before: [0.655, 0.03, 250], target: [0.225, 0.022, 258],
    stage1: [0.35, 0.085, 260], stage2: [0.455, 0.115, 252], stage3: [0.56, 0.11, 235], stage4: [0.655, 0.09, 200], stage5: [0.52, 0.08, 160],
  },
  dark: {
    canvas: [0.175, 0.012, 258], surface: [0.215, 0.014, 258], sunken: [0.25, 0.016, 257], hover: [0.265, 0.022, 252],
    line: [0.315, 0.018, 257], edge: [0.56, 0.02, 255],
    ink: [0.935, 0.008, 250], ink2: [0.795, 0.014, 252], ink3: [0.69, 0.018, 253],
    link: [0.765, 0.115, 250], focus: [0.72, 0.16, 252], select: [0.30, 0.05, 255],
    known: [0.80, 0.125, 305], knownSoft: [0.295, 0.065, 303],
    ok: [0.80, 0.10, 178], okSoft: [0.28, 0.04, 178],
    late: [0.82, 0.115, 65], lateSoft: [0.30, 0.045, 60],
    bad: [0.765, 0.14, 22], badSoft: [0.29, 0.06, 20],
    age0: [0.62, 0.085, 235], age1: [0.525, 0.09, 66], age2: [0.605, 0.122, 58], age3: [0.69, 0.15, 50], age4: [0.775, 0.14, 40], age5: [0.87, 0.09, 30],
    credit: [0.64, 0.08, 178],
    total: [0.78, 0.02, 255], adds: [0.66, 0.12, 250], lowers: [0.58, 0.07, 215],
    now: [0.74, 0.115, 250], before: [0.53, 0.03, 252], target: [0.935, 0.008, 250],
    stage1: [0.52, 0.10, 262], stage2: [0.62, 0.115, 250], stage3: [0.71, 0.10, 228], stage4: [0.80, 0.085, 200], stage5: [0.66, 0.08, 165],
  },
};

const hex = ([lightness, chroma, hue]) => (lightness === 1 ? '#ffffff' : oklch(lightness, chroma, hue));
export const tokens = Object.fromEntries(Object.entries(OKLCH).map(([mode, all]) => [mode, Object.fromEntries(Object.entries(all).map(([name, value]) => [name, hex(value)]))]));

const kebab = (name) => name.replace(/([a-z])([A-Z0-9])/g, '$1-$2').toLowerCase();
const declarations = (mode) => Object.entries(tokens[mode]).map(([name, value]) => `--${kebab(name)}:${value}`).join(';');

// Words on the first and fourth stage: the one that is dark in light mode is light in dark mode.
export const css = () =>
  `:root{${declarations('light')};--on-1:var(--surface);--on-4:var(--ink)}` +
  `@media screen and (prefers-color-scheme:dark){:root:not([data-theme=light]){${declarations('dark')};--on-1:var(--ink);--on-4:var(--surface);color-scheme:dark}}` +
  `@media screen{:root[data-theme=dark]{${declarations('dark')};--on-1:var(--ink);--on-4:var(--surface)}}`;

const SURFACES = ['canvas', 'surface', 'sunken', 'hover', 'select'];
const GRAPHICS = ['age0', 'age1', 'age2', 'age3', 'age4', 'age5', 'credit', 'total', 'adds', 'now', 'before', 'lowers', 'target', 'edge', 'focus', 'stage1', 'stage2', 'stage3', 'stage4', 'stage5'];

// How many conditions there are, and those that fail, in words.
export function check() {
  let conditions = 0;
  const failures = [];
  const hold = (holds, words) => {
    ++conditions;
    if (!holds) failures.push(words);
  };
  for (const mode of ['light', 'dark']) {
    const of = tokens[mode];
    const need = (front, back, least) => {
      const found = contrast(of[front], of[back]);
      hold(found >= least, `${mode}: ${front} on ${back} has ${found.toFixed(2)}, needs ${least}`);
    };
    for (const back of SURFACES) {
      need('ink', back, 7);
      for (const text of ['ink2', 'ink3', 'link']) need(text, back, 4.5);
    }
    for (const text of ['known', 'ok', 'late', 'bad']) {
      for (const back of ['canvas', 'surface', 'sunken', 'hover', `${text}Soft`]) need(text, back, 4.5);
      need('ink', `${text}Soft`, 7);
      need('ink2', `${text}Soft`, 4.5);
    }
    for (const graphic of GRAPHICS) need(graphic, 'surface', 3);
    const apart = (a, b) => {
      for (const kind of KINDS) {
        const found = distance(of[a], of[b], kind);
        hold(found >= 6, `${mode}: ${a} and ${b} lie ${found.toFixed(1)} apart (${kind}), need 6`);
      }
    };
    for (let i = 1; i < 6; ++i) apart(`age${i - 1}`, `age${i}`);
    for (let i = 2; i < 6; ++i) apart(`stage${i - 1}`, `stage${i}`);
  }
  return { conditions, failures };
}
