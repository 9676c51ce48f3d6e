#include "app/waiting_questions.h"

#include <algorithm>
#include <utility>

namespace daybook::app {
namespace {

using std::chrono::steady_clock;

// How soon a question whose client has gone is forgotten, and a shard that was opened anew is noticed.
constexpr std::chrono::milliseconds kLookEvery{100};

}  // namespace

WaitingQuestions::WaitingQuestions(FindShards shards) : shards_(std::move(shards)) {
  thread_ = std::thread([this] { work(); });
}

WaitingQuestions::~WaitingQuestions() { stop(); }

void WaitingQuestions::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_one();
  if (thread_.joinable()) thread_.join();
  std::list<Waiting> left;
  {
    const std::lock_guard lock(mutex_);
    left.swap(waiting_);
  }
  for (const Waiting& each : left) each.let_go();
}

void WaitingQuestions::add(query::Wait wait, std::stop_token stop, std::function<void()> go_on,
                           std::function<void()> let_go) {
  const auto deadline = steady_clock::now() + wait.at_most;
  std::unique_lock lock(mutex_);
  if (stopping_) {
    lock.unlock();
    return let_go();
  }
  waiting_.push_back({std::move(wait), deadline, std::move(stop), std::move(go_on), std::move(let_go)});
  // A commit may have come since it was looked at.
  committed_ = true;
  changed_.notify_one();
}

void WaitingQuestions::committed() {
  const std::lock_guard lock(mutex_);
  if (waiting_.empty()) return;
  committed_ = true;
  changed_.notify_one();
}

void WaitingQuestions::work() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    if (waiting_.empty()) {
      changed_.wait(lock);
      continue;
    }
    const auto first = std::ranges::min_element(waiting_, {}, &Waiting::deadline)->deadline;
    changed_.wait_until(lock, std::min(first, steady_clock::now() + kLookEvery),
                        [&] { return stopping_ || committed_; });
    if (stopping_) return;
    committed_ = false;
    const auto now = steady_clock::now();
    const auto shards = shards_();
    const auto is_folded = [&](const query::Wait& wait) {
      return !shards || query::first_missing(**shards, wait) == nullptr;
    };
    std::list<Waiting> done;
    for (auto at = waiting_.begin(); at != waiting_.end();) {
      const auto next = std::next(at);
      const bool is_over = at->stop.stop_requested() || now >= at->deadline || is_folded(at->wait);
      if (is_over) done.splice(done.end(), waiting_, at);
      at = next;
    }
    lock.unlock();
    for (const Waiting& each : done) {
      if (!each.stop.stop_requested()) each.go_on();
    }
    done.clear();
    lock.lock();
  }
}

}  // namespace daybook::app
