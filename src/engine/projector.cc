#include "engine/projector.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <numeric>
#include <optional>

#include "base/ensure.h"
#include "base/priority.h"

namespace daybook::engine {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::size_t kPollRecords = 8192;
constexpr milliseconds kPollTimeout{50};
constexpr std::int32_t kOpenedAtATime = 8;
constexpr milliseconds kRetryPause{200};
// Once the log's end was reached, what is read is wanted by somebody who waits.
constexpr milliseconds kLiveCommitInterval{5};

std::size_t place(std::int32_t partition, log::Topic topic) {
  return static_cast<std::size_t>(partition) * log::kEventTopicCount + static_cast<std::size_t>(topic);
}

Unexpected another_log(log::Topic topic, std::int32_t partition, std::int64_t offset) {
  return unexpected(ErrorCode::kMismatch,
                    fmt::format("the record at {}:{}:{} is not the one that was folded: the topic was "
                                "deleted and made anew, or this is another log. Nothing was changed; "
                                "fold into a new folder",
                                log::topic_family(topic), partition, offset));
}

bool may_pass(ErrorCode code) { return code == ErrorCode::kUnavailable || code == ErrorCode::kFatal; }

}  // namespace

std::string shard_path(const std::string& directory, std::int32_t partition) {
  return fmt::format("{}/shards/{:04}", directory, partition);
}

Result<std::unique_ptr<Projector>> Projector::open(const domain::Rules& rules,
                                                   const std::string& directory,
                                                   std::int32_t count,
                                                   store::SharedMemory& memory,
                                                   ProjectorOptions options) {
  std::unique_ptr<Projector> projector(new Projector(rules, options));
  const std::filesystem::path shards = std::filesystem::path(directory) / "shards";
  std::error_code error;
  std::filesystem::create_directories(shards, error);
  if (error) {
    return unexpected(ErrorCode::kUnavailable,
                      fmt::format("cannot create {}: {}", shards.string(), error.message()));
  }
  const auto each = [&](std::size_t bytes) { return bytes / static_cast<std::size_t>(count); };
  const auto open_shard = [&](std::int32_t partition) -> Result<std::unique_ptr<Shard>> {
    ASSIGN_OR_RETURN(auto store, store::ShardStore::open(shard_path(directory, partition), memory,
                                                         store::ShardStore::Mode::kReadWrite));
    return Shard::open(std::move(store), rules,
                       {partition, count, each(options.cache_bytes), each(options.set_aside_bytes),
                        each(options.pending_bytes), options.files_bytes});
  };
  // Most of it is waiting for the disk: some at a time.
  std::vector<std::optional<Result<std::unique_ptr<Shard>>>> opened(static_cast<std::size_t>(count));
  std::atomic<std::int32_t> next = 0;
  std::vector<std::thread> openers;
  for (int i = 0; i < std::min(count, kOpenedAtATime); ++i) {
    openers.emplace_back([&] {
      for (std::int32_t partition; (partition = next++) < count;) {
        opened[static_cast<std::size_t>(partition)].emplace(open_shard(partition));
      }
    });
  }
  for (std::thread& opener : openers) opener.join();
  for (auto& shard : opened) {
    if (!*shard) return unexpected(shard->error());
    projector->committed_.push_back((**shard)->state());
    projector->bytes_kept_.push_back((**shard)->bytes_kept());
    projector->shards_.push_back(std::move(*shard).value());
  }
  projector->verified_.resize(projector->shards_.size() * log::kEventTopicCount);
  return projector;
}

Projector::~Projector() { stop(); }

