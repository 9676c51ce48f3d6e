// How the shards of a projector are, for whoever watches them.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/int128.h"
#include "log/log.h"

namespace daybook::cluster {

// A shard, as last committed.
struct ShardReport {
  struct Topic {
    std::int64_t next_offset = 0;
    // Of the log, as it was last seen; none where it was not.
    std::optional<std::int64_t> begin_offset;
    std::optional<std::int64_t> end_offset;
  };
  std::int32_t partition = 0;
  std::array<Topic, log::kEventTopicCount> topics = {};
  std::uint64_t accepted = 0;
  std::uint64_t duplicates = 0;
  std::uint64_t conflicts = 0;
  std::uint64_t parked = 0;
  std::int64_t waiting = 0;
  std::int64_t newest_recorded_ms = 0;
  UInt128 digest = 0;
  std::string trouble = {};  // Why it cannot be asked; empty: it can.
};

struct ProjectorReport {
  std::vector<ShardReport> shards;  // By partition; those that it holds.
  std::string trouble;              // For people; empty: none.
  bool is_ready = false;
  bool is_recorded_as_told = false;
};

}  // namespace daybook::cluster
