// daybook-gateway: events over HTTP to a log that others fold.
#pragma once

#include <memory>
#include <string>

#include "app/front.h"
#include "app/log_keeper.h"
#include "app/logging.h"
#include "app/metrics.h"
#include "app/publishing.h"
#include "app/running.h"
#include "app/settings.h"
#include "app/vitals.h"

namespace daybook::app {

class GatewayService final : public Running {
 public:
  // Where the broker is away it serves all the same, unready, and answers 503 while the log is tried again.
  static Result<std::unique_ptr<Running>> start(const Settings& settings, LogLine line);
  ~GatewayService() override;

  std::string address() const override { return front_->address(); }
  std::string failure() const override { return log_->failure(); }

 private:
  GatewayService(const Settings& settings, LogLine line) : settings_(settings), line_(std::move(line)) {}

  Result<void> open();
  Vitals vitals() const;
  http::Response status() const;

  const Settings settings_;
  const LogLine line_;
  const std::shared_ptr<Metrics> metrics_ = std::make_shared<Metrics>();
  // The log answers what publishing appends, and goes before it.
  std::unique_ptr<Publishing> publishing_;
  std::unique_ptr<LogKeeper> log_;
  std::unique_ptr<Front> front_;
  std::unique_ptr<Lookout> lookout_;
};

}  // namespace daybook::app
