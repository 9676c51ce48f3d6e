// from, to and grain of a question.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/period_label.h"
#include "query/question.h"

namespace daybook::query {

struct Period {
  Day from = 0;
  Day to = 0;
  Grain grain = Grain::kNone;

  bool holds(Day day) const { return from <= day && day <= to; }
  bool meets(Day first, Day last) const { return first <= to && last >= from; }
  // The row's period; without a grain the whole span: "2024-01-01/2024-03-31".
  std::string label(Day day) const {
    return grain == Grain::kNone ? format_date(from) + "/" + format_date(to) : period_label(grain, day);
  }

  // Of a report that requires from and to.
  static Period of(const Question& question);
  // The days of from and to that lie in the period of the parameter `period`, where one is named: none where `to` is
  // before `from`.
  static Period part_of(const Question& question);
  // Refuses one that ends before it begins.
  static void check(const Question& question);
  // Likewise, of a report whose as_of is `to`; settles it.
  static void settle_as_of(Question& question);
};

namespace parameters {
// A period's label.
Parameter period(std::string name, std::string meaning, bool required);
}  // namespace parameters

// The period that such a parameter names, if it is given; refuses what is no label.
std::optional<LabelledPeriod> period_named(const Question& question, std::string_view parameter);

}  // namespace daybook::query
