// Totals over all customers, from wherever, as sums that can be compared.
#pragma once

#include <map>
#include <tuple>

#include "query/receivables.h"
#include "store/totals.h"

namespace daybook::test {

// Amounts and counts by measure, currency and due date; without those that are 0.
using TotalSums = std::map<std::tuple<domain::Measure, std::uint16_t, Day>, std::pair<Int128, Int128>>;

inline void drop_zeros(TotalSums& sums) {
  std::erase_if(sums, [](const auto& entry) { return entry.second == std::pair<Int128, Int128>(); });
}

// As `snapshot` answers: from an index, from totals, or from pages.
inline TotalSums sums_on(const query::ShardSnapshot& snapshot, Day as_of) {
  TotalSums sums;
  query::receivables_at(snapshot, {}, as_of, query::Detail::kTotals, [&](const index::ReceivableRow& row) {
    auto& sum = sums[{row.measure, row.currency, row.day2}];
    sum.first += row.amount();
    sum.second += row.quantity;
  });
  drop_zeros(sums);
  return sums;
}

inline TotalSums sums_on(const store::Totals& totals, Day as_of) {
  TotalSums sums;
  for (const store::Cell& cell : totals.cells) {
    if (cell.id.counts_from > as_of) continue;
    auto& sum = sums[{cell.id.measure, cell.id.currency, cell.id.day2}];
    sum.first += cell.value.amount;
    sum.second += cell.value.quantity;
  }
  drop_zeros(sums);
  return sums;
}

}  // namespace daybook::test
