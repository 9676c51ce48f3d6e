// What an answer says that is none, in the form of RFC 9457.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace daybook {

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

struct Problem {
  int status = 400;
  std::string title;
  std::string detail;
  Faults faults = {};
  // Accounts that have the document asked for (409).
  std::vector<std::string> accounts = {};

  // {"type", "title", "status", "detail"}; where there are faults "violations", the first of them, and
  // "violation_count", of all; "accounts" where there are some.
  std::string to_json() const;
};

}  // namespace daybook
