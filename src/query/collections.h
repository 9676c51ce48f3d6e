// Collections: whom to call first, what to remind of, and what was promised.
#pragma once

#include <optional>
#include <string>

#include "query/view.h"

namespace daybook::query {

inline constexpr Day kGraceDays = 3;

// Promises of an account made by a date, of one currency or of all: a JSON list by promised date and id.
Value promises_of(const ShardSnapshot& shard, CustomerContext& customer, std::optional<Currency> currency,
                          Day grace_days, Day as_of);

}  // namespace daybook::query
