#include "query/period.h"

#include <fmt/format.h>

#include <algorithm>

namespace daybook::query {

Period Period::of(const Question& question) {
  const Arguments& given = question.arguments;
  return {.from = *given.date("from"),
          .to = *given.date("to"),
          .grain = parse_grain(given.choice("grain")).value_or(Grain::kNone)};
}

Period Period::part_of(const Question& question) {
  Period part = of(question);
  if (const auto period = period_named(question, "period")) {
    part.from = std::max(part.from, period->from);
    part.to = std::min(part.to, period->to);
  }
  return part;
}

void Period::check(const Question& question) {
  if (const Period period = of(question); period.from > period.to) refuse_parameter("from", "is after to");
}

void Period::settle_as_of(Question& question) {
  check(question);
  const Day to = of(question).to;
  if (question.as_of_given && question.as_of != to) {
    refuse_parameter("as_of", fmt::format("is {} here, the date of to", format_date(to)));
  }
  question.as_of = to;
}

namespace parameters {

Parameter period(std::string name, std::string meaning, bool required) {
  meaning += " As 2024-03-05, 2024-W10, 2024-03, 2024-Q1 or 2024.";
  return {.name = std::move(name),
          .meaning = std::move(meaning),
          .required = required,
          .pattern = "^[0-9]{4}(-(W[0-9]{2}|Q[1-4]|[0-9]{2}(-[0-9]{2})?))?$",
          .example = "2024-05"};
}

}  // namespace parameters

std::optional<LabelledPeriod> period_named(const Question& question, std::string_view parameter) {
  const auto label = question.arguments.text(parameter);
  if (!label) return std::nullopt;
  const auto period = parse_period_label(*label);
  if (!period) {
    refuse_parameter(parameter, fmt::format("'{}' is not the label of a period from 1900 to 2199, such as 2024-03-05, "
                                            "2024-W10, 2024-03, 2024-Q1 or 2024",
                                            *label));
  }
  return period;
}

}  // namespace daybook::query
