// Exchange rates as published: what an amount comes to in another currency on a date.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "base/exchange.h"
#include "query/view.h"

namespace daybook::query {

// Reads the rates of a currency when it is first asked for. Neither inverse nor cross rates: what was not
// published is not there. One thread; goes before the question does.
class Rates {
 public:
  explicit Rates(Question& question) : question_(question) {}

  // The last published on or before a day, × 10^kRatePlaces; nothing where there is none. A currency is
  // worth 1 of itself.
  std::optional<Int128> on(Day day, Currency from, Currency to);
  // One amount at that rate, rounded half away from zero.
  std::optional<Int128> convert(Int128 minor, Currency from, Currency to, Day day);

 private:
  struct Rate {
    Currency to;
    Day from = 0;
    Int128 rate = 0;
  };
  // By target and day, each once.
  const std::vector<Rate>& of(Currency from);
  std::vector<Rate> read(Currency from);

  Question& question_;
  std::map<Currency, std::vector<Rate>> rates_;
};

}  // namespace daybook::query
