// What a later knowledge changed of the ledger: a shard read as it was known at two instants.
#pragma once

#include <functional>
#include <map>

#include "query/ledger_reader.h"

namespace daybook::query {

// What one record comes to in the ledger as of a date, more than it came to before.
struct Restated {
  const domain::Fact* fact = nullptr;
  std::string_view document_id;
  Currency currency;
  Day day = 0;
  Int128 amount = 0;
};

// The balances at both.
struct RestatedBalances {
  std::map<Currency, Int128> from;
  std::map<Currency, Int128> to;
};

// Calls visit(restated, customer) for the records that come to something else at the later of two instants of recorded
// time; of what passes, as of a date.
RestatedBalances for_each_restated(const ShardReader& shard, const Grouping& grouping, Day as_of,
                                   std::int64_t known_from_ms, std::int64_t known_to_ms,
                                   const std::function<void(const Restated&, std::string_view)>& visit);

}  // namespace daybook::query
