#include "app/instance.h"

#include <thread>
#include <utility>
#include <vector>

#include "app/front_page.h"
#include "app/programs.h"
#include "app/status.h"

namespace daybook::app {

Instance::Instance(const Settings& settings, LogLine line) : settings_(settings), line_(std::move(line)) {}

Result<std::unique_ptr<Running>> Instance::start(const Settings& settings, LogLine line) {
  std::unique_ptr<Instance> instance(new Instance(settings, std::move(line)));
  tell_unprotected(Program::kUp, instance->settings_, instance->line_);
  RETURN_IF_ERROR(instance->open());
  return std::unique_ptr<Running>(std::move(instance));
}

Result<void> Instance::open() {
  publishing_ = std::make_unique<Publishing>(settings_.topic_prefix);
  log_ = std::make_unique<LogKeeper>(settings_, "serving what is there, and trying on", metrics_, line_);
  changes_ = std::make_unique<Changes>(
      ChangesOptions{.streams_max = streams_max(settings_), .topic_prefix = [this] { return settings_.topic_prefix; }});
  Projection::Around around{.log = *log_, .metrics = metrics_, .line = line_};
  // The questions are there before anything is folded.
  around.on_commit = [this](const Projection::MakeNote& note) {
    questions_->committed();
    if (changes_->is_heard()) changes_->publish(note());
  };
  around.on_mended = [this] { changes_->resync(); };
  ASSIGN_OR_RETURN(projection_, Projection::open(settings_, std::move(around)));
  const std::shared_ptr<const query::ShardSource> shards(std::shared_ptr<void>(), &projection_->shards());
  front_ = std::make_unique<Front>(settings_, metrics_);
  questions_ = std::make_unique<Questions>(
      [shards] { return shards; }, settings_.today, std::make_shared<MemoryBudget>(settings_.memory_plan().answers),
      [this](std::function<void()> task) { return front_->submit(std::move(task)); });
  const auto use = [this](log::Log& log) -> Result<void> {
    RETURN_IF_ERROR(projection_->attach(log));
    publishing_->attach(log);
    return {};
  };
  RETURN_IF_ERROR(log_->start(projection_->partition_count(), use));
  RETURN_IF_ERROR(front_->start(settings_.listen, served()));
  lookout_ = std::make_unique<Lookout>(
      [this] {
        projection_->follow_lag();
        return projection_->troubles();
      },
      line_);
  return {};
}

Served Instance::served() {
  Served served;
  served.publish = [this](http::Request request, http::Respond respond) {
    publishing_->publish(std::move(request), std::move(respond));
  };
  served.ask = [this](http::Request request, http::Respond respond) {
    questions_->ask(std::move(request), std::move(respond));
  };
  served.changes = [this](const http::Request& request) {
    return changes_->listen(request, query::AccessScope::everything());
  };
  served.page = [this] { return page(); };
  served.ready = [this] { return ready_answer(vitals()); };
  served.status = [this] { return status(); };
  served.metrics = [this] { return metrics(); };
  return served;
}

Instance::~Instance() {
  if (log_) log_->give_up();
  // Each may wait some seconds, for requests, a broker or a disk.
  std::vector<std::thread> ends;
  if (log_) ends.emplace_back([this] { log_->stop(); });
  if (projection_) ends.emplace_back([this] { projection_->stop(); });
  // What waits is not answered any more: it would wait longer than the server's end does.
  if (questions_) questions_->stop();
  if (changes_) changes_->stop();
  if (front_) front_->stop();
  if (lookout_) lookout_->stop();
  for (std::thread& end : ends) end.join();
}

std::string Instance::failure() const {
  std::string failure = projection_->failure();
  return failure.empty() ? log_->failure() : failure;
}

http::Response Instance::page() const {
  const log::Log* const log = log_->log();
  return front_page(projection_->today(), log != nullptr && log->recorded_as_told());
}

Vitals Instance::vitals() const {
  Vitals vitals;
  vitals.troubles = projection_->troubles();
  if (!projection_->caught_up()) vitals.behind = "still reading what the log held at start";
  vitals.memory = projection_->memory();
  vitals.memory.push_back(questions_->memory());
  vitals.memory.push_back(front_->memory());
  vitals.memory_bound = settings_.memory_mib << 20;
  return vitals;
}

http::Response Instance::status() const {
  const LogSeen seen = log_->look(kStatusPatience);
  const log::Log* const log = log_->log();
  StatusReport status;
  status.shards = projection_->partitions();
  status.reports = projection_->reports(seen);
  status.unread = projection_->unread(seen);
  status.topic_prefix = settings_.topic_prefix;
  status.partitions = projection_->partition_count();
  status.business_time_zone = settings_.fold.business_time_zone;
  status.today = projection_->today();
  status.log = settings_.brokers.empty() ? "embedded" : "kafka";
  status.recorded_as_told = log != nullptr && log->recorded_as_told();
  status.unprotected = is_unprotected(Program::kUp, settings_);
  status.troubles = projection_->troubles();
  return {200, "application/json", to_json(status)};
}

http::Response Instance::metrics() const {
  MetricSheet sheet;
  projection_->add_metrics(sheet);
  changes_->add_metrics(sheet);
  return metrics_answer(vitals(), *metrics_, std::move(sheet));
}

}  // namespace daybook::app
