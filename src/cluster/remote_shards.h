// The shards that projectors hold elsewhere.
#pragma once

#include "cluster/projector_pool.h"

namespace daybook::cluster {

class RemoteShards final : public query::ShardSource {
 public:
  // `pool` must outlive it, and its sessions.
  RemoteShards(ProjectorPool& pool, Identity identity, domain::Rules rules)
      : pool_(pool), identity_(std::move(identity)), rules_(std::move(rules)) {}

  std::int32_t partition_count() const override { return identity_.partition_count; }
  const domain::Rules& rules() const override { return rules_; }
  std::string_view topic_prefix() const override { return identity_.topic_prefix; }
  bool has_folded(log::TopicPartition at, std::int64_t offset) const override {
    return pool_.has_folded(at, offset, identity_);
  }
  std::unique_ptr<query::ShardSession> open(std::int32_t partition,
                                            std::optional<std::int64_t> known_at_ms) const override;
  std::unique_ptr<const query::ShardSource> for_question(query::Lasting lasting) const override;

 private:
  ProjectorPool& pool_;
  const Identity identity_;
  const domain::Rules rules_;
};

}  // namespace daybook::cluster
