// How shards are, and whoever holds them: values that are sent to whoever watches.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "log/log.h"
#include "store/shard_state.h"

namespace daybook::cluster {

struct ShardReport {
  std::int32_t partition = 0;
  store::ShardState state;  // As last committed.
  // Of each event topic, as the log last told them; none before it has.
  std::vector<log::EndOffset> bounds;
  std::optional<std::int64_t> bounds_seen_ms;  // When it was asked for them, since 1970.
  // What was folded since whoever holds it started, and for how long that has been.
  std::uint64_t records_since_start = 0;
  double seconds_since_start = 0;
  std::string trouble;     // What is wrong with its store, for people; empty: nothing is.
  std::string unreadable;  // Why it cannot be asked; empty: it can.

  std::int64_t next_offset(log::Topic topic) const { return state.topics[static_cast<std::size_t>(topic)].next_offset; }
};

// How a projector is.
struct ProjectorReport {
  std::vector<ShardReport> shards;              // By partition; those that it holds.
  std::vector<log::EndOffset> unread;           // Of partitions that were added to the log since: nobody reads them.
  std::map<std::string, std::string> troubles;  // The words for people, by kind.
  std::string behind;                           // What it has to do yet before it is ready, for people; empty: nothing.
  bool is_recorded_as_told = false;
};

// What is not folded of a topic-partition, in offsets; what was cut off in front is not there to be read.
std::int64_t lag_of(const log::EndOffset& bounds, std::int64_t next_offset);

// All that a shard was ever given.
std::uint64_t records_of(const store::ShardState& state);

}  // namespace daybook::cluster
