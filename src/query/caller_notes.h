// What whoever calls a customer wants to know first: the last payment, and what is disputed and why.
#pragma once

#include <vector>

#include "query/description.h"
#include "query/shard_reader.h"
#include "query/value.h"

namespace daybook::query {

namespace parameters {
Parameter details();
}  // namespace parameters

// Whether the question asks for them, which its report must describe.
bool asks_details(const Question& question);

// `last_payment`: of an account in a currency the payment with the latest value date by `as_of` that is not reversed
// then, of one day the one that was recorded last; null without. `disputes`: those in force of invoices of which
// something is open, by invoice and id. Neither of an account outside the question's scope.
Row caller_notes(const ShardReader& shard, AccountReader& account, Currency currency, Day as_of);
// Of an account that may not be seen.
Row no_caller_notes();
// Their fields: there only where asked for.
std::vector<Field> caller_note_fields();
// The columns of a report in whose rows they stand in front of the customer's name, the last.
std::vector<std::string> columns_with_notes(const Description& description);

}  // namespace daybook::query
