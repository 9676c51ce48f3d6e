// A few threads and a bounded queue of work for them.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace daybook::http {

// Thread-safe. Destruction waits for the tasks that run and drops those that wait.
class WorkerPool {
 public:
  using Task = std::function<void()>;

  WorkerPool(unsigned threads, std::size_t queue_max);
  ~WorkerPool();

  // False when the queue is full. Tasks must not throw.
  [[nodiscard]] bool try_submit(Task task);

 private:
  void work();

  const std::size_t queue_max_;
  std::mutex mutex_;  // Guards queue_ and stopping_.
  std::condition_variable changed_;
  std::deque<Task> queue_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace daybook::http
