// Projectors and a query service in one process, over real connections.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "cluster/projector_pool.h"
#include "cluster/shard_server.h"
#include "query/local_shards.h"
#include "query/request.h"
#include "support/soon.h"

namespace daybook::test {

// What a projector says of these shards of a source, as far as questions go.
inline cluster::ProjectorReport report_of(const query::ShardSource& shards, const std::set<std::int32_t>& held) {
  cluster::ProjectorReport report;
  for (const std::int32_t partition : held) {
    const query::ShardHead head = shards.open(partition, {})->head();
    cluster::ShardReport shard;
    shard.partition = partition;
    for (std::size_t topic = 0; topic < shard.state.topics.size(); ++topic) {
      shard.state.topics[topic].next_offset = head.next_offsets[topic];
    }
    shard.state.newest_recorded_ms = head.newest_recorded_ms;
    report.shards.push_back(std::move(shard));
  }
  return report;
}

inline std::set<std::int32_t> all_of(const query::ShardSource& shards) {
  std::set<std::int32_t> all;
  for (std::int32_t partition = 0; partition < shards.partition_count(); ++partition) all.insert(partition);
  return all;
}

inline cluster::Identity identity_of(const query::ShardSource& shards) {
  cluster::Identity identity;
  identity.partition_count = shards.partition_count();
  identity.topic_prefix = shards.topic_prefix();
  const domain::Rules& rules = shards.rules();
  identity.fold = {rules.zone.name(), rules.expect, rules.anomaly_days};
  return identity;
}

// A projector that holds some shards of a source, which must outlive it.
inline std::unique_ptr<cluster::ShardServer> serve(const query::ShardSource& shards, std::set<std::int32_t> held,
                                                   std::string listen = "127.0.0.1:0") {
  cluster::ShardServerOptions options;
  options.listen = std::move(listen);
  options.identity = identity_of(shards);
  options.report = [&shards, held = std::move(held)] { return report_of(shards, held); };
  auto server = cluster::ShardServer::start(shards, std::move(options));
  EXPECT_TRUE(server) << server.error().message;
  return std::move(server).value();
}

}  // namespace daybook::test
