// Sales in memory: sums by month of posting, region, sales rep, channel and kind, with region and rep
// as they came to when the cells were written (as-was), and of goods by sku. What a month's sums cannot say
// is said so, and left to the pages.
#pragma once

#include <algorithm>
#include <array>
#include <compare>
#include <limits>
#include <memory>
#include <tuple>
#include <vector>

#include "base/date.h"
#include "base/int128.h"
#include "base/release.h"
#include "domain/cell.h"
#include "index/dictionary.h"
#include "index/parts.h"

namespace daybook::index {

// What is kept of a cell: its amount, or its quantity where that counts documents. Quantities of goods and
// counts by sku are kept by sku alone.
struct SalesColumn {
  domain::Measure measure{};
  bool counts = false;
};
inline constexpr std::array<SalesColumn, 8> kSalesColumns = {{{domain::Measure::kOrdered, false},
                                                              {domain::Measure::kShipped, false},
                                                              {domain::Measure::kInvoiced, false},
                                                              {domain::Measure::kInvoiced, true},
                                                              {domain::Measure::kCollected, false},
                                                              {domain::Measure::kOrders, true},
                                                              {domain::Measure::kShipments, false},
                                                              {domain::Measure::kShipments, true}}};

// Whose sales: the groups of a row.
struct SalesGroup {
  std::uint16_t currency = 0;
  std::uint8_t kind = 0;
  TextId region = 0;
  TextId sales_rep = 0;
  TextId channel = 0;

  auto operator<=>(const SalesGroup&) const = default;
};

// The first so many are of goods: they stand under a sku.
inline constexpr std::size_t kGoodsColumns = 2;
inline bool is_of_goods(std::size_t column) { return column < kGoodsColumns; }

// One column of one posting day; an amount too large for a row is up to three.
struct SalesRow {
  SalesGroup group;
  Day day = 0;
  Day counts_from = 0;
  std::uint16_t column = 0;  // Its place in kSalesColumns.
  std::uint16_t shift = 0;
  // Of goods, where a table has them: the sku, and parts of what a cell has beside its amount.
  TextId sku = 0;
  std::int64_t part = 0;
  std::int64_t quantity_part = 0;
  std::int64_t count_part = 0;

  Int128 value() const { return part_at(part, shift); }
  domain::CellValue goods() const {
    return {value(), part_at(quantity_part, shift), static_cast<std::int64_t>(part_at(count_part, shift))};
  }
};

// Sums of all columns; where one is too large for a row they are up to five. There is one for each group that had
// anything in a month: they are kept small.
struct SalesSums {
  static constexpr Day kOnTime = std::numeric_limits<Day>::min();
  static constexpr int kBits = 32;

  SalesGroup group;
  // The day from which they count where that is after the month of posting; else kOnTime.
  Day late = kOnTime;
  std::uint32_t shift = 0;
  std::array<std::int32_t, kSalesColumns.size()> parts{};

  Int128 value(std::size_t column) const { return part_at(parts[column], shift); }

  auto key() const { return std::tie(late, group); }
};
static_assert(sizeof(SalesSums) == 56);

// What was ordered and shipped of one sku; where a sum is too large for a row they are up to three.
struct SkuSums {
  static constexpr int kBits = kRowBits;

  std::uint16_t currency = 0;
  std::uint16_t shift = 0;
  TextId sku = 0;
  Day late = SalesSums::kOnTime;  // As there.
  // Amount, quantity and count of each column of goods.
  std::array<std::int64_t, 3 * kGoodsColumns> parts{};

  Int128 value(std::size_t part) const { return part_at(parts[part], shift); }
  domain::CellValue goods(std::size_t column) const {
    return {value(3 * column), value(3 * column + 1), static_cast<std::int64_t>(value(3 * column + 2))};
  }

  auto key() const { return std::tie(late, currency, sku); }
};

// Sums of a month by when they began to count, so that what is asked for as of a date costs months, and days of one
// month at most. Both lists are sorted by key().
template <typename Sums>
struct SumsByLateness {
  std::vector<Sums> months;  // On time; and late, where `late` is the first day of the month of that day.
  std::vector<Sums> days;    // What is late once more, by the day itself.

  // Calls visit(sums) for what counts on that day, each once.
  template <typename Visit>
  void for_each(Day as_of, const Visit& visit) const;
  std::size_t bytes() const { return (months.capacity() + days.capacity()) * sizeof(Sums); }
  void give_up() {
    release(months);
    release(days);
  }
};

// What a month comes to in one currency, whoever's it is: kept apart from the sums by group, which must add up to it.
struct SalesWhole {
  Day late = SalesSums::kOnTime;  // As there.
  std::uint16_t currency = 0;
  std::array<Int128, kSalesColumns.size()> columns{};
};

// Where sums by group do not come to the whole of their month.
struct SalesFault {
  Day month = 0;  // Its first day.
  std::uint16_t currency = 0;
  std::size_t column = 0;
  Int128 difference = 0;
};

class Sales {
 public:
  using Row = SalesRow;

  Sales merged(std::vector<SalesRow> rows) const;
  // Gives up by_all, or by_sku, for good.
  void give_up_all();
  void give_up_skus();
  bool has_all() const { return has_all_; }
  bool has_skus() const { return has_skus_; }
  std::size_t bytes() const;
  // Of by_sku, which are among them.
  std::size_t sku_bytes() const;
  // None when all is well.
  std::vector<SalesFault> faults() const;

  struct Month {
    Day start = 0;
    // Of all cells that ever stood in it: posting days, and when those not late began to count.
    Day first_day = std::numeric_limits<Day>::max();
    Day last_day = std::numeric_limits<Day>::min();
    Day last_on_time = std::numeric_limits<Day>::min();
    SumsByLateness<SalesSums> by_all;     // Empty without has_all().
    SumsByLateness<SalesSums> by_region;  // Rep, channel and kind are 0: all of them.
    SumsByLateness<SalesSums> by_rep;     // Likewise, with regions 0.
    SumsByLateness<SkuSums> by_sku;       // Empty without has_skus().
    std::vector<SalesWhole> whole;

    // Whether the sums say what was posted from `from` to `to` and counts on `as_of`.
    bool answers(Day from, Day to, Day as_of) const {
      return from <= first_day && last_day <= to && last_on_time <= as_of;
    }
  };
  // By start; those that never had a cell are left out.
  const std::vector<std::shared_ptr<const Month>>& months() const { return months_; }

 private:
  std::vector<std::shared_ptr<const Month>> months_;
  bool has_all_ = true;
  bool has_skus_ = true;
};

template <typename Sums>
template <typename Visit>
void SumsByLateness<Sums>::for_each(Day as_of, const Visit& visit) const {
  const Day from = period_start(Grain::kMonth, as_of);
  const bool is_whole = period_start(Grain::kMonth, as_of + 1) > from;
  for (const Sums& sums : months) {
    if (sums.late > from || (sums.late == from && !is_whole)) break;
    visit(sums);
  }
  if (is_whole) return;
  for (auto at = std::ranges::lower_bound(days, from, {}, &Sums::late); at != days.end() && at->late <= as_of; ++at) {
    visit(*at);
  }
}

}  // namespace daybook::index
