#include "engine/projector.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <utility>

#include "base/date.h"
#include "base/ensure.h"
#include "base/file.h"
#include "base/priority.h"
#include "log/partitions.h"

namespace daybook::engine {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::size_t kPollRecords = 8192;
constexpr milliseconds kPollTimeout{50};
constexpr std::size_t kOpenedAtATime = 8;
constexpr milliseconds kRetryPause{200};
// A reader that cannot read something is made anew after this: some faults are told once.
constexpr milliseconds kReadAnewAfter{5'000};
constexpr milliseconds kMendedFor{30'000};
// A live commit that takes longer waits for a disk that hangs.
constexpr milliseconds kCommitPatience{5'000};
// Once the log's end was reached, what is read is wanted by somebody who waits.
constexpr milliseconds kLiveCommitInterval{5};

Unexpected another_log(log::Topic topic, std::int32_t partition, std::int64_t offset) {
  return unexpected(ErrorCode::kMismatch,
                    fmt::format("the record at {}:{}:{} is not the one that was folded: the topic was "
                                "deleted and made anew, or this is another log. Nothing was changed; "
                                "fold anew into another folder",
                                log::topic_family(topic), partition, offset));
}

// Calls job(0) … job(count − 1). Most of what it does is waiting for the disk: some at a time.
void some_at_a_time(std::size_t count, const std::function<void(std::size_t)>& job) {
  std::atomic<std::size_t> next = 0;
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < std::min(count, kOpenedAtATime); ++i) {
    threads.emplace_back([&] {
      for (std::size_t at; (at = next++) < count;) job(at);
    });
  }
  for (std::thread& thread : threads) thread.join();
}

// Tells when a shard's store is closed, by whoever let go of it last: until then it writes in its folder.
struct Closer {
  std::shared_ptr<std::atomic<bool>> closed;
  void operator()(Shard* shard) const {
    delete shard;
    *closed = true;
  }
};

std::string recorded_up_to(const store::ShardState& state) {
  return state.newest_recorded_ms == 0 ? "the log's beginning" : format_instant_ms(state.newest_recorded_ms);
}

// Damage too: somebody may restore what is damaged, or it was on the wire alone.
bool may_pass(ErrorCode code) {
  return code == ErrorCode::kUnavailable || code == ErrorCode::kFatal || code == ErrorCode::kCorrupt;
}

}  // namespace

std::string shard_path(const std::string& directory, std::int32_t partition) {
  return fmt::format("{}/shards/{:04}", directory, partition);
}

std::string set_aside_path(const std::string& directory, std::int32_t partition) {
  return shard_path(directory, partition) + ".damaged";
}

std::vector<std::int32_t> shards_not_in(const std::string& directory, std::int32_t partition_count) {
  std::vector<std::int32_t> missing = log::all_partitions(partition_count);
  // What a disk does not say is for whoever opens it to find out.
  std::erase_if(missing, [&](std::int32_t partition) {
    std::error_code error;
    return std::filesystem::exists(shard_path(directory, partition), error) || error;
  });
  return missing;
}

Projector::Projector(const domain::Rules& rules, const std::string& directory, std::int32_t partition_count,
                     std::vector<std::int32_t> partitions, store::SharedMemory& memory, ProjectorOptions options)
    : rules_(rules),
      directory_(directory),
      partition_count_(partition_count),
      partitions_(std::move(partitions)),
      memory_(memory),
      options_(std::move(options)),
      slots_(partitions_.size()),
      places_(static_cast<std::size_t>(partition_count), -1) {
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    slots_[i].partition = partitions_[i];
    places_[static_cast<std::size_t>(partitions_[i])] = static_cast<std::int32_t>(i);
  }
}

Result<std::unique_ptr<Projector>> Projector::open(const domain::Rules& rules, const std::string& directory,
                                                   std::int32_t partition_count, store::SharedMemory& memory,
                                                   ProjectorOptions options) {
  std::vector<std::int32_t> held = options.partitions ? *options.partitions : log::all_partitions(partition_count);
  RETURN_IF_ERROR(log::check_partitions(held, partition_count));
  std::unique_ptr<Projector> projector(
      new Projector(rules, directory, partition_count, std::move(held), memory, std::move(options)));
  const std::filesystem::path shards = std::filesystem::path(directory) / "shards";
  std::error_code error;
  std::filesystem::create_directories(shards, error);
  if (error) {
    return unexpected(ErrorCode::kUnavailable, fmt::format("cannot create {}: {}", shards.string(), error.message()));
  }
  std::vector<Result<void>> opened(projector->slots_.size());
  some_at_a_time(opened.size(), [&](std::size_t i) { opened[i] = projector->open_slot(projector->slots_[i]); });
  for (const auto& done : opened) RETURN_IF_ERROR(done);
  return projector;
}

const Projector::Slot* Projector::find(std::int32_t partition) const {
  if (partition < 0 || partition >= partition_count_) return nullptr;
  const std::int32_t place = places_[static_cast<std::size_t>(partition)];
  return place < 0 ? nullptr : &slots_[static_cast<std::size_t>(place)];
}

Projector::Slot* Projector::find(std::int32_t partition) {
  return const_cast<Slot*>(std::as_const(*this).find(partition));
}

Result<std::shared_ptr<Shard>> Projector::open_shard(std::int32_t partition, store::ShardStore::Mode mode) const {
  const auto each = [&](std::size_t bytes) { return bytes / slots_.size(); };
  ASSIGN_OR_RETURN(auto store, store::ShardStore::open(shard_path(directory_, partition), memory_, mode));
  ASSIGN_OR_RETURN(auto shard,
                   Shard::open(std::move(store), rules_,
                               {partition, partition_count_, each(options_.cache_bytes), each(options_.spill_bytes),
                                each(options_.pending_bytes), options_.files_bytes}));
  return std::shared_ptr<Shard>(shard.release(), Closer{std::make_shared<std::atomic<bool>>(false)});
}

Result<void> Projector::set_aside(const Slot& slot) const {
  const std::string from = shard_path(directory_, slot.partition);
  const std::string to = set_aside_path(directory_, slot.partition);
  std::error_code error;
  if (!std::filesystem::exists(from, error) && !error) return {};
  // One is kept. A second would come of what folding anew does not mend, and fill the disk.
  if (std::filesystem::exists(to, error)) {
    return unexpected(
        ErrorCode::kCorrupt,
        fmt::format("it was damaged before, which is kept in {}: look for the cause, and move that away to "
                    "have the shard folded anew",
                    to));
  }
  if (!error) std::filesystem::rename(from, to, error);
  if (error) return unexpected(ErrorCode::kUnavailable, fmt::format("cannot rename {}: {}", from, error.message()));
  return sync_directory(directory_ + "/shards");
}

Result<void> Projector::open_slot(Slot& slot) {
  std::optional<Error> trouble;
  std::optional<Error> damage;
  auto opened = open_shard(slot.partition, store::ShardStore::Mode::kReadWrite);
  if (!opened && opened.error().code == ErrorCode::kCorrupt) {
    damage = opened.error();
    const auto aside = set_aside(slot);
    if (aside) {
      opened = open_shard(slot.partition, store::ShardStore::Mode::kReadWrite);
    } else {
      trouble = Error{aside.error().code, damage->message + "; " + aside.error().message};
    }
  }
  const bool folds = opened.has_value();
  if (!opened && !trouble) {
    if (opened.error().code != ErrorCode::kUnavailable) return unexpected(opened.error());
    trouble = opened.error();
    opened = open_shard(slot.partition, store::ShardStore::Mode::kReadInPlace);
    // There is nothing yet to be read.
    if (!opened && !slot.trouble) return unexpected(*trouble);
  }
  std::shared_ptr<store::CommitListener> listener;
  if (opened && follower_.opened) listener = follower_.opened(slot.partition, *opened);
  if (listener) (*opened)->listen(std::move(listener));
  {
    const std::lock_guard lock(mutex_);
    if (opened) {
      if (damage && folds) {
        // Where it was, or where the log ends: the target of every shard.
        slot.refolds_to.emplace();
        for (std::size_t topic = 0; topic < log::kEventTopicCount; ++topic) {
          (*slot.refolds_to)[topic] = slot.committed.topics[topic].next_offset;
        }
      }
      slot.shard = *opened;
      slot.folds = folds;
      slot.is_live = false;
      slot.last_commit = steady_clock::now();
      slot.committed = slot.shard->state();
      slot.bytes_kept = slot.shard->bytes_kept();
    }
  }
  if (trouble) {
    hold(slot, *trouble);
  } else if (slot.refolds_to) {
    if (damage) {
      options_.on_notice(fmt::format("shard {}: damaged ({}): kept as {}, and being folded anew from the log",
                                     slot.partition, damage->message, set_aside_path(directory_, slot.partition)));
    }
    const std::lock_guard lock(mutex_);
    slot.trouble.reset();
    slot.mended_at = steady_clock::now();
  } else {
    end_trouble(slot);
  }
  return {};
}

void Projector::hold(Slot& slot, const Error& error) {
  bool is_new = false;
  std::string text;
  {
    const std::lock_guard lock(mutex_);
    is_new = !slot.trouble || slot.trouble->code != error.code;
    slot.folds = false;
    slot.waits_since.reset();
    slot.trouble = error;
    slot.reported.reset();
    const auto now = steady_clock::now();
    // Trouble that comes back soon is the same trouble.
    const bool is_first = slot.pause.count() == 0 || (is_new && now - slot.mended_at > kMendedFor);
    slot.pause = is_first ? options_.retry_min : std::min(slot.pause * 2, options_.retry_max);
    slot.next_try = now + slot.pause;
    text = store_trouble(slot);
  }
  if (is_new) options_.on_notice(text);
}

void Projector::end_trouble(Slot& slot) {
  const bool was_in_trouble = slot.trouble || slot.refolds_to;
  {
    const std::lock_guard lock(mutex_);
    slot.trouble.reset();
    slot.refolds_to.reset();
    slot.mended_at = steady_clock::now();
  }
  if (!was_in_trouble) return;
  options_.on_notice(fmt::format("shard {}: its store is well again", slot.partition));
  options_.on_mended();
}

bool Projector::close(Slot& slot) {
  if (slot.shard) {
    if (follower_.closed) follower_.closed(slot.partition);
    slot.closed = std::get_deleter<Closer>(slot.shard)->closed;
    const std::lock_guard lock(mutex_);
    slot.shard.reset();
  }
  return slot.closed == nullptr || *slot.closed;
}

Result<bool> Projector::mend(Slot& slot) {
  std::optional<Error> reported;
  {
    const std::lock_guard lock(mutex_);
    reported = std::exchange(slot.reported, std::nullopt);
  }
  // Told of now, not with the next write: its cause may be gone by then.
  if (!reported && !slot.trouble && slot.shard) reported = slot.shard->store().own_failure();
  if (reported && !slot.trouble) {
    hold(slot, *reported);
    // Damage does not pass.
    if (reported->code == ErrorCode::kCorrupt) slot.next_try = steady_clock::now();
  }
  if (!slot.trouble) {
    if (slot.refolds_to) {
      const auto is_there = [&] {
        const std::lock_guard lock(mutex_);
        const store::ShardState& state = slot.committed;
        for (std::size_t topic = 0; topic < log::kEventTopicCount; ++topic) {
          if (state.topics[topic].next_offset < (*slot.refolds_to)[topic]) return false;
        }
        return has_reached_targets(slot.partition, state);
      };
      if (is_there()) end_trouble(slot);
    }
    return false;
  }
  if (steady_clock::now() < slot.next_try) return false;
  const bool is_damaged = slot.trouble->code == ErrorCode::kCorrupt;
  if (!is_damaged) {
    // What is served now goes on being served until there is hope.
    const auto tried = store::ShardStore::try_disk(shard_path(directory_, slot.partition), memory_);
    if (!tried) {
      hold(slot, tried.error());
      return false;
    }
  }
  // Questions that read it end first; the worker's other shards are folded meanwhile.
  if (!close(slot)) return false;
  if (is_damaged) {
    if (const auto aside = set_aside(slot); !aside) {
      const std::string& why = slot.trouble->message;
      const bool is_said = why.ends_with(aside.error().message);
      hold(slot, {ErrorCode::kCorrupt, is_said ? why : why + "; " + aside.error().message});
      return false;
    }
    options_.on_notice(fmt::format("shard {}: kept as {}, and being folded anew from the log", slot.partition,
                                   set_aside_path(directory_, slot.partition)));
    const std::lock_guard lock(mutex_);
    slot.refolds_to.emplace();
    for (std::size_t topic = 0; topic < log::kEventTopicCount; ++topic) {
      (*slot.refolds_to)[topic] = slot.committed.topics[topic].next_offset;
    }
  }
  RETURN_IF_ERROR(open_slot(slot));
  return slot.folds;
}

Projector::~Projector() { stop(); }

Result<void> Projector::start(log::Log& log) {
  ENSURE(log.partition_count() == partition_count_, "the manifest holds log and shards together");
  log_ = &log;
  ASSIGN_OR_RETURN(targets_, log.end_offsets(log::kEventTopics));
  std::erase_if(targets_, [&](const log::EndOffset& bounds) { return find(bounds.at.partition) == nullptr; });
  for (const log::EndOffset& bounds : targets_) {
    const auto& progress = find(bounds.at.partition)->committed.topics[static_cast<std::size_t>(bounds.at.topic)];
    if (progress.next_offset > bounds.end) {
      return unexpected(
          ErrorCode::kOutOfRange,
          fmt::format("the read model is ahead of its log: {}:{} was folded up to offset "
                      "{}, but the log ends at {}. Was the log replaced or truncated? "
                      "Nothing was changed; restore the log, or fold anew into another folder",
                      log::topic_family(bounds.at.topic), bounds.at.partition, progress.next_offset, bounds.end));
    }
  }
  state_ = ProjectorState::kRunning;
  const int threads = std::clamp(options_.threads, 1, static_cast<int>(slots_.size()));
  options_.threads = threads;
  {
    const std::lock_guard lock(mutex_);
    started_ = true;
    troubles_.resize(static_cast<std::size_t>(threads));
  }
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

void Projector::follow(ShardFollower follower) {
  follower_ = std::move(follower);
  some_at_a_time(slots_.size(), [&](std::size_t i) {
    const std::shared_ptr<Shard>& shard = slots_[i].shard;
    if (shard == nullptr) return;
    if (auto listener = follower_.opened(partitions_[i], shard)) shard->listen(std::move(listener));
  });
}

std::shared_ptr<Shard> Projector::shard(std::int32_t partition) const {
  const Slot* const slot = find(partition);
  if (slot == nullptr) return nullptr;
  const std::lock_guard lock(mutex_);
  return slot->shard;
}

void Projector::report(std::int32_t partition, const Error& error) {
  if (error.code != ErrorCode::kCorrupt && error.code != ErrorCode::kUnavailable) return;
  Slot* const slot = find(partition);
  if (slot == nullptr) return;
  const std::lock_guard lock(mutex_);
  if (!slot->trouble && !slot->reported) slot->reported = error;
}

std::string Projector::store_trouble(const Slot& slot) const {
  if (!slot.trouble && slot.refolds_to) {
    return fmt::format("shard {}: it was damaged and is being folded anew; it is not asked meanwhile", slot.partition);
  }
  const std::optional<Error>& error = slot.trouble ? slot.trouble : slot.reported;
  if (!error) return "";
  const std::string served = slot.shard == nullptr || error->code == ErrorCode::kCorrupt
                                 ? "it is not asked meanwhile"
                                 : fmt::format("served is what was recorded up to {}", recorded_up_to(slot.committed));
  return fmt::format("shard {}: {}; {}, and it is tried again", slot.partition, error->message, served);
}

std::string Projector::store_trouble(std::int32_t partition) const {
  const Slot* const slot = find(partition);
  if (slot == nullptr) return "";
  const std::lock_guard lock(mutex_);
  return store_trouble(*slot);
}

std::string Projector::disk_trouble() const {
  const std::lock_guard lock(mutex_);
  for (const Slot& slot : slots_) {
    if (!slot.waits_since || steady_clock::now() - *slot.waits_since <= kCommitPatience) continue;
    return fmt::format(
        "the disk does not answer: shard {} has waited for it for more than {} s; served is what was recorded "
        "up to {}",
        slot.partition, kCommitPatience.count() / 1000, recorded_up_to(slot.committed));
  }
  return "";
}

std::optional<Error> Projector::unreadable(std::int32_t partition) const {
  const Slot* const slot = find(partition);
  if (slot == nullptr) {
    return Error{ErrorCode::kNotFound, fmt::format("shard {} is not held here: of {} these are {}", partition,
                                                   partition_count_, log::format_partitions(partitions_))};
  }
  const std::lock_guard lock(mutex_);
  const bool is_damaged = slot->trouble && slot->trouble->code == ErrorCode::kCorrupt;
  if (slot->shard != nullptr && !slot->refolds_to && !is_damaged) return std::nullopt;
  return Error{ErrorCode::kUnavailable, store_trouble(*slot)};
}

log::Log* Projector::log() const {
  const std::lock_guard lock(mutex_);
  return started_ ? log_ : nullptr;
}

store::ShardState Projector::committed(std::int32_t partition) const {
  const Slot* const slot = find(partition);
  if (slot == nullptr) return {};
  const std::lock_guard lock(mutex_);
  return slot->committed;
}

std::size_t Projector::bytes_kept() const {
  const std::lock_guard lock(mutex_);
  std::size_t bytes = 0;
  for (const Slot& slot : slots_) bytes += slot.bytes_kept;
  return bytes;
}

bool Projector::has_committed(log::TopicPartition at, std::int64_t offset) const {
  return committed(at.partition).topics[static_cast<std::size_t>(at.topic)].next_offset > offset;
}

bool Projector::has_reached_targets(std::int32_t partition, const store::ShardState& state) const {
  return std::ranges::all_of(targets_, [&](const log::EndOffset& bounds) {
    return bounds.at.partition != partition || bounds.begin == bounds.end ||
           state.topics[static_cast<std::size_t>(bounds.at.topic)].next_offset >= bounds.end;
  });
}

bool Projector::reached_targets() const {
  return std::ranges::all_of(slots_,
                             [&](const Slot& slot) { return has_reached_targets(slot.partition, slot.committed); });
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
  if (!failure_.empty()) return failure_;
  for (const Slot& slot : slots_) {
    if (std::string trouble = store_trouble(slot); !trouble.empty()) return trouble;
  }
  return waits_for();
}

std::string Projector::fold_trouble() const {
  const std::lock_guard lock(mutex_);
  return failure_.empty() ? waits_for() : failure_;
}

std::string Projector::waits_for() const {
  const auto first = std::ranges::find_if(troubles_, [](const std::string& trouble) { return !trouble.empty(); });
  return first == troubles_.end() ? "" : *first;
}

void Projector::set_trouble(int worker, std::string trouble) {
  const std::lock_guard lock(mutex_);
  troubles_[static_cast<std::size_t>(worker)] = std::move(trouble);
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
      const store::TopicProgress& progress = shard->state().topics[static_cast<std::size_t>(topic)];
      const bool has_last = progress.last_offset >= 0;
      find(shard->partition())->verified[static_cast<std::size_t>(topic)] = !has_last;
      starts.push_back({{topic, shard->partition()}, has_last ? progress.last_offset : progress.next_offset});
    }
  }
  return log_->open_reader(std::move(starts));
}

