// Figures that several pages build from an answer.
import { useEffect, useRef, useState } from 'preact/hooks';
import { useApp } from './app';
import { ahead, send, urlOf, useAnswer } from './api';
import type { Ageing, Ages, Ratios } from './answers';
import { addMonths, monthEnd } from './dates';
import { subtract, sum } from './decimal';
import { orNone, type Params } from './url';

export const overdueOf = (ages: Ages): string => subtract(ages.gross_open, ages.not_due);

// With the default buckets: 91–120 and 121+.
export const over90Of = (ages: Ages): string => sum(['0', ...ages.buckets.slice(3)]);

export const AGEING = '/v1/receivables/ageing';
type Totals = Ageing['totals'];
const mostItems = (totals: Totals): Totals[number] | undefined => totals.reduce<Totals[number] | undefined>((best, total) => (!best || total.items > best.items ? total : best), undefined);

// The first figures of a page that shows totals in one currency, by its address: the two questions that it begins with.
export async function askTotals({ as_of, known_at, region, base_currency, to }: Record<string, string | undefined>): Promise<void> {
  // Which day it is, the status will say; what is asked without one is as of today.
  if (to !== undefined && as_of === undefined) return;
  const question = { as_of, known_at: orNone(known_at ?? ''), region, group_by: 'none' };
  const { totals } = await ahead<Ageing>(AGEING, question), base = base_currency ?? mostItems(totals)?.currency;
  await ahead<Ageing>(AGEING, { ...question, base_currency: base });
}

// The currency that totals are shown in: the one in the address, else the one with the most open items; none where
// nothing is open. `ready` once that is known.
export function useBase(): { base?: string; currencies: string[]; ready: boolean } {
  const { base, when, address } = useApp();
  const question = { ...when, region: address.params.region, group_by: 'none' };
  const answer = useAnswer<Ageing>(AGEING, question);
  const totals = answer.data?.totals ?? [], most = mostItems(totals), likely = useRef<string | undefined>(undefined);
  if (answer.data) likely.current = base ?? most?.currency;
  // Of another day it is most likely the same: then its figures are under way while that is being asked.
  useEffect(() => {
    if (!answer.data && likely.current && !base) ahead<Ageing>(AGEING, { ...question, base_currency: likely.current }).catch(() => undefined);
  }, [JSON.stringify(question)]);
  const currencies = totals.map(({ currency }) => currency);
  if (base && !currencies.includes(base)) currencies.push(base);
  return { base: base ?? most?.currency, currencies, ready: answer.data !== undefined || answer.failure !== undefined };
}

export const RATIOS = '/v1/receivables/ratios';

// The ratios of the months before the one of a day, oldest first, as far as they are there. The server has them a span
// each: they are asked for one after the other once `begin`, so that nothing else waits for them.
export function useMonthsBefore(day: string, months: number, filters: Params, begin: boolean): Ratios[] {
  const question = JSON.stringify([day, months, filters]);
  const [there, setThere] = useState<{ question: string; answers: Ratios[] }>({ question, answers: [] });
  useEffect(() => {
    if (!begin) return;
    let gone = false;
    void (async () => {
      const answers: Ratios[] = [];
      for (let i = months; i > 0 && !gone; --i) {
        const from = addMonths(day, -i);
        answers.push(await send<Ratios>(urlOf(RATIOS, { ...filters, from, to: monthEnd(from) })));
      }
      if (!gone) setThere({ question, answers });
    })().catch(() => undefined);  // A line that is not there says nothing wrong; its figure stands.
    return () => {
      gone = true;
    };
  }, [question, begin]);
  return there.question === question ? there.answers : [];
}
