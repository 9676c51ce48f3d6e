// Around every page: the places, the path, search, language, theme, keyboard, and how fresh the figures are.
import type { ComponentChildren } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { useApp } from '../lib/app';
import { send, urlOf, useAnswer } from '../lib/api';
import type { Anomalies, Found, SearchAnswer } from '../lib/answers';
import type { Live } from '../lib/live';
import { count, instant } from '../lib/format';
import { localTime } from '../lib/dates';
import { printAddress } from '../lib/url';
import { documentPath, eventPath, parsePlace, placeInLog } from '../lib/documents';
import { crumbsOf, PLACES, placeOf, SECTIONS, type Section } from '../lib/places';
import { Message } from './basics';
import { Popover } from './dates';
import { Icon, Logo } from './icons';
import { Moved } from './moved';
import { KEYS } from '../lib/keys';

export function Frame({ live, children, theme, keyboard }: { live: Live; children: ComponentChildren; theme: () => void; keyboard: { open: boolean; show: (open: boolean) => void; on: boolean; turn: () => void } }) {
  const { t, lang, address } = useApp();
  return (
    <>
      <a class="skip" href="#main" onClick={(event) => {
        event.preventDefault();
        document.getElementById('main')?.focus();
      }}>{t('skip')}</a>
      <div class="app">
        <Side live={live} />
        <div>
          <header class="bar">
            <Crumbs />
            <Search />
            <a class="tool" lang={lang === 'zh' ? 'en' : 'zh-CN'} data-key="l" href={printAddress(address.path, { ...address.params, lang: lang === 'zh' ? 'en' : 'zh' })}>{lang === 'zh' ? 'EN' : '中文'}</a>
            <button class="tool" type="button" aria-label={t('theme')} title={t('theme')} onClick={theme}><Icon name="theme" /></button>
            <span class="pos hide">
              <button class="tool" type="button" aria-label={t('keyboard')} title={t('keyboard')} aria-haspopup="dialog" onClick={() => keyboard.show(!keyboard.open)}><kbd>?</kbd></button>
              {keyboard.open ? <Keyboard close={() => keyboard.show(false)} on={keyboard.on} turn={keyboard.turn} /> : null}
            </span>
          </header>
          <Feed live={live} />
          <Moved />
          {children}
        </div>
      </div>
      <Tabs />
    </>
  );
}

// How many anomalies are open: one page of them is counted, more say so.
const ANOMALIES_MAX = 1000;

// Whether a question has stood for a moment: what is least of a page is asked behind the rest.
const RESTED_MS = 300;

function useRested(question: string): boolean {
  const [rested, rest] = useState('');
  useEffect(() => {
    const timer = setTimeout(() => rest(question), RESTED_MS);
    return () => clearTimeout(timer);
  }, [question]);
  return rested === question;
}

function Side({ live }: { live: Live }) {
  const { t, href, when, address, status } = useApp();
  const asked = useRested(JSON.stringify(when));
  const anomalies = useAnswer<Anomalies>(asked ? '/v1/anomalies' : null, { ...when, page_size: ANOMALIES_MAX });
  const current = placeOf(address.path);
  const badge = (place: string) => {
    if (place === 'parked' && status.parked > 0) return <span class="n">{count(status.parked)}</span>;
    if (place !== 'anomalies' || !anomalies.data?.anomalies.length) return null;
    return <span class="n bad">{count(anomalies.data.anomalies.length)}{anomalies.data.next_page_token ? '+' : ''}</span>;
  };
  const link = (place: keyof typeof PLACES) => (
    <a key={place} href={href(PLACES[place].path)} aria-current={place === current ? 'page' : undefined}><span>{t(PLACES[place].word)}</span>{badge(place)}</a>
  );
  return (
    <nav class="side" aria-label={t('sections')}>
      <a class="logo" href={href([])}><Logo />Daybook</a>
      {SECTIONS.map((section) => (
        <>
          {section.word === 'overview' ? null : <h2>{t(section.word)}</h2>}
          {section.places.map(link)}
        </>
      ))}
      <Fresh live={live} />
    </nav>
  );
}

