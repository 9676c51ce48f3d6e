#include "log/embedded/sync_pool.h"

#include <cerrno>

namespace daybook::log {
namespace {
// Beside the caller. More gain nothing: the disk commits what is waiting at once.
constexpr int kHelpers = 7;
}  // namespace

SyncPool::SyncPool(std::function<int(int)> sync) : sync_(std::move(sync)) {
  for (int i = 0; i < kHelpers; ++i) threads_.emplace_back([this] { run(); });
}

SyncPool::~SyncPool() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    round_begun_.notify_all();
  }
  for (std::thread& thread : threads_) thread.join();
}

int SyncPool::sync_all(const std::vector<int>& descriptors) {
  std::unique_lock lock(mutex_);
  waiting_ = descriptors;
  unfinished_ = descriptors.size();
  error_number_ = 0;
  if (descriptors.size() > 1) round_begun_.notify_all();
  take_part(lock);
  round_done_.wait(lock, [&] { return unfinished_ == 0; });
  return error_number_;
}

void SyncPool::run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    take_part(lock);
    round_begun_.wait(lock, [&] { return stopping_ || !waiting_.empty(); });
  }
}

void SyncPool::take_part(std::unique_lock<std::mutex>& lock) {
  while (!waiting_.empty()) {
    const int descriptor = waiting_.back();
    waiting_.pop_back();
    lock.unlock();
    const int error_number = sync_(descriptor) == 0 ? 0 : errno;
    lock.lock();
    if (error_number != 0) error_number_ = error_number;
    if (--unfinished_ == 0) round_done_.notify_one();
  }
}

}  // namespace daybook::log
