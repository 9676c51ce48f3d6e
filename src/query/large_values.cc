#include "query/large_values.h"

#include <fmt/format.h>

namespace daybook::query {
namespace {

constexpr int kRateDecimals = 4;

// value / 10^places, with so many decimals.
std::string written(const Int256& value, int places) {
  if (places == 0) return value.str();
  Int256 whole;
  Int256 rest;
  boost::multiprecision::divide_qr(Int256(abs(value)), Int256(pow(Int256(10), static_cast<unsigned>(places))), whole,
                                   rest);
  return fmt::format("{}{}.{:0>{}}", value < 0 ? "-" : "", whole.str(), rest.str(), places);
}

}  // namespace

Value amount_of(const Int256& minor, Currency currency) {
  if (fits_int128(minor)) return Value::amount(static_cast<Int128>(minor), currency);
  return Value::written(Value::Kind::kAmount, written(minor, currency.exponent()));
}

Value rate_of(const Int256& part, Int128 whole) {
  if (whole <= 0) return {};
  const Int256 scaled = part * 10'000;
  Int256 rate;
  Int256 rest;
  boost::multiprecision::divide_qr(scaled, Int256(whole), rate, rest);
  // Both have the sign of the part.
  if (2 * abs(rest) >= whole) rate += scaled.sign();
  return Value::written(Value::Kind::kRate, written(rate, kRateDecimals));
}

}  // namespace daybook::query
