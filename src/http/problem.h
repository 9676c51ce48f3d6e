// Errors in the form of RFC 9457.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "http/message.h"

namespace daybook::http {

inline constexpr std::string_view kProblemType = "application/problem+json";

// One thing wrong with the input.
struct Fault {
  // Of the event or record among those sent, from 0.
  std::int64_t index = 0;
  // Empty when the thing as a whole is at fault.
  std::string field;
  std::string message;
};

// {"type", "title", "status", "detail"}, and "violations" when there are any.
Response problem(int status, std::string_view title, std::string_view detail,
                 std::span<const Fault> violations = {});

}  // namespace daybook::http
