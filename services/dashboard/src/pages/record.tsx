// A record of the log, for whoever sent it: what became of it, where it stands, what it says, and its bytes.
import { useApp } from '../lib/app';
import { useAnswer } from '../lib/api';
import type { RawEvent } from '../lib/answers';
import { documentOfEvent, eventPath, parsePlace, placeInLog } from '../lib/documents';
import { count, instant } from '../lib/format';
import * as sentences from '../lib/sentences';
import { apiPath } from '../lib/url';
import { Chip, Name, Panel, Shown } from '../parts/basics';
import { Fact, Facts, TextFact } from '../parts/document';
import { Page } from '../parts/page';

const KINDS = { accepted: 'ok', duplicate: '', conflict: 'late', parked: 'bad' } as const;
type State = keyof typeof KINDS;

interface Place {
  topic: string;
  partition: string;
  offset: string;
}

export function RecordPage({ topic, partition, offset }: Place) {
  const { t, lang, known } = useApp();
  const answer = useAnswer<RawEvent>(apiPath('events', topic, partition, offset), known), data = answer.data;
  const title = `${topic}:${partition}:${offset}`;
  return (
    <Page title={<><bdi class="wrap">{title}</bdi> {data ? <Chip kind={KINDS[data.state as State] ?? ''}>{t(`ev_${data.state}` as 'ev_accepted')}</Chip> : null}</>} name={title} view={data} lead={data ? sentences.record(lang, data.state) : null}>
      <Shown of={answer} height={240}>{(record) => (
        <div class="cols">
          <Panel class="c8" title={t('content')}>
            {record.content ? <Code name={t('content')} text={JSON.stringify(record.content, null, 2)} /> : <p class="in note">{t('does_not_parse')}</p>}
          </Panel>
          <div class="c4 stack">
            <Became record={record} topic={topic} />
            <Stands record={record} place={{ topic, partition, offset }} />
            <Panel title={t('bytes')} sub={count(lengthOf(record.bytes))}><Code name={t('bytes')} text={record.bytes ?? ''} /></Panel>
          </div>
        </div>
      )}</Shown>
    </Page>
  );
}

// Of base64, how many bytes it is.
const lengthOf = (text: string | null): number => Math.floor(((text ?? '').replace(/=+$/, '').length * 3) / 4);

const Code = ({ name, text }: { name: string; text: string }) => <div class="in"><pre class="code" tabIndex={0} role="region" aria-label={name}>{text}</pre></div>;

function Became({ record, topic }: { record: RawEvent; topic: string }) {
  const { t, href } = useApp();
  const payload = record.event?.type ? record.content?.[record.event.type] : null, document = payload ? documentOfEvent(record.event?.type ?? '', payload as Record<string, unknown>) : null;
  const other = record.detail ? parsePlace(record.detail, [topic]) : null;
  return (
    <Facts title={t('became')}>
      <TextFact word={t('detail')} text={record.detail} />
      <Fact word={t('stands_first')}>{other ? <a class="lnk mono" href={href(eventPath(other))}>{placeInLog(other)}</a> : null}</Fact>
      <Fact word={t('what')}>{record.event?.type ? t(`e_${record.event.type}` as 'e_invoice_issued') : null}</Fact>
      <Fact word={t('customer')}>{record.customer_id ? <a class="lnk" href={href(['customers', record.customer_id])}><Name>{record.customer_id}</Name></a> : null}</Fact>
      <Fact word={t('document')}>{document && record.customer_id ? <a class="lnk" href={href([document.page, document.id], { customer_id: record.customer_id })}><Name>{document.id}</Name></a> : null}</Fact>
    </Facts>
  );
}

function Stands({ record: { event }, place }: { record: RawEvent; place: Place }) {
  const { t, lang, zone } = useApp();
  const moment = (time: string | null | undefined) => (time ? instant(time, zone, lang, 'seconds') : null);
  return (
    <Facts title={t('position')}>
      <TextFact word={t('topic')} text={place.topic} />
      <TextFact word={t('partition')} text={place.partition} />
      <TextFact word={t('offset')} text={place.offset} />
      <Fact word={t('recorded')}>{moment(event?.recorded_at)}</Fact>
      <Fact word={t('occurred')}>{moment(event?.occurred_at)}</Fact>
      <TextFact word="event_id" text={event?.event_id ?? null} />
    </Facts>
  );
}
