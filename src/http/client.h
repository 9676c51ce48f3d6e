// A small client for the command line: one request, waited for.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "http/message.h"

namespace daybook::http {

// GET of a path under `base_url` ("http://127.0.0.1:8080"); segments and parameters are encoded here.
// kInvalidArgument for a URL that is not plain http; kUnavailable when nobody answers.
Result<Response> get(const std::string& base_url, const std::vector<std::string>& segments,
                     const std::multimap<std::string, std::string>& parameters);

}  // namespace daybook::http
