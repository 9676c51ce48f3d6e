// Sums of orders by period and group.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <string>
#include <unordered_map>
#include <vector>

#include "query/period.h"
#include "query/question_memory.h"

namespace daybook::query {

// `Sums` begin as they are made. Remembers where neighbours went.
template <typename Sums>
class PeriodGroups {
 public:
  explicit PeriodGroups(const Period& period) : period_(period) {
    for (Day day = period_.from; day <= period_.to; ++day) {
      const Day start = period_.grain == Grain::kNone ? period_.from : period_start(period_.grain, day);
      if (starts_.empty() || starts_.back() != start) starts_.push_back(start);
      places_.push_back(static_cast<std::uint32_t>(starts_.size() - 1));
    }
  }

  // Of a group by its number from 0 on; `day` lies in the period asked for.
  Sums& at(std::uint32_t group_number, Day day) {
    if (group_number >= groups_.size()) groups_.resize(group_number + 1);
    Group& group = groups_[group_number];
    const std::uint32_t place = places_[static_cast<std::size_t>(day - period_.from)];
    if (group.last == nullptr || group.last_place != place) {
      const auto [at, is_new] = group.periods.try_emplace(place);
      // With what an answer makes of it.
      if (is_new) take_memory(2 * (sizeof *at + kNodeBytes));
      group.last = &at->second;
      group.last_place = place;
    }
    return *group.last;
  }

  // Calls visit(label of the period, number of the group, sums).
  template <typename Visit>
  void for_each(const Visit& visit) {
    for (std::uint32_t i = 0; i < groups_.size(); ++i) {
      for (auto& [place, sums] : groups_[i].periods) {
        visit(period_.label(std::max(starts_[place], period_.from)), i, sums);
      }
    }
  }

 private:
  struct Group {
    std::unordered_map<std::uint32_t, Sums> periods;  // By place of their start.
    std::uint32_t last_place = 0;
    Sums* last = nullptr;
  };

  const Period period_;
  std::vector<Day> starts_;
  std::vector<std::uint32_t> places_;  // By day: which of the starts.
  std::deque<Group> groups_;           // By number.
};

}  // namespace daybook::query
