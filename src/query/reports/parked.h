// Parked records counted, and what of them was told again: no answers of their own.
#pragma once

#include <cstdint>
#include <stop_token>

#include "query/shard_query.h"

namespace daybook::query {

// Which of the events that parked records name were accepted: asked of the shards of their accounts.
const Report& resolution_report();
// How many of a shard's parked records are open, and the events of other shards that would resolve more of them.
const Report& unresolved_report();

// How many parked records are open over all shards. Throws a Refusal, of `stop` once it is requested.
std::int64_t unresolved_parked(const ShardSource& source, const std::stop_token& stop = {});

}  // namespace daybook::query
