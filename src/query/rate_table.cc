#include "query/rate_table.h"

#include <algorithm>
#include <tuple>

#include "base/decimal.h"

namespace daybook::query {
namespace {

constexpr Int128 kOne = 1'000'000'000'000;
static_assert(kRatePlaces == 12);

}  // namespace

RateTable::RateTable(std::vector<Rate> rates) : rates_(std::move(rates)) { std::ranges::sort(rates_); }

std::optional<Int128> RateTable::on(Day day, Currency from, Currency to) const {
  if (from == to) return kOne;
  const auto after = std::ranges::upper_bound(
      rates_, std::tuple(from, to, day), {}, [](const Rate& rate) { return std::tuple(rate.from, rate.to, rate.day); });
  if (after == rates_.begin()) return std::nullopt;
  const Rate& last = *std::prev(after);
  if (last.from != from || last.to != to) return std::nullopt;
  return last.rate;
}

std::optional<Int256> RateTable::convert(Int128 minor, Currency from, Currency to, Day day) const {
  const auto rate = on(day, from, to);
  if (!rate) return std::nullopt;
  return exchange(minor, from, to, *rate);
}

}  // namespace daybook::query
