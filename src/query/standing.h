// How far the shards have read that answered, as every answer says it.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "query/shard_query.h"
#include "query/value.h"

namespace daybook::query {

struct Standing {
  std::vector<Row> positions;
  Value newest_recorded_at;
  std::int64_t waiting = 0;
  std::int64_t parked = 0;
  std::optional<std::int64_t> first_recorded_ms;  // Of all that they have read; nothing: they have read nothing.

  static Standing of(const std::vector<ShardHead>& heads, std::string_view topic_prefix);
};

}  // namespace daybook::query
