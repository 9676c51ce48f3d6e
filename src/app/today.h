// Which day it is.
#pragma once

#include <chrono>
#include <optional>

#include "base/date.h"

namespace daybook::app {

// As it is fixed, or by the clock in the business time zone.
inline Day today_of(std::optional<Day> fixed, const BusinessZone& zone) {
  if (fixed) return *fixed;
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return zone.day_of(std::chrono::duration_cast<std::chrono::seconds>(now).count());
}

}  // namespace daybook::app
