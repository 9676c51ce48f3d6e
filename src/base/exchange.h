// Amounts in another currency: products of minor units and rates, exact until they are rounded.
#pragma once

#include "base/int256.h"
#include "base/money.h"

namespace daybook {

// A sum of amounts in one currency, each converted at a rate of its own.
class Exchanged {
 public:
  explicit Exchanged(Currency to) : to_(to) {}

  // `rate`: units of the target per unit of `from`, × 10^kRatePlaces; above 0.
  void add(Int128 minor, Currency from, Int128 rate);

  Currency currency() const { return to_; }
  // In minor units, rounded once, half away from zero. An amount of 128 bits may come to more.
  Int256 rounded() const;

  bool operator==(const Exchanged&) const = default;

 private:
  Currency to_;
  // Minor units × 10^(kRatePlaces + kExponentMax). An amount has at most 127 bits, a rate 80 and the
  // power of ten for both exponents 27.
  Int256 scaled_;
};

// One amount: rounded half away from zero.
Int256 exchange(Int128 minor, Currency from, Currency to, Int128 rate);

}  // namespace daybook
