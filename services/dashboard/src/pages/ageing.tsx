// Who owes what, how old. The grid is kept while drilling: region, customer and item share the same columns, and an
// item's amount stands in its bucket, so that the eye adds the column up.
import type { ComponentChildren } from 'preact';
import { useRef, useState } from 'preact/hooks';
import { useApp } from '../lib/app';
import { useAnswer, useRows, type Rows } from '../lib/api';
import type { Ageing, AgeingRow, Ages, Item, Items, Proof as ProofFigures } from '../lib/answers';
import { cellOf } from '../lib/cells';
import { compare, isZero, negate, percent, sum } from '../lib/decimal';
import { documentPath } from '../lib/documents';
import { overdueOf, over90Of, useBase } from '../lib/figures';
import { compact, count, date, share } from '../lib/format';
import * as sentences from '../lib/sentences';
import { openOf, printOpen } from '../lib/places';
import { orNone, type Params } from '../lib/url';
import { Amount, Empty, Failed, Field, Name, Panel, Pick, Proof, ProofMark, Segments, Shown, Skeleton } from '../parts/basics';
import { Profile } from '../parts/charts';
import { AgeingChart, bucketWords } from '../parts/figures';
import { useGrid } from '../parts/grid';
import { Icon } from '../parts/icons';
import { Page, RegionPick } from '../parts/page';
import { Cap, useScrollable } from '../parts/table';
import { ConvertedWords } from './overview';

const GROUPS = ['region', 'customer', 'sales_rep', 'parent_customer', 'currency'] as const;
type Group = (typeof GROUPS)[number];
const LEVELS = ['1', '2', '3'];
const MOST = 6;  // Customers shown under a group before the rest is one row.

function useOpen(): { isOpen: (key: string) => boolean; toggle: (key: string) => string } {
  const { address, here } = useApp();
  const open = openOf(address.params.open);
  return {
    isOpen: (key) => open.includes(key),
    toggle: (key) => here({ open: printOpen(open.includes(key) ? open.filter((one) => one !== key) : [...open, key]) }),
  };
}

interface Question {
  common: Params;     // Dates, basis, buckets: of every question of this page.
  edges: string[];    // Bucket labels.
  column: string | undefined;  // The one that was come for.
}

