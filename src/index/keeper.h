// Builds the indexes of a process, one after the other, and keeps them in order: one thread.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "index/shard_index.h"

namespace daybook::index {

class Keeper {
 public:
  // Begins at once, with building once `may_build`, which is asked again and again: an index that is read
  // while history is folded is soon of no use. Calls `forget` as often, for what others keep of older images.
  // `indexes`: those that there are now, asked for as often; they are let go of soon.
  Keeper(std::function<std::vector<std::shared_ptr<ShardIndex>>()> indexes, std::function<bool()> may_build,
         std::function<void()> forget);
  // Ends what is under way.
  ~Keeper();

 private:
  void work();
  // Puts in order and saves, wherever that is wanted: none waits until all are built.
  void tidy();

  const std::function<std::vector<std::shared_ptr<ShardIndex>>()> indexes_;
  const std::function<bool()> may_build_;
  const std::function<void()> forget_;
  std::atomic<bool> stopping_ = false;
  std::mutex mutex_;
  std::condition_variable stop_;
  std::thread thread_;
};

}  // namespace daybook::index