const SHAPES = { live: 'dot', catching_up: 'half', late: 'tri', cut_off: 'sq', standing: 'pause' } as const;

function Fresh({ live }: { live: Live }) {
  const { t, lang, zone, knownAt, status, today } = useApp();
  const state = live.freshness === 'cut_off' ? 'cut_off' : knownAt ? 'standing' : live.freshness;
  const newest = status.newest_recorded_at ? localTime(status.newest_recorded_at, zone) : null;
  const detail = state === 'catching_up' || state === 'late' ? `${count(live.lag)} ${t('records_behind')}` : state === 'live' ? t('read_to_end') : '';
  return (
    <div class="feed" aria-label={t('feed')} role="group">
      <div><i class={SHAPES[state]} /><b>{t(state)}</b>{detail ? ` · ${detail}` : ''}</div>
      <div>{t('newest')} {newest ? (newest.day === today ? newest.clock : instant(status.newest_recorded_at as string, zone, lang)) : t('none_figure')}</div>
      <div>{count(status.waiting)} {t('waiting')} · {count(status.parked)} {t('parkedShort')}</div>
      {status.recorded_as_told ? <div>{t('demonstration')}</div> : null}
    </div>
  );
}

// Over the content from "late" on: no figure is silently old.
function Feed({ live }: { live: Live }) {
  const { t, status, zone, lang } = useApp();
  if (live.freshness === 'cut_off') {
    return (
      <div class="band" role="alert">
        <Message icon="warn" kind="bad" title={t('cut_off')}>
          <p>{t('figures_of')} {status.newest_recorded_at ? instant(status.newest_recorded_at, zone, lang, 'seconds') : t('none_figure')} <button class="lnkb" type="button" onClick={live.retry}>{t('try_again')}</button></p>
        </Message>
      </div>
    );
  }
  if (status.trouble) return <div class="band"><Message icon="warn" kind="bad" title={t('trouble')}><p><bdi>{status.trouble}</bdi></p></Message></div>;
  if (live.freshness !== 'late') return null;
  return <div class="band"><Message icon="warn" kind="late" title={t('late')}><p>{count(live.lag)} {t('records_behind')}</p></Message></div>;
}

function Crumbs() {
  const { t, address, href, here } = useApp();
  const crumbs = crumbsOf(address, t, href, here), end = crumbs.length - 1;
  return (
    <nav aria-label={t('path')}>
      <ol class="crumbs">
        {crumbs.map((crumb, i) => (
          <li key={i} class={i > 0 && i < end ? 'not-s' : ''}>
            {i === end || !crumb.href ? <span aria-current={i === end ? 'page' : undefined}><bdi>{crumb.words}</bdi></span> : <a href={crumb.href}><bdi>{crumb.words}</bdi></a>}
          </li>
        ))}
      </ol>
    </nav>
  );
}

