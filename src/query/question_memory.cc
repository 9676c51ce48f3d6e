#include "query/question_memory.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/allocator.h"
#include "query/request.h"

namespace daybook::query {
namespace {

// What may lie about unused, for each answer, until the allocator gives it back by itself.
constexpr std::size_t kReleasedBytes = std::size_t{4} << 20;

constexpr std::string_view kTooMuch = "Too much is asked";

}  // namespace

thread_local QuestionMemory* QuestionMemory::current_ = nullptr;

QuestionMemory::QuestionMemory(std::shared_ptr<MemoryBudget> budget, std::size_t bytes_max)
    : budget_(budget == nullptr ? std::make_shared<MemoryBudget>(SIZE_MAX) : std::move(budget)),
      bytes_max_(std::min(bytes_max, budget_->bytes_max() / 4 * 3)) {}

QuestionMemory::Taken QuestionMemory::try_take(std::size_t bytes) {
  const std::size_t wanted = used_ += bytes;
  if (wanted <= held_) return Taken::kYes;
  const std::lock_guard lock(mutex_);
  if (wanted <= held_) return Taken::kYes;
  const std::size_t more = (wanted - held_ + kStep - 1) / kStep * kStep;
  const bool is_too_much = wanted > bytes_max_;
  if (is_too_much || !budget_->try_take(more)) {
    used_ -= bytes;
    return is_too_much ? Taken::kTooMuch : Taken::kOthersHaveIt;
  }
  held_ += more;
  return Taken::kYes;
}

void QuestionMemory::take(std::size_t bytes) {
  switch (try_take(bytes)) {
    case Taken::kYes: return;
    case Taken::kTooMuch: refuse_as_too_much();
    case Taken::kOthersHaveIt:
      refuse(503, std::string(kTooMuch), "answers to others take all the memory that there is for them; try again");
  }
}

void QuestionMemory::refuse_as_too_much() const {
  refuse(400, std::string(kTooMuch),
         fmt::format(
             "the answer takes more than the {} MiB that there are for one: ask for less at a time, in pages, by fewer "
             "groups or for a shorter time, or give the server more (memory_mib)",
             bytes_max_ >> 20));
}

void QuestionMemory::give_back(std::size_t bytes) {
  std::size_t used = used_;
  while (!used_.compare_exchange_weak(used, used - std::min(used, bytes))) {
  }
}

bool asks_too_much(const Problem& problem) { return problem.title == kTooMuch; }

void QuestionMemory::keep(std::size_t bytes) {
  if (const std::size_t used = used_; used < bytes) return take(bytes - used);
  const std::lock_guard lock(mutex_);
  used_ = bytes;
  const std::size_t kept = std::min<std::size_t>(held_, (bytes + kStep - 1) / kStep * kStep);
  // Others may take it at once: it must not be there twice.
  if (held_ - kept >= kReleasedBytes) release_freed_memory();
  budget_->give_back(held_ - kept);
  held_ = kept;
}

}  // namespace daybook::query
