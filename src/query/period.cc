#include "query/period.h"

#include <fmt/format.h>

namespace daybook::query {

Period Period::of(const Question& question) {
  const Arguments& given = question.arguments;
  return {.from = *given.date("from"),
          .to = *given.date("to"),
          .grain = parse_grain(given.choice("grain")).value_or(Grain::kNone)};
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

}  // namespace daybook::query
