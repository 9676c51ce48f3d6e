// The two dates: a square block for when it took effect, a round pill for when we were told. Never the same shape.
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { ComponentChildren } from 'preact';
import { useApp } from '../lib/app';
import { addDays, addMonths, endOfDay, instantOf, isDay, localTime, monthEnd, monthStart, nextMonthEnd, previousMonthEnd, quarterEnd, quarterStart, weekday, yearStart } from '../lib/dates';
import { date, instant, span } from '../lib/format';
import { Icon } from './icons';

// What floats: focus goes in, Esc and a click elsewhere close it, focus goes back.
export function Popover({ label, close, class: cls = '', children }: { label: string; close: () => void; class?: string; children: ComponentChildren }) {
  const ref = useRef<HTMLDivElement>(null);
  // Before it is seen: a key that is pressed at once is not lost.
  useLayoutEffect(() => {
    const before = document.activeElement as HTMLElement | null, element = ref.current;
    element?.querySelector<HTMLElement>('[data-first], input, button, a')?.focus();
    const key = (event: KeyboardEvent) => {
      if (event.key !== 'Escape') return;
      event.stopPropagation();
      close();
    };
    const outside = (event: MouseEvent) => {
      if (!element?.contains(event.target as Node)) close();
    };
    element?.addEventListener('keydown', key);
    // The click that opened it is still on its way.
    const timer = setTimeout(() => document.addEventListener('click', outside), 0);
    return () => {
      clearTimeout(timer);
      element?.removeEventListener('keydown', key);
      document.removeEventListener('click', outside);
      before?.focus();
    };
  }, []);
  return <div class={`pop ${cls}`} role="dialog" aria-label={label} ref={ref}>{children}</div>;
}

interface MonthProps {
  chosen: string;
  today: string;
  to: (day: string) => void;
}

