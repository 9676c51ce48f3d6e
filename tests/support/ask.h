// Questions to a read model.
#pragma once

#include <string>
#include <vector>

#include "query/local_shards.h"
#include "query/router.h"

namespace daybook::test {

inline query::Rendered ask(const query::ReadModel& model, const query::Today& today,
                           const std::vector<std::string>& segments, const query::ParameterMap& parameters) {
  return query::answer(query::LocalShards(model), today, {.segments = segments, .parameters = parameters});
}

}  // namespace daybook::test
