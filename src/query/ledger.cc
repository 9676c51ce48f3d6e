// The ledger: entries, the bridge between two dates, and what a later knowledge changed.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "domain/ledger.h"
#include "query/grouping.h"
#include "query/ledger.h"
#include "query/receivables.h"
#include "query/views.h"

namespace daybook::query {

using domain::LedgerEntry;
using domain::Measure;

namespace {

// Columns of the bridge, in its order; entries have them as their type.
struct Column {
  Measure measure;
  const char* name;
};
constexpr std::array<Column, kLedgerColumns> kColumns = {{{Measure::kLedgerInvoices, "invoices"},
                                                          {Measure::kLedgerCreditNotes, "credit_notes"},
                                                          {Measure::kLedgerCash, "cash"},
                                                          {Measure::kLedgerReversals, "reversals"},
                                                          {Measure::kLedgerRefunds, "refunds"},
                                                          {Measure::kLedgerWriteOffs, "write_offs"},
                                                          {Measure::kLedgerRecoveries, "recoveries"},
                                                          {Measure::kLedgerVoids, "voids"},
                                                          {Measure::kLedgerTransfers, "transfers"}}};

const char* type_of(Measure measure) { return kColumns[ledger_column(measure)].name; }

// An entry with what region and rep it comes to; transfers within one region and rep are none.
struct Posting {
  LedgerEntry entry;
  std::string_view region;
  std::string_view sales_rep;
};

// Calls visit(Posting) for the entries of an account that pass the filters.
template <typename Visit>
void for_each_posting(CustomerContext& customer, const Filters& filters, const Visit& visit) {
  std::optional<Posting> from;  // The first half of a transfer: its other half comes next.
  const auto show = [&](const Posting& posting) {
    if (filters.currency && posting.entry.currency != *filters.currency) return;
    if (!passes_region(filters.region, posting.region) || !passes(filters.sales_rep, posting.sales_rep)) return;
    visit(posting);
  };
  for_each_ledger_entry(customer, [&](const LedgerEntry& entry) {
    Posting posting{entry, customer.region(entry.attributes), customer.sales_rep(entry.attributes)};
    if (entry.measure != Measure::kLedgerTransfers) return show(posting);
    if (!from) {
      from = posting;
      return;
    }
    if (from->region != posting.region || from->sales_rep != posting.sales_rep) {
      show(*from);
      show(posting);
    }
    from.reset();
  });
}

}  // namespace

std::size_t ledger_column(Measure measure) {
  const auto at = std::ranges::find(kColumns, measure, &Column::measure);
  return static_cast<std::size_t>(at - kColumns.begin());
}

void for_each_ledger_entry(CustomerContext& customer, const std::function<void(const LedgerEntry&)>& visit) {
  for (const domain::DocumentRef& ref : customer.receivable_documents()) {
    domain::for_each_entry(customer.account(), customer.document(ref), visit);
  }
}

// --- entries ----------------------------------------------------------------------------------

namespace {

// Days of a span with how many entries there are at least, and the accounts that have some: by them a page is
// found without evaluating everything.
class EntryDays {
 public:
  // Reads the ledger's pages.
  EntryDays(Question& question, const Question::Scope& scope, const Grouping& grouping, const Period& span,
            std::optional<Measure> type) {
    for (const ShardSnapshot* shard : scope.shards) {
      GroupCursor places(question, *shard, grouping);
      scan_pages(*shard, store::kLedgerPage, scope.customer, store::span_of(span.from), store::span_of(span.to),
                 [&](store::LabelId id, const std::vector<store::Cell>& cells) {
                   for (const store::Cell& cell : cells) {
                     if (!domain::is_ledger(cell.id.measure) || !span.holds(cell.id.day)) continue;
                     if (type && cell.id.measure != *type) continue;
                     const Currency currency = Currency::from_number(cell.id.currency);
                     if (grouping.filters.currency && currency != *grouping.filters.currency) continue;
                     places.go(id, cell.id.attributes);
                     if (!places.passes()) continue;
                     // Transfers within a group are counted, and not listed.
                     const bool is_listed = cell.id.measure != Measure::kLedgerTransfers;
                     counts_[cell.id.day] += is_listed ? static_cast<std::int64_t>(cell.value.quantity) : 0;
                     accounts_.insert({shard, id, cell.id.day});
                   }
                 });
    }
  }

  // The day that more than `count` entries reach, counted from `from` on.
  Day reach(Day from, std::size_t count) const {
    std::int64_t sum = 0;
    for (auto at = counts_.lower_bound(from); at != counts_.end(); ++at) {
      sum += at->second;
      if (sum > static_cast<std::int64_t>(count)) return at->first;
    }
    return kNever;
  }
  // Calls visit(shard, customer) for accounts with an entry in a span, each once.
  template <typename Visit>
  void for_each_account(Day from, Day to, const Visit& visit) const {
    const ShardSnapshot* shard = nullptr;
    store::LabelId last = 0;
    for (const Account& account : accounts_) {
      if (account.day < from || account.day > to) continue;
      if (account.shard == shard && account.customer == last) continue;
      shard = account.shard;
      last = account.customer;
      visit(*shard, last);
    }
  }

