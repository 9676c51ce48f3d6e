#include "cluster/shard_report.h"

#include <algorithm>

namespace daybook::cluster {

std::int64_t lag_of(const log::EndOffset& bounds, std::int64_t next_offset) {
  return std::max<std::int64_t>(0, bounds.end - std::max(bounds.begin, next_offset));
}

std::uint64_t records_of(const store::ShardState& state) {
  return state.accepted + state.duplicates + state.conflicts + state.parked;
}

}  // namespace daybook::cluster
