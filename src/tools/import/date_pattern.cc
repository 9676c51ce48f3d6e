#include "tools/import/date_pattern.h"

#include <algorithm>
#include <array>

namespace daybook::tools {
namespace {

enum class Part { kYear, kMonth, kDay, kHour, kMinute, kSecond, kCount };

struct Token {
  std::string_view letters;
  Part part;
  std::size_t digits_min;
  std::size_t digits_max;  // 0: the name of a month.
};
// Longer ones first where one begins like another.
constexpr std::array<Token, 11> kTokens = {{{"yyyy", Part::kYear, 4, 4},
                                            {"yy", Part::kYear, 2, 2},
                                            {"mon", Part::kMonth, 0, 0},
                                            {"mm", Part::kMonth, 2, 2},
                                            {"mi", Part::kMinute, 2, 2},
                                            {"m", Part::kMonth, 1, 2},
                                            {"dd", Part::kDay, 2, 2},
                                            {"d", Part::kDay, 1, 2},
                                            {"hh", Part::kHour, 2, 2},
                                            {"h", Part::kHour, 1, 2},
                                            {"ss", Part::kSecond, 2, 2}}};
constexpr std::array<std::string_view, 12> kMonthNames = {"jan", "feb", "mar", "apr", "may", "jun",
                                                          "jul", "aug", "sep", "oct", "nov", "dec"};

const Token* token_at(std::string_view pattern) {
  const auto found =
      std::ranges::find_if(kTokens, [&](const Token& token) { return pattern.starts_with(token.letters); });
  return found == kTokens.end() ? nullptr : &*found;
}

// Takes the token's number off the front of `text`.
std::optional<int> take(const Token& token, std::string_view& text) {
  if (token.digits_max == 0) {
    std::string name(text.substr(0, 3));
    std::ranges::transform(name, name.begin(), [](char c) { return static_cast<char>(c | 0x20); });
    const auto found = std::ranges::find(kMonthNames, name);
    if (found == kMonthNames.end()) return std::nullopt;
    text.remove_prefix(3);
    return static_cast<int>(found - kMonthNames.begin()) + 1;
  }
  int number = 0;
  std::size_t digits = 0;
  while (digits < token.digits_max && digits < text.size() && text[digits] >= '0' && text[digits] <= '9') {
    number = number * 10 + (text[digits++] - '0');
  }
  if (digits < token.digits_min) return std::nullopt;
  text.remove_prefix(digits);
  if (token.letters == "yy") number += number <= 68 ? 2000 : 1900;
  return number;
}

std::optional<int> seconds_of(int hour, int minute, int second) {
  if (hour > 23 || minute > 59 || second > 59) return std::nullopt;
  return (hour * 60 + minute) * 60 + second;
}

}  // namespace

std::optional<std::string> pattern_fault(std::string_view pattern) {
  std::array<int, static_cast<std::size_t>(Part::kCount)> times{};
  for (std::string_view rest = pattern; !rest.empty();) {
    const Token* token = token_at(rest);
    if (token != nullptr) ++times[static_cast<std::size_t>(token->part)];
    rest.remove_prefix(token != nullptr ? token->letters.size() : 1);
  }
  if (times[0] == 1 && times[1] == 1 && times[2] == 1 &&
      std::ranges::all_of(times, [](int count) { return count <= 1; })) {
    return std::nullopt;
  }
  return "a pattern has the year (yyyy, yy), the month (mm, m, mon) and the day (dd, d) once each, "
         "and "
         "hour (hh, h), minute (mi) and second (ss) at most once";
}

std::optional<DateAndTime> parse_by_pattern(std::string_view text, std::string_view pattern) {
  std::array<int, static_cast<std::size_t>(Part::kCount)> parts{};
  bool has_time = false;
  while (!pattern.empty()) {
    if (const Token* token = token_at(pattern)) {
      const auto number = take(*token, text);
      if (!number) return std::nullopt;
      parts[static_cast<std::size_t>(token->part)] = *number;
      has_time = has_time || token->part == Part::kHour;
      pattern.remove_prefix(token->letters.size());
    } else {
      if (!text.starts_with(pattern.front())) return std::nullopt;
      text.remove_prefix(1);
      pattern.remove_prefix(1);
    }
  }
  const auto [year, month, day, hour, minute, second] = parts;
  const bool real = text.empty() && year >= 1900 && year <= 2199 && month >= 1 && month <= 12 && day >= 1 &&
                    day <= days_in_month(year, month);
  const auto seconds = seconds_of(hour, minute, second);
  if (!real || !seconds) return std::nullopt;
  return DateAndTime{day_from_civil({year, month, day}), has_time ? seconds : std::nullopt};
}

std::optional<int> parse_time_of_day(std::string_view text) {
  for (const std::string_view pattern : {"yyyy-mm-dd hh:mi", "yyyy-mm-dd hh:mi:ss"}) {
    if (const auto parsed = parse_by_pattern("2000-01-01 " + std::string(text), pattern)) return parsed->seconds;
  }
  return std::nullopt;
}

std::optional<Instant> instant_in_zone(Day day, int seconds, const std::string& zone) {
  const auto found = BusinessZone::find(zone);
  if (!found) return std::nullopt;
  return found->instant_of(day, seconds);
}

}  // namespace daybook::tools
