// Figures: what a document adds to every aggregate, as a pure function of facts and dates. The
// contract's definitions (docs/figures.md) are written down here and in the states of account_state.h, and
// nowhere else.
//
// contribute() evaluates a document on each date on which one of its facts takes effect and hands out the
// differences, as cells (cell.h).
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "domain/account_state.h"

namespace daybook::domain {

// What is asked of an order beside its milestones, and of an invoice beside what is open. Most of what
// happens to them, and to what names them, leaves the rest as it was.
struct Extent {
  bool own = true;     // What waits, an order's missing proofs, an invoice's ledger entries and sales.
  bool sales = true;   // Of an order.
  bool credit = true;  // An order's part of the credit exposure.

  bool operator==(const Extent&) const = default;
  Extent& operator|=(const Extent& other) {
    own |= other.own;
    sales |= other.sales;
    credit |= other.credit;
    return *this;
  }
};

// Hands out what the document contributes as the account is known.
void contribute(AccountState& account, const Document& document, Contributions& to, Extent extent = {});

// Documents whose figures depend on this one's fresh facts, itself included, and what of them may differ
// without those; each may come more than once. A new customer file concerns invoices with due dates from
// its terms; those the caller finds by date.
void for_each_dependent(AccountState& account, const Document& document,
                        const std::function<void(const Document&, Extent)>& visit);

// --- states on a date, for views and cells alike ----------------------------------------------

struct OpenInstalment {
  int number = 0;  // 1, 2 … as listed.
  Day due_date = 0;
  Int128 amount = 0;
  Int128 open = 0;
  Int128 disputed = 0;
};

struct InvoiceState {
  Int128 open = 0;
  // What was applied and written off beyond the gross: flagged over_applied, an open credit.
  Int128 surplus = 0;
  Int128 disputed = 0;
  SmallVector<OpenInstalment, 2> instalments;  // As listed.
};
// `as_of` not before the issue date.
InvoiceState state_on(AccountState& account, const Invoice& invoice, Day as_of);

// `as_of` not before the placed date.
Milestones milestones_on(AccountState& account, const Order& order, Day as_of);
// Before the placed date nothing was promised, and what it is placed with is wanted.
OrderDates dates_on(const Order& order, Day as_of);

}  // namespace daybook::domain
