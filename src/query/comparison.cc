#include "query/comparison.h"

#include "base/period_label.h"

namespace daybook::query {
namespace {

// The last day of the period that begins on `start`.
Day last_day(Grain grain, Day start) {
  switch (grain) {
    case Grain::kNone:
    case Grain::kDay: return start;
    case Grain::kWeek: return start + 6;
    // Of the others too: as many days on as the longest has is in the next.
    case Grain::kMonth: return period_start(grain, start + 31) - 1;
    case Grain::kQuarter: return period_start(grain, start + 92) - 1;
    case Grain::kYear: return period_start(grain, start + 366) - 1;
  }
  return start;
}

// Nothing for 29 February: the year before a leap year has none.
std::optional<Day> a_year_before(Day day) {
  const auto [year, month, day_of_month] = civil_from_day(day);
  if (day_of_month > days_in_month(year - 1, month)) return std::nullopt;
  return day_from_civil({year - 1, month, day_of_month});
}

// By its number in the year of its Thursday. No two years on end have a week 53.
std::optional<Day> week_a_year_before(Day monday) {
  const int year = civil_from_day(monday + 3).year;
  const auto first_week = [](int of) { return period_start(Grain::kWeek, day_from_civil({of, 1, 4})); };
  const Day before = first_week(year - 1) + (monday - first_week(year));
  if (before == first_week(year)) return std::nullopt;
  return before;
}

}  // namespace

Day row_start(const Period& rows, Day day) {
  return rows.grain == Grain::kNone ? rows.from : period_start(rows.grain, day);
}

std::optional<Period> compared(const Period& rows, Comparison with, Day day) {
  if (rows.grain == Grain::kNone) {
    if (with == Comparison::kPreviousPeriod) return Period{rows.from - (rows.to - rows.from) - 1, rows.from - 1};
    const auto from = a_year_before(rows.from);
    const auto to = a_year_before(rows.to);
    if (!from || !to) return std::nullopt;
    return Period{*from, *to};
  }
  std::optional<Day> start = row_start(rows, day);
  if (with == Comparison::kPreviousPeriod) {
    start = row_start(rows, *start - 1);
  } else {
    start = rows.grain == Grain::kWeek ? week_a_year_before(*start) : a_year_before(*start);
  }
  if (!start) return std::nullopt;
  return Period{*start, last_day(rows.grain, *start), rows.grain};
}

std::optional<Period> compared(const Period& rows, Comparison with) {
  std::optional<Period> first;
  for (Day day = rows.from; !first && day <= rows.to; day = last_day(rows.grain, row_start(rows, day)) + 1) {
    first = compared(rows, with, day);
    if (rows.grain == Grain::kNone) break;
  }
  if (!first) return std::nullopt;
  std::optional<Period> last;
  for (Day day = rows.to; !last; day = row_start(rows, day) - 1) last = compared(rows, with, day);
  return Period{first->from, last->to, rows.grain};
}

std::optional<Period> parse_period(std::string_view label) {
  const auto period = parse_period_label(label);
  if (!period || period->grain == Grain::kDay || period->grain == Grain::kWeek) return std::nullopt;
  return Period{period->from, period->to, period->grain};
}

}  // namespace daybook::query
