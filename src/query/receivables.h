// Sums of receivables and ledger at a date, from the index or from pages: what the ageing, balances
// and the proof are made of.
#pragma once

#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "query/known_at.h"
#include "query/model.h"
#include "query/question.h"
#include "store/keys.h"

namespace daybook::query {

// Calls visit(row) for what counts on a date of pages whose cells `is_asked(measure)`.
template <typename IsAsked, typename Visit>
void scan_receivables(const ShardSnapshot& shard, std::optional<store::LabelId> customer, Day as_of,
                      std::initializer_list<char> families, const IsAsked& is_asked, const Visit& visit) {
  std::vector<index::ReceivableRow> rows;
  for (const char family : families) {
    scan_pages(shard, family, customer, 0, store::span_of(as_of),
               [&](store::LabelId id, const std::vector<store::Cell>& cells) {
                 for (const store::Cell& cell : cells) {
                   if (cell.id.counts_from > as_of || !is_asked(cell.id.measure)) continue;
                   rows.clear();
                   index::add_receivable_rows(id, cell, rows);
                   for (const index::ReceivableRow& row : rows) visit(row);
                 }
               });
  }
}

// Calls visit(row) for what counts on a date. Rows of one customer and attributes mostly stand together;
// with kTotals customer, attributes and issue date may be 0.
template <typename Visit>
void receivables_at(const ShardSnapshot& shard, std::optional<store::LabelId> customer, Day as_of, Detail detail,
                    const Visit& visit) {
  if (shard.known_at != nullptr) {
    if (customer) {
      for (const index::ReceivableRow& row : shard.known_at->receivables(shard, *customer, as_of)) visit(row);
    } else {
      const auto rows = shard.known_at->receivables(shard, as_of);
      for (const index::ReceivableRow& row : *rows) visit(row);
    }
    return;
  }
  // One customer's pages are few.
  const index::Receivables* table = shard.index == nullptr || customer ? nullptr : shard.index->receivables.table.get();
  const auto visit_tail = [&](const index::Runs<index::ReceivableRow>& tail) {
    tail.for_each([&](const index::ReceivableRow& row) {
      if (row.counts_from <= as_of && !domain::is_credit(row.measure)) visit(row);
    });
  };
  if (table != nullptr && detail == Detail::kTotals && table->totals) {
    table->totals->for_each(as_of, visit);
    return visit_tail(shard.index->receivables.tail);
  }
  const index::RecentTotals* totals =
      shard.totals == nullptr || customer || detail != Detail::kTotals ? nullptr : shard.totals->sums.table.get();
  if (totals != nullptr && as_of >= totals->from()) {
    totals->for_each(as_of, visit);
    return visit_tail(shard.totals->sums.tail);
  }
  if (table != nullptr && table->accounts) {
    table->accounts->for_each(as_of, visit);
    return visit_tail(shard.index->receivables.tail);
  }
  scan_receivables(
      shard, customer, as_of, {store::kReceivablesPage, store::kLedgerPage},
      [](domain::Measure measure) { return !domain::is_credit(measure); }, visit);
}

// The same, over all customers, for what orders add to credit exposure.
template <typename Visit>
void credit_at(const ShardSnapshot& shard, Day as_of, const Visit& visit) {
  const index::Receivables* table = shard.index == nullptr ? nullptr : shard.index->receivables.table.get();
  if (table == nullptr || !table->credit) {
    return scan_receivables(shard, std::nullopt, as_of, {store::kReceivablesPage}, domain::is_credit, visit);
  }
  table->credit->for_each(as_of, visit);
  shard.index->receivables.tail.for_each([&](const index::ReceivableRow& row) {
    if (row.counts_from <= as_of && domain::is_credit(row.measure)) visit(row);
  });
}

// The days (store::opened_day) under which the documents stand of which something is open on a date.
class OpenDays {
 public:
  // Rows that count on the date.
  void add(const index::ReceivableRow& row, const store::Labels& labels) {
    if (row.quantity == 0) return;
    const bool in_row = row.measure == domain::Measure::kOpen;
    const Day day = in_row ? row.day : store::opened_day(row.measure, 0, labels.get(row.attributes).attributes);
    items_.push_back({row.customer, day, row.quantity});
  }
  // After the last row: no document counts less than no items, so where they add up to none, none has any.
  void close();
  // Rising, each once.
  std::span<const Day> of(store::LabelId customer) const;

 private:
  struct Items {
    store::LabelId customer = 0;
    Day day = 0;
    std::int64_t count = 0;
  };
  std::vector<Items> items_;
  // When closed: customers by number, and where their days begin.
  std::vector<std::pair<store::LabelId, std::size_t>> customers_;
  std::vector<Day> days_;
};

// Of one customer, or of all.
OpenDays open_days(const ShardSnapshot& shard, std::optional<store::LabelId> customer, Day as_of);

// The same for a list by customer, of those that a page of it comes to: found for all at once, or for each by itself in a
// round, which would find those of all customers again each time.
class OpenDaysOf {
 public:
  // Both must outlive it.
  OpenDaysOf(const ShardSnapshot& shard, std::optional<store::LabelId> customer, Day as_of, const PageCut& page)
      : shard_(shard),
        as_of_(as_of),
        all_(page.is_round ? std::nullopt : std::optional(open_days(shard, customer, as_of))) {}

  std::vector<Day> of(store::LabelId customer) const {
    const auto copied = [](std::span<const Day> days) { return std::vector<Day>(days.begin(), days.end()); };
    return all_ ? copied(all_->of(customer)) : copied(open_days(shard_, customer, as_of_).of(customer));
  }

 private:
  const ShardSnapshot& shard_;
  const Day as_of_;
  const std::optional<OpenDays> all_;
};

}  // namespace daybook::query
