// What a question wants to see folded before it is answered: whoever published reads what he wrote.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "query/request.h"
#include "query/shard_query.h"

namespace daybook::query {

// What a question wants to see folded, and how long it waits for that.
struct Wait {
  struct Position {
    log::TopicPartition at;
    std::int64_t offset = 0;
    std::string text;  // As it was asked for.
  };
  std::vector<Position> positions;
  std::chrono::milliseconds at_most{0};
};
// min_position and wait_ms.
Wait read_wait(const ShardSource& source, Parameters& parameters);
// The first that is not folded; null when all are.
const Wait::Position* first_missing(const ShardSource& source, const Wait& wait);
// 503 for one that was not folded in time.
[[noreturn]] void refuse_unfolded(const Wait& wait, const Wait::Position& missing);

}  // namespace daybook::query
