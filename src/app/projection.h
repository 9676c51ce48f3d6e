// What a program folds: some or all shards of a log, in a data folder, with the log and all that keeps them and tells how
// they are. It knows nothing of who asks.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "app/lag.h"
#include "app/log_keeper.h"
#include "app/logging.h"
#include "app/memory_use.h"
#include "app/metrics.h"
#include "app/prover.h"
#include "app/settings.h"
#include "app/status.h"
#include "app/troubles.h"
#include "app/vitals.h"
#include "cluster/shard_report.h"
#include "engine/dead_letters.h"
#include "engine/projector.h"
#include "live/live_model.h"
#include "query/change_note.h"
#include "query/local_shards.h"

namespace daybook::app {

// Thread-safe, but for open(), start() and stop().
class Projection {
 public:
  // What a commit may have changed, made for who wants to know: within on_commit.
  using MakeNote = std::function<query::ChangeNote()>;

  // What is around it, and outlives it. `on_commit` is told of each commit, once questions see it, from folding threads;
  // `on_mended` when what is asked may be of an earlier moment than what was asked before.
  struct Around {
    std::shared_ptr<Metrics> metrics;
    LogLine line;
    std::function<void(const MakeNote& note)> on_commit = [](const MakeNote&) {};
    std::function<void()> on_mended = [] {};
    // Of the log those whose shards it holds, rising; left out: all.
    std::optional<std::vector<std::int32_t>> partitions = {};
    bool copies_dead_letters = true;
  };
  // Opens the data folder and the log. Where that is away, or damaged, an existing store is opened all the same.
  static Result<std::unique_ptr<Projection>> open(const Settings& settings, Around around);
  ~Projection();

  // Folds from now on, or once the log is there, which is tried each second; then `also` is given the log, from whichever
  // thread. Each trouble is told in a line.
  Result<void> start(LogKeeper::Use also = [](log::Log&) -> Result<void> { return {}; });
  // Whoever waits for the log is told soon that it is of no further use. Any thread.
  void give_up() { log_.give_up(); }
  // Gives the log up, commits what it has, and folds no more; what was folded can be asked on. May wait some seconds for
  // broker and disk.
  void stop();

  const LogKeeper& log() const { return log_; }
  // Those that it holds.
  const query::ShardSource& shards() const { return *shards_; }
  const domain::Rules& rules() const { return rules_; }
  const std::vector<std::int32_t>& partitions() const { return projector_->partitions(); }
  // Of the log.
  std::int32_t partition_count() const { return projector_->partition_count(); }
  // In the business time zone, or as the settings fix it.
  Day today() const;

  // Every shard has reached the log's end as seen at start.
  bool caught_up() const { return projector_->caught_up(); }
  // With those of its log.
  Troubles troubles() const;
  // How it is, of a program that takes so much memory besides.
  Vitals vitals(std::vector<MemoryUse> besides) const;
  // May wait a little for the log.
  StatusReport status() const;
  // Why nothing more is folded, and somebody must look; empty when all is well.
  std::string failure() const;
  // How its shards are, by partition; `seen`: what was seen of the log.
  std::vector<cluster::ShardReport> reports(const LogSeen& seen) const;
  // What the log has that nobody reads: partitions that were added to it.
  std::vector<log::EndOffset> unread(const LogSeen& seen) const;
  // All that it measures; vitals() apart.
  void add_metrics(MetricSheet& sheet) const;

 private:
  Projection(const Settings& settings, domain::Rules rules, Around around);

  Result<void> open_folder();
  Result<void> open_shards(std::int32_t partition_count);
  // Folds this log. kUnavailable when it is away meanwhile: once more with another.
  Result<void> attach(log::Log& log);
  void stop_folding();
  // How far it is behind, and since when.
  void follow_lag();
  std::vector<MemoryUse> memory() const;
  void notice(const std::string& words) const { around_.line(Severity::kWarning, words); }
  void add_lag(MetricSheet& sheet, const std::vector<cluster::ShardReport>& reports, const LogSeen& seen) const;
  void add_stores(MetricSheet& sheet) const;
  std::vector<std::pair<log::TopicPartition, std::int64_t>> lags(const std::vector<cluster::ShardReport>& reports,
                                                                 const LogSeen& seen) const;

  const Settings settings_;
  const domain::Rules rules_;
  const Around around_;
  LogKeeper log_;
  const std::chrono::steady_clock::time_point started_at_ = std::chrono::steady_clock::now();
  std::unique_ptr<store::SharedMemory> memory_;
  std::unique_ptr<engine::Projector> projector_;
  std::unique_ptr<live::LiveModel> model_;
  std::unique_ptr<query::LocalShards> shards_;            // Of the model.
  std::map<std::int32_t, std::uint64_t> records_before_;  // By partition: folded before the start.
  LagClock lag_;
  std::unique_ptr<Prover> prover_;
  std::mutex attaching_;                               // Held while a log is attached, and while all stops.
  bool stopped_ = false;                               // Guarded.
  std::unique_ptr<engine::DeadLetters> dead_letters_;  // Set once, before attached_; it uses the log.
  std::atomic<bool> attached_ = false;
  std::unique_ptr<Lookout> lookout_;
};

}  // namespace daybook::app
