// Periods beside a row's: those that it is compared with, and those that targets are set for.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "query/period.h"

namespace daybook::query {

// The first day of the period of a row that has `day`, which may lie before `from`; without a grain `from`.
Day row_start(const Period& rows, Day day);

enum class Comparison : std::uint8_t { kPreviousPeriod, kPreviousYear };
inline constexpr std::string_view kPreviousPeriod = "previous_period";
inline constexpr std::string_view kPreviousYear = "previous_year";

// The whole period that a row's is compared with, also where the row's is cut by from or to: the one before it, or the
// one of that name a year before, which week 53 and 29 February have not. Without a grain: as many days right before
// `from`, or the same dates a year before. `day` is any of the row's period.
std::optional<Period> compared(const Period& rows, Comparison with, Day day);
// All that its rows are compared with; nothing where none of them has something.
std::optional<Period> compared(const Period& rows, Comparison with);

// A period by its label, as targets name theirs: a year, quarter or month.
std::optional<Period> parse_period(std::string_view label);

}  // namespace daybook::query
