// Figures that change are marked, told, and say what moved them: each record leads to its document and its place.
import { useEffect, useRef, useState } from 'preact/hooks';
import { send } from '../lib/api';
import { useApp } from '../lib/app';
import type { RawEvent } from '../lib/answers';
import { watchChanges } from '../lib/changed';
import { documentOfEvent, eventPath, placeInLog } from '../lib/documents';
import { count } from '../lib/format';
import { accountOf, countOf, followed, movedBy, placesOf } from '../lib/moved';
import { payloadOf } from '../lib/story';
import { apiPath, parseAddress } from '../lib/url';
import { Name } from './basics';
import { Icon } from './icons';

// Between two sentences to those who do not see what changes.
const SAID_MS = 10_000;
const SHOWN_MAX = 5;

interface State {
  question: string;
  figures: number;
  records: RawEvent[];
  others: number;  // Records that were not read.
}

const linksAround = (figure: Element): string[] => [...(figure.closest('tr, li, .mult')?.querySelectorAll('a[href]') ?? [])].map((link) => link.getAttribute('href') ?? '');

async function recordsOf(places: ReturnType<typeof placesOf>): Promise<RawEvent[]> {
  const answers = await Promise.allSettled(places.map(({ topic, partition, offset }) => send<RawEvent>(apiPath('events', topic, partition, offset))));
  return answers.flatMap((answer) => (answer.status === 'fulfilled' && answer.value.event ? [answer.value] : []));
}

export function Moved() {
  const { t, lang, href } = useApp();
  const [moved, show] = useState<State | null>(null), last = useRef(-SAID_MS), [said, say] = useState('');
  useEffect(() => watchChanges(document.body, (figures) => {
    const question = location.hash, spans = followed.take(Date.now());
    if (!spans.length) {
      show((old) => (old?.question === question ? { ...old, figures: old.figures + figures.length } : { question, figures: figures.length, records: [], others: 0 }));
      return;
    }
    const accounts = figures.map((figure) => accountOf(linksAround(figure), parseAddress(question))), places = placesOf(spans);
    void recordsOf(places).then((records) => show({ question, figures: figures.length, records: movedBy(records, accounts), others: countOf(spans) - places.length }));
  }), []);
  const words = moved ? t(moved.figures === 1 ? 'figure_changed' : 'figures_changed').replace('{0}', count(moved.figures)) : '';
  const named = (record: RawEvent): string => t(`e_${record.event?.type}` as 'e_invoice_issued');
  useEffect(() => {
    if (!moved || performance.now() - last.current < SAID_MS) return;
    last.current = performance.now();
    say([words, ...moved.records.slice(0, 1).map((record) => `${named(record)} ${documentOf(record)?.id ?? ''}`)].join(': '));
  }, [moved]);
  const shown = moved && moved.question === location.hash && moved.records.length ? moved : null;
  return (
    <>
      <p class="vh" aria-live="polite" key={lang}>{said}</p>
      {shown ? (
        <aside class="moved" aria-label={t('moved_by')}>
          <p><b>{words}</b> · {t('moved_by')}</p>
          <button class="tool" type="button" aria-label={t('close')} onClick={() => show(null)}><Icon name="cross" /></button>
          <ul>
            {shown.records.slice(0, SHOWN_MAX).map((record) => {
              const document = documentOf(record), event = record.event as NonNullable<RawEvent['event']>, customer = record.customer_id ?? '';
              return (
                <li key={placeInLog(event)}>
                  <span>{named(record)}</span>
                  {document ? <a class="lnk" href={href([document.page, document.id], { customer_id: customer })}><Name>{document.id}</Name></a> : customer ? <a class="lnk" href={href(['customers', customer])}><Name>{customer}</Name></a> : null}
                  <a class="lnk mono" href={href(eventPath(event))}>{placeInLog(event)}</a>
                </li>
              );
            })}
          </ul>
          {shown.others + Math.max(0, shown.records.length - SHOWN_MAX) ? <p class="note">{t('more_records').replace('{0}', count(shown.others + Math.max(0, shown.records.length - SHOWN_MAX)))}</p> : null}
        </aside>
      ) : null}
    </>
  );
}

const documentOf = ({ event, content }: RawEvent) => (event ? documentOfEvent(event.type, payloadOf({ ...event, content: content ?? undefined })) : null);
