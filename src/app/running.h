// A program while it runs.
#pragma once

#include <string>

namespace daybook::app {

// Thread-safe. Everything ends in the destructor.
class Running {
 public:
  virtual ~Running() = default;
  // Where it listens: "http://127.0.0.1:8080".
  virtual std::string address() const = 0;
  // Why it had to stop by itself; empty while it has not.
  virtual std::string failure() const = 0;
};

}  // namespace daybook::app
