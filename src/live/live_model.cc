#include "live/live_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <thread>

namespace daybook::live {
namespace {

// How often a snapshot is taken anew when a commit came between it and its index: the folding thread
// tells the index of what it wrote at once.
constexpr int kPictureTries = 20;
constexpr std::chrono::microseconds kPicturePause{50};

// How long whoever asks for a record waits for the log.
constexpr std::chrono::seconds kRecordPatience{3};

// Tells the projector of what a question finds out about a shard's store.
class ReportingReads : public store::StoreReader {
 public:
  using Report = std::function<void(const Error&)>;
  // `keeps` holds what `reads` is read from.
  ReportingReads(std::unique_ptr<store::StoreReader> reads, std::shared_ptr<const void> keeps, Report report)
      : keeps_(std::move(keeps)), reads_(std::move(reads)), report_(std::move(report)) {}

  Result<std::optional<std::string>> get(store::Table table, std::string_view key) const override {
    auto value = reads_->get(table, key);
    if (!value) report_(value.error());
    return value;
  }
  Result<void> scan(store::Table table, std::string_view prefix, std::string_view from,
                    const Visit& visit) const override {
    auto done = reads_->scan(table, prefix, from, visit);
    if (!done) report_(done.error());
    return done;
  }

 private:
  const std::shared_ptr<const void> keeps_;  // Goes after the reads.
  const std::unique_ptr<store::StoreReader> reads_;
  const Report report_;
};

}  // namespace

LiveModel::LiveModel(engine::Projector& projector, const domain::Rules& rules, std::string topic_prefix,
                     std::size_t index_bytes)
    : projector_(projector),
      rules_(rules),
      topic_prefix_(std::move(topic_prefix)),
      index_bytes_(index_bytes),
      kept_(std::make_unique<Kept[]>(static_cast<std::size_t>(projector.partition_count()))) {
  projector_.follow(
      {.opened = [this](std::int32_t partition,
                        std::shared_ptr<engine::Shard> shard) { return opened(partition, std::move(shard)); },
       .closed = [this](std::int32_t partition) { closed(partition); }});
  if (index_bytes == 0) return;
  keeper_ = std::make_unique<index::Keeper>([this] { return indexes(); }, [&] { return !projector_.replays(); },
                                            [&] { forget_older(); });
}

LiveModel::~LiveModel() = default;

std::shared_ptr<store::CommitListener> LiveModel::opened(std::int32_t partition, std::shared_ptr<engine::Shard> shard) {
  auto opened = std::make_shared<Opened>();
  if (index_bytes_ > 0) {
    index::IndexOptions options;
    options.bytes = index_bytes_ / partitions().size();
    options.on_failure = [this, partition](const Error& error) { projector_.report(partition, error); };
    opened->index = std::make_shared<index::ShardIndex>(shard->store(), shard->labels(), rules_, options);
  }
  opened->shard = std::move(shard);
  Kept& kept = kept_[static_cast<std::size_t>(partition)];
  const std::lock_guard lock(kept.mutex);
  opened->number = kept.openings++;
  kept.opened = opened;
  return opened->index;
}

void LiveModel::closed(std::int32_t partition) {
  Kept& kept = kept_[static_cast<std::size_t>(partition)];
  std::shared_ptr<const Opened> opened;  // These go after the lock.
  std::shared_ptr<const query::ShardSnapshot> snapshot;
  const std::lock_guard lock(kept.mutex);
  opened.swap(kept.opened);
  snapshot.swap(kept.snapshot);
  if (opened != nullptr && opened->index != nullptr) opened->index->give_up();
}

std::shared_ptr<const LiveModel::Opened> LiveModel::opened(std::int32_t partition) const {
  Kept& kept = kept_[static_cast<std::size_t>(partition)];
  const std::lock_guard lock(kept.mutex);
  return kept.opened;
}

Result<std::optional<log::KeptRecord>> LiveModel::record(log::TopicPartition at, std::int64_t offset) const {
  log::Log* const log = projector_.log();
  if (log == nullptr) return unexpected(ErrorCode::kUnavailable, "the log is away");
  return log::read_record(*log, at, offset, kRecordPatience);
}

std::vector<std::shared_ptr<index::ShardIndex>> LiveModel::indexes() const {
  std::vector<std::shared_ptr<index::ShardIndex>> indexes;
  for (const std::int32_t partition : partitions()) {
    const std::shared_ptr<const Opened> opened = this->opened(partition);
    if (opened != nullptr && opened->index != nullptr) indexes.emplace_back(opened, opened->index.get());
  }
  return indexes;
}

void LiveModel::forget_older() {
  for (const std::int32_t partition : partitions()) {
    const std::shared_ptr<const Opened> opened = this->opened(partition);
    if (opened == nullptr || opened->index == nullptr) continue;
    const auto entries = opened->index->snapshot();
    const auto totals = opened->index->totals();
    Kept& kept = kept_[static_cast<std::size_t>(partition)];
    std::shared_ptr<const query::ShardSnapshot> older;  // Goes after the lock.
    const std::lock_guard lock(kept.mutex);
    const auto& snapshot = kept.snapshot;
    if (snapshot != nullptr && (snapshot->index != entries || snapshot->totals != totals)) older.swap(kept.snapshot);
  }
}

Result<std::shared_ptr<const query::ShardSnapshot>> LiveModel::open(std::int32_t partition) const {
  if (const auto why = projector_.unreadable(partition)) return unexpected(*why);
  const std::shared_ptr<const Opened> opened = this->opened(partition);
  if (opened == nullptr) return unexpected(ErrorCode::kUnavailable, fmt::format("shard {} is being opened", partition));
  Kept& kept = kept_[static_cast<std::size_t>(partition)];
  if (opened->index != nullptr) {
    const auto entries = opened->index->snapshot();
    const auto totals = opened->index->totals();
    const std::lock_guard lock(kept.mutex);
    // What the index has of the newest commit is its snapshot's.
    const bool has_any = entries != nullptr || totals != nullptr;
    if (has_any && kept.snapshot != nullptr && kept.snapshot->index == entries && kept.snapshot->totals == totals) {
      return kept.snapshot;
    }
  }
  ASSIGN_OR_RETURN(query::ShardSnapshot taken, take(partition, opened));
  auto snapshot = std::make_shared<const query::ShardSnapshot>(std::move(taken));
  if (snapshot->index != nullptr || snapshot->totals != nullptr) {
    std::shared_ptr<const query::ShardSnapshot> before = snapshot;
    const std::lock_guard lock(kept.mutex);
    if (kept.opened == opened) kept.snapshot.swap(before);
  }
  return snapshot;
}

Result<query::ShardSnapshot> LiveModel::take(std::int32_t partition,
                                             const std::shared_ptr<const Opened>& opened) const {
  query::ShardSnapshot snapshot;
  snapshot.partition = partition;
  snapshot.opening = opened->number;
  snapshot.labels = &opened->shard->labels();
  snapshot.report = [this, partition](const Error& error) { projector_.report(partition, error); };
  const index::ShardIndex* index = opened->index.get();
  for (int i = 0; i < kPictureTries; ++i) {
    snapshot.index = index == nullptr ? nullptr : index->snapshot();
    snapshot.totals = index == nullptr ? nullptr : index->totals();
    snapshot.reads = std::make_shared<const ReportingReads>(opened->shard->store().snapshot(), opened, snapshot.report);
    // The state in the same snapshot, so that positions and figures belong together.
    ASSIGN_OR_RETURN(snapshot.state, store::read_state(*snapshot.reads));
    if (index != nullptr) snapshot.dictionary = &index->dictionary();
    const std::int64_t commit = index::commit_number(snapshot.state);
    if ((snapshot.index == nullptr || snapshot.index->commit == commit) &&
        (snapshot.totals == nullptr || snapshot.totals->commit == commit)) {
      return snapshot;
    }
    std::this_thread::sleep_for(kPicturePause);
  }
  snapshot.index = nullptr;
  snapshot.totals = nullptr;
  return snapshot;
}

std::int64_t LiveModel::totals_faults(std::int32_t partition) const {
  const std::shared_ptr<const Opened> opened = this->opened(partition);
  return opened == nullptr || opened->index == nullptr ? 0 : opened->index->totals_faults();
}

std::size_t LiveModel::index_bytes() const {
  std::size_t bytes = 0;
  for (const auto& index : indexes()) bytes += index->bytes();
  return bytes;
}

std::int32_t LiveModel::indexes_ready() const {
  const auto indexes = this->indexes();
  return static_cast<std::int32_t>(
      std::ranges::count_if(indexes, [](const auto& index) { return index->snapshot() != nullptr; }));
}

}  // namespace daybook::live
