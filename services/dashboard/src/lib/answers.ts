// What the server answers (contract 3), as far as pages read it. Amounts, rates and ratios are decimal text.

export interface Position {
  topic: string;
  partition: number;
  next_offset: number;
  end_offset?: number;
  lag?: number;
}

// What every view has beside its own fields.
export interface View {
  as_of: string;
  known_at: string | null;
  positions: Position[];
  newest_recorded_at: string | null;
  first_recorded_at?: string;
  waiting: number;
  parked: number;
  next_page_token?: string | null;
}

export interface EventRef {
  event_id: string;
  type: string;
  topic: string;
  partition: number;
  offset: number;
  recorded_at: string;
  occurred_at: string;
  content?: Content;
}

// An event as JSON of contract 1: the payload stands under its name.
export type Content = { customer_id: string; source?: string } & Record<string, unknown>;

export interface Status {
  positions: Position[];
  rates: { records_since_start: number; records_per_second: number };
  ends_seen_at: string;
  newest_recorded_at: string | null;
  accepted: number;
  duplicates: number;
  conflicts: number;
  parked: number;
  waiting: number;
  digest: string;
  build: string;
  business_time_zone: string;
  today: string;
  partitions: number;
  log?: string;
  recorded_as_told?: boolean;
  unprotected?: boolean;
  trouble?: string | null;
}

export interface Ages {
  currency: string;
  not_due: string;
  buckets: string[];
  gross_open: string;
  disputed: string;
  unapplied_cash: string;
  open_credits: string;
  balance: string;
  items: number;
}
export interface Proof {
  ledger_balance: string;
  difference: string;
}
export type ProvenAges = Ages & { proof: Proof };
export type AgeingRow = ProvenAges & { group: string; customer_name?: string | null };
export interface Unconverted {
  currency: string;
}
export type BaseAges = Ages & { unconverted: Unconverted[] };
export interface Ageing extends View {
  aged_on: string;
  buckets: string[];
  rows: AgeingRow[];
  totals: ProvenAges[];
  base_totals?: BaseAges;
}
export interface Trend extends View {
  rows: (ProvenAges & { period: string; as_of: string })[];
  base_totals?: (BaseAges & { period: string; as_of: string })[];
}

export interface Item {
  customer_id: string;
  customer_name?: string | null;
  document_id: string | null;
  kind: string;
  instalment: number | null;
  issue_date: string;
  due_date: string | null;
  days_overdue: number | null;
  currency: string;
  amount: string;
  open: string;
  disputed: string;
  region: string | null;
  sales_rep: string | null;
}
export interface Items extends View {
  items: Item[];
}

export interface Entry {
  customer_id: string;
  customer_name?: string | null;
  currency: string;
  document_id: string;
  type: string;
  effective_date: string;
  amount: string;
  region: string | null;
  sales_rep: string | null;
  event: EventRef;
}
export interface Entries extends View {
  entries: Entry[];
}

export const STEPS = ['invoices', 'credit_notes', 'cash', 'reversals', 'refunds', 'write_offs', 'recoveries', 'voids', 'transfers'] as const;
export type Step = (typeof STEPS)[number];
export type BridgeAmounts = Record<Step | 'opening' | 'closing' | 'currency', string> & {
  proof?: { open_balance: string; difference: string };
};
export type BridgeRow = BridgeAmounts & { group: string; customer_name?: string | null };
export interface Bridge extends View {
  rows: BridgeRow[];
  totals: BridgeAmounts[];
}

export interface RestatementRow {
  customer_id: string;
  customer_name?: string | null;
  currency: string;
  document_id: string;
  effective_date: string;
  amount: string;
  event: EventRef;
}
export interface Restatement extends View {
  known_from: string;
  known_to: string | null;
  rows: RestatementRow[];
  totals: { currency: string; balance_from: string; balance_to: string; change: string }[];
}

export interface Ratios extends View {
  rows: {
    group: string;
    currency: string;
    dso: { value: string | null; closing_balance: string; sales: string; days: number };
    best_possible_dso: { value: string | null };
    collection_rate: { value: string | null; collected: string; sales: string };
    days_to_pay: { value: string | null; settled: string };
    share_top_10: { value: string | null };
  }[];
}

export interface Promise_ {
  promise_id: string;
  currency: string;
  amount: string;
  promised_date: string;
  fulfilled: string;
  state: string;
}
// What rows of the worklist and of the letters have for whoever calls, with details=true.
export interface CallerNotes {
  last_payment?: { date: string; amount: string } | null;
  disputes?: { dispute_id: string; invoice_id: string; reason_code: string | null; from: string; amount: string }[];
}
export interface WorklistRow extends CallerNotes {
  rank: number;
  customer_id: string;
  customer_name?: string | null;
  currency: string;
  score: string;
  overdue: string;
  disputed_overdue: string;
  oldest_days_overdue: number;
  promises: Promise_[];
}
export interface Worklist extends View {
  rows: WorklistRow[];
}
export interface DunningRow extends CallerNotes {
  customer_id: string;
  customer_name?: string | null;
  currency: string;
  level: number;
  amount: string;
  oldest_days_overdue: number;
  items: { document_id: string; instalment: number; due_date: string; days_overdue: number; amount: string }[];
}
export interface Dunning extends View {
  rows: DunningRow[];
}

