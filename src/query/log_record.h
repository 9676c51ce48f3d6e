// Records of the log, and what became of them.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "query/shard_reader.h"

namespace daybook::query {

// A record of this shard: event, customer_id, state, detail, content, bytes. Nothing where the shard has folded none
// there, it was not known yet, may not be seen, or the log does not have it any more.
std::optional<Row> log_record(const ShardReader& shard, std::string_view topic_name, std::int64_t offset);

}  // namespace daybook::query
