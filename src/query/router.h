// From a path and parameters to an answer as text: every GET under /v1, over HTTP and offline alike.
#pragma once

#include <functional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "query/pieces.h"
#include "query/request.h"
#include "query/shard_query.h"
#include "query/wait.h"

namespace daybook::query {

// Today in the business time zone.
using Today = std::function<Day()>;

struct Rendered {
  int status = 200;
  std::string content_type;
  std::string body;
  // The memory that it was given, until it goes.
  std::shared_ptr<QuestionMemory> memory = {};
  // What follows the body, of a file that comes in pieces. Null: nothing.
  std::shared_ptr<Pieces> rest = {};
};

// What is asked, as it came.
struct Request {
  std::vector<std::string> segments;  // The path's parts, decoded ("v1", "receivables", "ageing").
  const ParameterMap& parameters;
  std::string_view accept = {};  // The header: the format, where no parameter names one.
  AccessScope scope = AccessScope::everything();
  std::optional<std::string_view> body = {};  // Of a POST.
  std::shared_ptr<MemoryBudget> memory = {};  // Of all answers; null: without a bound.
  std::stop_token stop = {};                  // Given up once it is requested.
};

// Refusals become problem details. Any thread.
Rendered begin_answer(const ShardSource& source, const Today& today, const Request& request);
// The same, with all that follows in its body.
Rendered answer(const ShardSource& source, const Today& today, const Request& request);
// Whether answer() has a report for this path that is asked without a body.
bool is_report(const std::vector<std::string>& segments);
Rendered render(const Problem& problem);

}  // namespace daybook::query
