// Since when an invoice is settled, on each date: since the first instant of the last stretch in which what settles it
// comes to its gross.
#pragma once

#include <optional>
#include <span>

#include "domain/account_state.h"

namespace daybook::domain {

// All orders that an invoice names ask for it, and it takes as long as the invoice has applications: the account keeps it.
class Settlement {
 public:
  Settlement(AccountState& account, const Invoice& invoice);

  struct Step {
    Day from = 0;
    std::optional<Instant> since;  // Null: it is not settled.
  };
  // Each other than the one before it; the first is from always on.
  std::span<const Step> steps() const { return steps_; }

 private:
  SmallVector<Step, 2> steps_;
};

}  // namespace daybook::domain
