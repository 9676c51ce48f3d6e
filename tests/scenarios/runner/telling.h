// Events in few words (tests/scenarios/README.md) as JSON.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "log/log.h"
#include "scenarios/runner/script.h"

namespace daybook::test {

struct Told {
  std::string json;
  // Where it goes, if not where it belongs.
  std::optional<log::Topic> topic;
  std::optional<std::string> key;
  // The dates it speaks of.
  std::vector<std::string> days;
};

class Teller {
 public:
  void set_customer(std::string id) { customer_ = std::move(id); }
  // "on DATE VERB …". Throws std::runtime_error for what is no event.
  Told tell(const Step& step);

 private:
  std::string customer_ = "C1";
  std::map<std::string, int> told_;  // Event ids given, and how often.
};

}  // namespace daybook::test
