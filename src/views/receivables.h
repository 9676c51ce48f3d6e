// Sums of receivables and ledger at a date, from the mirror or from pages: what the ageing, balances
// and the proof are made of.
#pragma once

#include <optional>

#include "store/keys.h"
#include "views/model.h"

namespace daybook::views {

// What is told apart: customers, attributes, issue and due dates; or due dates and currencies alone.
enum class Detail { kAccounts, kTotals };

// Calls visit(row) for what counts on a date. Rows of one customer and attributes mostly stand together;
// with kTotals customer, attributes and issue date may be 0.
template <typename Visit>
void receivables_at(const ShardPicture& shard, std::optional<store::LabelId> customer, Day as_of,
                    Detail detail, const Visit& visit) {
  // One customer's pages are few.
  const mirror::Receivables* table =
      shard.image == nullptr || customer ? nullptr : shard.image->receivables.table.get();
  const mirror::PeriodSums* sums = nullptr;
  if (table != nullptr && detail == Detail::kTotals) sums = &table->totals;
  if (table != nullptr && detail == Detail::kAccounts && table->accounts) sums = &*table->accounts;
  if (sums != nullptr) {
    sums->for_each(as_of, visit);
    shard.image->receivables.tail.for_each([&](const mirror::ReceivableRow& row) {
      if (row.counts_from <= as_of) visit(row);
    });
    return;
  }
  std::vector<mirror::ReceivableRow> rows;
  for (const char family : {store::kReceivablesPage, store::kLedgerPage}) {
    scan_pages(shard, family, customer, 0, store::span_of(as_of),
               [&](store::LabelId id, const std::vector<store::Cell>& cells) {
                 for (const store::Cell& cell : cells) {
                   if (cell.id.counts_from > as_of) continue;
                   rows.clear();
                   mirror::add_receivable_rows(id, cell, rows);
                   for (const mirror::ReceivableRow& row : rows) visit(row);
                 }
               });
  }
}

}  // namespace daybook::views
