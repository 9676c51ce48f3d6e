// One sentence first: under each title what a finance or sales person would ask, built from the figures. Templates of
// both languages stand beside each other; each says something true where there is nothing, one currency, or no period
// before.
import { isNegative, isZero, magnitude, subtract } from './decimal';
import { compact, count, plain, type Lang } from './format';

export type Text = (string | { strong: string })[];

// "grew by {0}" with what stands in the braces; a "*" behind the number makes it strong.
export function fill(template: string, values: string[]): Text {
  return template.split(/(\{\d\*?\})/).filter(Boolean).map((part) => {
    const slot = /^\{(\d)(\*?)\}$/.exec(part);
    if (!slot) return part;
    const value = values[Number(slot[1])] ?? '';
    return slot[2] ? { strong: value } : value;
  });
}

export const plainText = (text: Text): string => text.map((part) => (typeof part === 'string' ? part : part.strong)).join('');

const pick = (lang: Lang, en: string, zh: string, ...values: string[]): Text => fill(lang === 'zh' ? zh : en, values);
const money = (currency: string, amount: string, lang: Lang): string => `${currency} ${compact(magnitude(amount), lang)}`;
const joined = (parts: Text[], lang: Lang): Text => parts.filter((part) => part.length).flatMap((part, i) => (i && lang === 'en' ? [' ', ...part] : part));
const plural = (n: number, one: string, many: string): string => (n === 1 ? one : many);

export interface OverviewFacts {
  currency: string;
  balance: string;
  before: string | null;
  month: string;
  overdueShare: string | null;    // "50.3%"
  overdueBefore: string | null;   // In points: "2.8", "-0.4".
  top: { share: string; currency: string | null } | null;  // Of the ten largest debtors; of a currency, where there are others.
}

export function overview(lang: Lang, facts: OverviewFacts): Text {
  const parts: Text[] = [];
  if (facts.before === null) {
    parts.push(pick(lang, '{0*} is owed to us.', '应收余额 {0*}。', money(facts.currency, facts.balance, lang)));
  } else {
    const change = subtract(facts.balance, facts.before), amount = money(facts.currency, change, lang);
    if (isZero(change)) parts.push(pick(lang, 'Receivables did not change in {0}.', '{0}应收余额不变。', facts.month));
    else if (isNegative(change)) parts.push(pick(lang, 'Receivables fell by {0*} in {1}.', '{1}应收余额减少 {0*}。', amount, facts.month));
    else parts.push(pick(lang, 'Receivables grew by {0*} in {1}.', '{1}应收余额增加 {0*}。', amount, facts.month));
  }
  if (facts.overdueShare === null) {
    parts.push(pick(lang, 'Nothing is open.', '没有未清款项。'));
  } else {
    const change = facts.overdueBefore;
    const aside = change === null || isZero(change) ? ['', ''] : isNegative(change)
      ? [`, ${plain(magnitude(change))} points less than a month ago`, `，比上月末低 ${plain(magnitude(change))} 个百分点`]
      : [`, ${plain(change)} points more than a month ago`, `，比上月末高 ${plain(change)} 个百分点`];
    parts.push(pick(lang, '{0*} of what is open is overdue{1}.', '未清款项的 {0*} 已逾期{1}。', facts.overdueShare, aside[lang === 'zh' ? 1 : 0]));
  }
  if (facts.top?.currency) parts.push(pick(lang, 'In {1} the ten largest debtors owe {0}.', '{1} 前十大客户占未清款项的 {0}。', facts.top.share, facts.top.currency));
  else if (facts.top) parts.push(pick(lang, 'The ten largest debtors owe {0} of it.', '前十大客户占未清款项的 {0}。', facts.top.share));
  return joined(parts, lang);
}

export interface AgeingFacts {
  open: string | null;  // With its currency, "CNY 72.83 m"; null where currencies are not converted.
  items: number;
  overdue: string | null;
  over90: string | null;
  worst: { group: string; share: string } | null;
}

