// What is on account of a customer who does not say what he pays, laid over what he owes: read only, nothing is posted.
#pragma once

#include <algorithm>
#include <span>
#include <string_view>
#include <tuple>

#include "base/date.h"
#include "base/int128.h"

namespace daybook::domain {

// An instalment that is open, where credits come to it; or several of one due and issue date as one (no document), of
// which credits cover all or none.
struct OpenDebt {
  Day due_date = 0;
  Day issue_date = 0;
  std::string_view document_id;
  int instalment = 0;
  Int128 open = 0;
  Int128 disputed = 0;

  auto place() const { return std::tuple(due_date, issue_date, document_id, instalment); }
};

// Lays `credits`, the unapplied cash and open credits of an account in a currency, over its open instalments in the
// order of their places, as far as they reach: what is open is lowered by that, what is disputed to at most what is
// then open. Puts the debts into that order. Returns what is left of the credits, which may be below zero.
// A Debt has what an OpenDebt has.
template <typename Debt>
Int128 lay_over(Int128 credits, std::span<Debt> debts) {
  std::ranges::sort(debts, {}, [](const Debt& debt) { return debt.place(); });
  for (Debt& debt : debts) {
    const Int128 covered = std::max<Int128>(0, std::min(credits, debt.open));
    credits -= covered;
    debt.open -= covered;
    debt.disputed = std::min(debt.disputed, debt.open);
  }
  return credits;
}

}  // namespace daybook::domain
