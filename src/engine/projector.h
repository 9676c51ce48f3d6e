// The projector: worker threads that read the log and fold it into shards, each thread its own shards. It holds all
// shards of its log, or some: of these alone it reads, opens and commits anything.
// It stops loudly where going on could be wrong, and tries on where the log is only away, or a disk: what a store holds
// is read on meanwhile, and the shard goes on from its last commit once the disk takes something again.
//
// A shard:
//   folding ──(its store fails)──► held ──(the disk takes something)──► opened anew: folding
//      └──────(its store is damaged)──► set aside, folded anew; questions wait until it is where it was
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "engine/shard.h"
#include "log/log.h"
#include "store/commit_listener.h"
#include "store/shard_state.h"

namespace daybook::engine {

// A commit that is done.
struct Committed {
  const Shard& shard;
  std::size_t records = 0;           // That it took,
  std::chrono::nanoseconds time{0};  // and how long it took.
};

struct ProjectorOptions {
  // Those that it holds, rising; left out: all of the log's.
  std::optional<std::vector<std::int32_t>> partitions;
  int threads = 2;
  // All of a process, shared out among the shards held: documents and pages kept between commits, and labels.
  std::size_t cache_bytes = 512 << 20;
  // What was read and not folded yet. Beyond the first it is spilled to disk, up to the second, and then
  // committed: what falls into one commit is evaluated once.
  std::size_t pending_bytes = 192 << 20;
  std::size_t spill_bytes = std::size_t{4} << 30;
  // Each thread's: what a commit that becomes sorted files gives them at a time.
  std::size_t files_bytes = 16 << 20;
  // While there is more to read, a commit is due after this time at the latest; when there is nothing, at once.
  std::chrono::milliseconds commit_interval{60'000};
  // By so many steps of nice(2) folding gives way to the other threads of the process.
  int gives_way = 0;
  // How long after a store failed it is tried again, and at most, as it doubles each time.
  std::chrono::milliseconds retry_min{200};
  std::chrono::milliseconds retry_max{5'000};
  // Told in a line, by any thread, when a shard is in trouble, what was done about it, and when it is over.
  std::function<void(const std::string&)> on_notice = [](const std::string&) {};
  // Told of each commit that is done, once questions see it. From folding threads.
  std::function<void(const Committed&)> on_commit;
  // Told when a shard that was in trouble is well again: what it gives may be of an earlier moment than what it gave. By
  // the threads that open shards, which must not be held up.
  std::function<void()> on_mended = [] {};
};

// Follows shards as they are opened and closed. Called by whoever opens them: the projector's caller, then a worker.
struct ShardFollower {
  // A shard that questions may ask from now on; the answer, if any, is told of its commits. Whoever holds the shard
  // keeps its store open: only until closed(), and the questions that were asked by then.
  std::function<std::shared_ptr<store::CommitListener>(std::int32_t partition, std::shared_ptr<Shard> shard)> opened;
  std::function<void(std::int32_t partition)> closed;
};

// Where the store of a shard is, and where a damaged one is kept.
std::string shard_path(const std::string& directory, std::int32_t partition);
std::string set_aside_path(const std::string& directory, std::int32_t partition);
// Of a log's partitions those that have no store there: it may be another folder that holds them.
std::vector<std::int32_t> shards_not_in(const std::string& directory, std::int32_t partition_count);

enum class ProjectorState { kRunning, kStopped, kFailed };

class Projector {
 public:
  // Opens the shards that it is to hold under `directory`/shards, one for each partition; others that are there stay as
  // they are. `partition_count`: of the log, and of the manifest. `rules` and `memory` must outlive it. A shard that is
  // damaged is set aside, to be folded anew; one whose disk takes nothing is read as it is. kInvalidArgument for
  // partitions that the log has not.
  static Result<std::unique_ptr<Projector>> open(const domain::Rules& rules, const std::string& directory,
                                                 std::int32_t partition_count, store::SharedMemory& memory,
                                                 ProjectorOptions options);
  ~Projector();

  // Tells of every shard that is open now, in no order and by several threads, and of all that come. Before start();
  // nothing is told after stop().
  void follow(ShardFollower follower);
  // Starts the workers, once. `log` must have as many partitions, and outlive stop(). kOutOfRange
  // when a shard is ahead of the log.
  Result<void> start(log::Log& log);
  // Lets each worker commit what it has, and ends. Called by the destructor too.
  void stop();

  // What it folds; null until it was started. Any thread.
  log::Log* log() const;
  // Of the log.
  std::int32_t partition_count() const { return partition_count_; }
  // Those that it holds, rising.
  const std::vector<std::int32_t>& partitions() const { return partitions_; }
  bool holds_all() const { return std::ssize(partitions_) == partition_count_; }

  // For reading its store and labels from any thread; null while it is not open, or not held. Not to be kept.
  std::shared_ptr<Shard> shard(std::int32_t partition) const;
  // What somebody found who read the shard's store: damage, or a failure. Any thread.
  void report(std::int32_t partition, const Error& error);
  // Why questions about a shard are not answered: it is not open, or is folded anew (kUnavailable), or is not held
  // (kNotFound); nothing when they are. Any thread.
  std::optional<Error> unreadable(std::int32_t partition) const;
  // What is wrong with a shard's store, for people: what it is, and of when what is served is. Empty when nothing is.
  std::string store_trouble(std::int32_t partition) const;
  // That a commit of what was just read waits for a disk that hangs; empty when none does.
  std::string disk_trouble() const;

  // State as last committed; that of one that is not held has nothing. Any thread.
  store::ShardState committed(std::int32_t partition) const;
  // What its shards keep in memory for the next commits, as of the last ones. Any thread.
  std::size_t bytes_kept() const;
  // Whether the record at `offset` is. Any thread.
  bool has_committed(log::TopicPartition at, std::int64_t offset) const;

  // Started, and every shard held has reached the log's end as seen at start.
  bool caught_up() const;
  // Started, and some has not.
  bool replays() const;
  ProjectorState state() const { return state_; }
  // Why it failed; or what is wrong with the first shard whose store is in trouble; or why it is waiting (broker away);
  // empty when all is well.
  std::string trouble() const;
  // The same without what is wrong with stores.
  std::string fold_trouble() const;

 private:
  // A shard that is held, and how it is. Changed by its worker alone, under mutex_, so that the worker reads it without.
  struct Slot {
    std::int32_t partition = 0;
    std::shared_ptr<Shard> shard;  // Null: not open.
    bool folds = false;            // It takes records.
    // What is wrong with its store, until that is over.
    std::optional<Error> trouble;
    // Folded anew after damage: up to these offsets by topic.
    std::optional<std::array<std::int64_t, log::kEventTopicCount>> refolds_to;
    std::optional<Error> reported;  // By readers, since the worker looked last.
    // The begin of the commit under way, once it is live.
    std::optional<std::chrono::steady_clock::time_point> waits_since;
    // When its store is tried again, and how long after that: the worker's.
    std::chrono::steady_clock::time_point next_try;
    std::chrono::milliseconds pause{0};
    std::chrono::steady_clock::time_point mended_at;
    std::shared_ptr<std::atomic<bool>> closed;  // Whether the store that it had is; null: it never had one.
    // The worker's: it has applied all that the log held at start; when it was committed last.
    bool is_live = false;
    std::chrono::steady_clock::time_point last_commit;
    // The worker's, by topic: the last record applied was read again.
    std::array<bool, log::kEventTopicCount> verified{};
    // As of the last commit; without a shard, of the one that it had.
    store::ShardState committed;
    std::size_t bytes_kept = 0;
  };

  Projector(const domain::Rules& rules, const std::string& directory, std::int32_t partition_count,
            std::vector<std::int32_t> partitions, store::SharedMemory& memory, ProjectorOptions options);

  // Null when it is not held.
  Slot* find(std::int32_t partition);
  const Slot* find(std::int32_t partition) const;
  Result<std::shared_ptr<Shard>> open_shard(std::int32_t partition, store::ShardStore::Mode mode) const;
  // Opens the slot's shard, as well as that goes: to be folded; set aside, and to be folded anew; to be read alone, or not
  // at all, with the slot in trouble. An error is somebody's to look at: kBusy, kMismatch, or a store that cannot even
  // be made.
  Result<void> open_slot(Slot& slot);
  Result<void> set_aside(const Slot& slot) const;
  // The slot's store failed.
  void hold(Slot& slot, const Error& error);
  void end_trouble(Slot& slot);
  // Does what is due about a slot in trouble. True: it has another shard now, with other positions.
  Result<bool> mend(Slot& slot);
  // Lets go of the slot's shard. False while somebody asks it yet, or is closing it.
  bool close(Slot& slot);
  std::string store_trouble(const Slot& slot) const;  // Under mutex_.

  bool reached_targets() const;  // Under mutex_.
  void work(int worker);
  Result<void> work_until_stopped(int worker);
  // Reads from the last record applied on, and checks that it still is what it was.
  Result<std::unique_ptr<log::Reader>> open_reader(const std::vector<Shard*>& shards);
  Result<void> apply(const log::Record& record);
  // Moves the shard's positions over what the reader found to hold no record.
  Result<void> pass_over_gaps(const log::Reader& reader, Shard& shard);
  // A shard in this state has all that the log held at start.
  bool has_reached_targets(std::int32_t partition, const store::ShardState& state) const;
  // It has applied that, committed or not.
  bool has_applied_all(const Shard& shard) const;
  // What the store fails of is the slot's trouble, and no error.
  Result<void> commit(Slot& slot);
  // What the worker waits for; empty when all is well.
  void set_trouble(int worker, std::string trouble);
  std::string waits_for() const;  // Of the first worker that waits; under mutex_.

  log::Log* log_ = nullptr;
  const domain::Rules& rules_;
  const std::string directory_;
  const std::int32_t partition_count_;
  const std::vector<std::int32_t> partitions_;
  store::SharedMemory& memory_;
  ProjectorOptions options_;
  std::vector<Slot> slots_;           // One of each of partitions_.
  std::vector<std::int32_t> places_;  // By partition of the log: its place in slots_; below 0: it is not held.
  ShardFollower follower_;
  std::vector<log::EndOffset> targets_;  // The ends seen at start of what is held; fixed after it.
  std::vector<std::thread> threads_;
  std::atomic<bool> stopping_ = false;
  std::atomic<ProjectorState> state_ = ProjectorState::kStopped;

  mutable std::mutex mutex_;  // Guards the rest.
  bool started_ = false;
  std::vector<std::string> troubles_;  // By worker: what it waits for; goes away.
  std::string failure_;                // What the first worker failed of; stays.
};

}  // namespace daybook::engine
