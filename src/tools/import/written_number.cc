#include "tools/import/written_number.h"

#include <algorithm>
#include <array>
#include <string>

#include "base/money.h"

namespace daybook::tools {
namespace {

// Takes the first of these that the text begins with off its front.
template <std::size_t N>
bool take_any(std::string_view& text, const std::array<std::string_view, N>& of) {
  const auto found = std::ranges::find_if(of, [&](std::string_view one) { return text.starts_with(one); });
  if (found == of.end()) return false;
  text.remove_prefix(found->size());
  return true;
}

// Blank, tab, no-break, figure, thin and narrow no-break space.
constexpr std::array<std::string_view, 6> kBlanks = {" ", "\t", "\u00a0", "\u2007", "\u2009", "\u202f"};
constexpr std::array<std::string_view, 2> kApostrophes = {"'", "\u2019"};
constexpr std::array<std::string_view, 2> kMinus = {"-", "\u2212"};
constexpr std::array<std::string_view, 8> kCurrencySigns = {"$",      "\u00a3", "\u00a4", "\u00a5",
                                                            "\uffe5", "\uff04", "\u5143", "\u5186"};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

void skip_blanks(std::string_view& text) {
  while (take_any(text, kBlanks)) {
  }
}

// A sign, one of the block of currency symbols (U+20A0 to U+20CF), or a code.
bool take_currency(std::string_view& text) {
  if (take_any(text, kCurrencySigns)) return true;
  if (text.size() >= 3 && text.starts_with("\xE2") &&
      (text[1] == '\x82' || (text[1] == '\x83' && static_cast<unsigned char>(text[2]) <= 0x8F)) &&
      (text[1] != '\x82' || static_cast<unsigned char>(text[2]) >= 0xA0)) {
    text.remove_prefix(3);
    return true;
  }
  if (text.size() < 3 || !Currency::parse(text.substr(0, 3))) return false;
  text.remove_prefix(3);
  return true;
}

// What may stand once before or behind the digits.
struct Marks {
  bool sign = false;
  bool negative = false;
  bool currency = false;
};

void take_marks(std::string_view& text, Marks& marks) {
  while (true) {
    skip_blanks(text);
    if (!marks.sign && take_any(text, kMinus)) {
      marks.sign = marks.negative = true;
    } else if (!marks.sign && text.starts_with('+')) {
      text.remove_prefix(1);
      marks.sign = true;
    } else if (!marks.currency && take_currency(text)) {
      marks.currency = true;
    } else {
      return;
    }
  }
}

// A run of digits, onto `plain`; how many.
std::size_t take_digits(std::string_view& text, std::string& plain) {
  std::size_t count = 0;
  for (; !text.empty() && is_digit(text.front()); ++count) {
    plain += text.front();
    text.remove_prefix(1);
  }
  return count;
}

// A grouping sign with a digit behind it.
bool take_group_sign(std::string_view& text, char group_sign) {
  std::string_view rest = text;
  if (rest.starts_with(group_sign)) {
    rest.remove_prefix(1);
  } else if (!take_any(rest, kBlanks) && !take_any(rest, kApostrophes)) {
    return false;
  }
  if (rest.empty() || !is_digit(rest.front())) return false;
  text = rest;
  return true;
}

// Onto `plain`, as parse_exact() reads it; false where groups have other lengths.
bool take_number(std::string_view& text, char decimal_sign, std::string& plain) {
  std::size_t digits = take_digits(text, plain);
  bool grouped = false;
  while (digits > 0 && take_group_sign(text, decimal_sign == '.' ? ',' : '.')) {
    if (digits > 3 || (grouped && digits < 2)) return false;
    digits = take_digits(text, plain);
    grouped = true;
  }
  if (grouped && digits != 3) return false;
  if (!text.starts_with(decimal_sign)) return !plain.empty();
  text.remove_prefix(1);
  plain += '.';
  return take_digits(text, plain) > 0 || plain.size() > 1;
}

}  // namespace

std::optional<Exact> parse_written_number(std::string_view text, char decimal_sign) {
  Marks marks;
  skip_blanks(text);
  const bool bracketed = text.starts_with('(');
  if (bracketed) {
    text.remove_prefix(1);
    marks.sign = marks.negative = true;
  }
  take_marks(text, marks);
  std::string plain;
  if (!take_number(text, decimal_sign, plain)) return std::nullopt;
  take_marks(text, marks);
  if (bracketed) {
    if (!text.starts_with(')')) return std::nullopt;
    text.remove_prefix(1);
    take_marks(text, marks);
  }
  if (!text.empty()) return std::nullopt;
  auto value = parse_exact(plain);
  if (value && marks.negative) value->units = -value->units;
  return value;
}

}  // namespace daybook::tools