export function AgeingPage() {
  const { t, lang, address, when, here } = useApp();
  const { params } = address;
  const group = (GROUPS as readonly string[]).includes(params.group_by) ? (params.group_by as Group) : 'region';
  const level = LEVELS.includes(params.level) ? params.level : '1';
  const { base, currencies, ready } = useBase();
  const filters = { region: params.region, sales_rep: params.sales_rep, currency: params.currency, customer_id: params.customer_id, parent_customer: params.parent_customer };
  const common = { ...when, basis: params.basis, buckets: params.buckets, aged_on: params.aged_on };
  const whole = useAnswer<Ageing>(ready ? '/v1/receivables/ageing' : null, { ...common, ...filters, group_by: 'none', base_currency: base });
  const asked = { ...common, ...filters, group_by: group, level: group === 'region' ? level : undefined };
  const rows = useRows<Ageing, AgeingRow>('/v1/receivables/ageing', asked, (answer) => answer.rows);
  const totals = whole.data?.base_totals;
  const plainBuckets = !params.buckets;
  const worst = worstOf(rows.rows);
  const items = (whole.data?.totals ?? []).reduce((all, total) => all + total.items, 0);
  const lead = whole.data ? sentences.ageing(lang, {
    open: totals ? `${totals.currency} ${compact(totals.gross_open, lang)}` : null, items,
    overdue: totals ? share(overdueOf(totals), totals.gross_open) : null, over90: totals && plainBuckets ? share(over90Of(totals), totals.gross_open) : null,
    worst: worst && rows.rows.length > 1 && group !== 'currency' ? worst : null,
  }) : null;
  return (
    <Page title={t('ageing')} lead={lead} view={whole.data} file={{ path: '/v1/receivables/ageing', params: asked }} filters={
      <>
        <RegionPick />
        <Field label={t('salesrep')} value={params.sales_rep ?? ''} hint={t('all')} to={(value) => here({ sales_rep: orNone(value) })} />
        <Pick label={t('currency')} value={params.currency ?? ''} choices={[{ value: '', words: t('all') }, ...currencies.map((value) => ({ value, words: value }))]} to={(value) => here({ currency: orNone(value) })} />
        <Pick label={t('totals_in')} value={base ?? ''} choices={currencies.map((value) => ({ value, words: value }))} to={(value) => here({ base_currency: value })} />
      </>
    }>
      <Panel class="gap" title={params.parent_customer ?? params.region ?? t('all_regions')} busy={whole.busy} sub={totals ? <ConvertedWords totals={totals} currencies={currencies} lang={lang} /> : ''}>
        <Shown of={whole} height={240}>{(data) => <div class="in"><AgeingChart ageing={data} filters={{ ...common, ...filters }} /></div>}</Shown>
      </Panel>
      <Lane group={group} level={level} />
      <Panel busy={rows.busy}>
        {rows.failure && !rows.data ? <div class="in"><Failed failure={rows.failure} retry={rows.retry} /></div> : !rows.data ? <Skeleton height={320} />
          : rows.rows.length === 0 ? <Empty words={t('nothing_open')} detail={t('as_filtered')} />
            : <Tree rows={rows} group={group} level={Number(level)} question={{ common, edges: rows.data.buckets, column: params.column ?? undefined }} filters={filters} totals={rows.data.totals} base={whole.data} asked={asked} />}
      </Panel>
    </Page>
  );
}

function worstOf(rows: AgeingRow[]): { group: string; share: string } | null {
  let worst: { group: string; share: string; value: string } | null = null;
  for (const row of rows) {
    const value = percent(overdueOf(row), row.gross_open, 4);
    if (value !== null && !isZero(value) && (!worst || compare(value, worst.value) > 0)) worst = { group: row.customer_name ?? row.group, value, share: share(overdueOf(row), row.gross_open, 0) ?? '' };
  }
  return worst && worst.group ? worst : null;
}

function Lane({ group, level }: { group: Group; level: string }) {
  const { t, lang, here, address, asOf } = useApp();
  const { params } = address;
  const [shown, show] = useState(false);
  const words: Record<Group, string> = { region: t('region'), customer: t('customer'), sales_rep: t('salesrep'), parent_customer: t('parent'), currency: t('currency') };
  const edges = [['30,60,90,120', '30 · 60 · 90 · 120'], ['30,60,90', '30 · 60 · 90'], ['15,30,45,60,90', '15 · 30 · 45 · 60 · 90'], ['30,60,90,120,180,365', '30 · 60 · 90 · 120 · 180 · 365']];
  if (params.buckets && !edges.some(([value]) => value === params.buckets)) edges.push([params.buckets, params.buckets.split(',').join(' · ')]);
  return (
    <div class={`lane ${shown ? 'shown' : ''}`}>
      <span class="lab">{t('groupby')}</span>
      <Segments label={t('groupby')} value={group} choices={GROUPS.map((value) => ({ value, words: words[value] }))} to={(value) => here({ group_by: value === 'region' ? undefined : value, open: undefined, level: undefined })} />
      {group === 'region' ? (
        <>
          <span class="lab opt1">{t('level')}</span>
          <span class="opt1"><Segments label={t('level')} value={level} choices={LEVELS.map((value) => ({ value, words: value }))} to={(value) => here({ level: value === '1' ? undefined : value, open: undefined })} /></span>
        </>
      ) : null}
      <span class="opt1"><Pick label={t('basis')} value={params.basis ?? 'due_date'} choices={[{ value: 'due_date', words: t('duedate') }, { value: 'issue_date', words: t('issuedate') }]} to={(value) => here({ basis: value === 'due_date' ? undefined : value })} /></span>
      <span class="opt1"><Pick label={t('buckets')} value={params.buckets ?? edges[0][0]} choices={edges.map(([value, name]) => ({ value, words: name }))} to={(value) => here({ buckets: value === edges[0][0] ? undefined : value })} /></span>
      <span class="opt1"><Field label={t('agedon')} value={params.aged_on ?? ''} hint={t('as_of_date')} to={(value) => here({ aged_on: value === asOf ? undefined : orNone(value) })} /></span>
      {params.aged_on ? <span class="chip kn">{t('agedon')} {date(params.aged_on, lang)}</span> : null}
      <button class="btn only-s" type="button" aria-expanded={shown} onClick={() => show(!shown)}>{t('ages_basis_level')}</button>
    </div>
  );
}

