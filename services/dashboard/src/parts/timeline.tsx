// Events in order: when they took effect, when they were told, what they did, and where they stand in the log.
import type { ComponentChildren } from 'preact';
import { useApp } from '../lib/app';
import type { EventRef } from '../lib/answers';
import { localTime } from '../lib/dates';
import { isZero } from '../lib/decimal';
import { documentOfEvent, eventPath, placeInLog } from '../lib/documents';
import { count, date, instant, plain, signed } from '../lib/format';
import { fromMinor, payloadOf, type Told } from '../lib/story';
import { Chip, Name, PromiseState } from './basics';
import { Icon } from './icons';

// How the point of an event looks.
const POINTS: [RegExp, string][] = [
  [/reversed|unallocated|voided|cancelled|returned|withdrawn/, 'undo'], [/payment|refund|credit_note|recovered/, 'cash'],
  [/issued|placed|dispatched/, 'inv'], [/disputed|delayed|written_off/, 'warn'],
];
const pointOf = (type: string): string => POINTS.find(([form]) => form.test(type))?.[1] ?? '';

interface TimelineProps {
  told: Told[];
  like: string;      // An amount of the document's currency, for its decimals.
  own: string;       // The document's own id: no link to itself.
  customer: string;
}

export function Timeline({ told, like, own, customer }: TimelineProps) {
  const { t, lang, zone, href } = useApp();
  const title = (event: EventRef): ComponentChildren => {
    const payload = payloadOf(event), document = documentOfEvent(event.type, payload), name = t(`e_${event.type}` as 'e_invoice_issued');
    if (!document || document.id === own) return typeof payload.promise_id === 'string' ? <>{name} <Name>{payload.promise_id}</Name></> : name;
    return <>{name} <a class="lnk" href={href([document.page, document.id], { customer_id: customer })}><Name>{document.id}</Name></a></>;
  };
  return (
    <ol class="tl">
      {told.map((one) => {
        const { event } = one, happened = localTime(event.occurred_at, zone);
        return (
          <li key={event.event_id + event.offset} class={one.undoneBy ? 'undone' : ''}>
            <time>{date(one.effective, lang)}<small>{happened.day === one.effective ? happened.clock.slice(0, 5) : ''}</small></time>
            <span class="pt"><i class={pointOf(event.type)} /></span>
            <div>
              <h3>{title(event)}</h3>
              <Detail event={event} like={like} />
              {one.promise ? <p class="say"><PromiseState state={one.promise.state} /><span>{t('came')} {plain(one.promise.fulfilled)}</span></p> : null}
              <div class="src">
                {one.lateDays > 0
                  ? <Chip kind="kn"><Icon name="clock" small />{t('told_later').replace('{0}', count(one.lateDays))} {instant(event.recorded_at, zone, lang)}</Chip>
                  : <span title={instant(event.recorded_at, zone, lang, 'seconds')}>{t('recorded_at')} {localTime(event.recorded_at, zone).clock.slice(0, 5)}</span>}
                <a class="lnk mono" href={href(eventPath(event))}>{placeInLog(event)}</a>
                {event.content?.source ? <bdi>{event.content.source}</bdi> : null}
              </div>
            </div>
            <div class="eff">
              {one.effect !== null && !isZero(one.effect) ? (one.undoneBy ? <s>{signed(one.effect)}</s> : <span>{signed(one.effect)}</span>) : null}
              <small>{one.undoneBy ? <>{t('undone')} <a class="lnk mono" href={href(eventPath(one.undoneBy))}>{placeInLog(one.undoneBy)}</a></> : one.open !== null ? `${t('open')} ${plain(one.open)}` : ''}</small>
            </div>
          </li>
        );
      })}
    </ol>
  );
}

// What an event says besides its kind: the fields that people read, in their own words.
const FIELDS: [string, string][] = [
  ['reason_code', 'reason'], ['method', 'method'], ['reference', 'reference'], ['note', 'note'], ['outcome', 'outcome'], ['stage', 'stage'],
  ['promised_date', 'promised_for'], ['requested_date', 'requested_for'], ['due_date', 'due'], ['warehouse', 'warehouse'], ['carrier', 'carrier'],
  ['signed_by', 'signed_by'], ['channel', 'channel'], ['counterparty_customer_id', 'counterparty'],
];

function Detail({ event, like }: { event: EventRef; like: string }) {
  const { t, lang } = useApp();
  const payload = payloadOf(event), parts: ComponentChildren[] = [];
  const net = fromMinor(payload.net_minor, like), tax = fromMinor(payload.tax_minor, like), amount = fromMinor(payload.amount_minor, like);
  if (net !== null) parts.push(`${t('net')} ${plain(net)}${tax === null ? '' : `, ${t('tax')} ${plain(tax)}`}`);
  if (amount !== null) parts.push(`${t('amount')} ${plain(amount)}`);
  for (const [field, word] of FIELDS) {
    const value = payload[field];
    if (typeof value !== 'string' || value === '') continue;
    parts.push(<>{t(word as 'reason')}: <bdi>{/_date$/.test(field) ? date(value, lang) : field === 'stage' ? t(`st_${value}` as 'st_CONFIRM') : value}</bdi></>);
  }
  const lines = Array.isArray(payload.lines) ? payload.lines.length : 0;
  if (lines) parts.push(`${t('lines')}: ${count(lines)}`);
  return parts.length ? <p class="wrap">{parts.map((part, i) => <>{i ? (lang === 'zh' ? '；' : '; ') : ''}{part}</>)}</p> : null;
}
