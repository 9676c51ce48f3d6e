#include "app/projector_service.h"

#include <thread>

#include "app/programs.h"
#include "app/status.h"
#include "cluster/grpc_lines.h"

namespace daybook::app {

Result<std::unique_ptr<Running>> ProjectorService::start(const Settings& settings, LogLine line) {
  std::unique_ptr<ProjectorService> service(new ProjectorService(settings, std::move(line)));
  tell_unprotected(Program::kProjector, service->settings_, service->line_);
  RETURN_IF_ERROR(service->open());
  return std::unique_ptr<Running>(std::move(service));
}

Result<void> ProjectorService::open() {
  cluster::take_grpc_lines([line = line_](const std::string& words) { line(Severity::kWarning, words); });
  answers_ = std::make_shared<MemoryBudget>(settings_.memory_plan().answers);
  Projection::Around around{.metrics = metrics_, .line = line_};
  // The server is there before anything is folded.
  around.on_commit = [this](const Projection::MakeNote& note) { shards_->changed(note); };
  around.on_mended = [this] { shards_->changed_anyhow(); };
  around.copies_dead_letters = settings_.dead_letters;
  around.partitions = settings_.shards;
  ASSIGN_OR_RETURN(projection_, Projection::open(settings_, std::move(around)));
  cluster::ShardServerOptions options;
  options.listen = settings_.listen;
  options.identity.partition_count = projection_->partition_count();
  options.identity.topic_prefix = settings_.topic_prefix;
  options.identity.fold = settings_.fold;
  options.report = [this] { return report(); };
  options.memory = answers_;
  ASSIGN_OR_RETURN(shards_, cluster::ShardServer::start(projection_->shards(), std::move(options)));
  front_ = std::make_unique<Front>(settings_, metrics_);
  RETURN_IF_ERROR(projection_->start());
  Served served;
  served.ready = [this] { return ready_answer(vitals()); };
  served.status = [this] { return status(); };
  served.metrics = [this] { return metrics(); };
  return front_->start(settings_.metrics_listen, std::move(served));
}

ProjectorService::~ProjectorService() {
  if (projection_) projection_->give_up();
  // Each may wait some seconds, for requests, a broker or a disk.
  std::thread end([this] {
    if (projection_) projection_->stop();
  });
  if (front_) front_->stop();
  end.join();
}

cluster::ProjectorReport ProjectorService::report() const {
  const LogSeen seen = projection_->log().seen();
  const log::Log* const log = projection_->log().log();
  cluster::ProjectorReport report;
  report.shards = projection_->reports(seen);
  report.unread = projection_->unread(seen);
  report.troubles = projection_->troubles();
  report.behind = vitals().behind;
  report.is_recorded_as_told = log != nullptr && log->recorded_as_told();
  return report;
}

Vitals ProjectorService::vitals() const {
  return projection_->vitals({{"answers", answers_->taken(), answers_->bytes_max()}, front_->memory()});
}

http::Response ProjectorService::status() const {
  StatusReport status = projection_->status();
  status.unprotected = is_unprotected(Program::kProjector, settings_);
  return {200, "application/json", to_json(status)};
}

http::Response ProjectorService::metrics() const {
  MetricSheet sheet;
  projection_->add_metrics(sheet);
  return metrics_answer(vitals(), *metrics_, std::move(sheet));
}

}  // namespace daybook::app
