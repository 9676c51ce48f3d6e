#include "cluster/remote_shards.h"

#include <fmt/format.h>

#include "cluster/remote_session.h"

namespace daybook::cluster {

namespace {

// The shards as one question opens them: one stream to each projector.
class ShardsOfQuestion final : public query::ShardSource {
 public:
  ShardsOfQuestion(const RemoteShards& shards, ProjectorPool& pool, const Identity& identity, query::Lasting lasting)
      : shards_(shards), conversation_(std::make_shared<Conversation>(pool, identity, lasting)) {}

  std::int32_t partition_count() const override { return shards_.partition_count(); }
  const domain::Rules& rules() const override { return shards_.rules(); }
  std::string_view topic_prefix() const override { return shards_.topic_prefix(); }
  bool has_folded(log::TopicPartition at, std::int64_t offset) const override { return shards_.has_folded(at, offset); }
  std::unique_ptr<query::ShardSession> open(std::int32_t partition,
                                            std::optional<std::int64_t> known_at_ms) const override {
    ProjectorPool& pool = conversation_->pool();
    const auto endpoint = pool.find(partition, conversation_->identity());
    if (endpoint == nullptr) {
      query::refuse(503, "Shard not available",
                    fmt::format("shard {} cannot be asked: {}", partition, pool.why_not(partition)));
    }
    return std::make_unique<RemoteSession>(conversation_, endpoint, partition, known_at_ms);
  }

 private:
  const RemoteShards& shards_;
  const std::shared_ptr<Conversation> conversation_;
};

}  // namespace

std::unique_ptr<query::ShardSession> RemoteShards::open(std::int32_t partition,
                                                        std::optional<std::int64_t> known_at_ms) const {
  return for_question(query::Lasting::kAnswer)->open(partition, known_at_ms);
}

std::unique_ptr<const query::ShardSource> RemoteShards::for_question(query::Lasting lasting) const {
  return std::make_unique<ShardsOfQuestion>(*this, pool_, identity_, lasting);
}

}  // namespace daybook::cluster
