// A small client for the command line: one request, waited for.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "http/message.h"

namespace daybook::http {

// What is sent with a POST.
struct Body {
  std::string content_type;
  std::string bytes;
};

// GET of a path under `base_url` ("http://127.0.0.1:8080"), or POST where there is a body; segments and
// parameters are encoded here. kInvalidArgument for a URL that is not plain http; kUnavailable when nobody answers.
Result<Response> ask(const std::string& base_url, const std::vector<std::string>& segments,
                     const std::multimap<std::string, std::string>& parameters, std::optional<Body> body = {});

}  // namespace daybook::http
