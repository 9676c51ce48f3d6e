#include "index/sales.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <optional>
#include <tuple>
#include <utility>

namespace daybook::index {
namespace {

using Exact = std::array<Int128, kSalesColumns.size()>;

template <typename Sums>
using ExactOf = std::array<Int128, std::tuple_size_v<decltype(Sums::parts)>>;

// As many rows as it takes; none where all are zero.
template <typename Sums>
void emit(Sums key, ExactOf<Sums> exact, std::vector<Sums>& to) {
  using Part = typename decltype(Sums::parts)::value_type;
  for (key.shift = 0; std::ranges::any_of(exact, [](Int128 sum) { return sum != 0; }); key.shift += Sums::kBits) {
    for (std::size_t i = 0; i < exact.size(); ++i) {
      key.parts[i] = static_cast<Part>(take_part<Sums::kBits>(exact[i]));
    }
    to.push_back(key);
  }
}

// Sums of rows of one month, which are sorted.
template <typename Sums>
std::vector<Sums> sum_sorted(const std::vector<Sums>& rows) {
  std::vector<Sums> sums;
  for (auto at = rows.begin(); at != rows.end();) {
    const Sums key = *at;
    ExactOf<Sums> exact{};
    for (; at != rows.end() && at->key() == key.key(); ++at) {
      for (std::size_t i = 0; i < exact.size(); ++i) exact[i] += at->value(i);
    }
    emit(key, exact, sums);
  }
  return sums;
}

template <typename Sums>
std::vector<Sums> sum_up(std::vector<Sums> rows) {
  std::ranges::sort(rows, [](const Sums& a, const Sums& b) { return a.key() < b.key(); });
  return sum_sorted(rows);
}

// Of two that are sorted.
template <typename Sums>
std::vector<Sums> added(const std::vector<Sums>& a, const std::vector<Sums>& b) {
  std::vector<Sums> both;
  both.reserve(a.size() + b.size());
  std::ranges::merge(a, b, std::back_inserter(both), [](const Sums& x, const Sums& y) { return x.key() < y.key(); });
  std::vector<Sums> sums = sum_sorted(both);
  sums.shrink_to_fit();
  return sums;
}

// Of one month; `sums` are sorted, and late ones by day.
template <typename Sums>
void add_to(SumsByLateness<Sums>& kept, const std::vector<Sums>& sums) {
  std::vector<Sums> by_month = sums;
  std::vector<Sums> late;
  for (Sums& of : by_month) {
    if (of.late == SalesSums::kOnTime) continue;
    late.push_back(of);
    of.late = period_start(Grain::kMonth, of.late);
  }
  kept.months = added(kept.months, sum_up(std::move(by_month)));
  if (!late.empty()) kept.days = added(kept.days, late);
}

// The same by fewer groups.
template <typename Group>
std::vector<SalesSums> grouped(std::vector<SalesSums> sums, const Group& group) {
  for (SalesSums& of : sums) of.group = group(of.group);
  return sum_up(std::move(sums));
}

// Adds rows to what a month comes to. What becomes zero goes.
class WholeOfMonth {
 public:
  explicit WholeOfMonth(const std::vector<SalesWhole>& kept) {
    for (const SalesWhole& whole : kept) sums_[{whole.late, whole.currency}] = whole.columns;
  }

  void add(const SalesRow& row, Day late) { sums_[{late, row.group.currency}][row.column] += row.value(); }

  std::vector<SalesWhole> take() const {
    std::vector<SalesWhole> all;
    for (const auto& [key, columns] : sums_) {
      if (columns != Exact{}) all.push_back({.late = key.first, .currency = key.second, .columns = columns});
    }
    return all;
  }

 private:
  std::map<std::pair<Day, std::uint16_t>, Exact> sums_;
};

// Where sums of a month do not come to its whole, by when they began to count.
class FaultsOfMonth {
 public:
  // Both must outlive it.
  FaultsOfMonth(const Sales::Month& month, std::vector<SalesFault>& faults) : month_(month), faults_(faults) {}

  template <typename Sums>
  void find(const SumsByLateness<Sums>& kept) {
    find_in(kept.months, [](Day late) {
      return std::optional(late == SalesSums::kOnTime ? late : period_start(Grain::kMonth, late));
    });
    find_in(kept.days, [](Day late) { return late == SalesSums::kOnTime ? std::nullopt : std::optional(late); });
  }

 private:
  static constexpr std::size_t columns_of(const SalesSums&) { return kSalesColumns.size(); }
  static constexpr std::size_t columns_of(const SkuSums&) { return kGoodsColumns; }
  static std::uint16_t currency_of(const SalesSums& sums) { return sums.group.currency; }
  static std::uint16_t currency_of(const SkuSums& sums) { return sums.currency; }
  static Int128 value_of(const SalesSums& sums, std::size_t column) { return sums.value(column); }
  static Int128 value_of(const SkuSums& sums, std::size_t column) { return sums.goods(column).amount; }

