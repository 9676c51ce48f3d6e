// The projector: worker threads that read the log and fold it into shards, each thread its own shards.
// It stops loudly where going on could be wrong, and tries on where the log is only away.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "engine/shard.h"
#include "log/log.h"

namespace daybook::engine {

struct ProjectorOptions {
  int threads = 2;
  // All of a process: documents and pages kept between commits, and labels.
  std::size_t cache_bytes = 512 << 20;
  // What was read and not folded yet. Beyond the first it is set aside on disk, up to the second, and then
  // committed: what falls into one commit is evaluated once.
  std::size_t pending_bytes = 192 << 20;
  std::size_t set_aside_bytes = std::size_t{4} << 30;
  // Each thread's: what a commit that becomes sorted files gives them at a time.
  std::size_t files_bytes = 16 << 20;
  // While there is more to read, a commit is due after this time at the latest; when there is nothing, at once.
  std::chrono::milliseconds commit_interval{60'000};
  // By so many steps of nice(2) folding gives way to the other threads of the process.
  int gives_way = 0;
  // Told of each commit that is done: the records that it took, and how long it took. From folding threads.
  std::function<void(std::int32_t partition, std::size_t records, std::chrono::nanoseconds time)> on_commit;
};

// Where the store of a shard is.
std::string shard_path(const std::string& directory, std::int32_t partition);

enum class ProjectorState { kRunning, kStopped, kFailed };

class Projector {
 public:
  // Opens the shards under `directory`/shards, one for each partition. `rules` must outlive it.
  static Result<std::unique_ptr<Projector>> open(const domain::Rules& rules,
                                                 const std::string& directory,
                                                 std::int32_t partition_count,
                                                 store::SharedMemory& memory,
                                                 ProjectorOptions options);
  ~Projector();

  // Tells `listener` of every commit of a shard. Before start().
  void listen(std::int32_t partition, std::shared_ptr<ShardListener> listener) {
    shards_[static_cast<std::size_t>(partition)]->listen(std::move(listener));
  }
  // Starts the workers, once. `log` must have as many partitions, and outlive stop(). kOutOfRange
  // when a shard is ahead of the log.
  Result<void> start(log::Log& log);
  // Lets each worker commit what it has, and ends. Called by the destructor too.
  void stop();

  std::int32_t shard_count() const { return static_cast<std::int32_t>(shards_.size()); }
  // For reading from any thread, by partition.
  store::ShardStore& store(std::int32_t partition) { return shards_[partition]->store(); }
  const store::Labels& labels(std::int32_t partition) const { return shards_[partition]->labels(); }

  // State as last committed. Any thread.
  ShardState committed(std::int32_t partition) const;
  // What all shards keep in memory for the next commits, as of the last ones. Any thread.
  std::size_t bytes_kept() const;
  // Waits until the record at `offset` is committed; false when `deadline` comes first.
  bool wait_for(log::TopicPartition at, std::int64_t offset,
                std::chrono::steady_clock::time_point deadline) const;

  // Started, and every shard has reached the log's end as seen at start.
  bool caught_up() const;
  // Started, and some shard has not.
  bool replays() const;
  ProjectorState state() const { return state_; }
  // Why it failed; or why it is waiting (broker away); empty when all is well.
  std::string trouble() const;

 private:
  Projector(const domain::Rules& rules, ProjectorOptions options)
      : rules_(rules), options_(std::move(options)) {}

  bool reached_targets() const;  // Under mutex_.
  void work(int worker);
  Result<void> work_until_stopped(int worker);
  // Reads from the last record applied on, and checks that it still is what it was.
  Result<std::unique_ptr<log::Reader>> open_reader(const std::vector<Shard*>& shards);
  Result<void> apply(const log::Record& record);
  // Moves the shard's positions over what the reader found to hold no record.
  Result<void> pass_over_gaps(const log::Reader& reader, Shard& shard);
  // These shards have applied, committed or not, all that the log held at start.
  bool has_applied_all(const std::vector<Shard*>& shards) const;
  Result<void> commit(Shard& shard);
  void set_trouble(std::string trouble);

  log::Log* log_ = nullptr;
  const domain::Rules& rules_;
  ProjectorOptions options_;
  std::vector<std::unique_ptr<Shard>> shards_;
  std::vector<log::EndOffset> targets_;  // The ends seen at start; fixed after it.
  // By partition and topic: the last record applied was read again. Its worker's.
  std::vector<char> verified_;
  std::vector<std::thread> threads_;
  std::atomic<bool> stopping_ = false;
  std::atomic<ProjectorState> state_ = ProjectorState::kStopped;

  mutable std::mutex mutex_;  // Guards the rest.
  mutable std::condition_variable committed_changed_;
  std::vector<ShardState> committed_;
  std::vector<std::size_t> bytes_kept_;  // By partition.
  bool started_ = false;
  std::string trouble_;  // What any worker waits for; goes away.
  std::string failure_;  // What the first worker failed of; stays.
};

}  // namespace daybook::engine
