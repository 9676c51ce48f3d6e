// The ledger of accounts, for the answers that list or sum its entries.
#pragma once

#include <array>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "domain/ledger.h"
#include "query/period.h"
#include "query/shard_reader.h"

namespace daybook::query {

// Columns of the bridge: the types of entries, by name.
inline constexpr std::size_t kLedgerColumns = 9;
inline constexpr std::array<std::string_view, kLedgerColumns> kLedgerColumnNames = {
    "invoices", "credit_notes", "cash", "reversals", "refunds", "write_offs", "recoveries", "voids", "transfers"};
std::size_t ledger_column(domain::Measure measure);
domain::Measure ledger_measure(std::size_t column);

// Entries of all documents of an account, document by document. What they point at stays while the account does.
void for_each_ledger_entry(AccountReader& account, const std::function<void(const domain::LedgerEntry&)>& visit);

// What a receivables cell adds to the balance by open amounts: gross open − unapplied cash − open credits.
inline Int128 balance_part(domain::Measure measure, Int128 amount) {
  using domain::Measure;
  if (measure == Measure::kOpen) return amount;
  return measure == Measure::kUnapplied || measure == Measure::kOpenCredits ? -Int128(amount) : 0;
}

// An entry with what region and rep it comes to; transfers within one region and rep are none.
struct Posting {
  domain::LedgerEntry entry;
  std::string_view region;
  std::string_view sales_rep;
  std::int64_t place = 0;  // Among the postings of its document that pass: one record may have several.
};
// By day, then topic, partition, offset.
std::string posting_key(std::int32_t partition, const Posting& posting);

// Calls visit(posting) for those of an account that pass.
void for_each_posting(AccountReader& account, const Grouping& grouping,
                      const std::function<void(const Posting&)>& visit);

// Calls visit(posting, account) for those of the shard on these days that pass, of one type or all: as many as are
// needed to fill `rows`, whose keys posting_key() gives.
void for_each_posting(const ShardReader& shard, const Grouping& grouping, const Period& span,
                      std::optional<domain::Measure> type, const Rows& rows,
                      const std::function<void(const Posting&, AccountReader&)>& visit);

// Calls visit(cell, group) for what was posted to the ledger and what was settled on these days, and passes.
template <typename Visit>
void for_each_ledger_cell(const ShardReader& shard, const Period& span, const Grouping& grouping, const Visit& visit) {
  if (!shard.has_accounts()) return;
  GroupCursor group(shard, grouping);
  const bool goes = grouping.needs_accounts();
  scan_posted(shard.shard(), store::kLedgerPage, shard.only(), span.from, span.to,
              index::kLedgerPostings | index::posted(domain::Measure::kSettled),
              [&](AccountNumber id, const std::vector<LedgerCell>& cells) {
                for (const LedgerCell& cell : cells) {
                  if (!span.holds(cell.id.day) || !grouping.passes(Currency::from_number(cell.id.currency))) continue;
                  if (goes) group.go(id, cell.id.attributes);
                  if (group.passes()) visit(cell, group);
                }
              });
}

}  // namespace daybook::query
