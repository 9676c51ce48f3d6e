#include "app/lag.h"

namespace daybook::app {

void LagClock::follow(std::span<const std::pair<log::TopicPartition, std::int64_t>> lags) {
  const std::lock_guard lock(mutex_);
  for (const auto& [at, lag] : lags) {
    if (lag == 0) {
      since_.erase(at);
    } else {
      since_.try_emplace(at, std::chrono::steady_clock::now());
    }
  }
}

double LagClock::seconds_behind(log::TopicPartition at) const {
  const std::lock_guard lock(mutex_);
  const auto since = since_.find(at);
  if (since == since_.end()) return 0;
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - since->second).count();
}

}  // namespace daybook::app