export interface Credit {
  credit_currency: string | null;
  credit_limit: string | null;
  exposure: string | null;
  parts: { currency: string; balance: string; dispatched_not_invoiced: string; open_orders: string }[];
  unconverted: Unconverted[];
  state: string;
}
export interface CustomerRow {
  customer_id: string;
  name: string | null;
  region: string | null;
  sales_rep: string | null;
  grade: string | null;
  parent_customer_id: string | null;
  balances: { currency: string; balance: string }[];
  credit: Credit;
}
export interface Customers extends View {
  customers: CustomerRow[];
}
export interface Profile {
  name: string;
  region: string;
  sales_rep: string;
  grade: string;
  parent_customer_id: string | null;
  credit_currency: string | null;
  credit_limit: string | null;
  payment_terms_days: number | null;
}
export interface Customer extends View {
  customer_id: string;
  profile: Profile | null;
  history: { from: string; profile: Profile }[];
  balances: { currency: string; gross_open: string; disputed: string; unapplied_cash: string; open_credits: string; balance: string }[];
  credit: Credit;
  items: Item[];
  promises: Promise_[];
  events: EventRef[];
}
export interface StatementEntry {
  date: string;
  type: string;
  document_id: string;
  amount: string;
  running_balance: string;
  event: EventRef;
}
export interface Statement extends View {
  customer_id: string;
  from: string;
  to: string;
  currencies: {
    currency: string;
    brought_forward: string;
    entries: StatementEntry[];
    carried_forward: string;
    ageing: (ProvenAges & { bucket_labels?: string[] }) | null;
  }[];
}

export interface Application {
  type: string;
  id: string;
  source_id: string | null;
  amount: string;
  from: string;
  until: string | null;
  ended_by?: string;
}
// What the pages of all documents have.
export interface DocumentView extends View {
  customer_id: string;
  customer_name: string | null;
  events: EventRef[];
}
export interface Invoice extends DocumentView {
  invoice_id: string;
  kind: string;
  currency: string;
  net: string;
  tax: string;
  gross: string;
  issue_date: string;
  due_date: string;
  void_date: string | null;
  open: string;
  disputed: string;
  order_ids: string[];
  region: string | null;
  sales_rep: string | null;
  instalments: { number: number; due_date: string; amount: string; open: string }[];
  applications: Application[];
  past_applications: Application[];
  promises?: (Promise_ & { events: EventRef[] })[];  // With expand=story: those that name it.
}
export interface Allocation {
  allocation_id: string;
  invoice_id: string;
  amount: string;
  taken_back: string;
  from: string | null;
  until: string | null;
  state: string;
}
export interface Payment extends DocumentView {
  payment_id: string;
  currency: string;
  amount: string;
  value_date: string;
  reversed_on: string | null;
  refunded: string;
  unapplied: string;
  method: string | null;
  reference: string | null;
  allocations: Allocation[];
}
export interface CreditNote extends DocumentView {
  credit_note_id: string;
  invoice_id: string | null;
  currency: string;
  net: string;
  tax: string;
  amount: string;
  issue_date: string;
  void_date: string | null;
  reason_code: string | null;
  refunded: string;
  open: string;
  region: string | null;
  sales_rep: string | null;
  allocations: Allocation[];
}
export interface OrderLine {
  line_id: string;
  sku: string;
  quantity: string;
  remaining_quantity: string;
  dispatched: string;
  returned: string;
  delivered: string;
  net: string;
  tax: string;
}
export interface Order extends DocumentView {
  order_id: string;
  kind: string;
  currency: string;
  region: string | null;
  sales_rep: string | null;
  channel: string | null;
  requested_date: string | null;
  first_promise: string | null;
  last_promise: string | null;
  lines: OrderLine[];
  milestones: Record<string, string>;
  delays: { stage: string; reason_code: string; promised_date: string | null; note: string | null; event: EventRef }[];
  shipments: string[];
  invoices: string[];
}
export interface Shipment extends DocumentView {
  shipment_id: string;
  orders: {
    order_id: string;
    warehouse: string | null;
    carrier: string | null;
    dispatched_at: string;
    delivered_at: string | null;
    signed_by: string | null;
    freight: string | null;
    currency: string | null;
    lines: { line_id: string; sku: string; quantity: string; returned: string }[];
  }[];
}

