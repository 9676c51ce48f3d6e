#include "base/exchange.h"

#include "base/decimal.h"

namespace daybook {
namespace {

// No currency has more decimals.
constexpr int kExponentMax = 4;

Int256 power_of_ten(int exponent) { return boost::multiprecision::pow(Int256(10), static_cast<unsigned>(exponent)); }

}  // namespace

void Exchanged::add(Int128 minor, Currency from, Int128 rate) {
  scaled_ += Int256(minor) * Int256(rate) * power_of_ten(kExponentMax - from.exponent() + to_.exponent());
}

Int256 Exchanged::rounded() const {
  static const Int256 kScale = power_of_ten(kRatePlaces + kExponentMax);
  Int256 whole;
  Int256 rest;
  boost::multiprecision::divide_qr(scaled_, kScale, whole, rest);
  // Both have the sign of the sum.
  if (2 * abs(rest) >= kScale) whole += scaled_.sign();
  return whole;
}

Int256 exchange(Int128 minor, Currency from, Currency to, Int128 rate) {
  Exchanged sum(to);
  sum.add(minor, from, rate);
  return sum.rounded();
}

}  // namespace daybook
