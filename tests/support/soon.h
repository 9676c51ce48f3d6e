// Waiting in tests for what other threads do.
#pragma once

#include <chrono>
#include <thread>

namespace daybook::test {

// Whether condition() becomes true: asked again and again, for 20 s at most, which only a failure takes.
template <typename Condition>
bool soon(const Condition& condition) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

}  // namespace daybook::test
