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

}  // namespace

std::optional<Currency> Currency::parse(std::string_view code) {
  const auto at = std::ranges::lower_bound(kCurrencies, code, {}, &Entry::code);
  if (at == kCurrencies.end() || at->code != code) return std::nullopt;
  return Currency(number_of(code));
}

std::string Currency::code() const {
  if (number_ == 0) return "";
  const int letters = number_ - 1;
  return {static_cast<char>('A' + letters / 676), static_cast<char>('A' + letters / 26 % 26),
          static_cast<char>('A' + letters % 26)};
}

int Currency::exponent() const {
  const auto at = std::ranges::lower_bound(kCurrencies, code(), {}, &Entry::code);
  return at == kCurrencies.end() ? 0 : at->exponent;
}

std::string format_amount(Int128 minor, Currency currency) {
  return format_fixed(minor, currency.exponent());
}

}  // namespace daybook