export interface CycleRow {
  period: string;
  group: string;
  n: number;
  mean_seconds: number | string | null;
  p50_seconds: number | null;
  p90_seconds: number | null;
  p99_seconds: number | null;
  stages: { from: string; to: string; mean_seconds: number | string | null }[];
}
export interface Cycle extends View {
  rows: CycleRow[];
}
export interface Factors extends View {
  rows: { group: string; n: number; baseline_n: number; mean_seconds: number | null; baseline_mean_seconds: number | null; change_seconds: number | null }[];
  mix: {
    within_seconds: number | null;
    mix_seconds: number | null;
    groups: { group: string; within_seconds: number | null; mix_seconds: number | null }[];
  };
  reasons: { stage: string; reason_code: string; events: number; orders: number }[];
}
export interface OnTimeRow {
  period: string;
  group: string;
  due: number;
  early: number;
  on_day: number;
  late: number;
  open_late: number;
  pending: number;
  no_date: number;
  in_full: number;
  otif: number;
  on_time_rate: string | null;
  in_full_rate: string | null;
  otif_rate: string | null;
}
export interface OnTime extends View {
  rows: OnTimeRow[];
}
export interface OpenOrder {
  customer_id: string;
  customer_name?: string | null;
  order_id: string;
  kind: string;
  region: string | null;
  last_milestone: string;
  waiting_for: string;
  waiting_since: string;
  days_waiting: number;
  promised_date: string | null;
  late: boolean;
  stage_p90_seconds: number | null;
}
export interface OpenOrders extends View {
  orders: OpenOrder[];
}
export interface CycleOrder {
  customer_id: string;
  customer_name?: string | null;
  order_id: string;
  region: string | null;
  from_instant: string;
  to_instant: string;
  seconds: number;
  out_of_order: boolean;
}
export interface CycleOrders extends View {
  orders: CycleOrder[];
  totals: { n: number; total_seconds: number; out_of_order: number };
}

export type Measure = 'ordered' | 'shipped' | 'invoiced' | 'collected';
export interface SalesRow {
  period: string;
  group: Record<string, string | null>;
  currency: string;
  ordered?: string;
  shipped?: string;
  invoiced?: string;
  collected?: string;
  target?: string | null;
  attainment?: string | null;
  compare?: { period: string } & Partial<Record<Measure, string>>;
}
// What all rows of a currency come to, whatever page they are on, beside what is kept of the same apart from them.
export interface SalesProof {
  currency: string;
  kept: Partial<Record<string, string>>;
  difference: Partial<Record<string, string>>;
}
export interface Sales extends View {
  proof: SalesProof[];
  rows: SalesRow[];
  totals: (Partial<Record<Measure, string>> & { currency: string; target?: string | null; attainment?: string | null })[];
  unconverted: { currency: string; measure: string; amount: string }[];
}
export interface Posting {
  date: string;
  measure: string;
  currency: string;
  amount: string;
  quantity: string | null;
  customer_id: string;
  customer_name?: string | null;
  document_id: string;
  sku: string | null;
  region: string | null;
  sales_rep: string | null;
  event: EventRef;
}
export interface Postings extends View {
  postings: Posting[];
  totals: { measure: string; currency: string; amount: string }[];
}

export interface Anomaly {
  kind: string;
  state: string;
  customer_id: string;
  customer_name?: string | null;
  document_id: string;
  detail: string;
  event: EventRef;
}
export interface Anomalies extends View {
  anomalies: Anomaly[];
}
export interface ParkedRecord {
  topic: string;
  partition: number;
  offset: number;
  recorded_at: string;
  reason: string;
  detail: string;
  bytes: number;
}
export type Parked = Omit<View, 'parked'> & { parked: ParkedRecord[] };
export interface Found {
  kind: string;
  customer_id: string;
  customer_name: string | null;
  document_id: string | null;
}
export interface SearchAnswer extends View {
  results: Found[];
}
export interface RawEvent extends View {
  event: EventRef | null;
  customer_id: string | null;
  state: string;
  detail: string | null;
  content: Content | null;
  bytes: string;
}
export interface ReconciliationLine {
  customer_id: string;
  customer_name?: string | null;
  document_id: string;
  currency: string;
  theirs: string | null;
  ours: string | null;
  difference: string;
  state: 'agrees' | 'differs' | 'missing_here' | 'missing_there';
  explained_by: (EventRef & { document_id: string; entry_type: string; effective_date: string; amount: string })[];
}
export interface Reconciliation extends View {
  lines: ReconciliationLine[];
  totals: {
    currency: string;
    theirs: string;
    ours: string;
    difference: string;
    agrees: number;
    differs: number;
    missing_here: number;
    missing_there: number;
  }[];
}