export function ageing(lang: Lang, facts: AgeingFacts): Text {
  if (facts.items === 0) return pick(lang, 'Nothing is open.', '没有未清款项。');
  const parts: Text[] = [facts.open === null
    ? pick(lang, '{0} {1} open.', '{0} 项未清。', count(facts.items), plural(facts.items, 'item is', 'items are'))
    : pick(lang, '{0} is open in {1} {2}.', '{1} 项未清，共 {0}。', facts.open, count(facts.items), plural(facts.items, 'item', 'items'))];
  if (facts.overdue !== null && facts.over90 !== null) {
    parts.push(pick(lang, '{0*} is past due, and {1} by more than 90 days.', '{0*} 已逾期，{1} 逾期 90 天以上。', facts.overdue, facts.over90));
  }
  if (facts.worst) parts.push(pick(lang, '{0} is worst: {1} of its book is late.', '{0} 最差：{1} 逾期。', facts.worst.group, facts.worst.share));
  return joined(parts, lang);
}

export interface CustomerFacts {
  balances: { currency: string; balance: string }[];
  overdue: string | null;
  oldest: number | null;
  above: string | null;  // What the exposure is above the limit, with its currency.
  promises: { all: number; kept: number; broken: number };
}

export function customer(lang: Lang, facts: CustomerFacts): Text {
  const owed = facts.balances.filter(({ balance }) => !isZero(balance)).map(({ currency, balance }) => `${currency} ${plain(balance)}`);
  const parts: Text[] = [owed.length ? pick(lang, 'Owes {0}.', '欠款 {0}。', owed.join(lang === 'zh' ? '、' : ', ')) : pick(lang, 'Owes nothing.', '没有欠款。')];
  if (facts.overdue !== null && facts.oldest !== null && facts.oldest > 0) {
    parts.push(pick(lang, '{0*} is past due, the oldest by {1} {2}.', '{0*} 已逾期，最长 {1} 天。', facts.overdue, count(facts.oldest), plural(facts.oldest, 'day', 'days')));
  }
  if (facts.above) parts.push(pick(lang, 'Exposure is {0*} above the credit limit.', '信用敞口超出额度 {0*}。', facts.above));
  if (facts.promises.all) {
    parts.push(pick(lang, 'Of {0} {1} {2} kept, {3} broken.', '{0} 次付款承诺：{2} 次已兑现，{3} 次未兑现。', count(facts.promises.all),
      plural(facts.promises.all, 'promise', 'promises'), count(facts.promises.kept), count(facts.promises.broken)));
  }
  return joined(parts, lang);
}

export interface DocumentFacts {
  currency: string;
  open: string;
  whole: string;
  told: { events: number; days: number };  // How many were told late, and the longest.
}

const toldLate = (lang: Lang, told: DocumentFacts['told']): Text => (told.events === 0 ? [] : pick(lang,
  '{0*}, up to {1} {2} after {3} took effect.', '{0*}，最长在生效 {1} 天之后。',
  lang === 'zh' ? `其中 ${told.events} 个事件是后来才获知的` : told.events === 1 ? 'One of its facts was told late' : `${told.events} of its facts were told late`,
  count(told.days), plural(told.days, 'day', 'days'), told.events === 1 ? 'it' : 'they'));

export function invoice(lang: Lang, facts: DocumentFacts): Text {
  const first = isZero(facts.open)
    ? pick(lang, 'Nothing of {0} {1} is open.', '{0} {1} 已全部结清。', facts.currency, plain(facts.whole))
    : pick(lang, '{0*} of {1} is open.', '{1} 中有 {0*} 未清。', `${facts.currency} ${plain(facts.open)}`, plain(facts.whole));
  return joined([first, toldLate(lang, facts.told)], lang);
}

export function payment(lang: Lang, facts: DocumentFacts & { reversed: boolean }): Text {
  const first = facts.reversed ? pick(lang, '{0} {1} came in and was taken back.', '收到 {0} {1}，后被冲回。', facts.currency, plain(facts.whole))
    : isZero(facts.open) ? pick(lang, 'All of {0} {1} is applied.', '{0} {1} 已全部核销。', facts.currency, plain(facts.whole))
      : pick(lang, '{0*} of {1} is not applied to any invoice.', '{1} 中有 {0*} 未核销。', `${facts.currency} ${plain(facts.open)}`, plain(facts.whole));
  return joined([first, toldLate(lang, facts.told)], lang);
}

