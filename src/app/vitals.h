// How every program says how it is: /readyz, and what its /metrics have in common.
#pragma once

#include <string>
#include <vector>

#include "app/memory_use.h"
#include "app/metrics.h"
#include "app/troubles.h"
#include "http/message.h"

namespace daybook::app {

struct Vitals {
  Troubles troubles;
  std::string behind;  // What it has to do yet before it is ready, for people; empty: nothing.
  std::vector<MemoryUse> memory;
  std::size_t memory_bound = 0;  // The setting, in bytes.
};

// 200, or 503 with the first reason.
http::Response ready_answer(const Vitals& vitals);
// `sheet`: what the program's parts measure; `metrics`: what was measured in passing.
http::Response metrics_answer(const Vitals& vitals, const Metrics& metrics, MetricSheet sheet);

}  // namespace daybook::app
