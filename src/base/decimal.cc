#include "base/decimal.h"

#include <algorithm>
#include <array>

namespace daybook {
namespace {

// By their exponents: of differences of places.
constexpr auto kPowersOfTen = [] {
  std::array<std::int64_t, kRatePlaces + 1> powers{};
  std::int64_t power = 1;
  for (std::int64_t& value : powers) {
    value = power;
    power *= 10;
  }
  return powers;
}();

}  // namespace

Int128 Decimal::scaled(int places) const {
  return static_cast<Int128>(digits) * kPowersOfTen[static_cast<std::size_t>(places - fraction_digits)];
}

std::optional<Decimal> parse_decimal(std::string_view text, int fraction_max) {
  constexpr std::size_t kNone = std::string_view::npos;
  std::size_t point = kNone;
  std::size_t leading_zeros = 0;
  // 18 digits fit 64 bits; those behind them are counted apart.
  std::uint64_t parts[2] = {};
  std::uint64_t scale = 1;
  for (std::size_t i = 0, digits = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '.' && point == kNone) {
      point = i;
      continue;
    }
    if (c < '0' || c > '9' || digits == 24) return std::nullopt;
    const bool second = ++digits > 18;
    parts[second] = parts[second] * 10 + static_cast<std::uint64_t>(c - '0');
    if (second) scale *= 10;
    if (c == '0' && leading_zeros == i) ++leading_zeros;
  }
  const std::size_t whole = std::min(point, text.size());
  const std::size_t fraction = point == kNone ? 0 : text.size() - point - 1;
  if (whole == 0 || whole > 12) return std::nullopt;
  if (point != kNone && (fraction == 0 || fraction > static_cast<std::size_t>(fraction_max))) {
    return std::nullopt;
  }
  Decimal decimal;
  decimal.digits = static_cast<UInt128>(parts[0]) * scale + parts[1];
  decimal.fraction_digits = static_cast<std::uint8_t>(fraction);
  // The last digit before the point is none of them.
  decimal.leading_zeros = static_cast<std::uint8_t>(std::min(leading_zeros, whole - 1));
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
