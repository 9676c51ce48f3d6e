// From a path and parameters to an answer as text: every GET under /v1, over HTTP and offline alike.
#pragma once

#include <chrono>
#include <functional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "query/request.h"
#include "query/shard_query.h"

namespace daybook::query {

// Today in the business time zone.
using Today = std::function<Day()>;

struct Rendered {
  int status = 200;
  std::string content_type;
  std::string body;
};

// What is asked, as it came.
struct Request {
  std::vector<std::string> segments;  // The path's parts, decoded ("v1", "receivables", "ageing").
  const ParameterMap& parameters;
  std::string_view accept = {};  // The header, for answers in CSV.
  AccessScope scope = AccessScope::everything();
  std::optional<std::string_view> body = {};  // Of a POST.
  BodyMemory memory = {};
  std::stop_token stop = {};  // Given up once it is requested.
};

// Refusals become problem details. Any thread.
Rendered answer(const ShardSource& source, const Today& today, const Request& request);
// Whether answer() has a report for this path that is asked without a body.
bool is_report(const std::vector<std::string>& segments);
Rendered render(const Problem& problem);

// What a question wants to see folded, and how long it waits for that.
struct Wait {
  struct Position {
    log::TopicPartition at;
    std::int64_t offset = 0;
    std::string text;  // As it was asked for.
  };
  std::vector<Position> positions;
  std::chrono::milliseconds at_most{0};
};
// min_position and wait_ms.
Wait read_wait(const ShardSource& source, Parameters& parameters);
// The first that is not folded; null when all are.
const Wait::Position* first_missing(const ShardSource& source, const Wait& wait);

}  // namespace daybook::query
