#include "live/live_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <thread>

namespace daybook::live {
namespace {

// How often a picture is taken anew when a commit came between it and its image: the folding thread
// tells the mirror of what it wrote at once.
constexpr int kPictureTries = 20;
constexpr std::chrono::microseconds kPicturePause{50};

// Tells the projector of what a question finds out about a shard's store.
class ReportingReads : public store::Reads {
 public:
  using Report = std::function<void(const Error&)>;
  // `keeps` holds what `reads` is read from.
  ReportingReads(std::unique_ptr<store::Reads> reads, std::shared_ptr<const void> keeps, Report report)
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
  const std::unique_ptr<store::Reads> reads_;
  const Report report_;
};

}  // namespace

LiveModel::LiveModel(engine::Projector& projector, const domain::Rules& rules,
                     std::string topic_prefix, std::size_t mirror_bytes)
    : projector_(projector),
      rules_(rules),
      topic_prefix_(std::move(topic_prefix)),
      mirror_bytes_(mirror_bytes),
      kept_(std::make_unique<Kept[]>(static_cast<std::size_t>(projector.shard_count()))) {
  projector_.follow({.opened = [this](std::int32_t partition,
                                      std::shared_ptr<engine::Shard> shard) { return opened(partition, std::move(shard)); },
                     .closed = [this](std::int32_t partition) { closed(partition); }});
  if (mirror_bytes == 0) return;
  keeper_ = std::make_unique<mirror::Keeper>(
      [this] { return mirrors(); }, [&] { return !projector_.replays(); }, [&] { forget_older(); });
}

LiveModel::~LiveModel() = default;

std::shared_ptr<store::CommitListener> LiveModel::opened(std::int32_t partition, std::shared_ptr<engine::Shard> shard) {
  auto opened = std::make_shared<Opened>();
  if (mirror_bytes_ > 0) {
    mirror::MirrorOptions options;
    options.bytes = mirror_bytes_ / static_cast<std::size_t>(partition_count());
    options.on_failure = [this, partition](const Error& error) { projector_.report(partition, error); };
    opened->mirror = std::make_shared<mirror::ShardMirror>(shard->store(), shard->labels(), rules_, options);
  }
  opened->shard = std::move(shard);
  Kept& kept = kept_[static_cast<std::size_t>(partition)];
  const std::lock_guard lock(kept.mutex);
  opened->number = kept.openings++;
  kept.opened = opened;
  return opened->mirror;
}

void LiveModel::closed(std::int32_t partition) {
  Kept& kept = kept_[static_cast<std::size_t>(partition)];
  std::shared_ptr<const Opened> opened;  // These go after the lock.
  std::shared_ptr<const views::ShardPicture> picture;
  const std::lock_guard lock(kept.mutex);
  opened.swap(kept.opened);
  picture.swap(kept.picture);
  if (opened != nullptr && opened->mirror != nullptr) opened->mirror->give_up();
}

std::shared_ptr<const LiveModel::Opened> LiveModel::opened(std::int32_t partition) const {
  Kept& kept = kept_[static_cast<std::size_t>(partition)];
  const std::lock_guard lock(kept.mutex);
  return kept.opened;
}

std::vector<std::shared_ptr<mirror::ShardMirror>> LiveModel::mirrors() const {
  std::vector<std::shared_ptr<mirror::ShardMirror>> mirrors;
  for (std::int32_t i = 0; i < partition_count(); ++i) {
    const std::shared_ptr<const Opened> opened = this->opened(i);
    if (opened != nullptr && opened->mirror != nullptr) mirrors.emplace_back(opened, opened->mirror.get());
  }
  return mirrors;
}

void LiveModel::forget_older() {
  for (std::int32_t i = 0; i < partition_count(); ++i) {
    const std::shared_ptr<const Opened> opened = this->opened(i);
    if (opened == nullptr || opened->mirror == nullptr) continue;
    const auto image = opened->mirror->image();
    const auto totals = opened->mirror->totals();
    Kept& kept = kept_[static_cast<std::size_t>(i)];
    std::shared_ptr<const views::ShardPicture> older;  // Goes after the lock.
    const std::lock_guard lock(kept.mutex);
    const auto& picture = kept.picture;
    if (picture != nullptr && (picture->image != image || picture->totals != totals)) older.swap(kept.picture);
  }
}

Result<std::shared_ptr<const views::ShardPicture>> LiveModel::open(std::int32_t partition) const {
  if (const auto why = projector_.unreadable(partition)) return unexpected(*why);
  const std::shared_ptr<const Opened> opened = this->opened(partition);
  if (opened == nullptr) return unexpected(ErrorCode::kUnavailable, fmt::format("shard {} is being opened", partition));
  Kept& kept = kept_[static_cast<std::size_t>(partition)];
  if (opened->mirror != nullptr) {
    const auto image = opened->mirror->image();
    const auto totals = opened->mirror->totals();
    const std::lock_guard lock(kept.mutex);
    // What the mirror has of the newest commit is its picture's.
    const bool has_any = image != nullptr || totals != nullptr;
    if (has_any && kept.picture != nullptr && kept.picture->image == image && kept.picture->totals == totals) {
      return kept.picture;
    }
  }
  ASSIGN_OR_RETURN(views::ShardPicture taken, take(partition, opened));
  auto picture = std::make_shared<const views::ShardPicture>(std::move(taken));
  if (picture->image != nullptr || picture->totals != nullptr) {
    std::shared_ptr<const views::ShardPicture> before = picture;
    const std::lock_guard lock(kept.mutex);
    if (kept.opened == opened) kept.picture.swap(before);
  }
  return picture;
}

Result<views::ShardPicture> LiveModel::take(std::int32_t partition, const std::shared_ptr<const Opened>& opened) const {
  views::ShardPicture picture;
  picture.partition = partition;
  picture.opening = opened->number;
  picture.labels = &opened->shard->labels();
  picture.report = [this, partition](const Error& error) { projector_.report(partition, error); };
  const mirror::ShardMirror* mirror = opened->mirror.get();
  for (int i = 0; i < kPictureTries; ++i) {
    picture.image = mirror == nullptr ? nullptr : mirror->image();
    picture.totals = mirror == nullptr ? nullptr : mirror->totals();
    picture.reads = std::make_shared<const ReportingReads>(opened->shard->store().snapshot(), opened, picture.report);
    // The state in the same picture, so that positions and figures belong together.
    ASSIGN_OR_RETURN(picture.state, store::read_state(*picture.reads));
    if (mirror != nullptr) picture.dictionary = &mirror->dictionary();
    const std::int64_t commit = mirror::commit_number(picture.state);
    if ((picture.image == nullptr || picture.image->commit == commit) &&
        (picture.totals == nullptr || picture.totals->commit == commit)) {
      return picture;
    }
    std::this_thread::sleep_for(kPicturePause);
  }
  picture.image = nullptr;
  picture.totals = nullptr;
  return picture;
}

std::int64_t LiveModel::totals_faults(std::int32_t partition) const {
  const std::shared_ptr<const Opened> opened = this->opened(partition);
  return opened == nullptr || opened->mirror == nullptr ? 0 : opened->mirror->totals_faults();
}

std::size_t LiveModel::mirror_bytes() const {
  std::size_t bytes = 0;
  for (const auto& mirror : mirrors()) bytes += mirror->bytes();
  return bytes;
}

std::int32_t LiveModel::mirrors_ready() const {
  const auto mirrors = this->mirrors();
  return static_cast<std::int32_t>(
      std::ranges::count_if(mirrors, [](const auto& mirror) { return mirror->image() != nullptr; }));
}

}  // namespace daybook::live