 private:
  struct Account {
    const ShardSnapshot* shard = nullptr;
    store::LabelId customer = 0;
    Day day = 0;
    auto operator<=>(const Account&) const = default;
  };
  std::map<Day, std::int64_t> counts_;
  std::set<Account> accounts_;
};

}  // namespace

Answer receivable_entries(Question& question) {
  const Period span = read_span(question);
  std::optional<Measure> type;
  if (const auto given = question.parameters().text("type")) {
    const auto at = std::ranges::find(kColumns, *given, &Column::name);
    if (at == kColumns.end()) {
      refuse_parameter("type", fmt::format("'{}' is not one of invoices, credit_notes, cash, reversals, refunds, "
                                           "write_offs, recoveries, voids, transfers",
                                           *given));
    }
    type = at->measure;
  }
  Grouping grouping;
  grouping.filters = question.filters({"region", "sales_rep", "customer_id", "currency"});

  Answer answer = question.list("entries", {});
  answer.columns = {"customer_id", "currency", "document_id", "type", "effective_date", "amount", "region", "sales_rep"};
  for (const std::string& name : event_columns()) answer.columns.push_back(name);
  const Question::Scope scope = question.scope(grouping.filters);
  const EntryDays days(question, scope, grouping, span, type);
  // The day that the page before ended with may have more; how many is not known.
  const bool begins = answer.rows.after().empty();
  const Day first = begins ? span.from : first_day(answer.rows.after());
  const Day last = answer.rows.count() ? days.reach(begins ? first : first + 1, *answer.rows.count()) : kNever;
  days.for_each_account(first, std::min(last, span.to), [&](const ShardSnapshot& shard, store::LabelId id) {
    CustomerContext customer = question.customer(shard, id);
    std::int64_t place = 0;  // Of entries of one record.
    for_each_posting(customer, grouping.filters, [&](const Posting& posting) {
      const LedgerEntry& entry = posting.entry;
      ++place;
      if (!span.holds(entry.day) || entry.day > last || (type && entry.measure != *type)) return;
      std::string key = sort_key({sortable(entry.day)}) + question.position_key(shard.partition, entry.fact->at) +
                        sortable(place);
      answer.rows.add(std::move(key), [&] {
        Row row;
        row.add("customer_id", Value::text(customer.name()));
        row.add("currency", Value::text(entry.currency.code()));
        row.add("document_id", Value::text(entry.document_id));
        row.add("type", Value::text(type_of(entry.measure)));
        row.add("effective_date", Value::date(entry.day));
        row.add("amount", Value::amount(entry.amount, entry.currency));
        row.add("region", text_or_null(posting.region));
        row.add("sales_rep", text_or_null(posting.sales_rep));
        row.add("event", Value::object(question.event_row(EventRef::of(shard.partition, *entry.fact))));
        return row;
      });
    });
  });
  return answer;
}

// --- bridge -----------------------------------------------------------------------------------

namespace {

struct BridgeRow {
  Int128 opening = 0;
  std::array<Int128, kLedgerColumns> columns{};
  // By what is open, against which the closing is proved.
  Int128 balance = 0;

