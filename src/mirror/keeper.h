// Builds the mirrors of a process, one after the other, and keeps them in order: one thread.
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "mirror/shard_mirror.h"

namespace daybook::mirror {

class Keeper {
 public:
  // Begins at once.
  explicit Keeper(std::vector<std::shared_ptr<ShardMirror>> mirrors);
  // Ends what is under way.
  ~Keeper();

 private:
  void work();

  const std::vector<std::shared_ptr<ShardMirror>> mirrors_;
  std::atomic<bool> stopping_ = false;
  std::mutex mutex_;
  std::condition_variable stop_;
  std::thread thread_;
};

}  // namespace daybook::mirror
