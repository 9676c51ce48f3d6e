#include "query/receivables.h"

#include <algorithm>

#include "base/release.h"

namespace daybook::query {

void OpenDays::close() {
  std::ranges::sort(items_, {}, [](const Items& items) { return std::pair(items.customer, items.day); });
  for (auto at = items_.begin(); at != items_.end();) {
    const auto [customer, day, first] = *at;
    std::int64_t count = 0;
    for (; at != items_.end() && at->customer == customer && at->day == day; ++at) count += at->count;
    if (count == 0) continue;
    if (customers_.empty() || customers_.back().first != customer) customers_.emplace_back(customer, days_.size());
    days_.push_back(day);
  }
  release(items_);
}

std::span<const Day> OpenDays::of(store::LabelId customer) const {
  const auto at = std::ranges::lower_bound(customers_, customer, {}, &decltype(customers_)::value_type::first);
  if (at == customers_.end() || at->first != customer) return {};
  const std::size_t end = std::next(at) == customers_.end() ? days_.size() : std::next(at)->second;
  return std::span(days_).subspan(at->second, end - at->second);
}

OpenDays open_days(const ShardSnapshot& shard, std::optional<store::LabelId> customer, Day as_of) {
  OpenDays days;
  receivables_at(shard, customer, as_of, Detail::kAccounts,
                 [&](const index::ReceivableRow& row) { days.add(row, shard.figure_labels()); });
  days.close();
  return days;
}

}  // namespace daybook::query
