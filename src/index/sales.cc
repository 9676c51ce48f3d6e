#include "index/sales.h"

#include <algorithm>
#include <map>
#include <utility>

#include "base/release.h"

namespace daybook::index {
namespace {

using Exact = std::array<Int128, kSalesColumns.size()>;

// Sums as rows: several where one does not fit, none where all are zero.
void emit(SalesSums key, Exact& sums, std::vector<SalesSums>& to) {
  for (key.shift = 0; std::ranges::any_of(sums, [](Int128 sum) { return sum != 0; }); key.shift += kRowBits) {
    for (std::size_t i = 0; i < sums.size(); ++i) key.parts[i] = take_part<kRowBits>(sums[i]);
    to.push_back(key);
  }
}

// Sorted sums of rows of one month.
std::vector<SalesSums> sum_up(std::vector<SalesSums>& rows) {
  std::ranges::sort(rows, [](const SalesSums& a, const SalesSums& b) { return a.key() < b.key(); });
  std::vector<SalesSums> sums;
  for (auto at = rows.begin(); at != rows.end();) {
    const SalesSums key = *at;
    Exact exact{};
    for (; at != rows.end() && at->key() == key.key(); ++at) {
      for (std::size_t i = 0; i < exact.size(); ++i) exact[i] += at->value(i);
    }
    emit(key, exact, sums);
  }
  return sums;
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

}  // namespace

std::vector<SalesSums> Sales::add(const std::vector<SalesSums>& a, const std::vector<SalesSums>& b) {
  std::vector<SalesSums> both = a;
  both.insert(both.end(), b.begin(), b.end());
  std::vector<SalesSums> sums = sum_up(both);
  sums.shrink_to_fit();
  return sums;
}

Sales Sales::merged(std::vector<SalesRow> rows) const {
  std::ranges::sort(rows, {}, &SalesRow::day);
  Sales result;
  result.has_all_ = has_all_;
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
    for (; at != rows.end() && period_start(Grain::kMonth, at->day) == next; ++at) {
      month->first_day = std::min(month->first_day, at->day);
      month->last_day = std::max(month->last_day, at->day);
      SalesSums sums;
      sums.group = at->group;
      sums.shift = at->shift;
      if (period_start(Grain::kMonth, at->counts_from) > next) {
        sums.late = at->counts_from;
      } else {
        month->last_on_time = std::max(month->last_on_time, at->counts_from);
      }
      sums.parts[at->column] = at->part;
      come.push_back(sums);
      whole.add(*at, sums.late);
    }
    month->whole = whole.take();
    come = sum_up(come);
    if (has_all_) month->by_all = add(month->by_all, come);
    for (SalesSums& sums : come) {
      sums.group = {.currency = sums.group.currency, .region = sums.group.region};
    }
    month->by_region = add(month->by_region, come);
    result.months_.push_back(std::move(month));
  }
  return result;
}

void Sales::keep_regions_only() {
  has_all_ = false;
  for (auto& month : months_) {
    auto less = std::make_shared<Month>(*month);
    release(less->by_all);
    month = std::move(less);
  }
}

std::vector<SalesFault> Sales::faults() const {
  std::vector<SalesFault> faults;
  for (const auto& month : months_) {
    const auto compare = [&](const std::vector<SalesSums>& groups) {
      std::map<std::pair<Day, std::uint16_t>, Exact> differences;
      auto at = differences.end();
      for (const SalesSums& sums : groups) {
        const std::pair key(sums.late, sums.group.currency);
        if (at == differences.end() || at->first != key) at = differences.try_emplace(key).first;
        for (std::size_t i = 0; i < sums.parts.size(); ++i) at->second[i] += sums.value(i);
      }
      for (const SalesWhole& whole : month->whole) {
        Exact& difference = differences[{whole.late, whole.currency}];
        for (std::size_t i = 0; i < difference.size(); ++i) difference[i] -= whole.columns[i];
      }
      for (const auto& [key, difference] : differences) {
        for (std::size_t i = 0; i < difference.size(); ++i) {
          if (difference[i] != 0) faults.push_back({month->start, key.second, i, difference[i]});
        }
      }
    };
    if (has_all_) compare(month->by_all);
    compare(month->by_region);
  }
  return faults;
}

std::size_t Sales::bytes() const {
  std::size_t bytes = 0;
  for (const auto& month : months_) {
    bytes += sizeof(Month) + 32 +
             (month->by_all.capacity() + month->by_region.capacity()) * sizeof(SalesSums) +
             month->whole.capacity() * sizeof(SalesWhole);
  }
  return bytes;
}

}  // namespace daybook::index