interface TreeProps {
  rows: Rows<Ageing, AgeingRow>;
  group: Group;
  level: number;
  question: Question;
  filters: Params;
  totals: (Ages & { proof: ProofFigures })[];
  base?: Ageing;
  asked: Params;
}

function Tree({ rows, group, level, question, filters, totals, base, asked }: TreeProps) {
  const { t } = useApp();
  const table = useRef<HTMLTableElement>(null), box = useRef<HTMLDivElement>(null);
  useGrid(table);
  useScrollable(box, t('ageing'));
  const { edges } = question, holds = totals.every(({ proof }) => isZero(proof.difference));
  const heads: Record<Group, string> = { region: t('region'), customer: t('customer'), sales_rep: t('salesrep'), parent_customer: t('parent'), currency: t('currency') };
  const chosen = (column: string) => (question.column === column ? 'pickd' : '');
  const colour = (i: number): string => `a${edges.length <= 5 ? i + 1 : 1 + Math.round((4 * i) / (edges.length - 1))}`;
  return (
    <>
      <div class="tbl" ref={box}>
        <table class="wide" role="treegrid" aria-label={t('ageing')} ref={table}>
          <thead>
            <tr class="grp not-s"><td class="stick" /><td colSpan={2} /><th scope="colgroup" colSpan={edges.length}><span>{t('dayspastdue')}</span></th><td colSpan={6} /></tr>
            <tr>
              <th scope="col" class="stick">{heads[group]}<span class="not-s"> / {t('customer_item')}</span></th>
              <th scope="col">{t('cur')}</th>
              <th scope="col" class={`r not-s ${chosen('not_due')}`}>{t('notdue')}<span class="key a0" /></th>
              {edges.map((label, i) => <th key={label} scope="col" class={`r not-s ${chosen(label)}`}>{bucketWords(label)}<span class={`key ${colour(i)}`} /></th>)}
              <th scope="col" class={`r ${chosen('gross_open')}`}>{t('gross')}</th>
              <th scope="col" class="r only-s">{t('overdue')}</th>
              <th scope="col" class={`r not-s ${chosen('disputed')}`}>{t('ofwhichdisputed')}</th>
              <th scope="col" class={`r not-s ${chosen('unapplied_cash')}`}>{t('unapplied')}</th>
              <th scope="col" class={`r not-s ${chosen('open_credits')}`}>{t('credits')}</th>
              <th scope="col" class="r not-s">{t('balance')}</th>
              <th scope="col" class="not-s"><span class="vh">{t('proof')}</span></th>
            </tr>
          </thead>
          <tbody>
            {rows.rows.map((row) => <Branch key={`${row.group} ${row.currency}`} row={row} group={group} depth={0} level={level} question={question} filters={filters} />)}
          </tbody>
          <tfoot>
            {totals.map((total) => (
              <Line key={total.currency} kind={`sum ${isZero(total.proof.difference) ? 'proven' : 'broken'}`} head={`${t('total')} ${total.currency}`} ages={total} edges={edges} cell={cells(question, filters, total.currency)} total proof={total.proof} />
            ))}
            {base?.base_totals && totals.length > 1 ? <Line kind="conv" head={`≈ ${t('total_in')} ${base.base_totals.currency}`} ages={base.base_totals} edges={edges} total /> : null}
          </tfoot>
        </table>
      </div>
      <Cap path="/v1/receivables/ageing" params={asked} of={rows}>
        <Proof holds={holds}>{t(holds ? 'proven_each' : 'proof_fails')}</Proof>
      </Cap>
    </>
  );
}

