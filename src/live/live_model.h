// The read model of a running projector, with its indexes.
#pragma once

#include <mutex>

#include "engine/projector.h"
#include "index/keeper.h"
#include "query/model.h"
#include "store/commit_listener.h"

namespace daybook::live {

// Views of a running projector.
class LiveModel : public query::ReadModel {
 public:
  // Before the projector's start(); the projector must have stopped before it goes. `index_bytes`: what the indexes of
  // all shards that it holds may take; 0: none, pages are read.
  LiveModel(engine::Projector& projector, const domain::Rules& rules, std::string topic_prefix,
            std::size_t index_bytes);

  std::int32_t partition_count() const override { return projector_.partition_count(); }
  // Those that it has, rising; open() of another is kNotFound.
  const std::vector<std::int32_t>& partitions() const { return projector_.partitions(); }
  const domain::Rules& rules() const override { return rules_; }
  const std::string& topic_prefix() const override { return topic_prefix_; }
  Result<std::shared_ptr<const query::ShardSnapshot>> open(std::int32_t partition) const override;
  bool has_folded(log::TopicPartition at, std::int64_t offset) const override {
    return projector_.has_committed(at, offset);
  }

  Result<std::optional<log::KeptRecord>> record(log::TopicPartition at, std::int64_t offset) const override;

  ~LiveModel() override;

  // What the indexes take, and how many of them can be asked.
  std::size_t index_bytes() const;
  std::int32_t indexes_ready() const;
  // All of them that there are to be.
  bool has_indexes() const { return index_bytes_ == 0 || indexes_ready() == std::ssize(partitions()); }
  // How often a shard's totals that were known differed from its pages: must be 0.
  std::int64_t totals_faults(std::int32_t partition) const;

 private:
  // A shard that is open, with its index, if any. What holds it keeps the shard's store open.
  struct Opened {
    std::shared_ptr<engine::Shard> shard;
    std::shared_ptr<index::ShardIndex> index;
    std::uint64_t number = 0;  // Of openings.
  };
  struct Kept {
    std::mutex mutex;                      // Guards the rest.
    std::shared_ptr<const Opened> opened;  // Null: the shard is not.
    std::uint64_t openings = 0;
    // The snapshot that was taken last of it: kept until soon after the next commit, so that questions between
    // two commits take one snapshot and not one each. Null before the first, or has an index or totals.
    std::shared_ptr<const query::ShardSnapshot> snapshot;
  };
  std::shared_ptr<store::CommitListener> opened(std::int32_t partition, std::shared_ptr<engine::Shard> shard);
  void closed(std::int32_t partition);
  std::shared_ptr<const Opened> opened(std::int32_t partition) const;
  Result<query::ShardSnapshot> take(std::int32_t partition, const std::shared_ptr<const Opened>& opened) const;
  // Of the shards that are open now; each keeps its shard open.
  std::vector<std::shared_ptr<index::ShardIndex>> indexes() const;
  // Lets go of snapshots that are not of the newest commit: they hold what the indexes and the store had then.
  void forget_older();

  engine::Projector& projector_;
  const domain::Rules& rules_;
  std::string topic_prefix_;
  const std::size_t index_bytes_;
  std::unique_ptr<Kept[]> kept_;  // By partition.
  std::unique_ptr<index::Keeper> keeper_;
};

}  // namespace daybook::live
