#include "app/log_watch.h"

#include <algorithm>

namespace daybook::app {

using std::chrono::steady_clock;

namespace {
constexpr int kUnknownChecksMax = 3;
}

LogWatch::LogWatch(log::Log& log, Options options) : log_(log), options_(options) {
  thread_ = std::thread([this] { watch(); });
}

LogWatch::~LogWatch() { stop(); }

void LogWatch::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

LogSeen LogWatch::seen() const {
  const std::lock_guard lock(mutex_);
  return seen_;
}

LogSeen LogWatch::look(std::chrono::milliseconds patience) {
  std::unique_lock lock(mutex_);
  if (!seen_.away.empty() || seen_.overdue || stopping_) return seen_;
  // One that has begun already may have been answered before the call.
  const std::uint64_t round = begun_ + 1;
  wanted_ = std::max(wanted_, round);
  changed_.notify_all();
  if (!changed_.wait_for(lock, patience, [&] { return done_ >= round || stopping_; })) seen_.overdue = true;
  return seen_;
}

void LogWatch::watch() {
  std::unique_lock lock(mutex_);
  auto next_check = steady_clock::now() + options_.check_every;
  while (!stopping_) {
    changed_.wait_for(lock, options_.ask_every, [&] { return stopping_ || wanted_ > begun_; });
    if (stopping_) return;
    const std::uint64_t round = wanted_ = std::max(wanted_, begun_ + 1);
    begun_ = round;
    lock.unlock();
    const auto at = std::chrono::system_clock::now();
    auto ends = log_.end_offsets(log::kEventTopics);
    lock.lock();
    if (ends) {
      seen_.ends = std::move(ends).value();
      seen_.at = at;
      seen_.away.clear();
    } else {
      seen_.away = ends.error().message;
    }
    done_ = round;
    seen_.overdue = false;
    changed_.notify_all();
    if (!seen_.away.empty() || steady_clock::now() < next_check || stopping_) continue;
    lock.unlock();
    const auto checked = log_.check();
    next_check = steady_clock::now() + options_.check_every;
    lock.lock();
    const bool unknown = !checked && checked.error().code == ErrorCode::kUnavailable;
    unknown_checks_ = unknown ? unknown_checks_ + 1 : 0;
    // One that has just gone away is told above. But settings that cannot be read time and again may be any.
    if (!unknown || unknown_checks_ >= kUnknownChecksMax) {
      seen_.unfit = checked ? "" : (unknown ? "its settings cannot be read: " : "") + checked.error().message;
    }
  }
}

}  // namespace daybook::app
