#include "views/live_model.h"

#include <algorithm>
#include <thread>

#include "views/receivables.h"

namespace daybook::views {
namespace {

// How often a picture is taken anew when a commit came between it and its image: the folding thread
// tells the mirror of what it wrote at once.
constexpr int kPictureTries = 20;
constexpr std::chrono::microseconds kPicturePause{50};

}  // namespace

LiveModel::LiveModel(engine::Projector& projector, const domain::Rules& rules,
                     std::string topic_prefix, std::size_t mirror_bytes)
    : projector_(projector),
      rules_(rules),
      topic_prefix_(std::move(topic_prefix)),
      kept_(std::make_unique<Kept[]>(static_cast<std::size_t>(projector.shard_count()))) {
  if (mirror_bytes == 0) return;
  const std::int32_t count = projector_.shard_count();
  mirror::MirrorOptions options;
  options.bytes = mirror_bytes / static_cast<std::size_t>(count);
  for (std::int32_t i = 0; i < count; ++i) {
    mirrors_.push_back(std::make_shared<mirror::ShardMirror>(
        projector_.store(i), projector_.labels(i), rules_, options));
  }
  // Each puts the totals that its shard knows in order.
  on_all_processors(mirrors_.size(), [&](std::size_t i) {
    projector_.listen(static_cast<std::int32_t>(i), mirrors_[i]);
  });
  keeper_ = std::make_unique<mirror::Keeper>(
      mirrors_, [&] { return !projector_.replays(); }, [&] { forget_older(); });
}

void LiveModel::forget_older() {
  for (std::size_t i = 0; i < mirrors_.size(); ++i) {
    const auto image = mirrors_[i]->image();
    const auto totals = mirrors_[i]->totals();
    std::shared_ptr<const ShardPicture> older;  // Goes after the lock.
    const std::lock_guard lock(kept_[i].mutex);
    const auto& picture = kept_[i].picture;
    if (picture != nullptr && (picture->image != image || picture->totals != totals)) older.swap(kept_[i].picture);
  }
}

Result<std::shared_ptr<const ShardPicture>> LiveModel::open(std::int32_t partition) const {
  const mirror::ShardMirror* mirror = this->mirror(partition);
  Kept& kept = kept_[static_cast<std::size_t>(partition)];
  if (mirror != nullptr) {
    const auto image = mirror->image();
    const auto totals = mirror->totals();
    const std::lock_guard lock(kept.mutex);
    // What the mirror has of the newest commit is its picture's.
    const bool has_any = image != nullptr || totals != nullptr;
    if (has_any && kept.picture != nullptr && kept.picture->image == image && kept.picture->totals == totals) {
      return kept.picture;
    }
  }
  ASSIGN_OR_RETURN(ShardPicture taken, take(partition));
  auto picture = std::make_shared<const ShardPicture>(std::move(taken));
  if (picture->image != nullptr || picture->totals != nullptr) {
    std::shared_ptr<const ShardPicture> before = picture;
    const std::lock_guard lock(kept.mutex);
    kept.picture.swap(before);
  }
  return picture;
}

Result<ShardPicture> LiveModel::take(std::int32_t partition) const {
  ShardPicture picture;
  picture.partition = partition;
  picture.labels = &projector_.labels(partition);
  const mirror::ShardMirror* mirror = this->mirror(partition);
  for (int i = 0; i < kPictureTries; ++i) {
    picture.image = mirror == nullptr ? nullptr : mirror->image();
    picture.totals = mirror == nullptr ? nullptr : mirror->totals();
    picture.reads = projector_.store(partition).snapshot();
    // The state in the same picture, so that positions and figures belong together.
    ASSIGN_OR_RETURN(picture.state, engine::read_state(*picture.reads));
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

const mirror::ShardMirror* LiveModel::mirror(std::int32_t partition) const {
  return mirrors_.empty() ? nullptr : mirrors_[static_cast<std::size_t>(partition)].get();
}

std::int64_t LiveModel::totals_faults(std::int32_t partition) const {
  const mirror::ShardMirror* mirror = this->mirror(partition);
  return mirror == nullptr ? 0 : mirror->totals_faults();
}

std::size_t LiveModel::mirror_bytes() const {
  std::size_t bytes = 0;
  for (const auto& mirror : mirrors_) bytes += mirror->bytes();
  return bytes;
}

std::int32_t LiveModel::mirrors_ready() const {
  return static_cast<std::int32_t>(
      std::ranges::count_if(mirrors_, [](const auto& mirror) { return mirror->image() != nullptr; }));
}

}  // namespace daybook::views
