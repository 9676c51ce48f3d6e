// Periods by their place behind today: "last-month".
#pragma once

#include <string>
#include <string_view>

#include "base/date.h"

namespace daybook::cli {

// today, yesterday, this- or last-week, -month, -quarter, -year.
bool is_relative_period(std::string_view text);
// Its label, a date or that of a week, month, quarter or year; `text` must be one.
std::string relative_period(std::string_view text, Day today);

}  // namespace daybook::cli
