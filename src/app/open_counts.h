// What is counted over all accounts for /metrics, which is asked for more often than the counting is worth: anomalies
// that are open, and parked records that wait for their event.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <stop_token>
#include <string>

#include "app/metrics.h"
#include "base/date.h"
#include "base/int128.h"
#include "query/shard_query.h"

namespace daybook::app {

// Counted by one thread; its metrics are any thread's.
class OpenCounts {
 public:
  // Anew where something differs from what was counted last: facts, of all shards by their `digest`, or the day. Throws
  // a Refusal where a shard cannot be asked, or `stop` is requested; what was counted before stands then.
  void count(const query::ShardSource& shards, UInt128 digest, Day today, const std::stop_token& stop);
  // Where these shards alone are there: without what takes the others, which is theirs to count who ask all of them.
  void count_own(std::span<const std::int32_t> partitions, const query::ShardSource& shards, UInt128 digest, Day today,
                 const std::stop_token& stop);

  // Nothing before it was counted first.
  void add_metrics(MetricSheet& sheet) const;

 private:
  struct Of {
    UInt128 digest;
    Day today;
    bool operator==(const Of&) const = default;
  };

  void keep(const Of& of, std::map<std::string, std::int64_t> anomalies, std::optional<std::int64_t> unresolved);

  std::optional<Of> counted_;                           // The counting thread's.
  mutable std::mutex mutex_;                            // Guards the rest.
  std::map<std::string, std::int64_t> open_anomalies_;  // By kind.
  std::optional<std::int64_t> unresolved_parked_;
};

}  // namespace daybook::app
