// On which days accounts have postings: whoever asks for a few days, or for a page of a list by day, reads the pages of
// those accounts alone.
#pragma once

#include <algorithm>
#include <compare>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/date.h"
#include "domain/cell.h"
#include "store/cells.h"
#include "store/labels.h"

namespace daybook::index {

// Kinds of postings, as bits: 16 at most.
using Postings = std::uint32_t;

// What a cell of sales, or of the ledger, says that there is on its day: what was ordered and how many orders there are
// is one kind, what moved and how often another. Of receivables: nothing.
constexpr Postings posted(domain::Measure measure) {
  using domain::Measure;
  switch (measure) {
    case Measure::kOrdered:
    case Measure::kOrders: return 1;
    case Measure::kShipped:
    case Measure::kShipments: return 1 << 1;
    case Measure::kInvoiced: return 1 << 2;
    case Measure::kCollected: return 1 << 3;
    case Measure::kSettled: return 1 << 4;
    default: {
      constexpr auto kFirst = static_cast<Postings>(Measure::kLedgerInvoices);
      const Postings of_ledger = static_cast<Postings>(measure) - kFirst;
      return of_ledger < 9 ? Postings{1} << (5 + of_ledger) : 0;
    }
  }
}
inline constexpr Postings kSalesPostings = 0xF;
inline constexpr Postings kLedgerPostings = 0x1FF << 5;

// An account may have postings of these kinds on a day.
struct DayRow {
  Day day = 0;
  store::LabelId customer = 0;
  Postings postings = 0;

  auto operator<=>(const DayRow&) const = default;
};

// Adds what a cell of an account says.
void add_day_row(store::LabelId customer, const store::Cell& cell, std::vector<DayRow>& to);
// Sorts rows, those of one account and day as one.
void join_day_rows(std::vector<DayRow>& rows);

// A posting that was taken back stays, until the table is built again: what is found has to be looked at.
class Days {
 public:
  using Row = DayRow;

  Days merged(std::vector<DayRow> rows) const;
  std::size_t bytes() const;

  // Calls visit(row) from one day to another, by day and account.
  template <typename Visit>
  void for_each(Day first, Day last, const Visit& visit) const {
    auto month = std::ranges::lower_bound(months_, period_start(Grain::kMonth, first), {}, &Month::start);
    for (; month != months_.end() && month->start <= last; ++month) {
      const Day start = month->start;
      const Day from = std::max(first, start) - start;
      auto at = std::ranges::lower_bound(*month->rows, from, {}, &Packed::day);
      for (; at != month->rows->end() && start + at->day() <= last; ++at) visit(at->row(start));
    }
  }

 private:
  // Day of the month 5 bits, account 32, kinds 16: in the order of rows.
  class Packed {
   public:
    Packed(const DayRow& row, Day start)
        : bits_(static_cast<std::uint64_t>(row.day - start) << 48 | static_cast<std::uint64_t>(row.customer) << 16 |
                row.postings) {}

    Day day() const { return static_cast<Day>(bits_ >> 48); }
    DayRow row(Day start) const {
      return {start + day(), static_cast<store::LabelId>(bits_ >> 16), static_cast<Postings>(bits_ & 0xFFFF)};
    }

   private:
    std::uint64_t bits_;
  };
  struct Month {
    Day start = 0;
    std::shared_ptr<const std::vector<Packed>> rows;
  };

  std::vector<Month> months_;  // By start.
};

}  // namespace daybook::index
