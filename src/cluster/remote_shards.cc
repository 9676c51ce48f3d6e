#include "cluster/remote_shards.h"

#include <fmt/format.h>

#include "cluster/remote_session.h"

namespace daybook::cluster {

std::unique_ptr<query::ShardSession> RemoteShards::open(std::int32_t partition,
                                                        std::optional<std::int64_t> known_at_ms) const {
  auto endpoint = pool_.find(partition, identity_);
  if (endpoint == nullptr) {
    query::refuse(503, "Shard not available", fmt::format("shard {} cannot be asked: {}", partition, pool_.why_not(partition)));
  }
  return std::make_unique<RemoteSession>(pool_, std::move(endpoint), identity_, partition, known_at_ms);
}

}  // namespace daybook::cluster
