// The list of reports, from which routes, OpenAPI and the command line come.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "query/report.h"

namespace daybook::query {

// Those that can be asked from outside, by name.
std::span<const Report* const> reports();
// Also one that is asked by others alone; null: there is none of that name.
const Report* find_report(std::string_view name);

// A path's report, and what the path has in place of its placeholders: an id, or several texts with a slash between.
struct Route {
  const Report* report = nullptr;
  std::string subject;
};
// `segments`: the path's parts, decoded ("v1", "receivables", "ageing"). Nothing where there is no report that is asked
// so.
std::optional<Route> find_route(const std::vector<std::string>& segments, bool has_body);

}  // namespace daybook::query
