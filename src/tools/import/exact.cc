#include "tools/import/exact.h"

#include <algorithm>

#include "base/decimal.h"

namespace daybook::tools {
namespace {

constexpr std::size_t kDigitsMax = 30;

std::optional<Int128> scaled_up(Int128 units, int by_places) {
  for (; by_places > 0; --by_places) {
    if (__builtin_mul_overflow(units, Int128{10}, &units)) return std::nullopt;
  }
  return units;
}

}  // namespace

std::optional<Exact> parse_exact(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  Exact value;
  std::size_t digits = 0;
  bool point = false;
  for (const char c : text) {
    if (c == '.' && !point) {
      point = true;
      continue;
    }
    if (c < '0' || c > '9' || ++digits > kDigitsMax) return std::nullopt;
    value.units = value.units * 10 + (c - '0');
    if (point) ++value.places;
  }
  if (digits == 0) return std::nullopt;
  if (negative) value.units = -value.units;
  return value;
}

std::string format_exact(Exact value) { return format_scaled(value.units, value.places); }

std::optional<Exact> add(Exact a, Exact b) {
  const int places = std::max(a.places, b.places);
  const auto left = scaled_up(a.units, places - a.places);
  const auto right = scaled_up(b.units, places - b.places);
  Exact sum{0, places};
  if (!left || !right || __builtin_add_overflow(*left, *right, &sum.units)) return std::nullopt;
  return sum;
}

std::optional<Exact> subtract(Exact a, Exact b) { return add(a, {-b.units, b.places}); }

std::optional<Exact> multiply(Exact a, Exact b) {
  Exact product{0, a.places + b.places};
  if (__builtin_mul_overflow(a.units, b.units, &product.units)) return std::nullopt;
  return product;
}

std::optional<int> compare(Exact a, Exact b) {
  const auto difference = subtract(a, b);
  if (!difference) return std::nullopt;
  return difference->units < 0 ? -1 : difference->units > 0 ? 1 : 0;
}

std::optional<Exact> rounded(Exact value, int places) {
  if (value.places <= places) {
    const auto units = scaled_up(value.units, places - value.places);
    if (!units) return std::nullopt;
    return Exact{*units, places};
  }
  // A divisor beyond all 38 digits leaves nothing but zero.
  if (value.places - places > 37) return Exact{0, places};
  return Exact{divide_rounded(value.units, *scaled_up(1, value.places - places)), places};
}

}  // namespace daybook::tools
