// Memory that many share within one bound: what they take is counted, not reserved.
#pragma once

#include <atomic>
#include <cstddef>

namespace daybook {

// Thread-safe.
class MemoryBudget {
 public:
  explicit MemoryBudget(std::size_t bytes_max) : bytes_max_(bytes_max) {}

  // False, and nothing is taken, when less is left.
  [[nodiscard]] bool try_take(std::size_t bytes) {
    std::size_t taken = taken_;
    do {
      if (bytes > bytes_max_ - taken) return false;
    } while (!taken_.compare_exchange_weak(taken, taken + bytes));
    return true;
  }
  void give_back(std::size_t bytes) { taken_ -= bytes; }

  std::size_t taken() const { return taken_; }
  std::size_t bytes_max() const { return bytes_max_; }

 private:
  const std::size_t bytes_max_;
  std::atomic<std::size_t> taken_ = 0;
};

}  // namespace daybook
