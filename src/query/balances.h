// Balances of accounts on a date, and the proof that open amounts and ledger agree.
#pragma once

#include <map>
#include <stop_token>
#include <string>
#include <vector>

#include "base/money.h"
#include "index/receivables.h"
#include "query/model.h"

namespace daybook::query {

// Columns of the ageing that do not depend on buckets, of one account and currency.
struct AccountBalance {
  Int128 gross_open = 0;
  Int128 disputed = 0;
  Int128 unapplied_cash = 0;
  Int128 open_credits = 0;

  Int128 balance() const { return gross_open - unapplied_cash - open_credits; }
  // What counts of the ledger is passed over.
  void add(const index::ReceivableRow& row);
  bool operator==(const AccountBalance&) const = default;
};
struct OpenAccount {
  std::map<Currency, AccountBalance> balances;  // Without those of which nothing is open.
  // The documents that have open items are among those of these days (AccountReader::opened_on).
  std::vector<Day> open_days;
};
OpenAccount account_on(const ShardSnapshot& shard, store::LabelId customer, Day as_of);

// The proof: for every account and currency, or over all accounts for every currency, the balance by open amounts
// less the balance by ledger entries, as of a date. Empty when all is well. Throws a Refusal once `stop` is requested.
struct ProofFault {
  std::string customer_id;  // Empty: all.
  Currency currency;
  Int128 difference = 0;
};
std::vector<ProofFault> proof_faults(const ShardSnapshot& shard, Day as_of, Detail detail,
                                     const std::stop_token& stop = {});

}  // namespace daybook::query
