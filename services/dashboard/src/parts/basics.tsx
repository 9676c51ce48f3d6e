// Small parts that every page is made of.
import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { useApp } from '../lib/app';
import type { Failure, Loaded } from '../lib/api';
import { compact, plain } from '../lib/format';
import { isZero } from '../lib/decimal';
import { Icon, type IconName } from './icons';
import type { Text } from '../lib/sentences';

// A sentence made of plain and of strong words: what they name is text, never markup.
export const Sentence = ({ text }: { text: Text }) => (
  <>{text.map((part) => (typeof part === 'string' ? part : <b>{part.strong}</b>))}</>
);

// Names and other data: written in their own direction, cut where there is no room, whole in the title.
export const Name = ({ children, class: cls = '' }: { children: string; class?: string }) => (
  <bdi class={`nm ${cls}`} title={children}>{children}</bdi>
);

// The exact amount. Where currencies without decimals stand among others, invisible ones keep the digits in line.
export function Amount({ text, total, align, href }: { text: string; total?: boolean; align?: boolean; href?: string }) {
  const pad = align && !text.includes('.') ? <span class="pad" aria-hidden="true">.00</span> : null;
  if (!total && isZero(text)) {
    return <><span class="z" aria-hidden="true">–</span><span class="vh">0</span>{align ? <span class="pad" aria-hidden="true">.00</span> : null}</>;
  }
  return href ? <a class="n" href={href}>{plain(text)}{pad}</a> : <span class="n">{plain(text)}{pad}</span>;
}

export function Compact({ text }: { text: string }) {
  const { lang } = useApp();
  return <span title={plain(text)}>{compact(text, lang)}</span>;
}

// No figure, and why.
export function Missing({ why }: { why: string }) {
  const { t } = useApp();
  return <span class="z" title={why}>{t('none_figure')}<span class="vh">: {why}</span></span>;
}

interface PanelProps {
  title?: ComponentChildren;
  sub?: ComponentChildren;
  more?: { href: string; words: ComponentChildren };
  class?: string;
  busy?: boolean;
  beside?: ComponentChildren;
  children: ComponentChildren;
}

export const Panel = ({ title, sub, more, class: cls = '', busy, beside, children }: PanelProps) => (
  <section class={`panel ${cls} ${busy ? 'busy' : ''}`} aria-busy={busy ? 'true' : undefined}>
    {title ? (
      <header>
        <h2>{title}</h2>
        {sub ? <span class="sub">{sub}</span> : null}
        {beside}
        {more ? <a class="more" href={more.href}>{more.words}</a> : null}
      </header>
    ) : null}
    {children}
  </section>
);

export const Chip = ({ kind = '', children }: { kind?: '' | 'ok' | 'late' | 'bad' | 'kn'; children: ComponentChildren }) => (
  <span class={`chip ${kind}`}>{children}</span>
);

// What became of a promise to pay.
export function PromiseState({ state }: { state: string }) {
  const { t } = useApp();
  return <Chip kind={state === 'broken' ? 'bad' : state === 'kept' ? 'ok' : state === 'partly_kept' ? 'late' : ''}>{t(`p_${state}` as 'p_kept')}</Chip>;
}

// The mark of a row that was compared: its open items with the ledger, or what it comes to with what is kept apart.
export function ProofMark({ difference, ledger, against = 'ledger' }: { difference: string; ledger: string; against?: 'ledger' | 'kept_apart' }) {
  const { t } = useApp();
  const holds = isZero(difference);
  const words = `${holds ? t('proven') : t('not_proven')}: ${t(against)} ${plain(ledger)}, ${t('difference')} ${plain(difference)}`;
  return (
    <span class={holds ? 'ok' : 'bad'} title={words}>
      <Icon name={holds ? 'check' : 'cross'} small /><span class="vh">{words}</span>
    </span>
  );
}

export function Proof({ holds, children }: { holds: boolean; children: ComponentChildren }) {
  return <span class={holds ? 'prf' : 'prf bad'}><Icon name={holds ? 'check' : 'cross'} small />{children}</span>;
}

export const Message = ({ icon, title, kind = '', children }: { icon: IconName; title: ComponentChildren; kind?: string; children?: ComponentChildren }) => (
  <div class={`msg ${kind}`} role={kind ? 'alert' : undefined}>
    <Icon name={icon} />
    <div><b>{title}</b>{children}</div>
  </div>
);

