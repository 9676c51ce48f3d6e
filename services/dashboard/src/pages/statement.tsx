// The statement of account: on screen a sheet, on paper A4, one currency a page.
import { useEffect } from 'preact/hooks';
import { useApp } from '../lib/app';
import { useAnswer } from '../lib/api';
import type { Ageing, Customer, Statement } from '../lib/answers';
import { addDays } from '../lib/dates';
import { add, isNegative, isZero, magnitude, subtract, sum } from '../lib/decimal';
import { count, date, instant, plain, span } from '../lib/format';
import { apiPath, query } from '../lib/url';
import { Amount, Failed, Name, Panel, Skeleton } from '../parts/basics';
import { bucketWords } from '../parts/figures';
import { Page } from '../parts/page';
import { Icon } from '../parts/icons';
import { Cap, Table, type Column } from '../parts/table';
import { overdueOf } from '../lib/figures';
import { usePeriod } from './receivables';

type Part = Statement['currencies'][number];
interface Line {
  key: string;
  date: string;
  what: string;
  document: string;
  charge: string | null;
  credit: string | null;
  balance: string;
}

export function StatementPage({ id }: { id: string }) {
  const { t, known } = useApp();
  const period = usePeriod(), path = apiPath('customers', id, 'statement');
  const asked = { ...known, from: period.from, to: period.to };
  const answer = useAnswer<Statement>(path, { ...asked, page_size: 1000 });
  const customer = useAnswer<Customer>(apiPath('customers', id), { ...known, as_of: period.to });
  const ageing = useAnswer<Ageing>('/v1/receivables/ageing', { ...known, as_of: period.to, customer_id: id, group_by: 'none' });
  useEffect(() => {
    document.documentElement.dataset.paper = '';
    return () => {
      delete document.documentElement.dataset.paper;
    };
  }, []);
  const ready = answer.data && customer.data && ageing.data;
  const failure = answer.failure ?? customer.failure ?? ageing.failure;
  return (
    <Page title={t('statement')} name={`${t('statement')} ${id}`} period={period} view={answer.data} file={{ path, params: asked }}
      actions={<button class="btn pri" type="button" onClick={() => print()}><Icon name="print" />{t('print')}</button>}>
      <Panel class="paperbox" busy={answer.busy}>
        {failure && !ready ? <div class="in"><Failed failure={failure} retry={answer.retry} /></div> : !ready ? <Skeleton height={320} />
          : answer.data!.currencies.length === 0 ? <p class="in note">{t('nothing_moved')}</p>
            : answer.data!.currencies.map((part) => <Sheet key={part.currency} part={part} statement={answer.data!} customer={customer.data!} ageing={ageing.data!} asked={query({ ...asked, known_at: known.known_at ?? answer.data!.newest_recorded_at })} path={path} />)}
        <Cap path={path} params={asked} />
      </Panel>
    </Page>
  );
}

interface SheetProps {
  part: Part;
  statement: Statement;
  customer: Customer;
  ageing: Ageing;
  asked: string;
  path: string;
}

function Sheet({ part, statement, customer, ageing, asked, path }: SheetProps) {
  const { t, lang, zone, knownAt } = useApp();
  const total = ageing.totals.find(({ currency }) => currency === part.currency);
  const lines: Line[] = [
    { key: 'brought', date: date(addDays(statement.from, -1), lang), what: t('brought'), document: '', charge: null, credit: null, balance: part.brought_forward },
    ...part.entries.map((entry, i): Line => ({
      key: `${i}`, date: date(entry.date, lang), what: t(`e_${entry.type}` as 'e_invoice_issued'), document: entry.document_id,
      charge: isNegative(entry.amount) ? null : entry.amount, credit: isNegative(entry.amount) ? magnitude(entry.amount) : null, balance: entry.running_balance,
    })),
  ];
  const columns: Column<Line>[] = [
    { key: 'date', head: t('date'), cell: (line) => line.date },
    { key: 'what', head: t('what'), cell: (line) => line.what },
    { key: 'document', head: t('document'), cell: (line) => <Name>{line.document}</Name> },
    { key: 'charge', head: t('charges'), right: true, cell: (line) => (line.charge === null ? '' : <Amount text={line.charge} total />) },
    { key: 'credit', head: t('payments_credits'), right: true, cell: (line) => (line.credit === null ? '' : <Amount text={line.credit} total />) },
    { key: 'balance', head: t('balance'), right: true, cell: (line) => <Amount text={line.balance} total /> },
  ];
  const of = (pick: (line: Line) => string | null): string => sum(['0', ...lines.map(pick).filter((text): text is string => text !== null)]);
  const charges = of((line) => line.charge), credits = of((line) => line.credit);
  const complete = statement.next_page_token === undefined || statement.next_page_token === null;
  const holds = complete && isZero(subtract(subtract(add(part.brought_forward, charges), credits), part.carried_forward)) && (!total || isZero(total.proof.difference));
  const moment = knownAt ?? statement.newest_recorded_at;
  return (
    <article class="sheet">
      <header>
        <div><h2 class="shh">{t('statement')}</h2><p>{span(statement.from, statement.to, lang)}</p></div>
        <dl class="facts">
          <dt>{t('customer')}</dt><dd><bdi>{customer.customer_id}</bdi></dd>
          <dt>{t('currency')}</dt><dd>{part.currency}</dd>
          {customer.profile?.payment_terms_days !== null && customer.profile?.payment_terms_days !== undefined ? <><dt>{t('terms')}</dt><dd>{count(customer.profile.payment_terms_days)} {t('days_net')}</dd></> : null}
        </dl>
      </header>
      <p class="to"><b><bdi class="wrap">{customer.profile?.name ?? customer.customer_id}</bdi></b><br /><bdi>{customer.profile?.region ?? ''}</bdi></p>
      <div class="due">
        <span>{t('balance_on')} {date(statement.to, lang, 'long')}<b>{part.currency} {plain(part.carried_forward)}</b></span>
        {total ? <span>{t('of_which_past_due')}<b>{part.currency} {plain(overdueOf(total))}</b></span> : null}
      </div>
      <Table name={`${t('statement')} ${part.currency}`} columns={columns} rows={lines} keyOf={(line) => line.key}
        totals={[{ label: t('carried'), cells: { charge: <Amount text={charges} total />, credit: <Amount text={credits} total />, balance: <Amount text={part.carried_forward} total /> }, ruling: holds ? 'proven' : 'open' }]} />
      {complete ? null : <p class="latec">{t('not_all_rows')}</p>}
      {total ? (
        <>
          <h3 class="sh3">{t('open_by_days')}</h3>
          <div class="boxes">
            <span><small>{t('notdue')}</small><b>{plain(total.not_due)}</b></span>
            {ageing.buckets.map((label, i) => <span key={label}><small>{bucketWords(label)}</small><b>{isZero(total.buckets[i]) ? '–' : plain(total.buckets[i])}</b></span>)}
            <span class="tot"><small>{t('gross')}</small><b>{plain(total.gross_open)}</b></span>
          </div>
        </>
      ) : null}
      <footer>
        {t('asof')} {date(statement.to, lang)} · {t('knownat')} {moment ? instant(moment, zone, lang, 'seconds') : t('none_figure')} ({zone}). {total ? `${t(isZero(total.proof.difference) ? 'items_equal_ledger' : 'not_proven')} ${plain(total.proof.difference)}.` : ''}
        <span class="mono addr">{path}?{asked}</span>
      </footer>
    </article>
  );
}
