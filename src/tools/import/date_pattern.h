// Dates and times as people and old systems write them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/date.h"

namespace daybook::tools {

// A pattern is made of yyyy, yy (00 to 68: after 2000), mm or m (month), mon (Jan), dd or d, hh or
// h (0 to 23), mi (minute), ss; all else stands for itself. The single letters take one or two
// digits, the doubled ones exactly two. Nothing, or what is wrong with the pattern.
std::optional<std::string> pattern_fault(std::string_view pattern);

struct DateAndTime {
  Day day = 0;
  // Seconds of the day; left out by patterns without hh and h.
  std::optional<int> seconds;
};

// Nothing when the text is not written like that, or is no real date from 1900 to 2199.
std::optional<DateAndTime> parse_by_pattern(std::string_view text, std::string_view pattern);

// "09:30" or "09:30:15" as seconds of the day.
std::optional<int> parse_time_of_day(std::string_view text);

// The instant of a wall clock's time. One that a clock change skips is the moment of the change,
// one that it repeats the earlier. Nothing for an unknown IANA zone.
std::optional<Instant> instant_in_zone(Day day, int seconds, const std::string& zone);

}  // namespace daybook::tools
