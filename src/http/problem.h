// Errors in the form of RFC 9457.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

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

// What is wrong with an input: as much as there may be is counted, and the first kept.
struct Faults {
  static constexpr std::size_t kKeptMax = 100;

  std::vector<Fault> kept;
  std::size_t count = 0;

  void add(Fault fault) {
    if (kept.size() < kKeptMax) kept.push_back(std::move(fault));
    ++count;
  }
  bool empty() const { return count == 0; }
};

// {"type", "title", "status", "detail"}, and where there are faults "violations", the first of them, and
// "violation_count", of all.
Response problem(int status, std::string_view title, std::string_view detail, const Faults& faults = {});

}  // namespace daybook::http