Result<void> Projector::start(log::Log& log) {
  ENSURE(log.partition_count() == shard_count(), "the manifest holds log and shards together");
  log_ = &log;
  ASSIGN_OR_RETURN(targets_, log.end_offsets(log::kEventTopics));
  for (const log::EndOffset& bounds : targets_) {
    const auto& progress = shards_[bounds.at.partition]->state().topics[static_cast<std::size_t>(bounds.at.topic)];
    if (progress.next_offset > bounds.end) {
      return unexpected(ErrorCode::kOutOfRange,
                        fmt::format("the read model is ahead of its log: {}:{} was folded up to offset "
                                    "{}, but the log ends at {}. Was the log replaced or truncated? "
                                    "Nothing was changed; restore the log, or fold into a new folder",
                                    log::topic_family(bounds.at.topic), bounds.at.partition,
                                    progress.next_offset, bounds.end));
    }
  }
  state_ = ProjectorState::kRunning;
  {
    const std::lock_guard lock(mutex_);
    started_ = true;
  }
  const int threads = std::clamp(options_.threads, 1, static_cast<int>(shards_.size()));
  options_.threads = threads;
  for (int worker = 0; worker < threads; ++worker) {
    threads_.emplace_back([this, worker] { work(worker); });
  }
  return {};
}

void Projector::stop() {
  stopping_ = true;
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
  if (state_ == ProjectorState::kRunning) state_ = ProjectorState::kStopped;
}

ShardState Projector::committed(std::int32_t partition) const {
  const std::lock_guard lock(mutex_);
  return committed_[static_cast<std::size_t>(partition)];
}

std::size_t Projector::bytes_kept() const {
  const std::lock_guard lock(mutex_);
  return std::accumulate(bytes_kept_.begin(), bytes_kept_.end(), std::size_t{0});
}

bool Projector::wait_for(log::TopicPartition at, std::int64_t offset,
                         steady_clock::time_point deadline) const {
  std::unique_lock lock(mutex_);
  return committed_changed_.wait_until(lock, deadline, [&] {
    const ShardState& state = committed_[static_cast<std::size_t>(at.partition)];
    return state.topics[static_cast<std::size_t>(at.topic)].next_offset > offset;
  });
}

bool Projector::reached_targets() const {
  return std::ranges::all_of(targets_, [&](const log::EndOffset& bounds) {
    const ShardState& state = committed_[static_cast<std::size_t>(bounds.at.partition)];
    return state.topics[static_cast<std::size_t>(bounds.at.topic)].next_offset >= bounds.end ||
           bounds.begin == bounds.end;
  });
}

bool Projector::caught_up() const {
  const std::lock_guard lock(mutex_);
  return started_ && reached_targets();
}

bool Projector::replays() const {
  const std::lock_guard lock(mutex_);
  return started_ && !reached_targets();
}

std::string Projector::trouble() const {
  const std::lock_guard lock(mutex_);
  return failure_.empty() ? trouble_ : failure_;
}

void Projector::set_trouble(std::string trouble) {
  const std::lock_guard lock(mutex_);
  trouble_ = std::move(trouble);
}

void Projector::work(int worker) {
  give_way(options_.gives_way);
  if (const auto done = work_until_stopped(worker); !done) {
    {
      const std::lock_guard lock(mutex_);
      if (failure_.empty()) failure_ = done.error().message;
    }
    state_ = ProjectorState::kFailed;
    stopping_ = true;
  }
}

Result<std::unique_ptr<log::Reader>> Projector::open_reader(const std::vector<Shard*>& shards) {
  std::vector<log::StartPosition> starts;
  for (const Shard* shard : shards) {
    for (const log::Topic topic : log::kEventTopics) {
      const TopicProgress& progress = shard->state().topics[static_cast<std::size_t>(topic)];
      const bool has_last = progress.last_offset >= 0;
      verified_[place(shard->partition(), topic)] = !has_last;
      starts.push_back({{topic, shard->partition()},
                        has_last ? progress.last_offset : progress.next_offset});
    }
  }
  return log_->open_reader(std::move(starts));
}

Result<void> Projector::apply(const log::Record& record) {
  Shard& shard = *shards_[static_cast<std::size_t>(record.partition)];
  char& verified = verified_[place(record.partition, record.topic)];
  if (verified) {
    shard.apply(record);
    return {};
  }
  const TopicProgress& progress = shard.state().topics[static_cast<std::size_t>(record.topic)];
  if (record.offset != progress.last_offset || fingerprint(record) != progress.last_fingerprint) {
    return another_log(record.topic, record.partition, progress.last_offset);
  }
  verified = true;
  return {};
}