Result<void> Projector::apply(const log::Record& record) {
  Slot& slot = *find(record.partition);
  Shard& shard = *slot.shard;
  bool& verified = slot.verified[static_cast<std::size_t>(record.topic)];
  if (verified) {
    shard.apply(record);
    return {};
  }
  const store::TopicProgress& progress = shard.state().topics[static_cast<std::size_t>(record.topic)];
  if (record.offset != progress.last_offset || fingerprint(record) != progress.last_fingerprint) {
    return another_log(record.topic, record.partition, progress.last_offset);
  }
  verified = true;
  return {};
}

Result<void> Projector::pass_over_gaps(const log::Reader& reader, Shard& shard) {
  const Slot& slot = *find(shard.partition());
  for (const log::Topic topic : log::kEventTopics) {
    const std::int64_t position = reader.position({topic, shard.partition()});
    const store::TopicProgress& progress = shard.state().topics[static_cast<std::size_t>(topic)];
    if (slot.verified[static_cast<std::size_t>(topic)]) {
      shard.pass_over(topic, position);
    } else if (position > progress.last_offset) {
      return another_log(topic, shard.partition(), progress.last_offset);
    }
  }
  return {};
}

Result<void> Projector::commit(Slot& slot) {
  Shard& shard = *slot.shard;
  slot.last_commit = steady_clock::now();
  if (!shard.has_pending()) return {};
  const auto begin = steady_clock::now();
  const std::size_t records = shard.pending_records();
  // A commit that failed cannot be repeated on what it has half evaluated: the shard is opened anew, and goes on from
  // the positions stored.
  if (slot.is_live) {
    const std::lock_guard lock(mutex_);
    slot.waits_since = begin;
  }
  const auto done = shard.commit();
  if (!done) {
    hold(slot, done.error());
    return {};
  }
  {
    const std::lock_guard lock(mutex_);
    slot.waits_since.reset();
    slot.committed = shard.state();
    slot.bytes_kept = shard.bytes_kept();
  }
  if (options_.on_commit) options_.on_commit({shard, records, steady_clock::now() - begin});
  return {};
}

