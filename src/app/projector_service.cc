#include "app/projector_service.h"

#include <thread>
#include <vector>

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
  log_ = std::make_unique<LogKeeper>(settings_, "serving what is there, and trying on", metrics_, line_);
  Projection::Around around{.log = *log_, .metrics = metrics_, .line = line_};
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
  RETURN_IF_ERROR(
      log_->start(projection_->partition_count(), [this](log::Log& log) { return projection_->attach(log); }));
  Served served;
  served.ready = [this] { return ready_answer(vitals()); };
  served.status = [this] { return status(); };
  served.metrics = [this] { return metrics(); };
  RETURN_IF_ERROR(front_->start(settings_.metrics_listen, std::move(served)));
  lookout_ = std::make_unique<Lookout>(
      [this] {
        projection_->follow_lag();
        return projection_->troubles();
      },
      line_);
  return {};
}

ProjectorService::~ProjectorService() {
  if (log_) log_->give_up();
  // Each may wait some seconds, for requests, a broker or a disk.
  std::vector<std::thread> ends;
  if (log_) ends.emplace_back([this] { log_->stop(); });
  if (projection_) ends.emplace_back([this] { projection_->stop(); });
  if (front_) front_->stop();
  if (lookout_) lookout_->stop();
  for (std::thread& end : ends) end.join();
}

std::string ProjectorService::failure() const {
  std::string failure = projection_->failure();
  return failure.empty() ? log_->failure() : failure;
}

cluster::ProjectorReport ProjectorService::report() const {
  const LogSeen seen = log_->seen();
  const log::Log* const log = log_->log();
  cluster::ProjectorReport report;
  report.shards = projection_->reports(seen);
  report.unread = projection_->unread(seen);
  report.troubles = projection_->troubles();
  report.behind = vitals().behind;
  report.is_recorded_as_told = log != nullptr && log->recorded_as_told();
  return report;
}

Vitals ProjectorService::vitals() const {
  Vitals vitals;
  vitals.troubles = projection_->troubles();
  if (!projection_->caught_up()) vitals.behind = "still reading what the log held at start";
  vitals.memory = projection_->memory();
  vitals.memory.push_back({"answers", answers_->taken(), answers_->bytes_max()});
  vitals.memory.push_back(front_->memory());
  vitals.memory_bound = settings_.memory_mib << 20;
  return vitals;
}

http::Response ProjectorService::status() const {
  const LogSeen seen = log_->look(kStatusPatience);
  StatusReport status;
  status.shards = projection_->partitions();
  status.reports = projection_->reports(seen);
  status.unread = projection_->unread(seen);
  status.topic_prefix = settings_.topic_prefix;
  status.partitions = projection_->partition_count();
  status.business_time_zone = settings_.fold.business_time_zone;
  status.today = projection_->today();
  status.log = "kafka";
  status.troubles = projection_->troubles();
  status.unprotected = is_unprotected(Program::kProjector, settings_);
  return {200, "application/json", to_json(status)};
}

http::Response ProjectorService::metrics() const {
  MetricSheet sheet;
  projection_->add_metrics(sheet);
  return metrics_answer(vitals(), *metrics_, std::move(sheet));
}

}  // namespace daybook::app
