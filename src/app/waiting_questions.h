// Questions that wait until what they ask for is folded. They hold no worker meanwhile, so that however many wait, what
// they wait for is published and folded.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <list>
#include <mutex>
#include <stop_token>
#include <thread>

#include "query/router.h"

namespace daybook::app {

// Thread-safe.
class WaitingQuestions {
 public:
  // `source` must outlive it.
  explicit WaitingQuestions(const query::ShardSource& source);
  ~WaitingQuestions();
  WaitingQuestions(const WaitingQuestions&) = delete;
  WaitingQuestions& operator=(const WaitingQuestions&) = delete;

  // Calls go_on() from its thread, which must not be held up, once all is folded or the question has waited as long as
  // it will; never when nobody waits for the answer any more.
  void add(query::Wait wait, std::stop_token stop, std::function<void()> go_on);
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
  };

  void work();

  const query::ShardSource& source_;
  std::mutex mutex_;  // Guards the rest.
  std::condition_variable changed_;
  std::list<Waiting> waiting_;
  bool committed_ = false;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace daybook::app
