// Open anomalies counted, for those who watch.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "query/shard_query.h"

namespace daybook::query {

// How many of each kind are open on a date over all shards, none too. Throws a Refusal.
std::map<std::string, std::int64_t> open_anomalies(const ShardSource& source, Day today);

}  // namespace daybook::query
