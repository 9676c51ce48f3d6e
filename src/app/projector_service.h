// daybook-projector: some or all shards of a log, folded here and asked over gRPC.
#pragma once

#include <memory>
#include <string>

#include "app/front.h"
#include "app/logging.h"
#include "app/metrics.h"
#include "app/projection.h"
#include "app/running.h"
#include "app/settings.h"
#include "app/vitals.h"
#include "base/memory_budget.h"
#include "cluster/shard_server.h"

namespace daybook::app {

class ProjectorService final : public Running {
 public:
  // Opens the data folder, and answers questions and how it is. Where the broker is away, an existing store is served
  // all the same, unready, while the log is tried again.
  static Result<std::unique_ptr<Running>> start(const Settings& settings, LogLine line);
  ~ProjectorService() override;

  // Of HTTP, and of gRPC.
  std::string address() const override { return front_->address() + " grpc://" + shards_->address(); }
  std::string failure() const override { return projection_->failure(); }

 private:
  ProjectorService(const Settings& settings, LogLine line) : settings_(settings), line_(std::move(line)) {}

  Result<void> open();
  cluster::ProjectorReport report() const;
  Vitals vitals() const;
  http::Response status() const;
  http::Response metrics() const;

  const Settings settings_;
  const LogLine line_;
  const std::shared_ptr<Metrics> metrics_ = std::make_shared<Metrics>();
  std::shared_ptr<MemoryBudget> answers_;
  // Each uses those above it, and goes before them.
  std::unique_ptr<Projection> projection_;
  std::unique_ptr<cluster::ShardServer> shards_;
  std::unique_ptr<Front> front_;
};

}  // namespace daybook::app
