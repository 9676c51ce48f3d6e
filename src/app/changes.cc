#include "app/changes.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "http/problem.h"

namespace daybook::app {
namespace {

using std::chrono::steady_clock;

// How long a browser waits before it comes again.
constexpr std::chrono::milliseconds kRetryAfter{2'000};
// More at once says no more than that everything may have changed.
constexpr std::size_t kTextBytesMax = 256 << 10;

std::string resync_event(std::uint64_t number) { return fmt::format("id: {}\nevent: resync\ndata: {{}}\n\n", number); }

}  // namespace

Changes::Changes(ChangesOptions options) : options_(std::move(options)), thread_([this] { run(); }) {}

Changes::~Changes() { stop(); }

http::Response Changes::listen(const http::Request& request, const query::AccessScope& scope) {
  const std::lock_guard lock(listening_);
  if (all_.size() >= options_.streams_max) let_go_of_closed();
  if (stopped_ || all_.size() >= options_.streams_max) {
    http::Response refused = http::problem(
        503, "Too many streams",
        stopped_ ? "the server ends" : fmt::format("{} listen already, as many as streams_max lets", all_.size()));
    refused.headers.emplace_back("Retry-After", "10");
    return refused;
  }
  http::Response response;
  response.content_type = "text/event-stream";
  // What is on its way must not be kept by anybody, nor held back by a proxy until there is more of it.
  response.headers = {{"Cache-Control", "no-store"}, {"X-Accel-Buffering", "no"}};
  response.stream = std::make_shared<http::Stream>();
  response.stream->push(fmt::format("retry: {}\nid: 0\n\n", kRetryAfter.count()));
  // Nothing is told again.
  if (!request.last_event_id.empty()) response.stream->push(resync_event(0));
  all_.push_back({response.stream, scope});
  listeners_ = all_.size();
  return response;
}

void Changes::publish(const query::ChangeNote& note) {
  const std::lock_guard lock(mutex_);
  const auto told = told_.find(note.partition);
  if (told != told_.end() && !note.is_ahead_of(told->second)) return;
  told_[note.partition] = note.next_offsets;
  if (pending_.everything) return;
  const auto [at, is_new] = pending_.notes.emplace(note.partition, note);
  if (!is_new) at->second.add(note);
  changed_.notify_one();
}

void Changes::resync() {
  const std::lock_guard lock(mutex_);
  told_.clear();
  if (!is_heard()) return;
  pending_ = {.everything = true, .notes = {}};
  changed_.notify_one();
}

void Changes::add_metrics(MetricSheet& sheet) const {
  sheet.gauge("daybook_change_streams", "Streams of changes that are open.");
  sheet.add({}, static_cast<double>(listeners_));
  sheet.counter("daybook_change_streams_slow_total",
                "How often one of them was read too slowly, and what waited for it dropped.");
  sheet.add({}, static_cast<double>(slow_reads_));
}

void Changes::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    changed_.notify_one();
  }
  if (thread_.joinable()) thread_.join();
  const std::lock_guard lock(listening_);
  stopped_ = true;
  for (const Listener& listener : std::exchange(all_, {})) listener.stream->close();
  listeners_ = 0;
}

void Changes::run() {
  std::uint64_t number = 0;
  auto told_at = steady_clock::now() - options_.pace;
  auto comment_at = steady_clock::now() + options_.comment_every;
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    const auto pace_end =
        told_at + options_.pace + static_cast<std::int64_t>(listeners_.load()) * options_.pace_of_each;
    const auto now = steady_clock::now();
    if (!pending_.empty() && now >= pace_end) {
      const Pending pending = std::exchange(pending_, {});
      lock.unlock();
      tell(pending, ++number);
      told_at = steady_clock::now();
      lock.lock();
    } else if (now >= comment_at) {
      lock.unlock();
      comment();
      comment_at = steady_clock::now() + options_.comment_every;
      lock.lock();
    } else {
      changed_.wait_until(lock, pending_.empty() ? comment_at : std::min(comment_at, pace_end));
    }
  }
}

std::string Changes::text_of(const Pending& pending, const query::AccessScope& scope, std::uint64_t number) const {
  if (pending.everything) return resync_event(number);
  const std::string prefix = options_.topic_prefix();
  std::string text;
  for (const auto& [partition, note] : pending.notes) {
    text += fmt::format("id: {}\nevent: commit\ndata: {}\n\n", number, note.to_json(prefix, scope));
    if (text.size() > kTextBytesMax) return resync_event(number);
  }
  return text;
}

void Changes::tell(const Pending& pending, std::uint64_t number) {
  const std::lock_guard lock(listening_);
  // Almost all see the same.
  const std::string everything = text_of(pending, query::AccessScope::everything(), number);
  const std::string resync = resync_event(number);
  for (const auto& [stream, scope] : all_) {
    const std::string other = scope.sees_everything() ? std::string() : text_of(pending, scope, number);
    const std::string& text = scope.sees_everything() ? everything : other;
    const std::size_t waiting = stream->waiting_bytes();
    if (waiting == 0 || waiting + text.size() <= options_.waiting_bytes_max) {
      stream->push(text);
    } else if (stream->replace(resync)) {
      ++slow_reads_;
    }
  }
  let_go_of_closed();
}

void Changes::comment() {
  const std::lock_guard lock(listening_);
  for (const Listener& listener : all_) {
    if (listener.stream->waiting_bytes() == 0) listener.stream->push(":\n\n");
  }
  let_go_of_closed();
}

void Changes::let_go_of_closed() {
  std::erase_if(all_, [](const Listener& listener) { return listener.stream->is_closed(); });
  listeners_ = all_.size();
}

}  // namespace daybook::app