// What became of a record of the log.
export function record(lang: Lang, state: string): Text {
  switch (state) {
    case 'accepted': return pick(lang, '{0*} it is among the facts that every figure is made of.', '{0*}它是各项数字所依据的事实之一。', lang === 'zh' ? '已接受：' : 'Accepted:');
    case 'duplicate': return pick(lang, '{0*} the same event was there before, and this one changes nothing.', '{0*}相同的事件已在日志中，这一条不改变任何数字。', lang === 'zh' ? '重复：' : 'A repeat:');
    case 'conflict': return pick(lang, '{0*} another event has its place and says something else. This one counts nowhere and is an anomaly.', '{0*}其位置已有内容不同的事件。这一条不计入任何数字，列为异常。', lang === 'zh' ? '冲突：' : 'In conflict:');
    case 'parked': return pick(lang, '{0*} it is no event that could be taken in. It is kept whole and counted nowhere.', '{0*}无法作为事件接受，原样保留，不计入任何数字。', lang === 'zh' ? '已搁置：' : 'Parked:');
    default: return [];
  }
}

export function order(lang: Lang, facts: { last: string; next: string | null; days: number | null; late: boolean; invoices: number }): Text {
  const parts: Text[] = [facts.days === null ? pick(lang, 'It is {0*}.', '当前阶段：{0*}。', facts.last)
    : pick(lang, 'It is {0*}, {1} {2} after it was placed.', '当前阶段：{0*}，距下单 {1} 天。', facts.last, plain(String(facts.days)), facts.days === 1 ? 'day' : 'days')];
  if (facts.next) parts.push(pick(lang, 'It waits for: {0}.', '等待：{0}。', facts.next));
  if (facts.late) parts.push(pick(lang, '{0*}', '{0*}', lang === 'zh' ? '已超过承诺日期。' : 'The promised date has passed.'));
  if (facts.invoices === 0) parts.push(pick(lang, 'No invoice names it yet.', '尚无发票引用该订单。'));
  return joined(parts, lang);
}

export interface BridgeFacts {
  currency: string;
  change: string;
  invoices: string;
  cash: string;
}

export function bridge(lang: Lang, all: BridgeFacts[]): Text {
  if (!all.length) return pick(lang, 'Nothing moved, and nothing is owed.', '没有变动，也没有余额。');
  const [first, ...others] = all;
  const amount = compact(magnitude(first.change), lang);
  const head = isZero(first.change) ? pick(lang, '{0} receivables did not change', '{0} 应收余额不变', first.currency)
    : isNegative(first.change) ? pick(lang, '{0} receivables fell by {1*}', '{0} 应收余额减少 {1*}', first.currency, amount)
      : pick(lang, '{0} receivables rose by {1*}', '{0} 应收余额增加 {1*}', first.currency, amount);
  const why = pick(lang, ': invoices of {0} against cash of {1}.', '：开票 {0}，收款 {1}。', compact(first.invoices, lang), compact(magnitude(first.cash), lang));
  const rest = others.slice(0, 2).map(({ currency, change }) => (isZero(change) ? pick(lang, '{0} did not change', '{0} 不变', currency)
    : isNegative(change) ? pick(lang, '{0} fell by {1}', '{0} 减少 {1}', currency, compact(magnitude(change), lang))
      : pick(lang, '{0} rose by {1}', '{0} 增加 {1}', currency, compact(change, lang))));
  const tail = rest.flatMap((part, i): Text => (i ? [lang === 'zh' ? '，' : ', ', ...part] : part));
  return [...head, ...why, ...(tail.length ? [lang === 'zh' ? '' : ' ', ...tail, lang === 'zh' ? '。' : '.'] : [])];
}

