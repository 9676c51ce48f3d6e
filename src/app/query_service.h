// daybook-query: questions over HTTP, of the shards that projectors hold.
#pragma once

#include <memory>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "app/changes.h"
#include "app/front.h"
#include "app/logging.h"
#include "app/metrics.h"
#include "app/open_counts.h"
#include "app/questions.h"
#include "app/running.h"
#include "app/settings.h"
#include "app/vitals.h"
#include "base/memory_budget.h"
#include "cluster/projector_pool.h"

namespace daybook::app {

class QueryService final : public Running {
 public:
  // Serves at once: unready, and with a 503 for every question, until all shards can be asked about.
  static Result<std::unique_ptr<Running>> start(const Settings& settings, LogLine line);
  ~QueryService() override;

  std::string address() const override { return front_->address(); }
  std::string failure() const override { return {}; }

 private:
  QueryService(const Settings& settings, LogLine line) : settings_(settings), line_(std::move(line)) {}

  Result<void> open();
  Result<std::shared_ptr<const query::ShardSource>> shards() const;
  // How each shard is that can be asked about, by the projector that would be asked.
  std::vector<cluster::ShardReport> reports() const;
  // Its own, and those of the projectors, with their address.
  Troubles troubles() const;
  Vitals vitals() const;
  http::Response page() const;
  http::Response status() const;
  http::Response metrics() const;
  // What is counted over all accounts, from time to time, once all shards are ready.
  void count(const std::stop_token& stop);
  // False: it could not be counted now.
  bool try_count(const std::stop_token& stop);

  const Settings settings_;
  const LogLine line_;
  const std::shared_ptr<Metrics> metrics_ = std::make_shared<Metrics>();
  std::shared_ptr<MemoryBudget> answers_;
  // Each uses those above it, and goes before them; the pool tells the questions and changes of commits, once they are
  // there.
  std::unique_ptr<Changes> changes_;
  std::unique_ptr<cluster::ProjectorPool> pool_;
  std::unique_ptr<Questions> questions_;
  std::unique_ptr<Front> front_;
  std::unique_ptr<Lookout> lookout_;
  OpenCounts counts_;
  std::string not_counted_;  // Why, as it was told last; the counting thread's.
  std::jthread counting_;
};

}  // namespace daybook::app
