// What is asked of a view: its parameters, checked, and problems in the form of RFC 9457.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/date.h"
#include "base/decimal.h"
#include "base/money.h"
#include "base/problem.h"
#include "base/result.h"
#include "events/validate.h"

namespace daybook::query {

// Thrown by views and parameters, caught where the answer is written: a view reads straight down.
struct Refusal {
  Problem problem;
};
[[noreturn]] void refuse(int status, std::string title, std::string detail);
// 400 for one parameter.
[[noreturn]] void refuse_parameter(std::string_view name, std::string message);
// 503 once nobody waits for the answer any more.
void refuse_once_given_up(const std::stop_token& stop);
// The store failed: 503.
[[noreturn]] void refuse(const Error& error);

template <typename T>
T value_or_refuse(Result<T> result) {
  if (!result) refuse(result.error());
  return std::move(result).value();
}

// Parameters by name, percent-decoded.
using ParameterMap = std::multimap<std::string, std::string>;

// Of days that rise: the last there may be, and how many.
inline constexpr std::int64_t kDaysMax = 100'000;
inline constexpr std::int64_t kRisingDaysMax = 50;

// Reads parameters; every one must be asked for before done(), which refuses the others.
class Parameters {
 public:
  explicit Parameters(const ParameterMap& given) : given_(given) {}

  std::optional<std::string> text(const std::string& name);
  std::string text(const std::string& name, std::string fallback);
  std::optional<Day> date(const std::string& name);
  Day required_date(const std::string& name);
  // In milliseconds since 1970: an instant, or the end of a date.
  std::optional<std::int64_t> instant_ms(const std::string& name, const BusinessZone& zone);
  std::optional<std::int64_t> integer(const std::string& name, std::int64_t least, std::int64_t most);
  // Digits, or digits, a point and digits, as quantities are written; 0 where it is not given.
  Decimal decimal(const std::string& name);
  std::optional<Currency> currency(const std::string& name);
  std::string one_of(const std::string& name, const std::vector<std::string>& allowed, std::string fallback);
  std::vector<std::string> list(const std::string& name);
  // Whole days from 1 on, each more than the one before.
  std::vector<Day> rising_days(const std::string& name, std::vector<Day> fallback);
  // Refuses parameters that nobody asked for.
  void done() const;

 private:
  const ParameterMap& given_;
  std::set<std::string> asked_;
};

}  // namespace daybook::query
