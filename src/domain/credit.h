// What orders add to the credit exposure of their customer (docs/figures.md, "Credit").
#pragma once

#include <algorithm>

#include "domain/account_state.h"

namespace daybook::domain {

// Which price of a line, and which amount of an invoice.
enum class Price : std::uint8_t { kWithTax, kNet };

// ⌊price × quantity ÷ ordered⌋; quantities not below 0, `ordered` above it.
inline Int128 part_of(Int128 price, Int128 quantity, Int128 ordered) {
  if (quantity == 0 || quantity == ordered) return quantity == 0 ? 0 : price;
  return price * quantity / ordered;
}

// What remains of the order's lines on a date; nothing before the placed date.
Int128 order_value(const Order& order, Day as_of, Price price);

// How an invoice is split over the known orders of its currency that it names: in proportion to their
// values as they stand, rounded down, the rest on the last.
class Split {
 public:
  explicit Split(const Invoice& invoice);

  // What falls on one of these orders, whether or not the invoice is in force.
  Int128 share(const Order& order, Day as_of, Price price) const;
  // The same of another amount in place of its gross.
  Int128 share_of(Int128 amount, const Order& order, Day as_of) const;
  // Calls visit(day) for the dates after the issue date on which shares change.
  template <typename Visit>
  void for_each_change(const Visit& visit) const {
    for (std::size_t i = 1; i < steps_.size(); ++i) visit(steps_[i].from);
  }

 private:
  struct Sums {
    Int128 values = 0;   // Of all orders.
    Int128 on_last = 0;  // What the last order gets.
  };
  struct Step {
    Day from = 0;
    Sums with_tax;
    Sums net;
  };
  Sums sums(Day day, Price price) const;
  // There are steps.
  const Step& step_on(Day day) const;

  const InvoiceIssued& issued_;
  SmallVector<const Order*, 2> orders_;
  SmallVector<Step, 1> steps_;  // From the issue date on; none where one order takes all.
};

struct OrderCredit {
  Int128 undispatched = 0;            // Of what remains; what came back to be resent is to be dispatched again.
  Int128 dispatched = 0;              // Less what came back.
  Int128 invoiced = 0;                // The order's share of the invoices in force that name it.
  Int128 invoiced_less_credited = 0;  // The same, of what credit notes have left of them.

  // What was invoiced ahead of its dispatch is in the balance, and not counted twice.
  Int128 open() const {
    const Int128 ahead = std::max<Int128>(0, invoiced_less_credited - dispatched);
    return std::max<Int128>(0, undispatched - ahead);
  }
  Int128 not_invoiced() const { return std::max<Int128>(0, dispatched - invoiced); }
};
// All zero before the placed date.
OrderCredit credit_on(AccountState& account, const Order& order, Day as_of);

}  // namespace daybook::domain
