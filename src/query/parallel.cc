#include "query/parallel.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "query/question_memory.h"

namespace daybook::query {

void on_all_processors(std::size_t count, const std::function<void(std::size_t)>& job) {
  std::atomic<std::size_t> next = 0;
  std::exception_ptr failure;
  std::mutex mutex;
  QuestionMemory* const memory = QuestionMemory::current();
  const auto work = [&] {
    const QuestionMemory::Work of(memory);
    for (std::size_t i = next++; i < count; i = next++) {
      try {
        job(i);
      } catch (...) {
        const std::lock_guard lock(mutex);
        failure = std::current_exception();
      }
    }
  };
  {
    std::vector<std::jthread> others;
    for (std::size_t i = 1; i < std::min<std::size_t>(std::thread::hardware_concurrency(), count); ++i) {
      others.emplace_back(work);
    }
    work();
  }
  if (failure != nullptr) std::rethrow_exception(failure);
}

}  // namespace daybook::query
