// The ledger of accounts, for the answers that list or sum its entries.
#pragma once

#include <functional>

#include "domain/ledger.h"
#include "query/model.h"

namespace daybook::query {

// Columns of the bridge: the types of entries.
inline constexpr std::size_t kLedgerColumns = 9;
std::size_t ledger_column(domain::Measure measure);

// Entries of all documents of an account, document by document. What they point at stays while the context does.
void for_each_ledger_entry(CustomerContext& customer, const std::function<void(const domain::LedgerEntry&)>& visit);

// What a receivables cell adds to the balance by open amounts: gross open − unapplied cash − open credits.
inline Int128 balance_part(domain::Measure measure, Int128 amount) {
  using domain::Measure;
  if (measure == Measure::kOpen) return amount;
  return measure == Measure::kUnapplied || measure == Measure::kOpenCredits ? -Int128(amount) : 0;
}

}  // namespace daybook::query
