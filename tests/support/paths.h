// Paths that reports are asked under.
#pragma once

#include <string>
#include <string_view>

#include "query/path_pattern.h"

namespace daybook::test {

// With what stands in braces given: `id` for an id; of a record the first of a partition of invoices.
inline std::string filled_path(std::string_view path, const std::string& id, std::int32_t partition = 0) {
  return query::replace_placeholders(path, [&](std::string_view name) -> std::string {
    if (name == "topic") return "daybook.invoices.v1";
    if (name == "partition") return std::to_string(partition);
    return name == "offset" ? "0" : id;
  });
}

}  // namespace daybook::test
