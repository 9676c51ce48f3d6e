#include "views/receivables.h"

#include <algorithm>

namespace daybook::views {

std::vector<Day> OpenDays::take() const {
  std::vector<Day> days;
  for (const auto& [day, items] : items_) {
    if (items != 0) days.push_back(day);
  }
  std::ranges::sort(days);
  return days;
}

std::map<store::LabelId, std::vector<Day>> open_days(const ShardPicture& shard, Day as_of) {
  std::map<store::LabelId, OpenDays> accounts;
  receivables_at(shard, std::nullopt, as_of, Detail::kAccounts, [&](const mirror::ReceivableRow& row) {
    accounts[row.customer].add(row, *shard.labels);
  });
  std::map<store::LabelId, std::vector<Day>> days;
  for (const auto& [customer, open] : accounts) {
    std::vector<Day> found = open.take();
    if (!found.empty()) days.emplace(customer, std::move(found));
  }
  return days;
}

}  // namespace daybook::views
