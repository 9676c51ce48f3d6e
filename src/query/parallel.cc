#include "query/parallel.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <exception>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "query/question_memory.h"

namespace daybook::query {
namespace {

// What is shared out. Who takes none of its jobs any more does not touch what they work on: it may be gone.
class SharedWork {
 public:
  SharedWork(std::size_t count, const std::function<void(std::size_t)>& job)
      : count_(count), job_(job), memory_(QuestionMemory::current()) {}

  void do_jobs() {
    const QuestionMemory::Work of(memory_);
    for (std::size_t i = next_++; i < count_; i = next_++) {
      std::exception_ptr failure;
      try {
        job_(i);
      } catch (...) {
        failure = std::current_exception();
      }
      const std::lock_guard lock(mutex_);
      if (failure != nullptr) failure_ = failure;
      if (++done_ == count_) all_done_.notify_one();
    }
  }

  // Throws what one of them threw.
  void wait() {
    std::unique_lock lock(mutex_);
    all_done_.wait(lock, [&] { return done_ == count_; });
    if (failure_ != nullptr) std::rethrow_exception(failure_);
  }

 private:
  const std::size_t count_;
  const std::function<void(std::size_t)>& job_;
  QuestionMemory* const memory_;
  std::atomic<std::size_t> next_ = 0;
  std::mutex mutex_;  // Guards the rest.
  std::condition_variable all_done_;
  std::size_t done_ = 0;
  std::exception_ptr failure_;
};

// Threads that join in where somebody has several jobs: one for each further processor. They wait for work rather than
// being made for it, so that nobody who is done waits for one that has not begun.
class Helpers {
 public:
  static Helpers& of_process() {
    static Helpers helpers;
    return helpers;
  }

  void join(const std::shared_ptr<SharedWork>& work, std::size_t wanted) {
    const std::lock_guard lock(mutex_);
    for (std::size_t i = 0; i < std::min(wanted, threads_.size()); ++i) {
      waiting_.push_back(work);
      there_.notify_one();
    }
  }

 private:
  Helpers() {
    for (unsigned i = 1; i < std::thread::hardware_concurrency(); ++i) {
      threads_.emplace_back([this](const std::stop_token& stop) { help(stop); });
    }
  }

  void help(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    while (there_.wait(lock, stop, [&] { return !waiting_.empty(); })) {
      const std::shared_ptr<SharedWork> work = std::move(waiting_.front());
      waiting_.pop_front();
      lock.unlock();
      work->do_jobs();
      lock.lock();
    }
  }

  std::mutex mutex_;  // Guards the next.
  std::deque<std::shared_ptr<SharedWork>> waiting_;
  std::condition_variable_any there_;
  std::vector<std::jthread> threads_;
};

}  // namespace

void on_all_processors(std::size_t count, const std::function<void(std::size_t)>& job) {
  if (count == 0) return;
  const auto work = std::make_shared<SharedWork>(count, job);
  if (count > 1) Helpers::of_process().join(work, count - 1);
  work->do_jobs();
  work->wait();
}

}  // namespace daybook::query
