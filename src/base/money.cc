#include "base/money.h"

#include <algorithm>
#include <array>

#include "base/decimal.h"

namespace daybook {
namespace {

struct Entry {
  std::string_view code;
  int exponent;
};
constexpr auto kCurrencies = std::to_array<Entry>({
#include "base/currencies.inc"
});

constexpr std::uint16_t number_of(std::string_view code) {
  std::uint16_t number = 0;
  for (const char c : code) number = static_cast<std::uint16_t>(number * 26 + (c - 'A'));
  return static_cast<std::uint16_t>(number + 1);
}

// By number: the exponent, or kNoCurrency.
constexpr std::int8_t kNoCurrency = -1;
constexpr auto kExponents = [] {
  std::array<std::int8_t, number_of("ZZZ") + 1> exponents;
  exponents.fill(kNoCurrency);
  for (const Entry& entry : kCurrencies) {
    exponents[number_of(entry.code)] = static_cast<std::int8_t>(entry.exponent);
  }
  return exponents;
}();

}  // namespace

std::optional<Currency> Currency::parse(std::string_view code) {
  const auto is_letter = [](char c) { return c >= 'A' && c <= 'Z'; };
  if (code.size() != 3 || !is_letter(code[0]) || !is_letter(code[1]) || !is_letter(code[2])) {
    return std::nullopt;
  }
  const std::uint16_t number = number_of(code);
  if (kExponents[number] == kNoCurrency) return std::nullopt;
  return Currency(number);
}

std::optional<Currency> Currency::known(std::uint64_t number) {
  if (number == 0) return Currency();
  if (number >= kExponents.size() || kExponents[number] == kNoCurrency) return std::nullopt;
  return Currency(static_cast<std::uint16_t>(number));
}

const std::vector<Currency>& Currency::all() {
  static const std::vector<Currency> currencies = [] {
    std::vector<Currency> list;
    for (std::size_t number = 1; number < kExponents.size(); ++number) {
      if (const auto currency = known(number)) list.push_back(*currency);
    }
    return list;
  }();
  return currencies;
}

std::string Currency::code() const {
  if (number_ == 0) return "";
  const int letters = number_ - 1;
  return {static_cast<char>('A' + letters / 676), static_cast<char>('A' + letters / 26 % 26),
          static_cast<char>('A' + letters % 26)};
}

int Currency::exponent() const { return number_ < kExponents.size() ? std::max<int>(kExponents[number_], 0) : 0; }

std::string format_amount(Int128 minor, Currency currency) { return format_fixed(minor, currency.exponent()); }

}  // namespace daybook
