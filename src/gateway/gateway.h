// POST /v1/events: events from anywhere into the log, checked before they are published.
#pragma once

#include <array>
#include <memory>
#include <string>

#include "gateway/batch.h"
#include "http/message.h"
#include "log/log.h"

namespace daybook::gateway {

struct GatewayOptions {
  // In front of the topics' names.
  std::string topic_prefix;
  std::size_t events_max = 10'000;
  std::size_t body_bytes_max = 16 * 1024 * 1024;
};

// Thread-safe. Must outlive the log's pending appends; the log must outlive the gateway.
class Gateway {
 public:
  Gateway(log::Log& log, GatewayOptions options);

  // Answers once the log has all events durably: 200 with their places, in the order sent. Else
  // nothing of the request was published (400, 413, 415), or the log failed and part of it may
  // have been (503). No thread waits in between; what the requests that wait take is for the server to bound.
  void publish(http::Request request, http::Respond respond);

 private:
  void append(std::shared_ptr<const Batch> batch, http::Respond respond);
  http::Response answer(const Batch& batch,
                        const Result<std::vector<log::Appended>>& appended) const;

  log::Log& log_;
  const GatewayOptions options_;
  // Of an answer, what stands between an event's id and its partition, by Topic.
  std::array<std::string, log::kTopicCount> topic_members_;
};

}  // namespace daybook::gateway
