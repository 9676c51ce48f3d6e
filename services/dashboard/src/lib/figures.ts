// Figures that several pages build from an answer.
import { useApp } from './app';
import { useAnswer } from './api';
import type { Ageing, Ages } from './answers';
import { subtract, sum } from './decimal';

export const overdueOf = (ages: Ages): string => subtract(ages.gross_open, ages.not_due);

// With the default buckets: 91–120 and 121+.
export const over90Of = (ages: Ages): string => sum(['0', ...ages.buckets.slice(3)]);

// The currency that totals are shown in: the one in the address, else the one with the most open items; none where
// nothing is open. `ready` once that is known.
export function useBase(): { base?: string; currencies: string[]; ready: boolean } {
  const { base, when, address } = useApp();
  const answer = useAnswer<Ageing>('/v1/receivables/ageing', { ...when, region: address.params.region, group_by: 'none' });
  const totals = answer.data?.totals ?? [];
  const most = totals.reduce<(typeof totals)[number] | undefined>((best, total) => (!best || total.items > best.items ? total : best), undefined);
  const currencies = totals.map(({ currency }) => currency);
  if (base && !currencies.includes(base)) currencies.push(base);
  return { base: base ?? most?.currency, currencies, ready: answer.data !== undefined || answer.failure !== undefined };
}
