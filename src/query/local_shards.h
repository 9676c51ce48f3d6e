// The shards of a read model in this process.
#pragma once

#include "query/model.h"
#include "query/shard_query.h"

namespace daybook::query {

class LocalShards final : public ShardSource {
 public:
  // `model` must outlive it, and its sessions.
  explicit LocalShards(const ReadModel& model) : model_(model) {}

  std::int32_t partition_count() const override { return model_.partition_count(); }
  const domain::Rules& rules() const override { return model_.rules(); }
  std::string_view topic_prefix() const override { return model_.topic_prefix(); }
  bool has_folded(log::TopicPartition at, std::int64_t offset) const override { return model_.has_folded(at, offset); }
  std::unique_ptr<ShardSession> open(std::int32_t partition, std::optional<std::int64_t> known_at_ms) const override;

 private:
  const ReadModel& model_;
};

}  // namespace daybook::query
