// What the answer to one question takes of the memory that there is for all of them.
//
// Whoever makes something that grows with what is asked (a group, a row, the text of an answer) takes its size from the
// question that its thread works for. It is counted roughly, and a little too high.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>

#include "base/memory_budget.h"
#include "base/problem.h"

namespace daybook::query {

// Thread-safe. Gives back in the end what it still has.
class QuestionMemory {
 public:
  // One question may have three quarters of the budget, and no more than `bytes_max`; no budget: as much as it takes.
  explicit QuestionMemory(std::shared_ptr<MemoryBudget> budget, std::size_t bytes_max = SIZE_MAX);
  ~QuestionMemory() { budget_->give_back(held_); }
  QuestionMemory(const QuestionMemory&) = delete;
  QuestionMemory& operator=(const QuestionMemory&) = delete;

  enum class Taken { kYes, kTooMuch, kOthersHaveIt };
  [[nodiscard]] Taken try_take(std::size_t bytes);
  // Throws a Refusal: 400 where the question asks for too much, 503 where others have it just now.
  void take(std::size_t bytes);
  [[noreturn]] void refuse_as_too_much() const;
  void give_back(std::size_t bytes);
  // From now on so many bytes: what an answer takes once it is written, and all that it was made of is gone. Throws as
  // take() where these are more.
  void keep(std::size_t bytes);

  std::size_t bytes_max() const { return bytes_max_; }
  // The most that it took so far, in whole steps, before keep().
  std::size_t most() const { return held_; }

  // The one that this thread works for; null: nothing is counted.
  static QuestionMemory* current() { return current_; }
  // For as long as it lives.
  class Work {
   public:
    explicit Work(QuestionMemory* memory) : before_(current_) { current_ = memory; }
    ~Work() { current_ = before_; }
    Work(const Work&) = delete;
    Work& operator=(const Work&) = delete;

   private:
    QuestionMemory* const before_;
  };

 private:
  static constexpr std::size_t kStep = std::size_t{256} << 10;
  static thread_local QuestionMemory* current_;

  const std::shared_ptr<MemoryBudget> budget_;
  const std::size_t bytes_max_;
  std::atomic<std::size_t> used_ = 0;
  std::mutex mutex_;
  std::atomic<std::size_t> held_ = 0;  // Of the budget, in whole steps; changed under mutex_.
};

// Of the question that this thread works for.
inline void take_memory(std::size_t bytes) {
  if (QuestionMemory* memory = QuestionMemory::current()) memory->take(bytes);
}
inline void give_back_memory(std::size_t bytes) {
  if (QuestionMemory* memory = QuestionMemory::current()) memory->give_back(bytes);
}
// What is given back when it goes. On the thread that it was taken on.
class TakenMemory {
 public:
  TakenMemory() = default;
  ~TakenMemory() { give_back_memory(bytes_); }
  TakenMemory(TakenMemory&& other) noexcept : bytes_(std::exchange(other.bytes_, 0)) {}
  TakenMemory& operator=(TakenMemory&&) = delete;

  void add(std::size_t bytes) {
    take_memory(bytes);
    bytes_ += bytes;
  }

 private:
  std::size_t bytes_ = 0;
};

// What the text of an answer takes while it is written: twice its size, as it moves when it outgrows its place.
class GrowingText {
 public:
  void grew_to(std::size_t bytes) {
    if (bytes <= taken_) return;
    take_memory(bytes);
    taken_ += bytes;
  }

 private:
  std::size_t taken_ = 0;
};

// Whether a question was refused for what it takes: less may be had for fewer rows.
bool asks_too_much(const Problem& problem);

// What an element of a map takes beside what it holds.
inline constexpr std::size_t kNodeBytes = 64;

}  // namespace daybook::query
