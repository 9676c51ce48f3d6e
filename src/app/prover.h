// Looks at the proof of the shards that a process folds, and counts their anomalies, from time to time.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <stop_token>
#include <string>
#include <thread>

#include "app/open_counts.h"
#include "engine/projector.h"
#include "live/live_model.h"
#include "query/balances.h"
#include "query/shard_query.h"

namespace daybook::app {

// On a thread of its own, once the projector has caught up. Thread-safe.
class Prover {
 public:
  // What it is given must outlive it. `shards`: those of `model`. `notice` takes a line for each fault.
  Prover(const engine::Projector& projector, const live::LiveModel& model, const query::ShardSource& shards,
         std::function<Day()> today, std::function<void(const std::string&)> notice);
  ~Prover();
  Prover(const Prover&) = delete;
  Prover& operator=(const Prover&) = delete;

  // Called by the destructor too; a look under way is given up. Not by two threads at a time.
  void stop();

  // Accounts whose balance and ledger differ, totals that differed from pages, sums of sales that are not their whole, and
  // postings of days that are not told of, as last looked at.
  std::int64_t faults() const { return faults_; }
  void add_metrics(MetricSheet& sheet) const;

 private:
  void work(const std::stop_token& stop);
  // False: a shard could not be read, or `stop` was requested.
  bool prove(query::Detail detail, const std::stop_token& stop);
  // How many sums of sales that its index keeps by group are not those it keeps in whole; tells of each.
  std::int64_t sales_faults(const query::ShardSnapshot& shard) const;
  // How many postings of some accounts, others each time, the index's days do not tell of.
  std::int64_t days_faults(const query::ShardSnapshot& shard);
  void count_anomalies(const std::stop_token& stop);

  const engine::Projector& projector_;
  const live::LiveModel& model_;
  const query::ShardSource& shards_;
  const std::function<Day()> today_;
  const std::function<void(const std::string&)> notice_;
  std::atomic<std::int64_t> faults_ = 0;
  std::map<std::int32_t, std::string> looked_at_;  // The last account whose days were, by partition.
  OpenCounts counts_;
  std::jthread thread_;
};

}  // namespace daybook::app
