// Sales targets as they were set: what stands beside the actuals of a region or sales rep.
#pragma once

#include <string>
#include <vector>

#include "domain/event.h"
#include "query/sales_reader.h"

namespace daybook::query {

struct SalesTarget {
  std::string group;  // Region path or sales rep.
  Day start = 0;      // Of its period, which has the rows' grain.
  Currency currency;
  Int128 minor = 0;

  template <typename Visit>
  void for_each_field(const Visit& visit) {
    visit(group, start, currency, minor);
  }
};

// Those of one shard, each once, that can be rows of what is asked: of its grain, meeting its span, no longer than its
// level. Of regions where rows are regions, of reps where they are reps, else none. A target is for all that its region
// or rep sells: there are none where a filter leaves a part of that, or where the question's scope sees a part of it.
std::vector<SalesTarget> read_targets(const ShardReader& shard, const SalesQuestion& asked,
                                      domain::SalesMeasure measure);

}  // namespace daybook::query
