#include "app/publishing.h"

#include "http/problem.h"

namespace daybook::app {

void Publishing::attach(log::Log& log) {
  gateway::GatewayOptions options;
  options.topic_prefix = topic_prefix_;
  made_ = std::make_unique<gateway::Gateway>(log, std::move(options));
  gateway_ = made_.get();
}

void Publishing::publish(http::Request request, http::Respond respond) {
  gateway::Gateway* const gateway = gateway_;
  if (gateway == nullptr) {
    return respond(http::problem(503, "Log not available", "the log is away; send it all again later"));
  }
  gateway->publish(std::move(request), std::move(respond));
}

}  // namespace daybook::app
