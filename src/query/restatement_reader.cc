#include "query/restatement_reader.h"

#include <algorithm>
#include <utility>

namespace daybook::query {
namespace {

using RestatedBy = std::map<std::pair<domain::Position, Currency>, Restated>;

// Adds what counts as of a date, `sign` times.
void add_restated(AccountReader& account, const Grouping& grouping, Day as_of, int sign, RestatedBy& to,
                  std::map<Currency, Int128>& balances) {
  for_each_posting(account, grouping, [&](const Posting& posting) {
    const domain::LedgerEntry& entry = posting.entry;
    if (entry.day > as_of) return;
    balances[entry.currency] += entry.amount;
    Restated& restated = to[{entry.fact->at, entry.currency}];
    restated.amount += sign * entry.amount;
    // The posting itself says more of the record than its transfers.
    if (restated.fact != nullptr && entry.measure == domain::Measure::kLedgerTransfers) return;
    restated.fact = entry.fact;
    restated.document_id = entry.document_id;
    restated.currency = entry.currency;
    restated.day = entry.day;
  });
}

// Whether one of these documents was told something between two instants.
bool were_told_between(AccountReader& account, std::span<const domain::DocumentRef> documents, std::int64_t after_ms,
                       std::int64_t until_ms) {
  return std::ranges::any_of(documents, [&](const domain::DocumentRef& ref) {
    return std::ranges::any_of(account.document(ref).facts, [&](const domain::Fact& fact) {
      return after_ms < fact.recorded_ms && fact.recorded_ms <= until_ms;
    });
  });
}

}  // namespace

RestatedBalances for_each_restated(const ShardReader& shard, const Grouping& grouping, Day as_of,
                                   std::int64_t known_from_ms, std::int64_t known_to_ms,
                                   const std::function<void(const Restated&, AccountReader&)>& visit) {
  const ShardSnapshot earlier = shard.known_at(known_from_ms);
  const ShardSnapshot later = shard.known_at(known_to_ms);
  const FileChoice file_choice = shard.question().file_choice;
  RestatedBalances all;
  for (const store::LabelId id : shard.accounts()) {
    shard.go_on();
    shard.go_on();
    AccountReader now(later, id, shard.rules(), file_choice);
    RestatedBy restated;
    std::map<Currency, Int128> balances;
    add_restated(now, grouping, as_of, 1, restated, balances);
    for (const auto& [currency, balance] : balances) all.to[currency] += balance;
    // Orders and files say by region and rep alone what counts.
    const auto documents = grouping.needs_attributes() ? now.documents() : now.receivable_documents();
    if (!were_told_between(now, documents, known_from_ms, known_to_ms)) {
      for (const auto& [currency, balance] : balances) all.from[currency] += balance;
      continue;
    }
    AccountReader before(earlier, id, shard.rules(), file_choice);
    add_restated(before, grouping, as_of, -1, restated, all.from);
    for (const auto& [by, one] : restated) {
      if (one.amount != 0) visit(one, now);
    }
  }
  return all;
}

}  // namespace daybook::query
