// A small client for the command line: one request, waited for.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "http/message.h"

namespace daybook::http {

// What is sent with a POST.
struct Body {
  std::string content_type;
  std::string bytes;
};

// Where a body goes as it comes, rather than into the answer: however much it is, and as fast as it is taken.
struct Sink {
  // Whether it takes the body of an answer of this status and content type.
  std::function<bool(const Response& head)> takes;
  // False: it takes no more, and the answer is given up.
  std::function<bool(std::string_view bytes)> write;
};

// GET of a path under `base_url` ("http://127.0.0.1:8080"), or POST where there is a body; segments and
// parameters are encoded here. kInvalidArgument for a URL that is not plain http; kUnavailable when nobody answers, or an
// answer ends before its end.
Result<Response> ask(const std::string& base_url, const std::vector<std::string>& segments,
                     const std::multimap<std::string, std::string>& parameters, std::optional<Body> body = {},
                     const Sink* sink = nullptr);

// The detail of problem details (problem.h); nothing where the bytes are none.
std::optional<std::string> problem_detail(std::string_view body);

// What is said of an answer that no instance gives: what it was, and that it is none of ours.
Error not_ours(std::string_view url, const Response& answer);

}  // namespace daybook::http
