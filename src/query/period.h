// from, to and grain of a report.
#pragma once

#include <string>

#include "query/request.h"

namespace daybook::query {

struct Period {
  Day from = 0;
  Day to = 0;
  Grain grain = Grain::kNone;

  bool holds(Day day) const { return from <= day && day <= to; }
  // The row's period; without a grain the whole span: "2024-01-01/2024-03-31".
  std::string label(Day day) const {
    return grain == Grain::kNone ? format_date(from) + "/" + format_date(to) : period_label(grain, day);
  }
};

// Both dates are required. `fallback`: the grain when none is given.
inline Period read_period(Parameters& parameters, Grain fallback) {
  Period period;
  period.from = parameters.required_date("from");
  period.to = parameters.required_date("to");
  if (period.from > period.to) refuse_parameter("from", "is after to");
  period.grain = fallback;
  if (const auto grain = parameters.text("grain")) {
    const auto parsed = parse_grain(*grain);
    if (!parsed) refuse_parameter("grain", "'" + *grain + "' is not one of day, week, month, quarter, year");
    period.grain = *parsed;
  }
  return period;
}

}  // namespace daybook::query