// A month to choose a day of.
function Calendar({ chosen, today, to }: MonthProps) {
  const { lang, t } = useApp();
  const [shown, show] = useState(monthStart(chosen));
  const first = addDays(shown, -weekday(shown)), weeks = [0, 1, 2, 3, 4, 5].map((week) => [0, 1, 2, 3, 4, 5, 6].map((day) => addDays(first, week * 7 + day)));
  const step = (months: number) => {
    const next = addMonths(shown, months);
    if (isDay(next)) show(next);
  };
  const names = lang === 'zh' ? ['一', '二', '三', '四', '五', '六', '日'] : ['Mo', 'Tu', 'We', 'Th', 'Fr', 'Sa', 'Su'];
  return (
    <div class="cal">
      <div class="calh">
        <button class="tool" type="button" aria-label={t('month_before')} onClick={() => step(-1)}><Icon name="left" /></button>
        <b aria-live="polite">{date(shown, lang, 'month')}</b>
        <button class="tool" type="button" aria-label={t('month_after')} onClick={() => step(1)}><Icon name="right" /></button>
      </div>
      <table aria-label={date(shown, lang, 'month')}>
        <thead><tr>{names.map((name) => <th key={name} scope="col">{name}</th>)}</tr></thead>
        <tbody>
          {weeks.filter((week) => week.some((day) => day.slice(0, 7) === shown.slice(0, 7))).map((week) => (
            <tr key={week[0]}>
              {week.map((day) => (
                <td key={day}>
                  <button type="button" class={`${day.slice(0, 7) === shown.slice(0, 7) ? '' : 'oth'} ${day === today ? 'tod' : ''}`}
                    aria-pressed={day === chosen} aria-label={date(day, lang, 'long')} data-first={day === chosen ? '' : undefined} onClick={() => to(day)}>
                    {Number(day.slice(8))}
                  </button>
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

// A date that was typed, as people of either language and machines write it.
function DayField({ value, to }: { value: string; to: (day: string) => void }) {
  const { t } = useApp();
  const [text, setText] = useState(value);
  const wrong = text !== '' && !isDay(text);
  return (
    <label class="note dayf">
      {t('type_day')}
      <input class="fld" type="text" inputMode="numeric" value={text} size={11} aria-invalid={wrong}
        onInput={(event) => setText((event.target as HTMLInputElement).value.trim())}
        onKeyDown={(event) => {
          if (event.key === 'Enter' && isDay(text)) to(text);
        }} />
      {wrong ? <span class="bad" role="alert">{t('no_day')}</span> : null}
    </label>
  );
}

export interface PeriodOf {
  from: string;
  to: string;
  // The addresses of the periods before and after.
  before: string;
  after: string;
}

// As of, on every page; where a page is about a period, its first and last day.
export function AsOf({ period }: { period?: PeriodOf }) {
  const { lang, t, asOf, today, here, go } = useApp();
  const [open, setOpen] = useState(false);
  const close = () => setOpen(false);
  const choose = (day: string) => {
    close();
    go(here(period ? { as_of: undefined, to: day, from: day < period.from ? monthStart(day) : period.from } : { as_of: day === today ? undefined : day }));
  };
  const before = period?.before ?? here({ as_of: previousMonthEnd(asOf) });
  const after = period?.after ?? here({ as_of: nextMonthEnd(asOf) });
  const words = period ? span(period.from, period.to, lang) : date(asOf, lang);
  const quick = period
    ? [[t('this_month'), monthStart(today), monthEnd(today)], [t('last_month'), monthStart(previousMonthEnd(today)), previousMonthEnd(today)],
      [t('this_quarter'), quarterStart(today), quarterEnd(today)], [t('this_year'), yearStart(today), today.slice(0, 4) + '-12-31']]
    : [];
  const ends = [previousMonthEnd(today), addDays(quarterStart(today), -1), addDays(yearStart(today), -1)];
  return (
    <span class="pos">
      <span class="step">
        <a class="nav" href={before} aria-label={t(period ? 'period_before' : 'prevMonthEnd')} data-key="["><Icon name="left" /></a>
        <button class="asof" type="button" aria-haspopup="dialog" aria-expanded={open} data-key="d" onClick={() => setOpen(!open)}>
          <Icon name="calendar" /><span><small>{t(period ? 'period' : 'asof')}</small><b>{words}</b></span>
        </button>
        <a class="nav" href={after} aria-label={t(period ? 'period_after' : 'nextMonthEnd')} data-key="]"><Icon name="right" /></a>
      </span>
      {open ? (
        <Popover label={t(period ? 'period' : 'asof')} close={close} class="aspop">
          <h2>{t(period ? 'period' : 'asof')}</h2>
          <p class="note">{t(period ? 'periodHelp' : 'asofHelp')}</p>
          {period ? (
            <div class="two2">
              {quick.map(([name, from, to]) => <a key={name} class="btn" href={here({ as_of: undefined, from, to })} onClick={close}>{name}</a>)}
              <PeriodFields period={period} close={close} />
            </div>
          ) : (
            <>
              <Calendar chosen={asOf} today={today} to={choose} />
              <DayField value={asOf} to={choose} />
              <p class="note">
                {t('often_used')}: <a href={here({ as_of: undefined })} onClick={close}>{t('today')}</a>
                {ends.map((day) => <span key={day}> · <a href={here({ as_of: day })} onClick={close}>{date(day, lang)}</a></span>)}
              </p>
            </>
          )}
        </Popover>
      ) : null}
    </span>
  );
}

function PeriodFields({ period, close }: { period: PeriodOf; close: () => void }) {
  const { t, here, go } = useApp();
  const [from, setFrom] = useState(period.from), [to, setTo] = useState(period.to);
  const right = isDay(from) && isDay(to) && from <= to;
  return (
    <form class="perf" onSubmit={(event) => {
      event.preventDefault();
      if (!right) return;
      close();
      go(here({ as_of: undefined, from, to }));
    }}>
      <label class="note">{t('from_day')}<input class="fld" value={from} size={11} data-first="" onInput={(event) => setFrom((event.target as HTMLInputElement).value.trim())} /></label>
      <label class="note">{t('to_day')}<input class="fld" value={to} size={11} onInput={(event) => setTo((event.target as HTMLInputElement).value.trim())} /></label>
      <button class="btn pri" type="submit" disabled={!right}>{t('show')}</button>
      {right ? null : <span class="bad" role="alert">{t('no_period')}</span>}
    </form>
  );
}

// The words of a moment: the end of a day is no clock time.
export function momentWords(time: string, zone: string, lang: 'en' | 'zh', endOf: string): string {
  const local = localTime(time, zone);
  return endOfDay(local.day, zone) === new Date(time).toISOString() ? `${date(local.day, lang)}${lang === 'zh' ? ' ' : ', '}${endOf}` : instant(time, zone, lang, 'seconds');
}

interface KnownProps {
  name?: 'known_at' | 'known_from' | 'known_to';
  label?: string;
  value?: string | null;
}

export function KnownAt({ name = 'known_at', label, value }: KnownProps) {
  const { lang, t, zone, knownAt, asOf } = useApp();
  const [open, setOpen] = useState(false);
  const time = value === undefined ? knownAt : value;
  return (
    <span class="pos">
      <button class="known" type="button" aria-haspopup="dialog" aria-expanded={open} data-past={time ? '' : undefined}
        data-key={name === 'known_from' ? undefined : 'n'} onClick={() => setOpen(!open)}>
        <Icon name="clock" />
        <span><small>{label ?? t('knownat')}</small><b>{time ? momentWords(time, zone, lang, t('endofday')) : `${t('now')} · ${t('allrecords')}`}</b></span>
      </button>
      {open ? <KnownPicker name={name} time={time ?? null} asOf={asOf} close={() => setOpen(false)} /> : null}
    </span>
  );
}

function KnownPicker({ name, time, asOf, close }: { name: string; time: string | null; asOf: string; close: () => void }) {
  const { lang, t, zone, here, go, status, today } = useApp();
  const local = time ? localTime(time, zone) : { day: asOf, clock: '12:00:00' };
  const isEnd = time !== null && endOfDay(local.day, zone) === new Date(time).toISOString();
  const [way, setWay] = useState<'now' | 'day' | 'moment'>(time === null ? 'now' : isEnd ? 'day' : 'moment');
  const [day, setDay] = useState(local.day), [clock, setClock] = useState(local.clock);
  const right = way === 'now' || (isDay(day) && (way === 'day' || /^([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,3})?)?$/.test(clock)));
  const chosen = (): string | undefined => (way === 'now' ? undefined : way === 'day' ? endOfDay(day, zone) : instantOf(day, clock.length === 5 ? clock + ':00' : clock, zone));
  const quick = [[t('end_of') + ' ' + date(asOf, lang, 'short'), asOf], [t('fifth_after'), addDays(addMonths(asOf, 1), 4)], [t('end_of_year'), today.slice(0, 4) + '-12-31']];
  const option = (value: typeof way, title: string, inner: ComponentChildren) => (
    <label class={`opt ${way === value ? 'on' : ''}`}>
      <input type="radio" name="known" checked={way === value} data-first={way === value ? '' : undefined} onChange={() => setWay(value)} />
      <span><b>{title}</b><small>{inner}</small></span>
    </label>
  );
  return (
    <Popover label={t('knownat')} close={close} class="knpop">
      <form class="pc" onSubmit={(event) => {
        event.preventDefault();
        if (!right) return;
        close();
        go(here({ [name]: chosen() }));
      }}>
        <h2>{t('knownat')}</h2>
        <p class="note">{t('knownHelp')}</p>
        {option('now', t('now'), status.newest_recorded_at ? `${t('everything_recorded')} ${instant(status.newest_recorded_at, zone, lang, 'seconds')}` : t('allrecords'))}
        {option('day', t('end_of_day'), <input class="fld" aria-label={t('end_of_day')} value={day} size={11} onFocus={() => setWay('day')} onInput={(event) => setDay((event.target as HTMLInputElement).value.trim())} />)}
        {option('moment', t('exact_moment'), <>{t('date_and_time')} {zone} <input class="fld" aria-label={t('exact_moment')} value={clock} size={9} onFocus={() => setWay('moment')} onInput={(event) => setClock((event.target as HTMLInputElement).value.trim())} /></>)}
        <p class="note pt8">
          {t('often_used')}: {quick.map(([words, of], i) => <span key={words}>{i ? ' · ' : ''}<a href={here({ [name]: endOfDay(of, zone) })} onClick={close}>{words}</a></span>)}
        </p>
        {right ? null : <p class="bad" role="alert">{t('no_moment')}</p>}
        <div class="pbtn">
          <button class="btn" type="button" onClick={close}>{t('cancel')}</button>
          <button class="btn pri" type="submit" disabled={!right}>{way === 'now' ? t('show_now') : t('show_then')}</button>
        </div>
      </form>
      <div class="pp"><TwoDates asOf={date(asOf, lang, 'short')} known={isDay(day) && way !== 'now' ? date(day, lang, 'short') : t('now')} /><p class="note">{t('two_dates')}</p></div>
    </Popover>
  );
}

// The picture that explains them. Its dots are an example, each an event: across when it took effect, up when it was
// recorded.
const COUNTED = [[42, 143], [56, 134], [69, 131], [82, 120], [102, 117], [115, 108], [128, 105], [134, 97]];
const LATER = [[115, 75], [121, 70], [82, 76], [49, 73], [108, 66], [128, 58]];
const OUTSIDE = [[148, 94], [167, 88], [194, 73], [226, 61], [253, 47], [285, 35], [318, 18]];

function TwoDates({ asOf, known }: { asOf: string; known: string }) {
  const { t } = useApp();
  const dots = (points: number[][], cls: string) => points.map(([x, y]) => <circle key={`${x},${y}`} cx={x} cy={y} r="3" class={cls} />);
  return (
    <svg width="348" height="176" role="img" aria-label={t('two_dates_picture')}>
      <rect x="36" y="86" width="101" height="60" class="cnt" />
      <line x1="36" x2="338" y1="146" y2="146" class="ax" /><line x1="36" x2="36" y1="12" y2="146" class="ax" />
      <line x1="137.5" x2="137.5" y1="12" y2="146" class="pa" /><line x1="36" x2="338" y1="86" y2="86" class="pk" />
      {dots(COUNTED, 'pin')}{dots(OUTSIDE, 'pout')}{dots(LATER, 'plate')}
      <text x="142" y="140" class="ts b">{t('as_of_short')} {asOf}</text>
      <text x="338" y="81" class="ts kn" text-anchor="end">{t('known_short')} {known}</text>
      <text x="131" y="141" class="ts b" text-anchor="end">{t('counts')}</text>
      <text x="41" y="23" class="ts kn">{t('came_later')}</text>
      <text x="338" y="162" class="ts" text-anchor="end">{t('happened')} →</text>
      <text transform="translate(12 146) rotate(-90)" class="ts">{t('recorded')} →</text>
    </svg>
  );
}