export function restatement(lang: Lang, facts: { asOf: string; then: string; records: number; more: boolean; mostly: string | null }): Text {
  if (facts.records === 0) {
    return pick(lang, 'Receivables on {0} are what they were known to be on {1}: nothing has come in since.', '{0}的应收余额与 {1} 所知一致，此后没有新记录。', facts.asOf, facts.then);
  }
  const first = pick(lang, 'Receivables on {0} were known on {1}. Since then {2*} come in', '{0}的应收余额以 {1} 所知为准；此后{2*}', facts.asOf, facts.then,
    lang === 'zh' ? `又有 ${count(facts.records)}${facts.more ? '+' : ''} 条影响它的记录` : `${count(facts.records)}${facts.more ? '+' : ''} ${plural(facts.records, 'record that changes them has', 'records that change them have')}`);
  return [...first, ...(facts.mostly ? pick(lang, '; most of the change is {0}.', '，变动主要是{0}。', facts.mostly) : [lang === 'zh' ? '。' : '.'])];
}

export function leftOut(lang: Lang, facts: { asOf: string; moment: string; records: string | null; change: string[]; lowers: boolean | null }): Text {
  const head = pick(lang, 'You see {0*}.', '您看到的是 {0*}。', lang === 'zh' ? `${facts.moment}所知的 ${facts.asOf}` : `${facts.asOf} as it was known on ${facts.moment}`);
  if (facts.records === null) return head;
  if (facts.records === '0') return joined([head, pick(lang, 'No record that came in later changes it.', '此后没有改变它的记录。')], lang);
  const body = facts.change.length === 0
    ? pick(lang, '{0} later {1} left out; together they do not change the balance.', '此后有 {0} 条记录未计入，合计不影响余额。', facts.records, facts.records === '1' ? 'record is' : 'records are')
    : pick(lang, '{0} {1} came in later {2} left out; {3} would {4} by {5}.', '此后有 {0} 条记录未计入，余额将{4} {5}。', facts.records,
      facts.records === '1' ? 'record that' : 'records that', facts.records === '1' ? 'is' : 'are', facts.records === '1' ? 'it' : 'they',
      facts.lowers === null ? (lang === 'zh' ? '变动' : 'change the balances') : lang === 'zh' ? (facts.lowers ? '减少' : '增加') : facts.lowers ? 'lower the balance' : 'raise the balance',
      facts.change.join(lang === 'zh' ? '、' : ', '));
  return joined([head, body], lang);
}

export interface CycleFacts {
  n: number;
  period: string;
  half: string;
  nine: string;
  change: string | null;  // Of the mean, in days, signed decimal text.
  before: string;
  stage: string | null;   // The one that changed most.
}

export function cycle(lang: Lang, facts: CycleFacts): Text {
  if (facts.n === 0) return pick(lang, 'No order came to its end in {0}.', '{0}没有订单走完该周期。', facts.period);
  const parts: Text[] = [pick(lang, 'Half of the {0} {1} of {2} took {3} days or less, nine in ten {4} or less.', '{2}的 {0} 个订单中，半数不超过 {3} 天，九成不超过 {4} 天。',
    count(facts.n), plural(facts.n, 'order', 'orders'), facts.period, facts.half, facts.nine)];
  if (facts.change !== null) {
    const amount = plain(magnitude(facts.change));
    parts.push(isZero(facts.change) ? pick(lang, 'The mean is as in {0}.', '均值与{0}持平。', facts.before)
      : pick(lang, 'The mean is {0*} than in {1}{2}.', '均值比{1}{0*}{2}。',
        lang === 'zh' ? `${isNegative(facts.change) ? '短' : '长'} ${amount} 天` : `${amount} days ${isNegative(facts.change) ? 'shorter' : 'longer'}`,
        facts.before, facts.stage ? (lang === 'zh' ? `，变化最大的阶段：${facts.stage}` : `; what changed most is the way to ${facts.stage}`) : ''));
  }
  return joined(parts, lang);
}

