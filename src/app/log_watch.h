// Watches the log from a thread of its own, so that nobody who answers a request waits for a broker: where each
// topic-partition ends, whether the log is away, and whether it still is the one that was opened.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "log/log.h"

namespace daybook::app {

// As of the last answer.
struct LogSeen {
  std::vector<log::EndOffset> ends;                         // Of the event topics; empty before the first answer.
  std::optional<std::chrono::system_clock::time_point> at;  // When these were asked for.
  std::string away;                                         // Why it does not answer; empty while it does.
  bool overdue = false;                                     // It keeps somebody waiting beyond their patience just now.
  std::string unfit;  // What has become of it since it was opened; empty while it is as it was.
};

// Thread-safe.
class LogWatch {
 public:
  struct Options {
    std::chrono::milliseconds ask_every{1'000};
    std::chrono::milliseconds check_every{60'000};
  };

  // `log` must outlive it.
  LogWatch(log::Log& log, Options options);
  explicit LogWatch(log::Log& log) : LogWatch(log, Options()) {}
  ~LogWatch();
  LogWatch(const LogWatch&) = delete;
  LogWatch& operator=(const LogWatch&) = delete;

  // Ends the watch, of which the last remains; called by the destructor too. Not by two threads at a time.
  void stop();

  // At once.
  LogSeen seen() const;
  // As of now where the log answers within `patience`; else as seen(). Where it does not answer anyway, at once.
  LogSeen look(std::chrono::milliseconds patience);

 private:
  void watch();

  log::Log& log_;
  const Options options_;
  mutable std::mutex mutex_;  // Guards the rest.
  std::condition_variable changed_;
  LogSeen seen_;
  bool stopping_ = false;
  // Rounds of questions: the one that is wanted, the last begun and the last done.
  std::uint64_t wanted_ = 1;
  std::uint64_t begun_ = 0;
  std::uint64_t done_ = 0;
  int unknown_checks_ = 0;  // In a row.
  std::thread thread_;
};

}  // namespace daybook::app
