// From a path and parameters to an answer as text: every GET under /v1, over HTTP and offline alike.
#pragma once

#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "query/views.h"

namespace daybook::query {

struct Rendered {
  int status = 200;
  std::string content_type;
  std::string body;
};

// `segments`: the path's parts, decoded ("v1", "receivables", "ageing"). `accept`: the header, for
// answers in CSV. Refusals become problem details. Any thread.
Rendered answer(const ReadModel& model, const Today& today, const std::vector<std::string>& segments,
                const ParameterMap& parameters, std::string_view accept);
// The one question that comes with a body: reconciliation with a CSV file. Given up once `stop` is requested.
Rendered answer_reconciliation(const ReadModel& model, const Today& today, const ParameterMap& parameters,
                               std::string_view accept, std::string_view body,
                               const std::stop_token& stop = {}, const LedgerMemory& memory = {});

// Whether answer() has a view for this path.
bool is_view(const std::vector<std::string>& segments);

Rendered render(const Problem& problem);

}  // namespace daybook::query
