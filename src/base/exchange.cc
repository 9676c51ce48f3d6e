#include "base/exchange.h"

#include "base/decimal.h"

namespace daybook {
namespace {

using boost::multiprecision::int256_t;

// No currency has more decimals.
constexpr int kExponentMax = 4;

int256_t power_of_ten(int exponent) {
  return boost::multiprecision::pow(int256_t(10), static_cast<unsigned>(exponent));
}

}  // namespace

void Exchanged::add(Int128 minor, Currency from, Int128 rate) {
  scaled_ += int256_t(minor) * int256_t(rate) * power_of_ten(kExponentMax - from.exponent() + to_.exponent());
}

Int128 Exchanged::rounded() const {
  static const int256_t kScale = power_of_ten(kRatePlaces + kExponentMax);
  int256_t whole;
  int256_t rest;
  boost::multiprecision::divide_qr(scaled_, kScale, whole, rest);
  // Both have the sign of the sum.
  if (2 * abs(rest) >= kScale) whole += scaled_.sign();
  return static_cast<Int128>(whole);
}

Int128 exchange(Int128 minor, Currency from, Currency to, Int128 rate) {
  Exchanged sum(to);
  sum.add(minor, from, rate);
  return sum.rounded();
}

}  // namespace daybook