// The shape of what comes; nothing before it would be missed.
export function Skeleton({ height = 128 }: { height?: number }) {
  const { t } = useApp();
  const [shown, show] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => show(true), 400);
    return () => clearTimeout(timer);
  }, []);
  return (
    <div class={`skel in ${height > 200 ? 'tall' : ''}`} role="status">
      <span class="vh">{t('loading')}</span>
      {shown ? <><i class="w40" /><i /><i class="w70" /><i /></> : null}
    </div>
  );
}

export function Failed({ failure, retry }: { failure: Failure; retry: () => void }) {
  const { t, here, address } = useApp();
  if (failure.status === 400) {
    const known = failure.violations.filter((violation) => violation.field in address.params);
    return (
      <Message icon="warn" kind="late" title={t('question_wrong')}>
        <p><bdi>{failure.detail}</bdi></p>
        {known.length ? (
          <div class="acts2">
            {known.map(({ field }) => <a class="btn" href={here({ [field]: undefined })}>{t('leave_out')} <bdi>{field}</bdi></a>)}
          </div>
        ) : null}
      </Message>
    );
  }
  const missing = failure.status === 404, words = missing ? t('not_there') : failure.status === 503 ? t('part_missing') : t('no_answer');
  return (
    <Message icon={missing ? 'search' : 'warn'} kind={missing ? '' : 'bad'} title={words}>
      <p><bdi>{failure.detail}</bdi></p>
      {failure.status === 503 ? <p>{t('whole_or_not')}</p> : null}
      {missing ? null : <div class="acts2"><button class="btn pri" type="button" onClick={retry}>{t('try_again')}</button></div>}
    </Message>
  );
}

// Whatever is asked: its shape while it comes, why it does not, or what it says.
export function Shown<T>({ of, height, children }: { of: Loaded<T>; height?: number; children: (data: T) => ComponentChildren }) {
  if (of.data !== undefined) return <>{children(of.data)}</>;
  if (of.failure) return <div class="in"><Failed failure={of.failure} retry={of.retry} /></div>;
  return <Skeleton height={height} />;
}

export function Empty({ words, detail, children }: { words: string; detail?: string; children?: ComponentChildren }) {
  return <div class="in"><Message icon="info" title={words}>{detail ? <p>{detail}</p> : null}{children}</Message></div>;
}

export interface Choice {
  value: string;
  words: string;
}

// One of a few, each its own address.
export const Segments = ({ label, choices, value, to }: { label: string; choices: Choice[]; value: string; to: (value: string) => string }) => (
  <span class="seg" role="group" aria-label={label}>
    {choices.map((choice) => (
      <a key={choice.value} href={to(choice.value)} aria-current={choice.value === value ? 'true' : undefined}>{choice.words}</a>
    ))}
  </span>
);

// One of many.
export function Pick({ label, choices, value, to }: { label: string; choices: Choice[]; value: string; to: (value: string) => string }) {
  const { go } = useApp();
  return (
    <label class="pick">
      {label}
      <select value={value} onChange={(event) => go(to((event.target as HTMLSelectElement).value))}>
        {choices.map((choice) => <option key={choice.value} value={choice.value}>{choice.words}</option>)}
      </select>
    </label>
  );
}

// What a few words were typed for: asked when they are done, not at each key.
export function Field({ label, value, to, hint, type = 'text' }: { label: string; value: string; to: (value: string) => string; hint?: string; type?: string }) {
  const { go } = useApp();
  return (
    <label class="pick">
      {label}
      <input class="fld" type={type} value={value} placeholder={hint} size={12}
        onChange={(event) => go(to((event.target as HTMLInputElement).value.trim()))} />
    </label>
  );
}

export interface TileProps {
  label: string;
  href?: string;
  first?: boolean;
  figure: ComponentChildren;
  under?: ComponentChildren;
  line?: ComponentChildren;
}

export const Tile = ({ label, href, first, figure, under, line }: TileProps) => {
  const inner = <><span class="k">{label}</span><span class="v">{figure}</span><span class="d">{under ?? ' '}</span>{line}</>;
  return href ? <a class={first ? 'kpi first' : 'kpi'} href={href}>{inner}</a> : <div class={first ? 'kpi first' : 'kpi'}>{inner}</div>;
};

// "▲ 2.8 pts": read out as up or down, and as better or worse where the direction has one.
export function Change({ rises, words, judged }: { rises: boolean; words: string; judged?: 'good' | 'worse' }) {
  const { t } = useApp();
  return (
    <span class={`up ${judged ?? ''}`}>
      <span aria-hidden="true">{rises ? '▲' : '▼'} </span>
      <span class="vh">{t(rises ? 'up' : 'fell')}{judged ? ` (${t(judged === 'good' ? 'better' : 'worse')})` : ''} </span>
      {words}
    </span>
  );
}