  Int128 closing() const {
    Int128 sum = opening;
    for (const Int128 column : columns) sum += column;
    return sum;
  }
  bool is_zero() const {
    return opening == 0 && balance == 0 && std::ranges::all_of(columns, [](Int128 column) { return column == 0; });
  }
  BridgeRow& operator+=(const BridgeRow& other) {
    opening += other.opening;
    for (std::size_t i = 0; i < columns.size(); ++i) columns[i] += other.columns[i];
    balance += other.balance;
    return *this;
  }
  void write(Row& row, Currency currency) const {
    row.add("opening", Value::amount(opening, currency));
    for (std::size_t i = 0; i < columns.size(); ++i) row.add(kColumns[i].name, Value::amount(columns[i], currency));
    row.add("closing", Value::amount(closing(), currency));
    Row proof;
    proof.add("open_balance", Value::amount(balance, currency));
    proof.add("difference", Value::amount(balance - closing(), currency));
    row.add("proof", Value::object(std::move(proof)));
  }
};

}  // namespace

Answer receivable_bridge(Question& question) {
  const Period span = read_span(question);
  const Grouping grouping = Grouping::read(question, "none");
  const auto scope = question.scope(grouping.filters);
  std::map<std::pair<std::string, Currency>, BridgeRow> rows;
  const Detail detail = grouping.needs_accounts() ? Detail::kAccounts : Detail::kTotals;
  const Recalled opening = recall_receivables(scope.shards, scope.customer, span.from - 1);
  const Recalled closing = recall_receivables(scope.shards, scope.customer, span.to);
  for (const ShardSnapshot* shard : scope.shards) {
    GroupCursor places(question, *shard, grouping);
    const auto row_of = [&](store::LabelId customer, store::LabelId attributes, Currency currency) -> BridgeRow* {
      if (grouping.filters.currency && currency != *grouping.filters.currency) return nullptr;
      if (grouping.needs_accounts()) places.go(customer, attributes);
      return places.passes() ? &rows[{places.group(currency), currency}] : nullptr;
    };
    receivables_at(*shard, scope.customer, span.from - 1, detail, [&](const index::ReceivableRow& cell) {
      if (cell.measure != Measure::kLedgerInvoices) return;
      BridgeRow* row = row_of(cell.customer, cell.attributes, Currency::from_number(cell.currency));
      if (row != nullptr) row->opening += cell.amount();
    });
    receivables_at(*shard, scope.customer, span.to, detail, [&](const index::ReceivableRow& cell) {
      const Int128 part = balance_part(cell.measure, cell.amount());
      if (part == 0) return;
      BridgeRow* row = row_of(cell.customer, cell.attributes, Currency::from_number(cell.currency));
      if (row != nullptr) row->balance += part;
    });
    scan_pages(*shard, store::kLedgerPage, scope.customer, store::span_of(span.from), store::span_of(span.to),
               [&](store::LabelId id, const std::vector<store::Cell>& cells) {
                 for (const store::Cell& cell : cells) {
                   if (!domain::is_ledger(cell.id.measure) || !span.holds(cell.id.day)) continue;
                   BridgeRow* row = row_of(id, cell.id.attributes, Currency::from_number(cell.id.currency));
                   if (row != nullptr) row->columns[ledger_column(cell.id.measure)] += cell.value.amount;
                 }
               });
  }

  const auto make_row = [](const std::string& group, Currency currency, const BridgeRow& sums) {
    Row row;
    row.add("group", Value::text(group));
    row.add("currency", Value::text(currency.code()));
    sums.write(row, currency);
    return row;
  };
  Answer answer = question.list("rows", column_names(make_row("", {}, {})));
  answer.head.add("from", Value::date(span.from));
  answer.head.add("to", Value::date(span.to));
  answer.head.add("group_by", Value::text(grouping.by));
  std::map<Currency, BridgeRow> totals;
  for (const auto& [at, sums] : rows) {
    const auto& [group, currency] = at;
    totals[currency] += sums;
    if (sums.is_zero()) continue;
    answer.rows.add(sort_key({group, currency.code()}), [&] { return make_row(group, currency, sums); });
  }
  std::vector<Row> total_rows;
  for (const auto& [currency, sums] : totals) {
    if (sums.is_zero()) continue;
    Row& row = total_rows.emplace_back();
    row.add("currency", Value::text(currency.code()));
    sums.write(row, currency);
  }
  answer.tail.add("totals", Value::list_of_rows(std::move(total_rows)));
  return answer;
}

// --- restatement ------------------------------------------------------------------------------

namespace {

// What one record comes to in the ledger as of a date.
struct Restated {
  const domain::Fact* fact = nullptr;
  std::string_view document_id;
  Currency currency;
  Day day = 0;
  Int128 amount = 0;
};
using RestatedBy = std::map<std::pair<domain::Position, Currency>, Restated>;

// Adds what counts as of a date, `sign` times.
void add_restated(CustomerContext& customer, const Filters& filters, Day as_of, int sign, RestatedBy& to,
                  std::map<Currency, Int128>& balances) {
  for_each_posting(customer, filters, [&](const Posting& posting) {
    const LedgerEntry& entry = posting.entry;
    if (entry.day > as_of) return;
    balances[entry.currency] += entry.amount;
    Restated& restated = to[{entry.fact->at, entry.currency}];
    restated.amount += sign * entry.amount;
    // The posting itself says more of the record than its transfers.
    if (restated.fact != nullptr && entry.measure == Measure::kLedgerTransfers) return;
    restated.fact = entry.fact;
    restated.document_id = entry.document_id;
    restated.currency = entry.currency;
    restated.day = entry.day;
  });
}

// Whether one of these documents was told something between two instants.
bool were_told_between(CustomerContext& customer, std::span<const domain::DocumentRef> documents, std::int64_t after_ms,
                       std::int64_t until_ms) {
  return std::ranges::any_of(documents, [&](const domain::DocumentRef& ref) {
    return std::ranges::any_of(customer.document(ref).facts, [&](const domain::Fact& fact) {
      return after_ms < fact.recorded_ms && fact.recorded_ms <= until_ms;
    });
  });
}

// What a shard adds to the answer.
struct ShardRestatement {
  Rows rows;
  std::map<Currency, Int128> balances_from;
  std::map<Currency, Int128> balances_to;
};

// `earlier`, `later`: the shard as it was known then.
void restate(const Question& question, const ShardSnapshot& earlier, const ShardSnapshot& later,
             std::optional<store::LabelId> only, const Filters& filters, ShardRestatement& to) {
  const Day as_of = question.as_of();
  const auto ids = only ? std::vector<store::LabelId>{*only} : later.labels->customers_after("", SIZE_MAX);
  for (const store::LabelId id : ids) {
    CustomerContext now = question.customer(later, id);
    RestatedBy restated;
    std::map<Currency, Int128> balances;
    add_restated(now, filters, as_of, 1, restated, balances);
    for (const auto& [currency, balance] : balances) to.balances_to[currency] += balance;
    // Orders and files say by region and rep alone what counts.
    const auto documents = filters.region || filters.sales_rep ? now.documents() : now.receivable_documents();
    if (!were_told_between(now, documents, earlier.known_at->recorded_ms(), later.known_at->recorded_ms())) {
      for (const auto& [currency, balance] : balances) to.balances_from[currency] += balance;
      continue;
    }
    CustomerContext before = question.customer(earlier, id);
    add_restated(before, filters, as_of, -1, restated, to.balances_from);
    for (const auto& entry : restated) {
      const Restated& posting = entry.second;
      if (posting.amount == 0) continue;
      std::string key = sortable(posting.fact->recorded_ms) + question.position_key(later.partition, posting.fact->at) +
                        posting.currency.code();
      to.rows.add(std::move(key), [&] {
        Row row;
        row.add("customer_id", Value::text(now.name()));
        row.add("currency", Value::text(posting.currency.code()));
        row.add("document_id", Value::text(posting.document_id));
        row.add("effective_date", Value::date(posting.day));
        row.add("amount", Value::amount(posting.amount, posting.currency));
        row.add("event", Value::object(question.event_row(EventRef::of(later.partition, *posting.fact))));
        return row;
      });
    }
  }
}

}  // namespace

Answer receivable_restatement(Question& question) {
  Parameters& parameters = question.parameters();
  const BusinessZone& zone = question.rules().zone;
  const auto required = [&](const char* name) {
    const auto ms = parameters.instant_ms(name, zone);
    if (!ms) refuse_parameter(name, "is required");
    // What is not known counts nowhere.
    return std::min(*ms, question.known_at().value_or(*ms));
  };
  const std::int64_t known_from = required("known_from");
  const std::int64_t known_to = required("known_to");
  if (known_from > known_to) refuse_parameter("known_from", "is after known_to");
  const Filters filters = question.filters({"region", "sales_rep", "customer_id", "currency"});

  Answer answer = question.list("rows", {"customer_id", "currency", "document_id", "effective_date", "amount"});
  for (const std::string& name : event_columns()) answer.columns.push_back(name);
  const auto scope = question.scope(filters);
  const Rows none = answer.rows;
  std::vector<ShardRestatement> parts(scope.shards.size());
  on_all_processors(parts.size(), [&](std::size_t i) {
    parts[i].rows = none;
    const ShardSnapshot& shard = *scope.shards[i];
    restate(question, question.recall(shard, known_from), question.recall(shard, known_to), scope.customer, filters,
            parts[i]);
  });
  std::map<Currency, Int128> balances_from;
  std::map<Currency, Int128> balances_to;
  for (ShardRestatement& part : parts) {
    answer.rows.add_all(std::move(part.rows));
    for (const auto& [currency, balance] : part.balances_from) balances_from[currency] += balance;
    for (const auto& [currency, balance] : part.balances_to) balances_to[currency] += balance;
  }
  answer.head.add("known_from", Value::instant_ms(known_from));
  answer.head.add("known_to", Value::instant_ms(known_to));
  for (const auto& [currency, balance] : balances_from) balances_to.try_emplace(currency, 0);
  std::vector<Row> totals;
  for (const auto& [currency, balance_to] : balances_to) {
    const Int128 balance_from = balances_from[currency];
    if (balance_to == 0 && balance_from == 0) continue;
    Row& row = totals.emplace_back();
    row.add("currency", Value::text(currency.code()));
    row.add("balance_from", Value::amount(balance_from, currency));
    row.add("balance_to", Value::amount(balance_to, currency));
    row.add("change", Value::amount(balance_to - balance_from, currency));
  }
  answer.tail.add("totals", Value::list_of_rows(std::move(totals)));
  return answer;
}

}  // namespace daybook::query
