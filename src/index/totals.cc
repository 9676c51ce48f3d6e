#include "index/totals.h"

#include <algorithm>

namespace daybook::index {

RecentTotals RecentTotals::merged(std::vector<ReceivableRow> rows) const {
  std::erase_if(rows, [](const ReceivableRow& row) { return domain::is_credit(row.measure); });
  for (ReceivableRow& row : rows) {
    row.leave_out_accounts();
    row.counts_from = std::max(row.counts_from, from_);
  }
  RecentTotals result = *this;
  result.sums_ = sums_.merged(rows);
  result.give_up_dates();
  return result;
}

void RecentTotals::give_up_dates() {
  while (!fits()) {
    // The earlier half of the rows.
    std::vector<ReceivableRow> all = rows();
    std::ranges::sort(all, {}, &ReceivableRow::counts_from);
    if (from_ >= all.back().counts_from) return;
    from_ = std::max(all[all.size() / 2].counts_from, from_ == kAllDates ? from_ : from_ + 1);
    for (ReceivableRow& row : all) row.counts_from = std::max(row.counts_from, from_);
    sums_ = PeriodSums(sums_.grain()).merged(all);
  }
}

bool RecentTotals::operator==(const RecentTotals& other) const {
  std::vector<ReceivableRow> difference = rows();
  for (ReceivableRow row : other.rows()) {
    row.amount_part = -row.amount_part;
    row.quantity = -row.quantity;
    difference.push_back(row);
  }
  const Day from = std::max(from_, other.from_);
  for (ReceivableRow& row : difference) row.counts_from = std::max(row.counts_from, from);
  return PeriodSums(sums_.grain()).merged(difference).rows().empty();
}

}  // namespace daybook::index
