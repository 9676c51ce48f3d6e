#include "app/vitals.h"

#include <unistd.h>

#include <fstream>
#include <span>

#include "http/problem.h"

namespace daybook::app {
namespace {

// What the kernel says that the process takes.
std::int64_t resident_bytes() {
  std::ifstream pages("/proc/self/statm");
  std::int64_t all = 0;
  std::int64_t resident = 0;
  pages >> all >> resident;
  return resident * ::sysconf(_SC_PAGESIZE);
}

void add_memory(MetricSheet& sheet, const Vitals& vitals) {
  sheet.gauge(
      "daybook_memory_bytes",
      "Memory by what takes it: documents and labels kept for folding, copies of cells made for questions, and of "
      "the store what was not flushed yet and what was read; bodies of requests, and answers.");
  for (const MemoryUse& use : vitals.memory) sheet.add({{"part", use.part}}, static_cast<double>(use.taken));
  sheet.gauge("daybook_memory_plan_bytes", "What each of these may take.");
  for (const MemoryUse& use : vitals.memory) sheet.add({{"part", use.part}}, static_cast<double>(use.planned));
  sheet.gauge("daybook_memory_bound_bytes", "The setting memory_mib.");
  sheet.add({}, static_cast<double>(vitals.memory_bound));
  sheet.gauge("process_resident_memory_bytes", "What the process takes altogether.");
  sheet.add({}, static_cast<double>(resident_bytes()));
}

// Empty: it is ready.
std::string why_not_ready(const Vitals& vitals) {
  for (const char* kind : std::span(kTroubleKinds).first(kUnreadyKinds)) {
    if (const auto found = vitals.troubles.find(kind); found != vitals.troubles.end()) return found->second;
  }
  return vitals.behind;
}

}  // namespace

http::Response ready_answer(const Vitals& vitals) {
  const std::string why = why_not_ready(vitals);
  return why.empty() ? http::Response{200, "text/plain", "ready\n"} : http::problem(503, "Not ready", why);
}

http::Response metrics_answer(const Vitals& vitals, const Metrics& metrics, MetricSheet sheet) {
  sheet.gauge("daybook_trouble", "1 while there is this kind of trouble; /v1/status has the words.");
  for (const char* kind : kTroubleKinds) sheet.add({{"kind", kind}}, vitals.troubles.contains(kind) ? 1 : 0);
  add_memory(sheet, vitals);
  sheet.gauge("daybook_ready", "1 when the instance is ready.");
  sheet.add({}, why_not_ready(vitals).empty() ? 1 : 0);
  return {200, "text/plain; version=0.0.4", metrics.text(std::move(sheet))};
}

}  // namespace daybook::app
