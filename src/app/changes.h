// GET /v1/changes: a note of each commit to everybody who listens, as server-sent events, so that a page refreshes by
// itself.
//
//   published ─► one note a shard, merged while it waits ─► at a pace, to each listener ─► its stream
//
// Whoever publishes is never held up by those who listen. One who reads too slowly loses what waits for it, and hears
// that it has to look at everything again (`resync`); so does everybody where it is not known what changed.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "app/metrics.h"
#include "http/message.h"
#include "http/stream.h"
#include "query/access_scope.h"
#include "query/change_note.h"

namespace daybook::app {

struct ChangesOptions {
  // Beyond, 503.
  std::size_t streams_max = 5'000;
  // Of the topics' names, as it is now.
  std::function<std::string()> topic_prefix = [] { return std::string(); };
  // Notes of a shard go out no faster than this, and the slower the more listen: each of so many takes that long more.
  std::chrono::microseconds pace{50'000};
  std::chrono::microseconds pace_of_each{40};
  // A line goes to everybody within this, by which it is noticed who has gone.
  std::chrono::milliseconds comment_every{15'000};
  // What may wait for one who is reading; beyond, it reads too slowly.
  std::size_t waiting_bytes_max = 64 << 10;
};

// Thread-safe.
class Changes {
 public:
  explicit Changes(ChangesOptions options);
  ~Changes();
  Changes(const Changes&) = delete;
  Changes& operator=(const Changes&) = delete;

  // A stream of what changes from now on, for one who may see so much; or why there is none.
  http::Response listen(const http::Request& request, const query::AccessScope& scope);

  // Whether anybody listens: nobody need make notes otherwise. What was committed before a stream began is seen by whoever
  // asks once it has.
  bool is_heard() const { return listeners_ > 0; }
  // A commit, once questions see it. What a shard was further than already, as another projector of it was heard, is
  // passed over.
  void publish(const query::ChangeNote& note);
  // Anything may have changed, also back to what was before.
  void resync();
  void add_metrics(MetricSheet& sheet) const;
  // Ends all streams, and takes no more.
  void stop();

 private:
  struct Listener {
    std::shared_ptr<http::Stream> stream;
    query::AccessScope scope;
  };
  // What is to be told.
  struct Pending {
    bool everything = false;                          // And nothing else: a resync.
    std::map<std::int32_t, query::ChangeNote> notes;  // By partition.

    bool empty() const { return !everything && notes.empty(); }
  };

  void run();
  // As events, for one who may see so much.
  std::string text_of(const Pending& pending, const query::AccessScope& scope, std::uint64_t number) const;
  void tell(const Pending& pending, std::uint64_t number);
  void comment();
  // Under listening_.
  void let_go_of_closed();

  const ChangesOptions options_;
  std::atomic<std::size_t> listeners_ = 0;
  std::atomic<std::uint64_t> slow_reads_ = 0;

  std::mutex listening_;  // Guards those who listen.
  std::vector<Listener> all_;
  bool stopped_ = false;

  std::mutex mutex_;  // Guards the rest; never waits for listening_.
  std::condition_variable changed_;
  Pending pending_;
  // By partition: how far it was when a note of it was published last.
  std::map<std::int32_t, std::array<std::int64_t, log::kEventTopicCount>> told_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace daybook::app
