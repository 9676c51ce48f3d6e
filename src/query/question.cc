#include "query/question.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace daybook::query {

bool passes(const std::optional<std::string>& filter, std::string_view value) {
  if (!filter) return true;
  return *filter == kUnassigned && value.empty() ? true : *filter == value;
}

bool passes_region(const std::optional<std::string>& filter, std::string_view region) {
  return !filter || is_within(region, *filter);
}

Arguments::Arguments(const Description& description, const ParameterMap& given, const BusinessZone& zone) {
  Parameters parameters(given);
  for (const Parameter& common : parameters::common()) parameters.text(common.name);
  for (const Parameter& parameter : description.parameters) {
    if (parameters.text(parameter.name)) {
      values_[parameter.name] = read(parameter, parameters, zone);
    } else if (parameter.required) {
      refuse_parameter(parameter.name, "is required");
    } else if (!parameter.fallback.empty()) {
      const ParameterMap fallback = {{parameter.name, parameter.fallback}};
      Parameters of_fallback(fallback);
      values_[parameter.name] = read(parameter, of_fallback, zone);
    }
  }
  parameters.done();
}

Arguments::Argument Arguments::read(const Parameter& parameter, Parameters& given, const BusinessZone& zone) {
  const std::string& name = parameter.name;
  switch (parameter.type) {
    case Parameter::Type::kText: return *given.text(name);
    case Parameter::Type::kDate: return std::int64_t{*given.date(name)};
    case Parameter::Type::kInstant: return *given.instant_ms(name, zone);
    case Parameter::Type::kInteger: return *given.integer(name, parameter.least, parameter.most);
    case Parameter::Type::kDecimal: return given.decimal(name);
    case Parameter::Type::kCurrency: return *given.currency(name);
    case Parameter::Type::kChoice: return given.one_of(name, parameter.choices, "");
    case Parameter::Type::kChoices: {
      std::vector<std::string> chosen = given.list(name);
      if (chosen == std::vector<std::string>{"none"}) chosen.clear();
      for (const std::string& one : chosen) {
        if (std::ranges::find(parameter.choices, one) == parameter.choices.end()) {
          refuse_parameter(name, fmt::format("'{}' is not one of {}, none", one, fmt::join(parameter.choices, ", ")));
        }
        if (std::ranges::count(chosen, one) > 1) refuse_parameter(name, fmt::format("'{}' stands twice", one));
      }
      return chosen;
    }
    case Parameter::Type::kRisingDays: {
      const std::vector<Day> days = given.rising_days(name, {});
      return std::vector<std::int64_t>(days.begin(), days.end());
    }
  }
  return {};
}

std::optional<Day> Arguments::date(std::string_view name) const {
  const auto day = get<std::int64_t>(name);
  return day ? std::optional(static_cast<Day>(*day)) : std::nullopt;
}

std::vector<std::string> Arguments::choices(std::string_view name) const {
  return get<std::vector<std::string>>(name).value_or(std::vector<std::string>());
}

std::vector<Day> Arguments::days(std::string_view name) const {
  const auto days = get<std::vector<std::int64_t>>(name).value_or(std::vector<std::int64_t>());
  return {days.begin(), days.end()};
}

Filters Question::filters() const {
  return {.region = arguments.text("region"),
          .sales_rep = arguments.text("sales_rep"),
          .customer_id = arguments.text("customer_id"),
          .parent_customer = arguments.text("parent_customer"),
          .currency = arguments.currency("currency"),
          .sku = arguments.text("sku"),
          .channel = arguments.text("channel"),
          .kind = arguments.text("kind"),
          .warehouse = arguments.text("warehouse"),
          .grade = arguments.text("grade")};
}

Question Question::of_same_moment(std::string other_report) const {
  Question other;
  other.report = std::move(other_report);
  other.today = today;
  other.as_of = as_of;
  other.known_at_ms = known_at_ms;
  other.file_choice = file_choice;
  other.scope = scope;
  return other;
}

}  // namespace daybook::query
