#include "query/balances.h"

#include "query/receivables.h"
#include "query/request.h"

namespace daybook::query {

using domain::Measure;

void AccountBalance::add(const index::ReceivableRow& row) {
  switch (row.measure) {
    case Measure::kOpen: gross_open += row.amount(); return;
    case Measure::kDisputed: disputed += row.amount(); return;
    case Measure::kUnapplied: unapplied_cash += row.amount(); return;
    case Measure::kOpenCredits: open_credits += row.amount(); return;
    default: return;
  }
}

OpenAccount account_on(const ShardSnapshot& shard, store::LabelId customer, Day as_of) {
  OpenAccount account;
  OpenDays open;
  receivables_at(shard, customer, as_of, Detail::kAccounts, [&](const index::ReceivableRow& row) {
    account.balances[Currency::from_number(row.currency)].add(row);
    open.add(row, shard.figure_labels());
  });
  std::erase_if(account.balances, [](const auto& entry) { return entry.second == AccountBalance(); });
  open.close();
  const auto days = open.of(customer);
  account.open_days.assign(days.begin(), days.end());
  return account;
}

std::vector<ProofFault> proof_faults(const ShardSnapshot& shard, Day as_of, Detail detail,
                                     const std::stop_token& stop) {
  std::map<std::pair<store::LabelId, Currency>, Int128> differences;
  receivables_at(shard, std::nullopt, as_of, detail, [&](const index::ReceivableRow& cell) {
    refuse_once_given_up(stop);
    const store::LabelId customer = detail == Detail::kAccounts ? cell.customer : 0;
    Int128& difference = differences[{customer, Currency::from_number(cell.currency)}];
    switch (cell.measure) {
      case Measure::kOpen: difference += cell.amount(); return;
      case Measure::kDisputed: return;
      default: difference -= cell.amount();
    }
  });
  std::vector<ProofFault> faults;
  for (const auto& [at, difference] : differences) {
    if (difference == 0) continue;
    const std::string_view customer = detail == Detail::kAccounts ? shard.labels->get(at.first).customer : "";
    faults.push_back({std::string(customer), at.second, difference});
  }
  return faults;
}

}  // namespace daybook::query
