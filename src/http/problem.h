// Problem details as answers.
#pragma once

#include <string>
#include <string_view>

#include "base/problem.h"
#include "http/message.h"

namespace daybook::http {

inline constexpr std::string_view kProblemType = "application/problem+json";

Response to_response(const Problem& problem);
Response problem(int status, std::string_view title, std::string_view detail, const Faults& faults = {});

}  // namespace daybook::http