type CellAddress = (what: Params) => string;

// Where the figures of a row lead.
function cells(question: Question, filters: Params, currency: string): (here: (changes: Params) => string) => CellAddress {
  return (here) => (what) => here({ cell: cellOf('items', { ...question.common, ...filters, currency, ...what }) });
}

interface LineProps {
  kind: string;
  head: ComponentChildren;
  ages: Ages;
  edges: string[];  // Bucket labels.
  cell?: (here: (changes: Params) => string) => CellAddress;
  proof?: ProofFigures;
  total?: boolean;
  level?: number;
  expanded?: boolean;
}

// One row of figures, of a group, a customer or a total.
function Line({ kind, head, ages, edges, cell, proof, total, level, expanded }: LineProps) {
  const { here } = useApp();
  const to = cell?.(here);
  const amount = (text: string, what: Params, cls = '') => <td class={`r ${cls}`}><Amount text={text} total={total} align href={to?.(what)} /></td>;
  return (
    <tr class={kind} aria-level={level} aria-expanded={expanded}>
      <th scope="row" class="stick">{head}</th>
      <td class="cur">{ages.currency}</td>
      {amount(ages.not_due, { bucket: 'not_due' }, 'not-s')}
      {ages.buckets.map((value, i) => <td key={i} class="r not-s"><Amount text={value} total={total} align href={to?.({ bucket: edges[i] })} /></td>)}
      {amount(ages.gross_open, { column: 'gross_open' }, 'gr')}
      <td class="r only-s">{share(overdueOf(ages), ages.gross_open, 0) ?? ''}</td>
      {amount(ages.disputed, { column: 'disputed' }, 'not-s')}
      {amount(negateIf(ages.unapplied_cash), { column: 'unapplied_cash' }, 'not-s')}
      {amount(negateIf(ages.open_credits), { column: 'open_credits' }, 'not-s')}
      {amount(ages.balance, {}, 'bl not-s')}
      <td class="r not-s">{proof ? <ProofMark difference={proof.difference} ledger={proof.ledger_balance} /> : null}</td>
    </tr>
  );
}

const negateIf = (text: string): string => (isZero(text) ? text : negate(text));

interface BranchProps {
  row: AgeingRow;
  group: Group;
  depth: number;
  level: number;
  question: Question;
  filters: Params;
}

const FILTER: Record<Group, string> = { region: 'region', customer: 'customer_id', sales_rep: 'sales_rep', currency: 'currency', parent_customer: 'parent_customer' };

function Branch({ row, group, depth, level, question, filters }: BranchProps) {
  const { t, href, go } = useApp();
  const { isOpen, toggle } = useOpen();
  const name = row.group ?? '', key = `${group}:${name}`, open = isOpen(key);
  const below = { ...filters, [FILTER[group]]: name };
  const words = group === 'customer' ? (row.customer_name ?? name) : name === '' ? t('unassigned') : name;
  const link = group === 'customer' ? <a class="lnk nm" href={href(['customers', name])}><Name>{words}</Name></a> : <Name>{words}</Name>;
  const customer = group === 'customer' ? <span class="id"><bdi>{row.customer_name ? name : ''}</bdi></span> : null;
  return (
    <>
      <Line kind={`lv${group === 'customer' ? 2 : depth ? 1 : 0} ${open && group === 'customer' ? 'openrow' : ''}`} ages={row} edges={question.edges} proof={row.proof} level={depth + 1} expanded={open}
        cell={cells(question, below, row.currency)}
        head={
          <>
            <span class={`tree l${Math.min(2, depth)}`}>
              <button type="button" aria-expanded={open} aria-label={words} onClick={() => go(toggle(key))}><Icon name="right" small /></button>
              <span class="two">{link}{customer}</span>
            </span>
            <Profile parts={[row.not_due, ...row.buckets]} />
          </>
        } />
      {open ? <Below row={row} group={group} depth={depth} level={level} question={question} filters={below} /> : null}
    </>
  );
}

