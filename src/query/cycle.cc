#include "query/cycle.h"

#include <fmt/format.h>

#include "base/decimal.h"
#include "query/request.h"

namespace daybook::query {
namespace {

std::string_view milestone_name(std::size_t milestone) {
  return domain::milestone_name(static_cast<domain::Milestone>(milestone));
}

}  // namespace

std::string_view Cycle::stage_from(std::size_t stage) const { return milestone_name(first + stage); }

std::string_view Cycle::stage_to(std::size_t stage) const { return milestone_name(first + stage + 1); }

std::string Cycle::name() const { return fmt::format("{}..{}", milestone_name(first), milestone_name(last)); }

Cycle Cycle::of(const Question& question) {
  const std::string text = question.arguments.text("cycle").value_or("");
  const std::size_t dots = text.find("..");
  if (dots != std::string::npos) {
    const auto first = domain::parse_milestone(text.substr(0, dots));
    const auto last = domain::parse_milestone(text.substr(dots + 2));
    if (first && last && *first < *last) {
      return {static_cast<std::size_t>(*first), static_cast<std::size_t>(*last)};
    }
  }
  refuse_parameter("cycle", fmt::format("'{}' is not two milestones in their order, such as "
                                        "placed..delivered or placed..paid",
                                        text));
}

namespace parameters {

Parameter cycle() {
  // Of texts that Cycle::of() reads, but for their order.
  std::string names;
  for (std::size_t i = 0; i < domain::kMilestoneCount; ++i) {
    if (i > 0) names += "|";
    names += milestone_name(i);
  }
  return {.name = "cycle",
          .meaning = "Two milestones in their order.",
          .fallback = "placed..delivered",
          .pattern = fmt::format("^({0})[.][.]({0})$", names),
          .example = "placed..paid"};
}

}  // namespace parameters

std::size_t last_milestone(const domain::Milestones& milestones) {
  auto last = static_cast<std::size_t>(domain::Milestone::kDelivered);
  while (last > 0 && !milestones[last]) --last;
  return last;
}

std::optional<Day> promised_date(const domain::OrderDates& dates) {
  return dates.last_promise ? dates.last_promise : dates.requested;
}

Value mean_seconds(Int128 sum, std::size_t n) {
  if (n == 0) return {};
  return Value::mean(divide_rounded(sum * 1000, static_cast<Int128>(n)));
}

}  // namespace daybook::query