// What was typed is asked once it rests; arrows choose, Enter opens.
function Search() {
  const { t, href, go, when, status } = useApp();
  const [text, setText] = useState(''), [found, setFound] = useState<Found[] | null>(null), [at, setAt] = useState(0), [open, setOpen] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (text.trim() === '') {
      setFound(null);
      return;
    }
    let gone = false;
    const timer = setTimeout(() => {
      send<SearchAnswer>(urlOf('/v1/search', { ...when, q: text.trim() })).then((answer) => {
        if (gone) return;
        setFound(answer.results);
        setAt(0);
      }, () => !gone && setFound([]));
    }, 150);
    return () => {
      gone = true;
      clearTimeout(timer);
    };
  }, [text]);
  useLayoutEffect(() => {
    const outside = (event: MouseEvent) => {
      if (!box.current?.contains(event.target as Node)) setOpen(false);
    };
    document.addEventListener('click', outside);
    return () => document.removeEventListener('click', outside);
  }, []);
  // What a sender was told, "invoices:3:17", is a record of the log.
  const place = parsePlace(text, [...new Set(status.positions.map(({ topic }) => topic))]);
  const link = (result: Found): string => {
    const [path, params] = documentPath(result.kind, result.document_id ?? result.customer_id, result.customer_id);
    return href(path, params);
  };
  const choose = (to: string) => {
    setOpen(false);
    setText('');
    // The page that opens has the keys, not the field.
    box.current?.querySelector('input')?.blur();
    go(to);
  };
  const shown = open && (found !== null || place !== null);
  const choices = [
    ...(place ? [{ key: placeInLog(place), kind: t('kind_record'), id: placeInLog(place), name: '', to: href(eventPath(place)) }] : []),
    ...(found ?? []).map((result) => ({
      key: `${result.kind} ${result.customer_id} ${result.document_id}`, kind: t(`kind_${result.kind}` as 'kind_invoice'), id: result.document_id ?? result.customer_id, name: result.customer_name ?? '', to: link(result),
    })),
  ];
  const key = (event: KeyboardEvent) => {
    if (event.key === 'Escape') {
      event.stopPropagation();
      setOpen(false);
      (event.target as HTMLElement).blur();
    }
    if (!choices.length) return;
    if (event.key === 'ArrowDown') setAt(Math.min(choices.length - 1, at + 1));
    else if (event.key === 'ArrowUp') setAt(Math.max(0, at - 1));
    else if (event.key === 'Enter') choose(choices[Math.min(at, choices.length - 1)].to);
    else return;
    event.preventDefault();
  };
  return (
    <div class="search" role="search" ref={box}>
      <Icon name="search" />
      <input type="text" role="combobox" aria-expanded={shown} aria-controls="found" aria-autocomplete="list" aria-label={t('search')} placeholder={t('search')}
        aria-activedescendant={shown && choices.length ? `found-${at}` : undefined} value={text} data-key="/" maxLength={128}
        onFocus={() => setOpen(true)} onKeyDown={key} onInput={(event) => {
          setText((event.target as HTMLInputElement).value);
          setOpen(true);
        }} />
      <kbd aria-hidden="true">/</kbd>
      <ul id="found" role="listbox" aria-label={t('found')} class="found" hidden={!shown}>
        {choices.map((choice, i) => (
          <li key={choice.key} id={`found-${i}`} role="option" aria-selected={i === at} onClick={() => choose(choice.to)}>
            <span class="q">{choice.kind}</span>
            <bdi class="nm">{choice.id}</bdi>
            <bdi class="nm q">{choice.name}</bdi>
          </li>
        ))}
        {found && !choices.length ? <li role="option" aria-selected="false" aria-disabled="true" class="q">{t('nothing_found')}</li> : null}
      </ul>
    </div>
  );
}

function Keyboard({ close, on, turn }: { close: () => void; on: boolean; turn: () => void }) {
  const { t } = useApp();
  return (
    <Popover label={t('keyboard')} close={close} class="keypop">
      <h2>{t('keyboard')}</h2>
      <label class="note"><input type="checkbox" checked={on} onChange={turn} /> {t('single_keys')}</label>
      <div class="keys">
        {KEYS.map(({ keys, word }) => <span key={word}><span class="kk">{keys.map((key) => <kbd key={key}>{key}</kbd>)}</span>{t(word)}</span>)}
      </div>
    </Popover>
  );
}

function Tabs() {
  const { t, href, address } = useApp();
  const current = placeOf(address.path);
  const tab = (section: Section) => (
    <a key={section.word} href={href(PLACES[section.places[0]].path)} aria-current={section.places.includes(current) ? 'page' : undefined}>
      <Icon name={section.icon} /><span>{t(section.short)}</span>
    </a>
  );
  return <nav class="tabs" aria-label={t('tabs')}>{SECTIONS.map(tab)}</nav>;
}

// On phones, where the side bar is not: the places of this section.
export function SectionLinks() {
  const { t, href, address } = useApp();
  const current = placeOf(address.path), section = SECTIONS.find(({ places }) => places.includes(current));
  if (!section || section.places.length < 2) return null;
  return (
    <nav class="places only-s" aria-label={t(section.word)}>
      {section.places.map((place) => <a key={place} href={href(PLACES[place].path)} aria-current={place === current ? 'page' : undefined}>{t(PLACES[place].word)}</a>)}
    </nav>
  );
}