const Wait = ({ columns }: { columns: number }) => {
  const { t } = useApp();
  return <tr class="lv3"><td colSpan={columns}><span role="status" class="z">{t('loading')}</span></td></tr>;
};

// What a row is made of: regions of the next level while there are any, then customers, then items.
function Below({ row, group, depth, level, question, filters }: BranchProps) {
  const columns = question.edges.length + 9;
  if (group === 'customer') return <ItemRows question={question} filters={filters} currency={row.currency} columns={columns} />;
  if (group === 'region') return <OfRegion row={row} group={group} depth={depth} level={level} question={question} filters={filters} />;
  return <CustomerRows question={question} filters={{ ...filters, currency: row.currency }} depth={depth} level={level} columns={columns} of={`${group}:${row.group}`} />;
}

function OfRegion({ row, depth, level, question, filters }: BranchProps) {
  const columns = question.edges.length + 9, region = row.group ?? '';
  const deeper = useAnswer<Ageing>(region === '' || level >= 8 ? null : '/v1/receivables/ageing', { ...question.common, ...filters, currency: row.currency, group_by: 'region', level: level + 1, page_size: 1000 });
  if (region !== '' && !deeper.data) return <Wait columns={columns} />;
  const parts = deeper.data?.rows ?? [];
  if (parts.every((part) => part.group === region)) {
    return <CustomerRows question={question} filters={{ ...filters, currency: row.currency }} depth={depth} level={level} columns={columns} of={`region:${region}`} />;
  }
  return <>{parts.map((part) => <Branch key={`${part.group} ${part.currency}`} row={part} group="region" depth={depth + 1} level={level + 1} question={question} filters={filters} />)}</>;
}

interface CustomersProps {
  question: Question;
  filters: Params;
  depth: number;
  level: number;
  columns: number;
  of: string;
}

// The most overdue first; the rest is one row that adds up.
function CustomerRows({ question, filters, depth, level, columns, of }: CustomersProps) {
  const { t, go } = useApp();
  const { isOpen, toggle } = useOpen();
  const answer = useRows<Ageing, AgeingRow>('/v1/receivables/ageing', { ...question.common, ...filters, group_by: 'customer' }, (data) => data.rows, 1000);
  if (!answer.data) return <Wait columns={columns} />;
  const sorted = [...answer.rows].sort((a, b) => compare(overdueOf(b), overdueOf(a)) || compare(b.gross_open, a.gross_open));
  const all = `all:${of}`, shown = isOpen(all) || sorted.length <= MOST + 1 ? sorted : sorted.slice(0, MOST), rest = sorted.slice(shown.length);
  return (
    <>
      {shown.map((row) => <Branch key={`${row.group} ${row.currency}`} row={row} group="customer" depth={depth + 1} level={level} question={question} filters={filters} />)}
      {rest.length ? <Line kind="lv2" ages={addAges(rest)} edges={question.edges} head={<span class="tree l2"><button class="lnkb wide2" type="button" onClick={() => go(toggle(all))}>{count(rest.length)} {t('more_customers')}</button></span>} /> : null}
      {answer.more ? <tr class="lv2"><td colSpan={columns}><button class="lnkb" type="button" onClick={answer.more}>{t('more_rows')}</button></td></tr> : null}
    </>
  );
}

