// The all-in-one: log, projection, questions and publishing in one process.
#pragma once

#include <memory>
#include <string>

#include "app/changes.h"
#include "app/front.h"
#include "app/logging.h"
#include "app/metrics.h"
#include "app/projection.h"
#include "app/publishing.h"
#include "app/questions.h"
#include "app/running.h"
#include "app/settings.h"
#include "app/vitals.h"

namespace daybook::app {

class Instance final : public Running {
 public:
  // Opens the data folder and serves. Where the broker is away an existing store is served all the
  // same, unready, while the log is tried again.
  static Result<std::unique_ptr<Running>> start(const Settings& settings, LogLine line);
  ~Instance() override;

  std::string address() const override { return front_->address(); }
  std::string failure() const override { return projection_->failure(); }

 private:
  Instance(const Settings& settings, LogLine line);

  Result<void> open();
  Served served();
  Vitals vitals() const;
  http::Response page() const;
  http::Response status() const;
  http::Response metrics() const;

  const Settings settings_;
  const LogLine line_;
  const std::shared_ptr<Metrics> metrics_ = std::make_shared<Metrics>();
  // Each but publishing uses those above it, and goes before them; publishing is called by the log that goes.
  std::unique_ptr<Publishing> publishing_;
  std::unique_ptr<Changes> changes_;
  std::unique_ptr<Projection> projection_;
  std::unique_ptr<Questions> questions_;
  std::unique_ptr<Front> front_;
};

}  // namespace daybook::app
