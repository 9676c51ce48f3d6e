// Open anomalies counted, for those who watch.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <stop_token>
#include <string>

#include "query/shard_query.h"

namespace daybook::query {

// How many of each kind are open on a date over all shards, none too. Throws a Refusal, of `stop` once it is requested.
std::map<std::string, std::int64_t> open_anomalies(const ShardSource& source, Day today,
                                                   const std::stop_token& stop = {});
// The same over some shards, without the kinds that take rates: any shard may have been told of a rate. What those have
// who hold the others can be added to it. Throws as that does.
std::map<std::string, std::int64_t> open_anomalies_of(std::span<const std::int32_t> partitions,
                                                      const ShardSource& source, Day today,
                                                      const std::stop_token& stop);

}  // namespace daybook::query