bool Projector::has_applied_all(const Shard& shard) const {
  return has_reached_targets(shard.partition(), shard.state());
}

Result<void> Projector::work_until_stopped(int worker) {
  std::vector<Slot*> slots;
  for (std::size_t i = static_cast<std::size_t>(worker); i < slots_.size();
       i += static_cast<std::size_t>(options_.threads)) {
    slots.push_back(&slots_[i]);
  }
  std::vector<Shard*> shards;  // Those that fold.
  std::unique_ptr<log::Reader> reader;
  auto reads_since = steady_clock::now();
  const auto commit_all = [&]() -> Result<void> {
    for (Slot* slot : slots) {
      if (slot->folds) RETURN_IF_ERROR(commit(*slot));
    }
    return {};
  };
  for (Slot* slot : slots) slot->last_commit = steady_clock::now();

  while (!stopping_) {
    bool changed = false;
    for (Slot* slot : slots) {
      ASSIGN_OR_RETURN(const bool is_another, mend(*slot));
      changed |= is_another;
    }
    const auto folding = std::ranges::count(slots, true, &Slot::folds);
    if (changed || static_cast<std::size_t>(folding) != shards.size()) {
      // What the others have applied is committed first: readers begin at what was committed.
      RETURN_IF_ERROR(commit_all());
      reader.reset();
      shards.clear();
      for (Slot* slot : slots) {
        if (slot->folds) shards.push_back(slot->shard.get());
      }
    }
    if (shards.empty()) {
      std::this_thread::sleep_for(kPollTimeout);
      continue;
    }
    if (!reader) {
      auto opened = open_reader(shards);
      if (!opened) {
        if (!may_pass(opened.error().code)) return unexpected(opened.error());
        set_trouble(worker, opened.error().message);
        std::this_thread::sleep_for(kRetryPause);
        continue;
      }
      reader = std::move(opened).value();
      reads_since = steady_clock::now();
    }
    const bool pending = std::ranges::any_of(shards, [](const Shard* shard) { return shard->pending_records() > 0; });
    const auto records = reader->poll(kPollRecords, pending ? kLiveCommitInterval : kPollTimeout);
    if (!records) {
      if (!may_pass(records.error().code)) return unexpected(records.error());
      set_trouble(worker, records.error().message);
      const bool is_done = records.error().code == ErrorCode::kFatal;
      RETURN_IF_ERROR(commit_all());
      // Others of its topic-partitions may give something at any time.
      const bool reads_others = !is_done && reader->trouble();
      if (is_done || (reads_others && steady_clock::now() - reads_since >= kReadAnewAfter)) reader.reset();
      if (!reads_others) std::this_thread::sleep_for(kRetryPause);
      continue;
    }
    for (const log::Record& record : *records) RETURN_IF_ERROR(apply(record));
    for (Shard* shard : shards) RETURN_IF_ERROR(pass_over_gaps(*reader, *shard));
    const auto fault = reader->trouble();
    set_trouble(worker, fault ? fault->message : "");
    if (fault && steady_clock::now() - reads_since >= kReadAnewAfter) {
      RETURN_IF_ERROR(commit_all());
      reader.reset();
      continue;
    }
    std::size_t pending_bytes = 0;
    for (const Shard* shard : shards) pending_bytes += shard->pending_bytes();
    bool are_live = true;
    for (Slot* slot : slots) {
      if (!slot->folds) continue;
      slot->is_live = slot->is_live || has_applied_all(*slot->shard);
      are_live &= slot->is_live;
      // Nothing there: before the end it is but late.
      const auto interval = slot->is_live ? kLiveCommitInterval : options_.commit_interval;
      const bool is_due = (records->empty() && slot->is_live) || steady_clock::now() - slot->last_commit >= interval;
      if (is_due) RETURN_IF_ERROR(commit(*slot));
    }
    if (pending_bytes < options_.pending_bytes / static_cast<std::size_t>(options_.threads)) continue;
    if (are_live || !std::ranges::all_of(shards, &Shard::may_spill)) {
      RETURN_IF_ERROR(commit_all());
      continue;
    }
    // Where the disk takes nothing, the commit finds that out as well.
    for (Shard* shard : shards) {
      if (!shard->spill()) break;
    }
  }
  return commit_all();
}

}  // namespace daybook::engine