  // when(late) tells under which day of theirs a whole of that day stands, if under any.
  template <typename Sums, typename When>
  void find_in(const std::vector<Sums>& all, const When& when) {
    constexpr std::size_t kColumns = columns_of(Sums{});
    std::map<std::pair<Day, std::uint16_t>, Exact> differences;
    for (const Sums& sums : all) {
      Exact& difference = differences[{sums.late, currency_of(sums)}];
      for (std::size_t i = 0; i < kColumns; ++i) difference[i] += value_of(sums, i);
    }
    for (const SalesWhole& whole : month_.whole) {
      const std::optional<Day> late = when(whole.late);
      if (!late) continue;
      Exact& difference = differences[{*late, whole.currency}];
      for (std::size_t i = 0; i < kColumns; ++i) difference[i] -= whole.columns[i];
    }
    for (const auto& [key, difference] : differences) {
      for (std::size_t i = 0; i < kColumns; ++i) {
        if (difference[i] != 0) faults_.push_back({month_.start, key.second, i, difference[i]});
      }
    }
  }

  const Sales::Month& month_;
  std::vector<SalesFault>& faults_;
};

}  // namespace

Sales Sales::merged(std::vector<SalesRow> rows) const {
  std::ranges::sort(rows, {}, &SalesRow::day);
  Sales result;
  result.has_all_ = has_all_;
  result.has_skus_ = has_skus_;
  auto old = months_.begin();
  for (auto at = rows.begin(); at != rows.end() || old != months_.end();) {
    const Day next = at == rows.end() ? kNever : period_start(Grain::kMonth, at->day);
    if (old != months_.end() && (*old)->start < next) {
      result.months_.push_back(*old++);
      continue;
    }
    auto month = std::make_shared<Month>();
    if (old != months_.end() && (*old)->start == next) *month = **old++;
    month->start = next;
    WholeOfMonth whole(month->whole);
    std::vector<SalesSums> come;
    std::vector<SkuSums> goods;
    for (; at != rows.end() && period_start(Grain::kMonth, at->day) == next; ++at) {
      month->first_day = std::min(month->first_day, at->day);
      month->last_day = std::max(month->last_day, at->day);
      SalesSums sums{.group = at->group};
      if (period_start(Grain::kMonth, at->counts_from) > next) {
        sums.late = at->counts_from;
      } else {
        month->last_on_time = std::max(month->last_on_time, at->counts_from);
      }
      Exact amounts{};
      amounts[at->column] = at->value();
      emit(sums, amounts, come);
      whole.add(*at, sums.late);
      if (!has_skus_ || !is_of_goods(at->column)) continue;
      SkuSums& of_sku = goods.emplace_back();
      of_sku.currency = at->group.currency;
      of_sku.shift = at->shift;
      of_sku.sku = at->sku;
      of_sku.late = sums.late;
      of_sku.parts[3 * at->column] = at->part;
      of_sku.parts[3 * at->column + 1] = at->quantity_part;
      of_sku.parts[3 * at->column + 2] = at->count_part;
    }
    month->whole = whole.take();
    come = sum_up(std::move(come));
    if (has_all_) add_to(month->by_all, come);
    add_to(month->by_region, grouped(come, [](const SalesGroup& group) {
             return SalesGroup{.currency = group.currency, .region = group.region};
           }));
    add_to(month->by_rep, grouped(std::move(come), [](const SalesGroup& group) {
             return SalesGroup{.currency = group.currency, .sales_rep = group.sales_rep};
           }));
    add_to(month->by_sku, sum_up(std::move(goods)));
    result.months_.push_back(std::move(month));
  }
  return result;
}

void Sales::give_up_all() {
  has_all_ = false;
  for (auto& month : months_) {
    auto less = std::make_shared<Month>(*month);
    less->by_all.give_up();
    month = std::move(less);
  }
}

void Sales::give_up_skus() {
  has_skus_ = false;
  for (auto& month : months_) {
    auto less = std::make_shared<Month>(*month);
    less->by_sku.give_up();
    month = std::move(less);
  }
}

std::vector<SalesFault> Sales::faults() const {
  std::vector<SalesFault> faults;
  for (const auto& month : months_) {
    FaultsOfMonth of(*month, faults);
    if (has_all_) of.find(month->by_all);
    of.find(month->by_region);
    of.find(month->by_rep);
    if (has_skus_) of.find(month->by_sku);
  }
  return faults;
}

std::size_t Sales::bytes() const {
  std::size_t bytes = sku_bytes();
  for (const auto& month : months_) {
    bytes += sizeof(Month) + 32 + month->by_all.bytes() + month->by_region.bytes() + month->by_rep.bytes() +
             month->whole.capacity() * sizeof(SalesWhole);
  }
  return bytes;
}

std::size_t Sales::sku_bytes() const {
  std::size_t bytes = 0;
  for (const auto& month : months_) bytes += month->by_sku.bytes();
  return bytes;
}

}  // namespace daybook::index
