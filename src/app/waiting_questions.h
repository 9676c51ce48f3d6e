// Questions that wait until what they ask for is folded. They hold no worker meanwhile, so that however many wait, what
// they wait for is published and folded.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <stop_token>
#include <thread>

#include "base/result.h"
#include "query/router.h"

namespace daybook::app {

// The shards that are asked; while they are not known an Error says why. Any thread, and at once.
using FindShards = std::function<Result<std::shared_ptr<const query::ShardSource>>()>;

// Thread-safe.
class WaitingQuestions {
 public:
  // Their has_folded() is asked ten times a second and at each commit, and must not be waited for.
  explicit WaitingQuestions(FindShards shards);
  ~WaitingQuestions();
  WaitingQuestions(const WaitingQuestions&) = delete;
  WaitingQuestions& operator=(const WaitingQuestions&) = delete;

  // Calls go_on() from its thread, which must not be held up, once all is folded or the question has waited as long as
  // it will, or the shards are not known any more; never when nobody waits for the answer any more. What stop() lets go of
  // calls let_go() instead.
  void add(query::Wait wait, std::stop_token stop, std::function<void()> go_on, std::function<void()> let_go);
  // Something was committed.
  void committed();
  // Lets go of those that wait; nothing goes on afterwards. Called by the destructor too. Not by two threads at a time.
  void stop();

 private:
  struct Waiting {
    query::Wait wait;
    std::chrono::steady_clock::time_point deadline;
    std::stop_token stop;
    std::function<void()> go_on;
    std::function<void()> let_go;
  };

  void work();

  const FindShards shards_;
  std::mutex mutex_;  // Guards the rest.
  std::condition_variable changed_;
  std::list<Waiting> waiting_;
  bool committed_ = false;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace daybook::app
