#include "app/instance.h"

#include <thread>
#include <utility>

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
  changes_ = std::make_unique<Changes>(
      ChangesOptions{.streams_max = streams_max(settings_), .topic_prefix = [this] { return settings_.topic_prefix; }});
  Projection::Around around{.metrics = metrics_, .line = line_};
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
  RETURN_IF_ERROR(projection_->start([this](log::Log& log) -> Result<void> {
    publishing_->attach(log);
    return {};
  }));
  return front_->start(settings_.listen, served());
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
  if (projection_) projection_->give_up();
  // Each may wait some seconds, for requests, a broker or a disk.
  std::thread end([this] {
    if (projection_) projection_->stop();
  });
  // What waits is not answered any more: it would wait longer than the server's end does.
  if (questions_) questions_->stop();
  if (changes_) changes_->stop();
  if (front_) front_->stop();
  end.join();
}

http::Response Instance::page() const {
  const log::Log* const log = projection_->log().log();
  return front_page(projection_->today(), log != nullptr && log->recorded_as_told());
}

Vitals Instance::vitals() const { return projection_->vitals({questions_->memory(), front_->memory()}); }

http::Response Instance::status() const {
  StatusReport status = projection_->status();
  status.unprotected = is_unprotected(Program::kUp, settings_);
  return {200, "application/json", to_json(status)};
}

http::Response Instance::metrics() const {
  MetricSheet sheet;
  projection_->add_metrics(sheet);
  changes_->add_metrics(sheet);
  return metrics_answer(vitals(), *metrics_, std::move(sheet));
}

}  // namespace daybook::app
