// What is wrong with a program, by kind: for its readiness, its metrics and its status; and lines that tell of it.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <thread>

#include "app/logging.h"

namespace daybook::app {

// The words for people, by kind, which is a label of metrics.
using Troubles = std::map<std::string, std::string>;

// In the order in which one that is not ready tells them; the last two do not make unready.
inline constexpr std::array kTroubleKinds = {"log_away", "log_unfit", "store",  "disk",         "append",
                                             "fold",     "proof",     "shards", "dead_letters", "projectors"};
inline constexpr std::size_t kUnreadyKinds = kTroubleKinds.size() - 2;

// All words; empty when there are none.
std::string words_of(const Troubles& troubles);

// Tells of each trouble in a line when it comes, and when it has gone: within moments, from a thread of its own. Stores
// tell in lines of their own, shard by shard, what is wrong, and what is done about it.
class Lookout {
 public:
  // `look` is called every tenth of a second; it must wait for nothing for long.
  Lookout(std::function<Troubles()> look, LogLine line);
  ~Lookout();
  Lookout(const Lookout&) = delete;
  Lookout& operator=(const Lookout&) = delete;

  // Called by the destructor too. Not by two threads at a time.
  void stop();

 private:
  struct Known {
    std::chrono::steady_clock::time_point since;
    bool told = false;
    explicit Known(std::chrono::steady_clock::time_point now) : since(now) {}
  };
  void tell(const Troubles& now);

  const std::function<Troubles()> look_;
  const LogLine line_;
  std::map<std::string, Known> known_;  // By kind; the thread's.
  std::atomic<bool> stopping_ = false;
  std::thread thread_;
};

}  // namespace daybook::app
