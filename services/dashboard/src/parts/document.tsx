// What the page of every document has: its name and state, a sentence, what is its own, its story, and its facts.
import type { ComponentChildren } from 'preact';
import { useApp } from '../lib/app';
import { useAnswer, type Failure, type Loaded } from '../lib/api';
import type { DocumentView } from '../lib/answers';
import { count } from '../lib/format';
import type { Text } from '../lib/sentences';
import { toldOf, type Told } from '../lib/story';
import { apiPath } from '../lib/url';
import { Name, Panel, Shown, Skeleton } from './basics';
import { Page } from './page';
import { Timeline } from './timeline';

// A document of a customer; several may have one id, and then each is offered.
export function useDocument<T>(kind: string, id: string, expand: 'events' | 'story' = 'events'): Loaded<T> {
  const { when, address } = useApp();
  return useAnswer<T>(apiPath(kind, id), { ...when, customer_id: address.params.customer_id, expand });
}

interface DocumentProps<T> {
  kind: 'invoices' | 'payments' | 'credit-notes' | 'orders' | 'shipments';
  word: 'invoice' | 'payment' | 'creditnote' | 'order' | 'shipment';
  id: string;
  of: Loaded<T>;
  chip: (data: T) => ComponentChildren;
  lead?: (data: T, told: Told[]) => Text;
  like: (data: T) => string;       // An amount of its currency, for the decimals of its story.
  told?: Told[] | null;            // Its story, where it is more than its own events; null until it is there.
  by?: { words: string; href: string; other: string };  // In what order the story is told, and the other one.
  main?: (data: T) => ComponentChildren;    // Over the story.
  before?: (data: T) => ComponentChildren;  // Over the facts.
  facts: (data: T) => ComponentChildren;
  after?: (data: T) => ComponentChildren;   // Under the facts.
}

export function DocumentPage<T extends DocumentView>({ kind, word, id, of, chip, lead, like, told, by, main, before, facts, after }: DocumentProps<T>) {
  const { t, zone } = useApp();
  const data = of.data, story = told === undefined && data ? toldOf(data.events, zone) : told;
  return (
    <Page title={<>{t(word)} <bdi class="wrap">{id}</bdi> {data ? chip(data) : null}</>} name={`${t(word)} ${id}`} lead={data && story && lead ? lead(data, story) : null} view={data}>
      {of.failure?.status === 409 ? <Several kind={kind} id={id} failure={of.failure} /> : (
        <Shown of={of} height={320}>{(shown) => (
          <div class="cols">
            <div class="c8 stack">
              {main?.(shown)}
              <Panel title={t('story')} sub={story ? `${count(story.length)} ${t(story.length === 1 ? 'one_event' : 'events')}, ${by?.words ?? t('by_effective')}` : ''} more={by ? { href: by.href, words: by.other } : undefined}>
                {story ? <Timeline told={story} like={like(shown)} own={id} customer={shown.customer_id} /> : <Skeleton height={320} />}
              </Panel>
            </div>
            <div class="c4 stack">
              {before?.(shown)}
              <Facts title={t('details')}><CustomerFact id={shown.customer_id} name={shown.customer_name} />{facts(shown)}</Facts>
              {after?.(shown)}
            </div>
          </div>
        )}</Shown>
      )}
    </Page>
  );
}

// 409 names the accounts that have the id.
function Several({ kind, id, failure }: { kind: string; id: string; failure: Failure }) {
  const { t, href } = useApp();
  return (
    <Panel title={t('several_accounts')}>
      <div class="in">
        <p class="wrap"><bdi>{failure.detail}</bdi></p>
        <p class="acts2">{failure.accounts.map((account) => <a key={account} class="btn" href={href([kind, id], { customer_id: account })}><Name>{account}</Name></a>)}</p>
      </div>
    </Panel>
  );
}

export const Facts = ({ title, children }: { title: ComponentChildren; children: ComponentChildren }) => (
  <Panel title={title}><div class="in"><dl class="facts">{children}</dl></div></Panel>
);

// A fact that is not there has no line.
export const Fact = ({ word, children }: { word: string; children: ComponentChildren }) => (children === null || children === undefined || children === '' ? null : <><dt>{word}</dt><dd class="wrap">{children}</dd></>);

// Data of the customer's or of ours: a name, an id, a code.
export const TextFact = ({ word, text }: { word: string; text: string | null }) => <Fact word={word}>{text ? <Name>{text}</Name> : null}</Fact>;

const CustomerFact = ({ id, name }: { id: string; name: string | null }) => {
  const { t, href } = useApp();
  return <Fact word={t('customer')}><a class="lnk" href={href(['customers', id])}><Name>{name ?? id}</Name></a></Fact>;
};

// Other documents of the same account.
export function LinkFact({ word, page, ids, customer }: { word: string; page: string; ids: string[]; customer: string }) {
  const { href } = useApp();
  return <Fact word={word}>{ids.length ? ids.map((one, i) => <>{i ? ', ' : ''}<a class="lnk" href={href([page, one], { customer_id: customer })}><Name>{one}</Name></a></>) : null}</Fact>;
}

// What a document comes to, ruled off.
export const SumFact = ({ word, children }: { word: ComponentChildren; children: ComponentChildren }) => <><dt class="sumline">{word}</dt><dd class="sumline">{children}</dd></>;
