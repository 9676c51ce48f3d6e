// The read model of a running projector, with its mirrors.
#pragma once

#include <mutex>

#include "engine/projector.h"
#include "mirror/keeper.h"
#include "store/commit_listener.h"
#include "views/model.h"

namespace daybook::live {

// Views of a running projector.
class LiveModel : public views::ReadModel {
 public:
  // Before the projector's start(); the projector must have stopped before it goes. `mirror_bytes`: what the mirrors of
  // all shards may take; 0: none, pages are read.
  LiveModel(engine::Projector& projector, const domain::Rules& rules, std::string topic_prefix,
            std::size_t mirror_bytes);

  std::int32_t partition_count() const override { return projector_.shard_count(); }
  const domain::Rules& rules() const override { return rules_; }
  const std::string& topic_prefix() const override { return topic_prefix_; }
  Result<std::shared_ptr<const views::ShardPicture>> open(std::int32_t partition) const override;
  bool has_folded(log::TopicPartition at, std::int64_t offset) const override {
    return projector_.has_committed(at, offset);
  }

  ~LiveModel() override;

  // What the mirrors take, and how many of them can be asked.
  std::size_t mirror_bytes() const;
  std::int32_t mirrors_ready() const;
  // All of them that there are to be.
  bool has_mirrors() const { return mirror_bytes_ == 0 || mirrors_ready() == partition_count(); }
  // How often a shard's totals that were known differed from its pages: must be 0.
  std::int64_t totals_faults(std::int32_t partition) const;

 private:
  // A shard that is open, with its mirror, if any. What holds it keeps the shard's store open.
  struct Opened {
    std::shared_ptr<engine::Shard> shard;
    std::shared_ptr<mirror::ShardMirror> mirror;
    std::uint64_t number = 0;  // Of openings.
  };
  struct Kept {
    std::mutex mutex;  // Guards the rest.
    std::shared_ptr<const Opened> opened;  // Null: the shard is not.
    std::uint64_t openings = 0;
    // The picture that was taken last of it: kept until soon after the next commit, so that questions between
    // two commits take one picture and not one each. Null before the first, or has an image or totals.
    std::shared_ptr<const views::ShardPicture> picture;
  };
  std::shared_ptr<store::CommitListener> opened(std::int32_t partition, std::shared_ptr<engine::Shard> shard);
  void closed(std::int32_t partition);
  std::shared_ptr<const Opened> opened(std::int32_t partition) const;
  Result<views::ShardPicture> take(std::int32_t partition, const std::shared_ptr<const Opened>& opened) const;
  // Of the shards that are open now; each keeps its shard open.
  std::vector<std::shared_ptr<mirror::ShardMirror>> mirrors() const;
  // Lets go of pictures that are not of the newest commit: they hold what the mirrors and the store had then.
  void forget_older();

  engine::Projector& projector_;
  const domain::Rules& rules_;
  std::string topic_prefix_;
  const std::size_t mirror_bytes_;
  std::unique_ptr<Kept[]> kept_;  // By partition.
  std::unique_ptr<mirror::Keeper> keeper_;
};

}  // namespace daybook::live
