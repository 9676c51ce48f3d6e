// Errors in the form of RFC 9457.
#pragma once

#include <string_view>

#include "http/message.h"

namespace daybook::http {

inline constexpr std::string_view kProblemType = "application/problem+json";

// {"type", "title", "status", "detail"}.
Response problem(int status, std::string_view title, std::string_view detail);

}  // namespace daybook::http
