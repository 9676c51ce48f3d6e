#include "base/period_label.h"

#include <algorithm>
#include <charconv>

namespace daybook {
namespace {

std::optional<int> number_in(std::string_view text) {
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace

std::optional<LabelledPeriod> parse_period_label(std::string_view label) {
  if (const auto day = parse_date(label)) return LabelledPeriod{*day, *day, Grain::kDay};
  constexpr std::size_t kLongestLabel = 8;
  if (label.size() < 4 || label.size() > kLongestLabel) return std::nullopt;
  const auto year = number_in(label.substr(0, 4));
  // A week of 2200 has days of 2199.
  if (!year || *year < 1900 || *year > 2200) return std::nullopt;
  const std::string_view rest = label.substr(4);
  const auto number = [&](std::size_t at, int most) {
    return std::clamp(number_in(rest.substr(at)).value_or(1), 1, most);
  };
  Grain grain = Grain::kYear;
  Day longest = 366;
  Day day = day_from_civil({*year, 1, 1});
  if (rest.starts_with("-W")) {
    grain = Grain::kWeek;
    longest = 7;
    // The fourth of January lies in the first week.
    day += 3 + (number(2, 53) - 1) * 7;
  } else if (rest.starts_with("-Q")) {
    grain = Grain::kQuarter;
    longest = 92;
    day = day_from_civil({*year, (number(2, 4) - 1) * 3 + 1, 1});
  } else if (rest.starts_with("-")) {
    grain = Grain::kMonth;
    longest = 31;
    day = day_from_civil({*year, number(1, 12), 1});
  }
  // What is written otherwise, or what there is none of, has another label.
  if (period_label(grain, day) != label) return std::nullopt;
  const Day from = period_start(grain, day);
  const Day to = period_start(grain, from + longest) - 1;
  if (to < kFirstDate || from > kLastDate) return std::nullopt;
  return LabelledPeriod{from, to, grain};
}

}  // namespace daybook
