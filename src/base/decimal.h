// Exact decimals: quantities (6 places) and rates (12 places), as scaled integers.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/int128.h"

namespace daybook {

// A decimal as it was written. Two spellings of one number ("12.5", "12.50") are different texts:
// repeats of an event are compared text by text, so the spelling is kept.
struct Decimal {
  // The digits without the point.
  UInt128 digits = 0;
  std::uint8_t fraction_digits = 0;
  std::uint8_t leading_zeros = 0;

  // value × 10^places; `fraction_digits` must not be above `places`.
  Int128 scaled(int places) const;
};

inline constexpr int kQuantityPlaces = 6;
inline constexpr int kRatePlaces = 12;

// Digits, or digits, a point and digits: at most 12 before the point and `fraction_max` after it.
std::optional<Decimal> parse_decimal(std::string_view text, int fraction_max);
// Exactly the text that was parsed.
std::string format_decimal(const Decimal& decimal);

// value / 10^places, shortest form: "12.5", "-3".
std::string format_scaled(Int128 value, int places);
// value / 10^places with exactly that many decimals: "12.50".
std::string format_fixed(Int128 value, int places);

// numerator / denominator rounded half away from zero; denominator above 0.
Int128 divide_rounded(Int128 numerator, Int128 denominator);
// Rounded down (towards minus infinity); denominator above 0.
Int128 divide_floor(Int128 numerator, Int128 denominator);

}  // namespace daybook