Result<void> Projector::pass_over_gaps(const log::Reader& reader, Shard& shard) {
  for (const log::Topic topic : log::kEventTopics) {
    const std::int64_t position = reader.position({topic, shard.partition()});
    const TopicProgress& progress = shard.state().topics[static_cast<std::size_t>(topic)];
    if (verified_[place(shard.partition(), topic)]) {
      shard.pass_over(topic, position);
    } else if (position > progress.last_offset) {
      return another_log(topic, shard.partition(), progress.last_offset);
    }
  }
  return {};
}

Result<void> Projector::commit(Shard& shard) {
  if (!shard.has_pending()) return {};
  const auto begin = steady_clock::now();
  const std::size_t records = shard.pending_records();
  // A commit that failed cannot be repeated on what it has half evaluated: the process stops, and
  // begins again from the positions stored.
  if (const auto done = shard.commit(); !done) {
    return unexpected(ErrorCode::kInternal, done.error().message);
  }
  {
    const std::lock_guard lock(mutex_);
    committed_[static_cast<std::size_t>(shard.partition())] = shard.state();
    bytes_kept_[static_cast<std::size_t>(shard.partition())] = shard.bytes_kept();
  }
  committed_changed_.notify_all();
  if (options_.on_commit) options_.on_commit(shard.partition(), records, steady_clock::now() - begin);
  return {};
}

bool Projector::has_applied_all(const std::vector<Shard*>& shards) const {
  return std::ranges::all_of(targets_, [&](const log::EndOffset& bounds) {
    const auto shard = std::ranges::find(shards, bounds.at.partition, &Shard::partition);
    return shard == shards.end() || bounds.begin == bounds.end ||
           (*shard)->state().topics[static_cast<std::size_t>(bounds.at.topic)].next_offset >= bounds.end;
  });
}

Result<void> Projector::work_until_stopped(int worker) {
  std::vector<Shard*> shards;
  for (std::size_t i = static_cast<std::size_t>(worker); i < shards_.size();
       i += static_cast<std::size_t>(options_.threads)) {
    shards.push_back(shards_[i].get());
  }
  std::unique_ptr<log::Reader> reader;
  auto last_commit = steady_clock::now();
  bool reached_end = false;
  const auto commit_all = [&]() -> Result<void> {
    for (Shard* shard : shards) RETURN_IF_ERROR(commit(*shard));
    last_commit = steady_clock::now();
    return {};
  };

  while (!stopping_) {
    if (!reader) {
      auto opened = open_reader(shards);
      if (!opened) {
        if (!may_pass(opened.error().code)) return unexpected(opened.error());
        set_trouble(opened.error().message);
        std::this_thread::sleep_for(kRetryPause);
        continue;
      }
      reader = std::move(opened).value();
    }
    const bool pending =
        std::ranges::any_of(shards, [](const Shard* shard) { return shard->pending_records() > 0; });
    const auto records = reader->poll(kPollRecords, pending ? kLiveCommitInterval : kPollTimeout);
    if (!records) {
      if (!may_pass(records.error().code)) return unexpected(records.error());
      set_trouble(records.error().message);
      if (records.error().code == ErrorCode::kFatal) reader.reset();
      RETURN_IF_ERROR(commit_all());
      std::this_thread::sleep_for(kRetryPause);
      continue;
    }
    for (const log::Record& record : *records) RETURN_IF_ERROR(apply(record));
    for (Shard* shard : shards) RETURN_IF_ERROR(pass_over_gaps(*reader, *shard));
    set_trouble("");
    std::size_t pending_bytes = 0;
    for (const Shard* shard : shards) pending_bytes += shard->pending_bytes();
    reached_end = reached_end || has_applied_all(shards);
    const auto interval = reached_end ? kLiveCommitInterval : options_.commit_interval;
    const bool is_much = pending_bytes >= options_.pending_bytes / static_cast<std::size_t>(options_.threads);
    // Nothing there: before the end it is but late.
    if ((records->empty() && reached_end) || steady_clock::now() - last_commit >= interval ||
        (is_much && (reached_end || !std::ranges::all_of(shards, &Shard::may_set_aside)))) {
      RETURN_IF_ERROR(commit_all());
    } else if (is_much) {
      for (Shard* shard : shards) RETURN_IF_ERROR(shard->set_aside());
    }
  }
  return commit_all();
}

}  // namespace daybook::engine