export function onTime(lang: Lang, facts: { period: string; due: number; late: number; otif: string | null; openLate: number }): Text {
  if (facts.due === 0) return pick(lang, 'No order was due in {0}.', '{0}没有应交订单。', facts.period);
  const parts = [pick(lang, '{0*} of the {1} {2} due in {3} came on time and in full; {4} {5} late.', '{3}应交 {1} 个订单，{0*} 准时足量；{4} 个延迟。', facts.otif ?? '0%', count(facts.due),
    plural(facts.due, 'order', 'orders'), facts.period, count(facts.late), plural(facts.late, 'was', 'were'))];
  if (facts.openLate) parts.push(pick(lang, '{0} of these {1} still open.', '其中 {0} 个仍未交付。', count(facts.openLate), plural(facts.openLate, 'is', 'are')));
  return joined(parts, lang);
}

export function openOrders(lang: Lang, facts: { orders: number; more: boolean; late: number; slow: number }): Text {
  if (facts.orders === 0) return pick(lang, 'No order is open.', '没有未完成订单。');
  return joined([
    pick(lang, '{0}{1} {2} open; {3*} past the promised date.', '{0}{1} 个订单未完成，{3*} 超过承诺日期。', count(facts.orders), facts.more ? '+' : '', plural(facts.orders, 'order is', 'orders are'),
      lang === 'zh' ? `${count(facts.late)} 个` : `${count(facts.late)} ${plural(facts.late, 'is', 'are')}`),
    facts.slow ? pick(lang, '{0} {1} longer than nine in ten did.', '{0} 个停留时间超过九成订单。', count(facts.slow), plural(facts.slow, 'waits', 'wait')) : [],
  ], lang);
}

export interface SalesFacts {
  period: string;
  measure: string;
  totals: { currency: string; amount: string }[];
  withTarget: number;
  reached: number;
  worst: { group: string; attainment: string }[];
}

export function sales(lang: Lang, facts: SalesFacts): Text {
  const amounts = facts.totals.filter(({ amount }) => !isZero(amount)).map(({ currency, amount }) => `${currency} ${compact(amount, lang)}`);
  if (!amounts.length && !facts.withTarget) return pick(lang, 'Nothing in {0}.', '{0}没有数据。', facts.period);
  if (!facts.withTarget) return pick(lang, '{0} in {1}: {2*}. No target is set at this level.', '{1}{0}：{2*}。该层级未设目标。', facts.measure, facts.period, amounts.join(lang === 'zh' ? '、' : ', '));
  const worst = facts.worst.map(({ group, attainment }) => (lang === 'zh' ? `${group} 为 ${attainment}` : `${group} is at ${attainment}`));
  return joined([
    pick(lang, '{0} of {1} {2} reached the target for {3} in {4}.', '{4}{3}：{1} 个目标中有 {0} 个达成。', String(facts.reached), String(facts.withTarget), plural(facts.withTarget, 'group', 'groups'), facts.measure.toLowerCase(), facts.period),
    worst.length ? pick(lang, '{0*}.', '{0*}。', worst.join(lang === 'zh' ? '，' : ', ')) : [],
  ], lang);
}

export function anomalies(lang: Lang, facts: { all: number; more: boolean; kinds: { words: string; n: number }[]; open: boolean }): Text {
  if (facts.all === 0) return facts.open ? pick(lang, 'Everything adds up.', '一切勾稽相符。') : pick(lang, 'Nothing has been cleared yet.', '尚无已消除的异常。');
  const most = facts.kinds.slice(0, 2).map(({ words, n }) => (lang === 'zh' ? `${words}（${count(n)}）` : `${words.toLowerCase()} (${count(n)})`)).join(lang === 'zh' ? '、' : ', ');
  const all = count(facts.all) + (facts.more ? '+' : '');
  return facts.open
    ? pick(lang, '{0*} The most frequent: {1}. Figures are right by the facts as told; these say which facts to ask about.', '{0*}最常见：{1}。数字按所述事实计算无误；这里列出需要追问的事实。',
      lang === 'zh' ? `${all} 处事实对不上。` : `${all} ${plural(facts.all, 'thing in the facts does', 'things in the facts do')} not add up.`, most)
    : pick(lang, '{0} {1} cleared. The most frequent: {2}.', '{0} 处异常已消除。最常见：{2}。', all, plural(facts.all, 'anomaly was', 'anomalies were'), most);
}

