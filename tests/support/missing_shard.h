// A shard that cannot be asked: no report is answered without it.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "query/catalog.h"
#include "query/router.h"
#include "support/book.h"
#include "support/paths.h"

namespace daybook::test {

// Every report that asks all shards, in JSON and CSV.
inline void each_is_refused(const query::ShardSource& shards, const std::string& names) {
  for (const query::Report* report : query::reports()) {
    const query::Description& of = report->description();
    if (of.has_body) continue;
    for (const char* format : {"json", "csv"}) {
      if (format == std::string("csv") && of.row.empty()) continue;
      query::ParameterMap parameters = {{"format", format}};
      for (const query::Parameter& parameter : of.parameters) {
        if (parameter.required)
          parameters.emplace(parameter.name, parameter.name == "from" ? "2024-01-01" : "2024-06-30");
      }
      std::string path = of.path.substr(1);
      if (!query::placeholders(path).empty()) {
        // An account is of one shard, and a statement in CSV says nothing of the others.
        if (path.starts_with("v1/customers") && format == std::string("csv")) continue;
        path = filled_path(path, "C1", log::partition_of("C1", shards.partition_count()));
      }
      const std::vector<std::string> segments = segments_of(path);
      const auto rendered =
          query::answer(shards, [] { return Day{19'000}; }, {.segments = segments, .parameters = parameters});
      EXPECT_EQ(rendered.status, 503) << path << " " << format;
      EXPECT_NE(rendered.body.find(names), std::string::npos) << path << ": " << rendered.body;
    }
  }
}

}  // namespace daybook::test
