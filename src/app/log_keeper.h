// The log of a program: opened at its start, or tried again until it is there; and watched from then on.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "app/log_watch.h"
#include "app/logging.h"
#include "app/metrics.h"
#include "app/settings.h"
#include "app/troubles.h"
#include "log/log.h"

namespace daybook::app {

// Opens the log that the settings name. What people must know of it goes to `notice`.
Result<std::unique_ptr<log::Log>> open_log(const Settings& settings,
                                           const std::function<void(const std::string&)>& notice);

// The same to read what it has; an embedded one may be written meanwhile.
Result<std::unique_ptr<log::Log>> open_log_to_read(const Settings& settings);

// A broker that is there answers within this; who asks for the status waits no longer.
inline constexpr std::chrono::milliseconds kStatusPatience{250};

// Whether a log that cannot be opened is tried again: away, or damaged, and to be restored by somebody.
bool may_come_back(ErrorCode code);

// Thread-safe, but for open(), start() and stop(), which are one thread's.
class LogKeeper {
 public:
  // Takes the log over: returns once it is of use, be it that it reads and appends from then on.
  using Use = std::function<Result<void>(log::Log&)>;

  // `meanwhile`: for people, what is done while the log is away.
  LogKeeper(const Settings& settings, std::string meanwhile, std::shared_ptr<Metrics> metrics, LogLine line);
  // Whoever uses the log has stopped; its pending appends are answered.
  ~LogKeeper();
  LogKeeper(const LogKeeper&) = delete;
  LogKeeper& operator=(const LogKeeper&) = delete;

  // Opens the log; gives how many partitions it has. `partitions`: how many it shall have where it is embedded.
  // `can_wait`: something can be done without it, so that a broker is not waited for long.
  Result<std::int32_t> open(std::optional<std::int32_t> partitions, bool can_wait);
  // Hands the log over where it was opened; where it was not, or was away then, tries again each second, from a thread of
  // its own. An error is that of `use`, which then is not tried again. `partitions` as for open().
  Result<void> start(std::optional<std::int32_t> partitions, Use use);
  // Ends the trying and the watch. May wait some seconds for a broker.
  void stop();

  // Null until it is in use; until the keeper ends from then on.
  log::Log* log() const { return in_use_; }
  // What the watch has seen; nothing until it is in use.
  LogSeen seen() const;
  LogSeen look(std::chrono::milliseconds patience) const;
  // That it is away, not fit any more, or takes nothing.
  Troubles troubles() const;
  // Why it is not tried any more: somebody must look. Empty while it is, or is in use.
  std::string failure() const;
  // Whoever waits for it is told soon that it is of no further use. Any thread.
  void give_up();

 private:
  Result<std::unique_ptr<log::Log>> try_to_open(std::optional<std::int32_t> partitions, bool can_wait) const;
  Result<void> hand_over(std::unique_ptr<log::Log> log);
  void try_until_there(std::optional<std::int32_t> partitions);
  void note_away(const Error& error);

  const Settings settings_;
  const std::string meanwhile_;
  const std::shared_ptr<Metrics> metrics_;
  const LogLine line_;
  const std::function<void(int level, const std::string&)> kafka_lines_;
  Use use_;
  std::unique_ptr<log::Log> opened_;  // Until it is handed over.
  // Set once, before in_use_.
  std::unique_ptr<log::Log> log_;
  std::unique_ptr<LogWatch> watch_;
  std::atomic<log::Log*> in_use_ = nullptr;
  std::atomic<bool> stopping_ = false;
  mutable std::mutex mutex_;  // Guards the rest.
  std::string away_;          // Why it could not be opened yet.
  std::string failure_;
  std::thread thread_;  // The one that tries; not guarded.
};

}  // namespace daybook::app
