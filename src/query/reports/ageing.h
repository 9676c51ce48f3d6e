// The ageing of one account, as a part of other answers.
#pragma once

#include <map>
#include <vector>

#include "query/description.h"
#include "query/shard_reader.h"
#include "query/value.h"

namespace daybook::query {

// Columns by currency, with the default buckets; those without anything are left out.
std::map<Currency, Row> account_ageing(const ShardReader& shard, AccountNumber account, Day as_of);
Row empty_ageing(Currency currency);
// Their fields, which a total has too.
const std::vector<Field>& ageing_fields();

}  // namespace daybook::query
