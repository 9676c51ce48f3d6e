// What is found by how ids begin, and names of customers by the beginnings of their words.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "query/shard_reader.h"

namespace daybook::query {

struct Found {
  std::string key;               // It is sorted by: customers first, then by kind, id and account.
  std::string_view kind;         // "customer", "order", …
  std::string_view document_id;  // Empty of a customer.
};

// Calls visit(found, account) for what of the shard is known, may be seen, and may be among the rows; once for each,
// in no order.
void for_each_found(const ShardReader& shard, std::string_view text, const Rows& rows,
                    const std::function<void(const Found&, AccountReader&)>& visit);

}  // namespace daybook::query
