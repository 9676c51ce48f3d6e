#include "query/request.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace daybook::query {

void refuse(int status, std::string title, std::string detail) {
  throw Refusal{{status, std::move(title), std::move(detail)}};
}

void refuse_parameter(std::string_view name, std::string message) {
  Problem problem{400, "Bad parameter", fmt::format("{}: {}", name, message)};
  problem.faults.add({0, std::string(name), std::move(message)});
  throw Refusal{std::move(problem)};
}

void refuse_once_given_up(const std::stop_token& stop) {
  if (stop.stop_requested()) refuse(503, "Given up", "nobody waits for the answer any more");
}

void refuse(const Error& error) { refuse(503, "Store not available", error.message); }

std::optional<std::string> Parameters::text(const std::string& name) {
  asked_.insert(name);
  const auto [first, last] = given_.equal_range(name);
  if (first == last) return std::nullopt;
  if (std::next(first) != last) refuse_parameter(name, "is given more than once");
  return first->second;
}

std::string Parameters::text(const std::string& name, std::string fallback) {
  return text(name).value_or(std::move(fallback));
}

std::optional<Day> Parameters::date(const std::string& name) {
  const auto given = text(name);
  if (!given) return std::nullopt;
  const auto day = parse_date(*given);
  if (!day) {
    refuse_parameter(name, fmt::format("'{}' is not a date: YYYY-MM-DD, a real day from 1900-01-01 to "
                                       "2199-12-31",
                                       *given));
  }
  return day;
}

Day Parameters::required_date(const std::string& name) {
  const auto day = date(name);
  if (!day) refuse_parameter(name, "is required");
  return *day;
}

std::optional<std::int64_t> Parameters::instant_ms(const std::string& name, const BusinessZone& zone) {
  const auto given = text(name);
  if (!given) return std::nullopt;
  if (const auto ms = parse_instant_ms(*given)) return ms;
  if (const auto day = parse_date(*given)) return zone.start_of(*day + 1) * 1000 - 1;
  refuse_parameter(name, fmt::format("'{}' is neither an instant, such as 2024-06-30T18:00:00Z, nor a date from "
                                     "1900-01-01 to 2199-12-31",
                                     *given));
}

std::optional<std::int64_t> Parameters::integer(const std::string& name, std::int64_t least, std::int64_t most) {
  const auto given = text(name);
  if (!given) return std::nullopt;
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(given->data(), given->data() + given->size(), number);
  if (error != std::errc() || end != given->data() + given->size() || number < least || number > most) {
    refuse_parameter(name, fmt::format("'{}' is not a whole number from {} to {}", *given, least, most));
  }
  return number;
}

Decimal Parameters::decimal(const std::string& name) {
  const auto given = text(name);
  if (!given) return {};
  const auto value = parse_decimal(*given, kQuantityPlaces);
  if (!value) {
    refuse_parameter(name, fmt::format("'{}' is not a decimal: up to 12 digits, and up to {} after a point", *given,
                                       kQuantityPlaces));
  }
  return *value;
}

std::optional<Currency> Parameters::currency(const std::string& name) {
  const auto given = text(name);
  if (!given) return std::nullopt;
  const auto currency = Currency::parse(*given);
  if (!currency) refuse_parameter(name, fmt::format("'{}' is not an ISO 4217 currency code", *given));
  return currency;
}

std::string Parameters::one_of(const std::string& name, const std::vector<std::string>& allowed, std::string fallback) {
  const std::string given = text(name, std::move(fallback));
  if (std::ranges::find(allowed, given) == allowed.end()) {
    refuse_parameter(name, fmt::format("'{}' is not one of {}", given, fmt::join(allowed, ", ")));
  }
  return given;
}

std::vector<std::string> Parameters::list(const std::string& name) {
  std::vector<std::string> items;
  const auto given = text(name);
  if (!given) return items;
  std::string_view rest = *given;
  while (true) {
    const std::size_t comma = rest.find(',');
    items.emplace_back(rest.substr(0, comma));
    if (comma == std::string_view::npos) return items;
    rest.remove_prefix(comma + 1);
  }
}

std::vector<Day> Parameters::rising_days(const std::string& name, std::vector<Day> fallback) {
  const auto items = list(name);
  if (items.empty()) return fallback;
  std::vector<Day> days;
  for (const std::string& item : items) {
    Day day = 0;
    const auto [end, error] = std::from_chars(item.data(), item.data() + item.size(), day);
    if (error != std::errc() || end != item.data() + item.size() || day < 1 || day > kDaysMax) {
      refuse_parameter(name, fmt::format("'{}' is not a whole number of days from 1 on", item));
    }
    if (!days.empty() && day <= days.back()) refuse_parameter(name, "must rise");
    days.push_back(day);
  }
  if (days.size() > kRisingDaysMax) refuse_parameter(name, fmt::format("at most {} limits", kRisingDaysMax));
  return days;
}

void Parameters::done() const {
  for (const auto& [name, value] : given_) {
    if (!asked_.contains(name)) {
      refuse_parameter(name, fmt::format("is not a parameter of this request, which has {}", fmt::join(asked_, ", ")));
    }
  }
}

}  // namespace daybook::query
