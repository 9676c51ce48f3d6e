// How far an order has come, and the days between its milestones.
import { useApp } from '../lib/app';
import type { Order } from '../lib/answers';
import { days, instant } from '../lib/format';
import { OwnCap } from './table';

export const MILESTONES = ['placed', 'confirmed', 'ready', 'first_dispatched', 'dispatched', 'delivered', 'invoiced', 'paid'] as const;
export type Milestone = (typeof MILESTONES)[number];

export function Milestones({ order }: { order: Order }) {
  const { t, lang, zone } = useApp();
  let before: string | null = null;
  return (
    <>
      <div class="tbl">
        <table class="tight" aria-label={t('milestones')}>
          <tbody>
            {MILESTONES.map((name) => {
              const at = order.milestones[name], since = at && before ? Math.round((Date.parse(at) - Date.parse(before)) / 1000) : null;
              if (at) before = at;
              return (
                <tr key={name}>
                  <th scope="row">{t(`m_${name}` as 'm_placed')}</th>
                  <td>{at ? instant(at, zone, lang) : <span class="z">{t('not_yet')}</span>}</td>
                  <td class="r q">{since === null ? '' : `${since < 0 ? '' : '+'}${days(since)} ${t('d')}`}</td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
      <OwnCap name="milestones" rows={MILESTONES.filter((name) => order.milestones[name]).map((name) => ({ milestone: name, at: order.milestones[name] }))} decimals={[]} />
    </>
  );
}
