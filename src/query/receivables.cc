#include "query/receivables.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <thread>
#include <tuple>

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

void on_all_processors(std::size_t count, const std::function<void(std::size_t)>& job) {
  std::atomic<std::size_t> next = 0;
  std::exception_ptr failure;
  std::mutex mutex;
  const auto work = [&] {
    for (std::size_t i = next++; i < count; i = next++) {
      try {
        job(i);
      } catch (...) {
        const std::lock_guard lock(mutex);
        failure = std::current_exception();
      }
    }
  };
  {
    std::vector<std::jthread> others;
    for (std::size_t i = 1; i < std::min<std::size_t>(std::thread::hardware_concurrency(), count); ++i) {
      others.emplace_back(work);
    }
    work();
  }
  if (failure != nullptr) std::rethrow_exception(failure);
}

Recalled recall_receivables(std::span<const ShardSnapshot* const> shards, std::optional<store::LabelId> customer,
                            Day as_of) {
  if (customer || shards.empty() || shards.front()->known_at == nullptr) return {};
  Recalled recalled(shards.size());
  on_all_processors(shards.size(), [&](std::size_t i) {
    recalled[i] = shards[i]->known_at->receivables(*shards[i], as_of);
  });
  return recalled;
}

OpenDays open_days(const ShardSnapshot& shard, std::optional<store::LabelId> customer, Day as_of) {
  OpenDays days;
  receivables_at(shard, customer, as_of, Detail::kAccounts,
                 [&](const index::ReceivableRow& row) { days.add(row, shard.figure_labels()); });
  days.close();
  return days;
}

}  // namespace daybook::query
