// Where the postings of one shard stand together in a list of them.
#pragma once

#include <compare>
#include <cstdint>
#include <string>

#include "log/log.h"
#include "query/answer.h"

namespace daybook::query {

// On a day, from one topic: in the list's order, which goes by day and then by position_key().
struct PostingPlace {
  Day day = 0;
  log::Topic topic{};

  auto operator<=>(const PostingPlace&) const = default;
  // With which the keys of its postings begin.
  std::string prefix(std::int32_t partition) const {
    return sort_key({sortable(day)}) + sortable(static_cast<std::int64_t>(topic)) + sortable(partition);
  }
};

}  // namespace daybook::query
