// The labels of periods, read: "2024-03-05", "2024-W10", "2024-03", "2024-Q1", "2024" (period_label() writes them).
#pragma once

#include <optional>
#include <string_view>

#include "base/date.h"

namespace daybook {

struct LabelledPeriod {
  Day from = 0;
  Day to = 0;  // The last day.
  Grain grain = Grain::kDay;

  bool holds(Day day) const { return from <= day && day <= to; }
};

// Nothing where it is no label, or none of the days of its period is a date of the contracts (1900 to 2199).
std::optional<LabelledPeriod> parse_period_label(std::string_view label);

}  // namespace daybook