function addAges(rows: AgeingRow[]): Ages {
  const of = (part: (row: AgeingRow) => string): string => sum(rows.map(part));
  return {
    currency: rows[0].currency, not_due: of((row) => row.not_due), buckets: rows[0].buckets.map((_, i) => of((row) => row.buckets[i])), gross_open: of((row) => row.gross_open),
    disputed: of((row) => row.disputed), unapplied_cash: of((row) => row.unapplied_cash), open_credits: of((row) => row.open_credits), balance: of((row) => row.balance),
    items: rows.reduce((all, row) => all + row.items, 0),
  };
}

function ItemRows({ question, filters, currency, columns }: { question: Question; filters: Params; currency: string; columns: number }) {
  const { t, lang, href } = useApp();
  const { buckets: _, ...dates } = question.common;
  const answer = useRows<Items, Item>('/v1/receivables/items', { ...dates, ...filters, currency }, (data) => data.items, 1000);
  if (!answer.data) return answer.failure ? <tr class="lv3"><td colSpan={columns}><Failed failure={answer.failure} retry={answer.retry} /></td></tr> : <Wait columns={columns} />;
  const sorted = [...answer.rows].sort((a, b) => (b.days_overdue ?? -1e9) - (a.days_overdue ?? -1e9));
  return (
    <>
      {sorted.map((item, i) => <ItemRow key={`${item.kind} ${item.document_id} ${item.instalment} ${i}`} item={item} question={question} words={
        item.days_overdue === null ? t(`k_${item.kind}` as 'k_PAYMENT') : item.days_overdue > 0 ? `${count(item.days_overdue)} ${t('d_late')}` : item.due_date ? `${t('due_on')} ${date(item.due_date, lang, 'short')}` : ''
      } link={item.document_id ? href(...documentPath(item.kind, item.document_id, item.customer_id)) : undefined} />)}
      {answer.more ? <tr class="lv3"><td colSpan={columns}><button class="lnkb" type="button" onClick={answer.more}>{t('more_rows')}</button></td></tr> : null}
    </>
  );
}

// Which column an item's amount stands in.
export function columnOf(item: Item, edges: string[]): number | null {
  if (item.days_overdue === null) return null;
  if (item.days_overdue <= 0) return -1;
  return edges.findIndex((label) => {
    const [from, to] = label.endsWith('+') ? [label.slice(0, -1), '99999999'] : label.split('-');
    return (item.days_overdue as number) >= Number(from) && (item.days_overdue as number) <= Number(to);
  });
}

function ItemRow({ item, question, words, link }: { item: Item; question: Question; words: string; link?: string }) {
  const { t } = useApp();
  const at = columnOf(item, question.edges), credit = at === null;
  const cell = (shown: boolean, text = item.open, cls = 'not-s') => <td class={`r ${cls}`}>{shown ? <Amount text={text} total align /> : null}</td>;
  const isCash = item.kind !== 'CREDIT_NOTE';
  const id = item.document_id ?? t('on_account');
  return (
    <tr class="lv3" aria-level={4}>
      <th scope="row" class="stick"><span class="tree l3"><span class="two">{link ? <a class="lnk nm" href={link}><Name>{id}</Name></a> : <Name>{id}</Name>}<span class="id">{words}</span></span></span></th>
      <td class="cur" />
      {cell(at === -1)}
      {question.edges.map((label, i) => <td key={label} class="r not-s">{at === i ? <Amount text={item.open} total align /> : null}</td>)}
      {cell(!credit, item.open, 'gr')}
      <td class="r only-s" />
      {cell(!credit && !isZero(item.disputed), item.disputed)}
      {cell(credit && isCash)}
      {cell(credit && !isCash)}
      {cell(true, item.open, 'bl not-s')}
      <td class="not-s" />
    </tr>
  );
}