export function parked(lang: Lang, n: number): Text {
  return n === 0 ? pick(lang, 'Every record could be read.', '所有记录均可读取。')
    : pick(lang, '{0*} kept whole and counted nowhere.', '{0*}，原样保留，不计入任何数字。', lang === 'zh' ? `${count(n)} 条记录被搁置` : `${count(n)} ${plural(n, 'record is', 'records are')}`);
}

export function worklist(lang: Lang, facts: { rows: number; more: boolean; broken: number }): Text {
  if (facts.rows === 0) return pick(lang, 'Nobody is late.', '没有逾期客户。');
  return joined([
    pick(lang, '{0*} late, the most urgent first.', '{0*}，最紧急的排在最前。', lang === 'zh' ? `${count(facts.rows)}${facts.more ? '+' : ''} 个账户逾期` : `${count(facts.rows)}${facts.more ? '+' : ''} ${plural(facts.rows, 'account is', 'accounts are')}`),
    facts.broken ? pick(lang, '{0} of them broke the last promise.', '其中 {0} 个未兑现最近的承诺。', count(facts.broken)) : [],
  ], lang);
}

export function dunning(lang: Lang, facts: { rows: number; more: boolean; highest: number }): Text {
  if (facts.rows === 0) return pick(lang, 'No letter is due.', '没有需要发出的催款函。');
  return pick(lang, '{0*} proposed, up to level {1}.', '建议发出 {0*}，最高第 {1} 级。', lang === 'zh' ? `${count(facts.rows)}${facts.more ? '+' : ''} 封催款函` : `${count(facts.rows)}${facts.more ? '+' : ''} ${plural(facts.rows, 'letter is', 'letters are')}`, String(facts.highest));
}

export function reconciliation(lang: Lang, facts: { lines: number; agrees: number }): Text {
  const rest = facts.lines - facts.agrees;
  if (facts.lines === 0) return pick(lang, 'The file has no lines.', '文件没有行。');
  return rest === 0 ? pick(lang, 'All {0} lines agree.', '全部 {0} 行相符。', count(facts.lines))
    : pick(lang, '{0} of {1} lines agree; {2*}.', '{1} 行中 {0} 行相符；{2*}。', count(facts.agrees), count(facts.lines), lang === 'zh' ? `${count(rest)} 行不符` : `${count(rest)} ${plural(rest, 'does', 'do')} not`);
}

export function customers(lang: Lang, facts: { n: number; more: boolean; overLimit: number }): Text {
  if (facts.n === 0) return pick(lang, 'No account has a record yet.', '尚无客户记录。');
  return joined([
    pick(lang, '{0}{1} {2}.', '{0}{1} 个客户。', count(facts.n), facts.more ? '+' : '', plural(facts.n, 'account', 'accounts')),
    facts.overLimit ? pick(lang, '{0*} above the credit limit.', '{0*}超信用额度。', lang === 'zh' ? `${count(facts.overLimit)} 个` : `${count(facts.overLimit)} ${plural(facts.overLimit, 'is', 'are')}`) : [],
  ], lang);
}

export function status(lang: Lang, facts: { lag: number; trouble: boolean; accepted: number }): Text {
  if (facts.trouble) return pick(lang, '{0*}', '{0*}', lang === 'zh' ? '有一处故障。' : 'Something is in the way.');
  return facts.lag === 0 ? pick(lang, 'Everything in the log is read: {0} {1} accepted.', '日志已全部读取：接受 {0} 个事件。', count(facts.accepted), plural(facts.accepted, 'event', 'events'))
    : pick(lang, '{0*} of the log not read yet.', '{0*}尚未读取。', lang === 'zh' ? `日志中 ${count(facts.lag)} 条记录` : `${count(facts.lag)} ${plural(facts.lag, 'record is', 'records are')}`);
}

