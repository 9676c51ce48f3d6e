// What an account promised to pay, and what became of it.
#pragma once

#include <optional>
#include <string_view>

#include "query/shard_reader.h"
#include "query/value.h"

namespace daybook::query {

// For so long after its date a promise may still be kept.
inline constexpr Day kGraceDays = 3;

// Promises of an account made by a date, of one currency or of all: a list by promised date and id. None of an account
// outside the question's scope.
Value promises_of(const ShardReader& shard, AccountReader& account, std::optional<Currency> currency, Day grace_days,
                  Day as_of);
// Of these the ones that name an invoice, each with its events (query/document_pages.h).
Value promises_naming(const ShardReader& shard, AccountReader& account, std::string_view invoice_id, Day as_of);
// Fields of one.
const std::vector<Field>& promise_fields();

}  // namespace daybook::query
