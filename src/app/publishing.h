// POST /v1/events of a program: the gateway on its log, once that is there.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "gateway/gateway.h"
#include "http/message.h"
#include "log/log.h"

namespace daybook::app {

// Thread-safe, but for attach(). It must outlive its log, whose pending appends it answers.
class Publishing {
 public:
  explicit Publishing(std::string topic_prefix) : topic_prefix_(std::move(topic_prefix)) {}

  // Appends to this log from now on. Once.
  void attach(log::Log& log);
  // A 503 until there is a log.
  void publish(http::Request request, http::Respond respond);

 private:
  const std::string topic_prefix_;
  std::unique_ptr<gateway::Gateway> made_;  // Set once, before gateway_.
  std::atomic<gateway::Gateway*> gateway_ = nullptr;
};

}  // namespace daybook::app
