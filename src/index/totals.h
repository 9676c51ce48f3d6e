// Sums over all customers in memory, small enough to be there from a start on: by currency, measure and due date,
// for every date but those long past.
#pragma once

#include <limits>
#include <span>
#include <vector>

#include "index/receivables.h"

namespace daybook::index {

// A value: copies share the rows.
class RecentTotals {
 public:
  using Row = ReceivableRow;

  static constexpr Day kAllDates = std::numeric_limits<Day>::min();

  // They may take so many bytes: where they would take more, dates long past are given up. What counts before
  // `from` is as if it counted on it.
  explicit RecentTotals(std::size_t bytes_max = std::numeric_limits<std::size_t>::max(), Day from = kAllDates)
      : bytes_max_(bytes_max), from_(from) {}

  // These and `rows`, of any customers and attributes, of which what orders add to credit exposure is left out.
  RecentTotals merged(std::vector<ReceivableRow> rows) const;

  // The first date that can be asked.
  Day from() const { return from_; }
  // False: even with one date alone they take more than they may.
  bool fits() const { return sums_.bytes() <= bytes_max_; }
  // Calls visit(row) for sums over what counts on a date that can be asked.
  template <typename Visit>
  void for_each(Day as_of, const Visit& visit) const {
    sums_.for_each(as_of, visit);
  }
  // All of them, by the day from which they count.
  std::vector<ReceivableRow> rows() const { return sums_.rows(); }
  std::size_t bytes() const { return sums_.bytes(); }

  // Whether both say the same of every date that both can be asked for.
  bool operator==(const RecentTotals& other) const;

 private:
  void give_up_dates();

  std::size_t bytes_max_;
  Day from_;
  // A question passes over the rows of a month, and each month opens with what is open by then.
  PeriodSums sums_{Grain::kMonth};
};

}  // namespace daybook::index
