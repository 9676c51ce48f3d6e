#include "query/known_at.h"

#include <algorithm>

#include "domain/ledger.h"
#include "domain/open_amounts.h"
#include "query/account_reader.h"
#include "query/open_items.h"
#include "query/request.h"
#include "store/keys.h"

namespace daybook::query {
namespace {

using domain::Measure;

// Of one shard and instant, and of one shard.
constexpr std::size_t kDatesKept = 4;
constexpr std::size_t kInstantsKept = 2;
// What one shard and instant may take when nobody asks.
constexpr std::size_t kHeldBytesMax = 4 << 20;

Measure measure_of(const OpenItem& item) {
  if (item.due_date) return Measure::kOpen;
  return item.kind == "PAYMENT" || item.kind == "REFUND" ? Measure::kUnapplied : Measure::kOpenCredits;
}

// Counts what waits, and nothing else.
class Waiting : public domain::Contributions {
 public:
  void cell(const domain::CellKey&, const domain::CellValue&) override {}
  void open_amounts(domain::OpenAmounts&&) override {}
  void anomaly(const domain::Anomaly&) override {}
  void cycle_row(const domain::CycleRow&) override {}
  void waiting(std::int64_t records) override { sum += records; }
  void waited() override {}

  std::int64_t sum = 0;
};

}  // namespace

bool KnownAtEvaluation::holds(const ShardSnapshot& shard) const {
  // Label numbers are of one opening of the store.
  if (shard.opening != opening_) return false;
  const store::ShardState& now = shard.state;
  for (std::size_t i = 0; i < read_.topics.size(); ++i) {
    // Times never go back within a topic.
    if (now.topics[i].next_offset != read_.topics[i].next_offset && read_.topics[i].recorded_ms <= recorded_ms_) {
      return false;
    }
  }
  return true;
}

void KnownAtEvaluation::add_rows(AccountReader& customer, Day as_of, Rows& rows) {
  std::vector<store::Cell> cells;
  const auto add = [&](Measure measure, Currency currency, const domain::Attributes& attributes, Day day, Day day2,
                       domain::CellValue value) {
    store::Cell cell;
    cell.id.measure = measure;
    cell.id.currency = currency.number();
    cell.id.attributes = labels_.attributes(attributes);
    cell.id.day = day;
    cell.id.day2 = day2;
    cell.id.counts_from = as_of;
    cell.value = value;
    cells.push_back(cell);
  };
  for (const OpenItem& item : open_items(customer, customer.receivable_documents(), as_of)) {
    const Measure measure = measure_of(item);
    const bool is_open = measure == Measure::kOpen;
    add(measure, item.currency, item.attributes, is_open ? item.date : 0, item.due_date.value_or(0),
        {is_open ? item.open : -item.open, 1});
    if (item.disputed != 0)
      add(Measure::kDisputed, item.currency, item.attributes, 0, *item.due_date, {item.disputed, 0});
  }
  for (const domain::DocumentRef& ref : customer.receivable_documents()) {
    domain::for_each_entry(customer.account(), customer.document(ref), [&](const domain::LedgerEntry& entry) {
      if (entry.day > as_of) return;
      add(Measure::kLedgerInvoices, entry.currency, entry.attributes, 0, 0, {entry.amount, 0});
    });
  }
  store::add_up(cells);
  for (const store::Cell& cell : cells) index::add_receivable_rows(customer.id(), cell, rows);
}

std::shared_ptr<const KnownAtEvaluation::Rows> KnownAtEvaluation::receivables(const ShardSnapshot& shard, Day as_of) {
  const std::lock_guard lock(mutex_);
  const auto at = std::ranges::find(kept_, as_of, &Kept::as_of);
  if (at != kept_.end()) {
    if (auto rows = at->rows.lock()) {
      std::rotate(at, std::next(at), kept_.end());
      return rows;
    }
    kept_.erase(at);
  }
  auto rows = std::make_shared<Rows>();
  for (const store::LabelId id : shard.customers_after("", SIZE_MAX)) {
    AccountReader customer(shard, id, rules_, FileChoice::kAsWas);
    add_rows(customer, as_of, *rows);
  }
  rows->shrink_to_fit();
  if (kept_.size() == kDatesKept) kept_.erase(kept_.begin());
  kept_.push_back({as_of, rows, rows});
  std::size_t bytes = 0;
  for (auto kept = kept_.rbegin(); kept != kept_.rend(); ++kept) {
    if (kept->held != nullptr) bytes += kept->held->size() * sizeof(index::ReceivableRow);
    if (bytes > kHeldBytesMax) kept->held.reset();
  }
  return rows;
}

KnownAtEvaluation::Rows KnownAtEvaluation::receivables(const ShardSnapshot& shard, store::LabelId customer, Day as_of) {
  const std::lock_guard lock(mutex_);
  AccountReader account(shard, customer, rules_, FileChoice::kAsWas);
  Rows rows;
  add_rows(account, as_of, rows);
  return rows;
}

void KnownAtEvaluation::for_each_account(const ShardSnapshot& shard, std::optional<store::LabelId> customer,
                                         std::span<const Day> dates,
                                         const std::function<void(std::size_t, const Rows&)>& visit) {
  const auto ids = customer ? std::vector<store::LabelId>{*customer} : shard.customers_after("", SIZE_MAX);
  Rows rows;
  for (const store::LabelId id : ids) {
    AccountReader account(shard, id, rules_, FileChoice::kAsWas);
    for (std::size_t i = 0; i < dates.size(); ++i) {
      rows.clear();
      {
        const std::lock_guard lock(mutex_);  // Labels are given.
        add_rows(account, dates[i], rows);
      }
      visit(i, rows);
    }
  }
}

std::int64_t KnownAtEvaluation::waiting(const ShardSnapshot& shard) {
  const std::lock_guard lock(mutex_);
  if (waiting_) return *waiting_;
  Waiting waiting;
  std::unique_ptr<AccountReader> customer;
  // Their documents stand together by customer.
  using Next = store::StoreReader::Next;
  const auto take = [&](std::string_view key, std::string_view) -> Result<Next> {
    ASSIGN_OR_RETURN(const store::WaitedKey waited, store::WaitedKey::parse(key));
    const auto& [id, ref] = waited.document;
    RETURN_IF_ERROR(store::check_labels(*shard.labels, id, {}));
    if (customer == nullptr || customer->id() != id) {
      customer = std::make_unique<AccountReader>(shard, id, rules_, FileChoice::kAsWas);
    }
    domain::contribute(customer->account(), customer->document(ref), waiting, {.sales = false, .credit = false});
    return Next::kGoOn;
  };
  const auto scanned = shard.reads->scan(store::Table::kMeta, std::string(1, store::kWaitedPrefix), "", take);
  if (!scanned) refuse(scanned.error());
  waiting_ = waiting.sum;
  return *waiting_;
}

void KnownAtEvaluation::for_each_contribution(
    const ShardSnapshot& shard, std::optional<store::LabelId> customer,
    const std::function<void(store::LabelId, domain::DocumentRef, evaluation::Contribution&)>& visit) {
  evaluate(shard, customer, false, visit);
}

void KnownAtEvaluation::for_each_cycle_row(
    const ShardSnapshot& shard, std::optional<store::LabelId> customer,
    const std::function<void(store::LabelId, std::string_view, std::string_view)>& visit) {
  evaluate(shard, customer, true, [&](store::LabelId id, domain::DocumentRef ref, evaluation::Contribution& order) {
    if (!order.cycle_row().empty()) visit(id, ref.id, order.cycle_row());
  });
}

void KnownAtEvaluation::evaluate(
    const ShardSnapshot& shard, std::optional<store::LabelId> customer, bool cycles_alone,
    const std::function<void(store::LabelId, domain::DocumentRef, evaluation::Contribution&)>& visit) {
  const domain::Extent extent =
      cycles_alone ? domain::Extent{.own = false, .sales = false, .credit = false} : domain::Extent{};
  evaluation::CellLabels cell_labels(labels_);
  evaluation::Contribution contribution(cell_labels);
  const auto ids = customer ? std::vector<store::LabelId>{*customer} : shard.customers_after("", SIZE_MAX);
  for (const store::LabelId id : ids) {
    AccountReader context(shard, id, rules_, FileChoice::kAsWas);
    for (const domain::DocumentRef& ref : context.documents()) {
      if (cycles_alone && ref.kind != domain::DocumentKind::kOrder) continue;
      const domain::Document& document = context.document(ref);
      contribution.begin(id, ref);
      {
        const std::lock_guard lock(mutex_);  // Labels are given.
        domain::contribute(context.account(), document, contribution, extent);
      }
      visit(id, ref, contribution);
    }
  }
}

std::shared_ptr<KnownAtEvaluation> KnownAtEvaluations::of(const ShardSnapshot& shard, std::int64_t recorded_ms,
                                                          const domain::Rules& rules) {
  const std::lock_guard lock(mutex_);
  std::erase_if(kept_, [&](const auto& kept) { return kept.first == shard.partition && !kept.second->holds(shard); });
  const auto is_asked = [&](const auto& kept) {
    return kept.first == shard.partition && kept.second->recorded_ms() == recorded_ms;
  };
  auto at = std::ranges::find_if(kept_, is_asked);
  if (at == kept_.end()) {
    const auto is_of_shard = [&](const auto& kept) { return kept.first == shard.partition; };
    if (std::ranges::count_if(kept_, is_of_shard) == kInstantsKept) {
      kept_.erase(std::ranges::find_if(kept_, is_of_shard));
    }
    kept_.emplace_back(shard.partition, std::make_shared<KnownAtEvaluation>(recorded_ms, shard, rules));
  } else {
    std::rotate(at, std::next(at), kept_.end());
  }
  return kept_.back().second;
}

}  // namespace daybook::query
