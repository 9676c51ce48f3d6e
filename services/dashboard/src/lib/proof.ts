// What the rows of sales are proven by: a whole of each currency that is kept apart from them.
import type { Measure, Sales } from './answers';
import { isZero, subtract } from './decimal';

export interface Proven {
  currency: string;
  kept: string;
  difference: string;  // What is shown less what is kept; zero where the proof holds.
}

// Of each currency that `amounts` shows a total of, and of each that the server proves. One that nothing is kept of
// is proven by zero: what has no amounts has no proof in the answer either.
export function salesProof({ proof, totals }: Pick<Sales, 'proof' | 'totals'>, measure: Measure): Proven[] {
  const currencies = [...new Set([...totals, ...proof].map(({ currency }) => currency))].sort();
  return currencies.map((currency) => {
    const own = proof.find((one) => one.currency === currency), total = totals.find((one) => one.currency === currency)?.[measure] ?? '0';
    const kept = own?.kept[measure] ?? '0', said = own?.difference[measure] ?? '0';
    // The rows against the whole, as the server says; and the total that is shown, which is of the same rows.
    return { currency, kept, difference: isZero(said) ? subtract(total, kept) : said };
  });
}

export const holdsAll = (proven: Proven[]): boolean => proven.every(({ difference }) => isZero(difference));
