#include "query/catalog.h"

#include <algorithm>

#include "query/reports.h"
#include "query/reports/customer_names.h"
#include "query/reports/parked.h"
#include "query/reports/promises.h"
#include "query/reports/rates.h"
#include "query/reports/stage_times.h"

namespace daybook::query {
namespace {

constexpr auto name_of = [](const Report* report) -> std::string_view { return report->description().name; };

std::vector<std::string_view> split(std::string_view path) {
  std::vector<std::string_view> parts;
  while (!path.empty()) {
    path.remove_prefix(1);
    const std::size_t slash = std::min(path.find('/'), path.size());
    parts.push_back(path.substr(0, slash));
    path.remove_prefix(slash);
  }
  return parts;
}

}  // namespace

std::span<const Report* const> reports() {
  static const std::vector<const Report*> all = [] {
#define DAYBOOK_LIST_REPORT(name) &name##_report(),
    std::vector<const Report*> list = {DAYBOOK_REPORTS(DAYBOOK_LIST_REPORT)};
#undef DAYBOOK_LIST_REPORT
    std::ranges::sort(list, {}, name_of);
    return list;
  }();
  return all;
}

const Report* find_report(std::string_view name) {
  static const std::vector<const Report*> asked_by_others = {&customer_names_report(), &promises_report(),
                                                             &rates_report(),          &resolution_report(),
                                                             &stage_times_report(),    &unresolved_report()};
  for (const std::span<const Report* const> some : {reports(), std::span<const Report* const>(asked_by_others)}) {
    const auto at = std::ranges::find(some, name, name_of);
    if (at != some.end()) return *at;
  }
  return nullptr;
}

std::optional<Route> find_route(const std::vector<std::string>& segments, bool has_body) {
  for (const Report* report : reports()) {
    const std::vector<std::string_view> parts = split(report->description().path);
    if (parts.size() != segments.size() || report->description().has_body != has_body) continue;
    Route route{report, {}};
    const bool fits = std::ranges::equal(parts, segments, [&](std::string_view part, const std::string& segment) {
      if (!part.starts_with('{')) return part == segment;
      route.subject += route.subject.empty() ? segment : "/" + segment;
      return !segment.empty();
    });
    if (fits) return route;
  }
  return std::nullopt;
}

}  // namespace daybook::query
