// What every page has around its content: title, sentence, actions, the band of a past known-at, dates and filters,
// and the statement line at its foot.
import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { useApp } from '../lib/app';
import { useAnswer, urlOf } from '../lib/api';
import type { Ageing, Restatement, View } from '../lib/answers';
import { compact, count, date, instant } from '../lib/format';
import { orNone, printAddress, type Params } from '../lib/url';
import { isNegative, isZero, magnitude } from '../lib/decimal';
import { leftOut, type Text } from '../lib/sentences';
import { Message, Pick, Sentence, type Choice } from './basics';
import { AsOf, KnownAt, momentWords, type PeriodOf } from './dates';
import { Icon } from './icons';

interface PageProps {
  title: ComponentChildren;
  name?: string;             // For the window's title, where `title` is no text.
  lead?: Text | null;       // Null: it is still to come, and its place is kept.
  grows?: boolean;           // The sentence has more to say once more is known.
  above?: ComponentChildren;  // A line over the sentence.
  file?: { path: string; params: Params };
  actions?: ComponentChildren;
  period?: PeriodOf;
  dates?: ComponentChildren;  // In place of the two dates.
  filters?: ComponentChildren;
  view?: View;
  children: ComponentChildren;
}

export function Page({ title, name, lead, grows, above, file, actions, period, dates, filters, view, children }: PageProps) {
  const { t, knownAt } = useApp();
  useEffect(() => {
    document.title = `${name ?? String(title)} · Daybook`;
  }, [name, title]);
  return (
    <main id="main" tabIndex={-1}>
      <div class="head">
        <div>
          <h1>{title}</h1>
          {above ? <p class="who">{above}</p> : null}
          {lead ? <p class={grows ? 'lead wait' : 'lead'}><Sentence text={lead} /></p> : lead === null && !view ? <p class="lead wait" /> : null}
        </div>
        <div class="acts">
          {actions}
          <CopyStatement view={view} />
          {file ? <a class="btn" href={urlOf(file.path, { ...file.params, format: 'xlsx' })} download data-key="e"><Icon name="save" />{t('save')}</a> : null}
        </div>
      </div>
      {knownAt ? <Then knownAt={knownAt} /> : null}
      <div class="when">
        {dates ?? <><AsOf period={period} /><KnownAt /></>}
        {filters ? <><span class="sep" />{filters}</> : null}
      </div>
      {view?.first_recorded_at ? <BeforeAll first={view.first_recorded_at} /> : null}
      {children}
      <Foot />
    </main>
  );
}

// A moment before the first record has nothing in it; that is no zero.
function BeforeAll({ first }: { first: string }) {
  const { t, lang, zone, here } = useApp();
  return (
    <div class="panel gap"><div class="in">
      <Message icon="clock" kind="late" title={t('before_all')}>
        <p>{t('first_record')} {instant(first, zone, lang, 'seconds')}</p>
        <div class="acts2"><a class="btn" href={here({ known_at: undefined })}>{t('backToNow')}</a></div>
      </Message>
    </div></div>
  );
}

// The address with what is known now: the same figures for whoever opens it, for ever.
function CopyStatement({ view }: { view?: View }) {
  const { t, address, knownAt, status, asOf, lang } = useApp();
  const [done, setDone] = useState(false);
  const moment = knownAt ?? view?.newest_recorded_at ?? status.newest_recorded_at ?? undefined;
  const params = { ...address.params, known_at: moment, lang, ...(address.params.to ? {} : { as_of: asOf }) };
  const copy = async () => {
    const text = location.href.split('#')[0] + printAddress(address.path, params);
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      // Without the right to write there, the address itself becomes the statement, to be copied from the browser.
      location.hash = printAddress(address.path, params);
    }
    setDone(true);
    setTimeout(() => setDone(false), 2_000);
  };
  return (
    <button class="btn" type="button" data-key="c" onClick={() => void copy()}>
      <Icon name={done ? 'check' : 'link'} /><span aria-live="polite">{t(done ? 'copied' : 'copylink')}</span>
    </button>
  );
}

// What a page that is seen as it was known leaves out.
function Then({ knownAt }: { knownAt: string }) {
  const { t, lang, zone, asOf, here, href, when, status } = useApp();
  const late = useAnswer<Restatement>(status.newest_recorded_at && status.newest_recorded_at > knownAt ? '/v1/receivables/restatement' : null, { as_of: when.as_of, known_from: knownAt, known_to: status.newest_recorded_at, page_size: 1000 });
  const changes = (late.data?.totals ?? []).filter((total) => !isZero(total.change));
  const words = changes.map((total) => `${total.currency} ${compact(magnitude(total.change), lang)}`);
  const newest = status.newest_recorded_at !== null && status.newest_recorded_at <= knownAt;
  const records = newest ? 0 : late.data ? late.data.rows.length : null;
  return (
    <div class="then" role="note">
      <Icon name="back" />
      <span>
        <Sentence text={leftOut(lang, {
          asOf: date(asOf, lang), moment: momentWords(knownAt, zone, lang, t('endofday')),
          records: records === null ? null : count(records) + (late.data?.next_page_token ? '+' : ''),
          change: words, lowers: changes.length === 1 ? isNegative(changes[0].change) : null,
        })} />
      </span>
      <span class="acts">
        <a class="btn kn2" href={href(['receivables', 'restatement'], { known_at: undefined, known_from: knownAt })}>{t('restatement')}</a>
        <a class="btn" href={here({ known_at: undefined })}>{t('backToNow')}</a>
      </span>
    </div>
  );
}

function Foot() {
  const { t, lang, zone, asOf, knownAt, status } = useApp();
  const places = status.positions.map((position) => `${position.topic}:${position.partition}:${position.next_offset}`).join(' ');
  return (
    <footer class="foot">
      <span>{t('asof')} <b>{date(asOf, lang)}</b></span>
      <span>{t('knownat')} <b>{knownAt ? momentWords(knownAt, zone, lang, t('endofday')) : t('now')}</b></span>
      <span>{t('newest')} <b>{status.newest_recorded_at ? instant(status.newest_recorded_at, zone, lang, 'seconds') : t('none_figure')}</b></span>
      <span title={places}>{t('folded')} <b>{count(status.positions.reduce((all, position) => all + position.next_offset, 0))}</b> {t('recordsIn')} <b>{status.positions.length}</b> {t('partitions')}</span>
      <span><b>{count(status.waiting)}</b> {t('waiting')} · <b>{count(status.parked)}</b> {t('parkedShort')}</span>
      <span>{t('bizdays')} <b>{zone}</b></span>
    </footer>
  );
}

// The regions of a level, to choose one of.
export function RegionPick() {
  const { t, address, here, when } = useApp();
  const regions = useAnswer<Ageing>('/v1/receivables/ageing', { ...when, group_by: 'region', page_size: 1000 });
  const chosen = address.params.region ?? '';
  const names = new Set<string>(chosen ? [chosen] : []);
  for (const { group } of regions.data?.rows ?? []) {
    const parts = (group ?? '').split('/');
    parts.forEach((_, i) => names.add(parts.slice(0, i + 1).join('/')));
  }
  names.delete('');
  const choices: Choice[] = [{ value: '', words: t('all') }, ...[...names].sort().map((name) => ({ value: name, words: name }))];
  return <Pick label={t('region')} choices={choices} value={chosen} to={(region) => here({ region: orNone(region) })} />;
}
