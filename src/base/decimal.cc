#include "base/decimal.h"

namespace daybook {
namespace {

Int128 power_of_ten(int exponent) {
  Int128 value = 1;
  for (int i = 0; i < exponent; ++i) value *= 10;
  return value;
}

}  // namespace

Int128 Decimal::scaled(int places) const {
  return static_cast<Int128>(digits) * power_of_ten(places - fraction_digits);
}

std::optional<Decimal> parse_decimal(std::string_view text, int fraction_max) {
  const std::size_t point = text.find('.');
  const std::string_view whole = text.substr(0, point);
  const std::string_view fraction =
      point == std::string_view::npos ? std::string_view() : text.substr(point + 1);
  if (whole.empty() || whole.size() > 12) return std::nullopt;
  if (point != std::string_view::npos &&
      (fraction.empty() || fraction.size() > static_cast<std::size_t>(fraction_max))) {
    return std::nullopt;
  }
  Decimal decimal;
  decimal.fraction_digits = static_cast<std::uint8_t>(fraction.size());
  for (const std::string_view part : {whole, fraction}) {
    for (const char c : part) {
      if (c < '0' || c > '9') return std::nullopt;
      decimal.digits = decimal.digits * 10 + static_cast<UInt128>(c - '0');
    }
  }
  while (static_cast<std::size_t>(decimal.leading_zeros) + 1 < whole.size() &&
         whole[decimal.leading_zeros] == '0') {
    ++decimal.leading_zeros;
  }
  return decimal;
}

std::string format_decimal(const Decimal& decimal) {
  return std::string(decimal.leading_zeros, '0') +
         format_fixed(static_cast<Int128>(decimal.digits), decimal.fraction_digits);
}

std::string format_fixed(Int128 value, int places) {
  const bool negative = value < 0;
  std::string text = to_string(negative ? -value : value);
  if (places > 0) {
    const std::size_t width = static_cast<std::size_t>(places) + 1;
    if (text.size() < width) text.insert(0, width - text.size(), '0');
    text.insert(text.size() - static_cast<std::size_t>(places), 1, '.');
  }
  return negative ? "-" + text : text;
}

std::string format_scaled(Int128 value, int places) {
  std::string text = format_fixed(value, places);
  if (places > 0) {
    while (text.back() == '0') text.pop_back();
    if (text.back() == '.') text.pop_back();
  }
  return text;
}

Int128 divide_rounded(Int128 numerator, Int128 denominator) {
  const bool negative = numerator < 0;
  const Int128 magnitude = negative ? -numerator : numerator;
  Int128 quotient = magnitude / denominator;
  const Int128 rest = magnitude % denominator;
  if (rest >= denominator - rest) ++quotient;
  return negative ? -quotient : quotient;
}

Int128 divide_floor(Int128 numerator, Int128 denominator) {
  const Int128 quotient = numerator / denominator;
  return numerator % denominator < 0 ? quotient - 1 : quotient;
}

}  // namespace daybook
