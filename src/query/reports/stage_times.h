// How long orders took from one milestone to the next: no answer of its own, but the yardstick of those that wait.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "query/report.h"

namespace daybook::query {

// What a shard is asked for, enclosed: stages by the milestones that end them, which they did on these days.
struct StagesWanted {
  Day from = 0;
  Day to = 0;
  std::vector<std::size_t> ends;

  template <typename Visit>
  void for_each_field(const Visit& visit) {
    visit(from, to, ends);
  }
};

// Of all orders within the question's scope.
const Report& stage_times_report();
// What it gathered: by the milestone, the seconds that each order took, in no order.
std::map<std::size_t, std::vector<std::int64_t>> stage_times_in(std::unique_ptr<Partial> gathered);

}  // namespace daybook::query
