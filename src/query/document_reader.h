// Documents of a shard by their ids, and what is open of an account.
#pragma once

#include <functional>
#include <string_view>
#include <vector>

#include "query/balances.h"
#include "query/shard_reader.h"

namespace daybook::query {

// Each calls visit(account, document) for the accounts of the shard that have a document of this id which is known;
// under a filter by customer_id for that one alone. A document outside the question's scope is as if it were not there.
void for_each_invoice(const ShardReader& shard, std::string_view invoice_id,
                      const std::function<void(AccountReader&, const domain::Invoice&)>& visit);
void for_each_payment(const ShardReader& shard, std::string_view payment_id,
                      const std::function<void(AccountReader&, const domain::Source&)>& visit);
void for_each_credit_note(const ShardReader& shard, std::string_view credit_note_id,
                          const std::function<void(AccountReader&, const domain::Source&)>& visit);
void for_each_order(const ShardReader& shard, std::string_view order_id,
                    const std::function<void(AccountReader&, const domain::Order&)>& visit);
// With all orders of the account that the shipment left for, by their ids.
void for_each_shipment(const ShardReader& shard, std::string_view shipment_id,
                       const std::function<void(AccountReader&, const std::vector<const domain::Order*>&)>& visit);

// Whether a document that the store has is known, and the question's scope shows it; likewise what left for an order
// under a shipment's id.
bool is_seen_document(const ShardReader& shard, AccountReader& account, domain::DocumentRef ref);
bool is_seen_shipment(const ShardReader& shard, AccountReader& account, std::string_view shipment_id,
                      std::string_view order_id);

// What is open of an account on a date; whether it may be seen was asked before.
OpenAccount open_account(const ShardReader& shard, const AccountReader& account, Day as_of);

}  // namespace daybook::query
