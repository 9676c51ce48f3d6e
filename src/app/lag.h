// For how long each topic-partition has been behind its log.
#pragma once

#include <chrono>
#include <map>
#include <mutex>
#include <span>
#include <utility>

#include "log/log.h"

namespace daybook::app {

// Thread-safe.
class LagClock {
 public:
  // What is not folded of each topic-partition now, in records.
  void follow(std::span<const std::pair<log::TopicPartition, std::int64_t>> lags);
  // Since something beyond what is folded was first seen; 0 where all is folded.
  double seconds_behind(log::TopicPartition at) const;

 private:
  mutable std::mutex mutex_;
  std::map<log::TopicPartition, std::chrono::steady_clock::time_point> since_;  // Guarded; of those that are behind.
};

}  // namespace daybook::app
