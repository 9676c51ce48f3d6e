// Syncs many files at the same time: the file system commits them together, which takes a fraction
// of the time that one after the other does.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace daybook::log {

class SyncPool {
 public:
  // `sync` is called with a file descriptor, as fdatasync(2), from several threads.
  explicit SyncPool(std::function<int(int)> sync);
  ~SyncPool();

  // Syncs all of `descriptors`; 0, or the error number of one that failed. One caller at a time.
  int sync_all(const std::vector<int>& descriptors);

 private:
  void run();
  // Syncs files of the round until none is left. The mutex is held, but not while syncing.
  void take_part(std::unique_lock<std::mutex>& lock);

  const std::function<int(int)> sync_;
  std::mutex mutex_;  // Guards what follows.
  std::condition_variable round_begun_;
  std::condition_variable round_done_;
  std::vector<int> waiting_;
  std::size_t unfinished_ = 0;
  int error_number_ = 0;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace daybook::log
