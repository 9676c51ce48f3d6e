// Promises to pay, judged by the cash that came (docs/figures.md, "Collections").
#pragma once

#include <map>
#include <span>
#include <unordered_map>
#include <utility>
#include <vector>

#include "domain/account_state.h"

namespace daybook::domain {

enum class PromiseState : std::uint8_t { kOpen, kKept, kPartlyKept, kBroken, kWithdrawn };
// "open", "kept", "partly_kept", "broken", "withdrawn".
std::string_view promise_state_name(PromiseState state);

struct Promise {
  const PromiseMade* made = nullptr;
  Int128 fulfilled = 0;  // Cash so far.
  PromiseState state = PromiseState::kOpen;
};

// The cash of an account as of a date, by its days: an account may have many promises, and each asks of a span of them.
class Cash {
 public:
  // The account must outlive it.
  Cash(AccountState& account, Day as_of) : account_(account), as_of_(as_of) {}

  AccountState& account() { return account_; }
  Day as_of() const { return as_of_; }

  // What was received on these days. `payments`: all of the account.
  Int128 received(std::span<const DocumentRef> payments, Currency currency, Day from, Day to);
  // What payments settle of an invoice that took effect on these days.
  Int128 applied(const Invoice& invoice, Day from, Day to);

 private:
  // Amounts by day, added up from the first on once they are all there.
  class Sums {
   public:
    void add(Day day, Int128 amount) { sums_.emplace_back(day, amount); }
    void add_up();
    Int128 between(Day from, Day to) const;

   private:
    std::vector<std::pair<Day, Int128>> sums_;
  };

  AccountState& account_;
  const Day as_of_;
  std::optional<std::map<Currency, Sums>> received_;  // Once it was asked for.
  std::unordered_map<const Invoice*, Sums> applied_;
};

// How a promise stands on the date of `cash`; nothing before its business date, or where it was never made.
// `grace_days`: for so long after the promised date cash still counts. `payments`: all of the account, which a promise
// that names no invoices asks for.
std::optional<Promise> promise_on(Cash& cash, const Document& document, std::span<const DocumentRef> payments,
                                  Day grace_days);

}  // namespace daybook::domain
