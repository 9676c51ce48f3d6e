// The exchange rates that were published: no answer of its own, but what other questions are asked with.
#pragma once

#include <memory>

#include "query/rate_table.h"
#include "query/report.h"

namespace daybook::query {

const Report& rates_report();
// What it gathered.
RateTable rates_of(std::unique_ptr<Partial> gathered);

}  // namespace daybook::query
