// The read model of a running projector, with its mirrors.
#pragma once

#include <mutex>

#include "engine/projector.h"
#include "mirror/keeper.h"
#include "views/model.h"

namespace daybook::views {

// Views of a running projector.
class LiveModel : public ReadModel {
 public:
  // Before the projector's start(); goes before it does. `mirror_bytes`: what the mirrors of all shards
  // may take; 0: none, pages are read.
  LiveModel(engine::Projector& projector, const domain::Rules& rules, std::string topic_prefix,
            std::size_t mirror_bytes);

  std::int32_t partition_count() const override { return projector_.shard_count(); }
  const domain::Rules& rules() const override { return rules_; }
  const std::string& topic_prefix() const override { return topic_prefix_; }
  Result<std::shared_ptr<const ShardPicture>> open(std::int32_t partition) const override;
  bool wait_for(log::TopicPartition at, std::int64_t offset,
                std::chrono::steady_clock::time_point deadline) const override {
    return projector_.wait_for(at, offset, deadline);
  }

  // What the mirrors take, and how many of them can be asked.
  std::size_t mirror_bytes() const;
  std::int32_t mirrors_ready() const;
  // All of them that there are to be.
  bool has_mirrors() const { return mirrors_ready() == static_cast<std::int32_t>(mirrors_.size()); }
  // How often a shard's totals that were known differed from its pages: must be 0.
  std::int64_t totals_faults(std::int32_t partition) const;

 private:
  // The picture that was taken last of a shard: kept until soon after the next commit, so that questions between
  // two commits take one picture and not one each.
  struct Kept {
    std::mutex mutex;
    std::shared_ptr<const ShardPicture> picture;  // Guarded by mutex. Null before the first, or has an image or totals.
  };
  Result<ShardPicture> take(std::int32_t partition) const;
  const mirror::ShardMirror* mirror(std::int32_t partition) const;  // Null: there are none.
  // Lets go of pictures that are not of the newest commit: they hold what the mirrors and the store had then.
  void forget_older();

  engine::Projector& projector_;
  const domain::Rules& rules_;
  std::string topic_prefix_;
  std::vector<std::shared_ptr<mirror::ShardMirror>> mirrors_;  // By partition, or none.
  std::unique_ptr<Kept[]> kept_;  // By partition.
  std::unique_ptr<mirror::Keeper> keeper_;
};

}  // namespace daybook::views
