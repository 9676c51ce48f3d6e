// POST /v1/events: events from anywhere into the log, checked before they are published.
#pragma once

#include <array>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "gateway/batch.h"
#include "http/message.h"
#include "log/log.h"

namespace daybook::gateway {

struct GatewayOptions {
  // A request that the log has not answered by then is refused: whoever publishes hears of it within ten seconds.
  std::chrono::milliseconds patience{9'000};
  // In front of the topics' names.
  std::string topic_prefix;
  std::size_t events_max = 10'000;
  std::size_t body_bytes_max = 16 * 1024 * 1024;
};

// Thread-safe. Must outlive the log's pending appends; the log must outlive the gateway.
class Gateway {
 public:
  Gateway(log::Log& log, GatewayOptions options);
  ~Gateway();
  Gateway(const Gateway&) = delete;
  Gateway& operator=(const Gateway&) = delete;

  // Answers once the log has all events durably: 200 with their places, in the order sent. Else
  // nothing of the request was published (400, 413, 415), or the log failed and part of it may
  // have been, or may still be (503). No thread waits in between; what the requests that wait take is for the server to
  // bound.
  void publish(http::Request request, http::Respond respond);

 private:
  // A request whose events the log has, until it is answered: by the log, or by whoever looks at the clock.
  struct Waiting {
    std::shared_ptr<const Batch> batch;  // What the log points into, answered or not.
    http::Respond respond;               // Its first call counts.
  };
  struct Deadline {
    std::chrono::steady_clock::time_point at;
    std::weak_ptr<Waiting> waiting;
  };

  void append(std::shared_ptr<const Batch> batch, http::Respond respond);
  http::Response answer(const Batch& batch, const Result<std::vector<log::Appended>>& appended) const;

  void look_at_the_clock();

  log::Log& log_;
  const GatewayOptions options_;
  // Of an answer, what stands between an event's id and its partition, by Topic.
  std::array<std::string, log::kTopicCount> topic_members_;

  std::mutex mutex_;  // Guards the rest.
  std::condition_variable changed_;
  std::deque<Deadline> deadlines_;  // The earliest first; of what was answered some are left.
  bool stopping_ = false;
  std::thread clock_;
};

}  // namespace daybook::gateway
