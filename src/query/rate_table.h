// Exchange rates as published: what an amount comes to in another currency on a date. Neither inverse nor cross rates:
// what was not published is not there.
#pragma once

#include <optional>
#include <vector>

#include "base/date.h"
#include "base/exchange.h"
#include "base/money.h"

namespace daybook::query {

class RateTable {
 public:
  // × 10^kRatePlaces, from a day on.
  struct Rate {
    Currency from;
    Currency to;
    Day day = 0;
    Int128 rate = 0;

    auto operator<=>(const Rate&) const = default;
    template <typename Visit>
    void for_each_field(const Visit& visit) {
      visit(from, to, day, rate);
    }
  };

  RateTable() = default;
  // Each pair and day once.
  explicit RateTable(std::vector<Rate> rates);

  // The last published on or before a day; nothing where there is none. A currency is worth 1 of itself.
  std::optional<Int128> on(Day day, Currency from, Currency to) const;
  // One amount at that rate, rounded half away from zero.
  std::optional<Int256> convert(Int128 minor, Currency from, Currency to, Day day) const;

  template <typename Visit>
  void for_each_field(const Visit& visit) {
    visit(rates_);
  }

 private:
  std::vector<Rate> rates_;  // Rising.
};

}  // namespace daybook::query
