// Receivables with credits laid over what is open (credits=fifo, domain/credits_laid_over.h).
//
// Figures are read off cells, which tell an account's open instalments apart by due and issue date: whatever credits
// cover whole needs no more. Only where they end among several of one due and issue date, or among disputed ones, are
// the instalments of that date evaluated.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "domain/credits_laid_over.h"
#include "query/description.h"
#include "query/open_items.h"
#include "query/question.h"
#include "query/receivables.h"

namespace daybook::query {

class ShardReader;

namespace parameters {
Parameter credits();
}  // namespace parameters

// Whether the question lays credits over items.
bool lays_credits_over(const Question& question);
// Refuses a question that does so for other than whole accounts.
void check_credits(const Question& question);

// Lays the credits among the items of one account over its instalments: what they cover is gone, and what is left of
// them is one item of kind ON_ACCOUNT for each currency. In no order.
void lay_credits_over(std::vector<OpenItem>& items, Day as_of);

// Rows of receivables that count on a date, as they are with credits laid over. One thread.
class LaidOver {
 public:
  // `shard` must outlive it.
  LaidOver(const ShardReader& shard, Day as_of) : shard_(shard), as_of_(as_of) {}

  void add(const index::ReceivableRow& row);
  // Calls visit(row) for what was added as it then is, by account; and has none any more. Their attributes mean nothing,
  // as credits are of the whole account; accounts that the question's scope does not see are left out.
  void take(const std::function<void(const index::ReceivableRow&)>& visit);

 private:
  using Visit = std::function<void(const index::ReceivableRow&)>;
  using Rows = std::span<index::ReceivableRow>;
  static std::uint64_t account_key(store::LabelId account, std::uint16_t currency) {
    return std::uint64_t{account} << 16 | currency;
  }
  // Of an account in a currency.
  struct Account {
    store::LabelId number = 0;
    std::uint16_t currency = 0;
    Int128 credits = 0;
    Int128 ledger_balance = 0;

    std::uint64_t key() const { return account_key(number, currency); }
  };
  // An instalment, or all of one due and issue date.
  struct Debt : domain::OpenDebt {
    std::int64_t instalments = 1;
  };

  Account& account_of(const index::ReceivableRow& row);
  bool sees(store::LabelId account) const;
  void lay_over(const Account& account, Rows rows, const Visit& visit) const;
  // Over what is due on one date; returns what is left of the credits.
  Int128 lay_over_date(const Account& account, Int128 credits, Rows rows, const Visit& visit) const;
  // Adds the instalments that are due on this date and were issued on these.
  void add_instalments(AccountReader& reader, const Account& account, Day due_date, std::span<const Day> issue_dates,
                       std::vector<Debt>& to) const;

  const ShardReader& shard_;
  const Day as_of_;
  std::vector<index::ReceivableRow> open_;  // And disputed.
  std::vector<Account> accounts_;
};

}  // namespace daybook::query
