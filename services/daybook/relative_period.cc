#include "relative_period.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "base/ensure.h"

namespace daybook::cli {
namespace {

constexpr std::array<std::pair<std::string_view, Grain>, 4> kUnits = {
    {{"week", Grain::kWeek}, {"month", Grain::kMonth}, {"quarter", Grain::kQuarter}, {"year", Grain::kYear}}};

struct Relative {
  Grain grain = Grain::kDay;
  bool is_last = false;
};

std::optional<Relative> read(std::string_view text) {
  if (text == "today") return Relative{Grain::kDay, false};
  if (text == "yesterday") return Relative{Grain::kDay, true};
  const bool is_last = text.starts_with("last-");
  if (!is_last && !text.starts_with("this-")) return std::nullopt;
  const auto unit = std::ranges::find(kUnits, text.substr(5), &std::pair<std::string_view, Grain>::first);
  if (unit == kUnits.end()) return std::nullopt;
  return Relative{unit->second, is_last};
}

}  // namespace

bool is_relative_period(std::string_view text) { return read(text).has_value(); }

std::string relative_period(std::string_view text, Day today) {
  const auto relative = read(text);
  ENSURE(relative.has_value(), "asked of what is one");
  if (!relative->is_last) return period_label(relative->grain, today);
  return period_label(relative->grain, period_start(relative->grain, today) - 1);
}

}  // namespace daybook::cli
