// Dates on which something takes effect.
#pragma once

#include <algorithm>
#include <span>

#include "base/date.h"
#include "base/small_vector.h"

namespace daybook::domain {

// Each once, rising.
class Breakpoints {
 public:
  void add(Day day) {
    if (day != kNever) days_.push_back(day);
  }
  std::span<const Day> sorted() {
    std::ranges::sort(days_);
    days_.erase(std::unique(days_.begin(), days_.end()), days_.end());
    return days_;
  }

 private:
  SmallVector<Day, 16> days_;
};

}  // namespace daybook::domain
