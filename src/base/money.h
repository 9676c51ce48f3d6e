// Currencies and amounts in minor units.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/int128.h"

namespace daybook {

// An ISO 4217 alphabetic code as a number, in code order; stored in cells and documents. The
// default is "no currency".
class Currency {
 public:
  constexpr Currency() = default;
  constexpr auto operator<=>(const Currency&) const = default;

  // Nothing for a code that is not in the list, whatever its spelling.
  static std::optional<Currency> parse(std::string_view code);
  // From what should be a number(), none of a currency included; nothing where it is not.
  static std::optional<Currency> known(std::uint64_t number);
  // All that there are, by code.
  static const std::vector<Currency>& all();
  // From number(); the caller vouches for it.
  static constexpr Currency from_number(std::uint16_t number) { return Currency(number); }

  constexpr std::uint16_t number() const { return number_; }
  constexpr explicit operator bool() const { return number_ != 0; }
  // "CNY"; empty for no currency.
  std::string code() const;
  // Decimals of the minor unit: 0 for JPY, 2 for CNY, 3 for KWD.
  int exponent() const;

 private:
  constexpr explicit Currency(std::uint16_t number) : number_(number) {}
  std::uint16_t number_ = 0;
};

// Largest amount that an event may state, in minor units.
inline constexpr std::int64_t kAmountMax = 1'000'000'000'000'000;

// Minor units as decimal text in the currency's own decimals: "1234.50".
std::string format_amount(Int128 minor, Currency currency);

}  // namespace daybook
