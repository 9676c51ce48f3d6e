// Documents of a shard by their ids, and what is open of an account.
#pragma once

#include <functional>
#include <string_view>

#include "query/balances.h"
#include "query/shard_reader.h"

namespace daybook::query {

// Each calls visit(account, document) for the accounts of the shard that have a document of this id which is known;
// under a filter by customer_id for that one alone. A document outside the question's scope is as if it were not there.
void for_each_invoice(const ShardReader& shard, std::string_view invoice_id,
                      const std::function<void(AccountReader&, const domain::Invoice&)>& visit);
void for_each_payment(const ShardReader& shard, std::string_view payment_id,
                      const std::function<void(AccountReader&, const domain::Source&)>& visit);
void for_each_order(const ShardReader& shard, std::string_view order_id,
                    const std::function<void(AccountReader&, const domain::Order&)>& visit);

// What is open of an account on a date; whether it may be seen was asked before.
OpenAccount open_account(const ShardReader& shard, const AccountReader& account, Day as_of);

}  // namespace daybook::query
