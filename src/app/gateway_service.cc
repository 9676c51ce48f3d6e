#include "app/gateway_service.h"

#include <thread>

#include "app/programs.h"
#include "app/status.h"

namespace daybook::app {

Result<std::unique_ptr<Running>> GatewayService::start(const Settings& settings, LogLine line) {
  std::unique_ptr<GatewayService> service(new GatewayService(settings, std::move(line)));
  tell_unprotected(Program::kGateway, service->settings_, service->line_);
  RETURN_IF_ERROR(service->open());
  return std::unique_ptr<Running>(std::move(service));
}

Result<void> GatewayService::open() {
  publishing_ = std::make_unique<Publishing>(settings_.topic_prefix);
  log_ = std::make_unique<LogKeeper>(settings_, "nothing is taken meanwhile; trying on", metrics_, line_);
  if (const auto opened = log_->open({}, true); !opened && !may_come_back(opened.error().code)) {
    return unexpected(opened.error());
  }
  front_ = std::make_unique<Front>(settings_, metrics_);
  const auto use = [this](log::Log& log) -> Result<void> {
    publishing_->attach(log);
    return {};
  };
  RETURN_IF_ERROR(log_->start({}, use));
  Served served;
  served.publish = [this](http::Request request, http::Respond respond) {
    publishing_->publish(std::move(request), std::move(respond));
  };
  served.ready = [this] { return ready_answer(vitals()); };
  served.status = [this] { return status(); };
  served.metrics = [this] { return metrics_answer(vitals(), *metrics_, {}); };
  RETURN_IF_ERROR(front_->start(settings_.listen, std::move(served)));
  lookout_ = std::make_unique<Lookout>([this] { return log_->troubles(); }, line_);
  return {};
}

GatewayService::~GatewayService() {
  if (log_) log_->give_up();
  // Each may wait some seconds, for requests or a broker.
  std::thread end([this] {
    if (log_) log_->stop();
  });
  if (front_) front_->stop();
  if (lookout_) lookout_->stop();
  end.join();
}

Vitals GatewayService::vitals() const {
  Vitals vitals;
  vitals.troubles = log_->troubles();
  vitals.memory = {front_->memory()};
  vitals.memory_bound = settings_.memory_mib << 20;
  return vitals;
}

http::Response GatewayService::status() const {
  const log::Log* const log = log_->log();
  StatusReport status;
  status.topic_prefix = settings_.topic_prefix;
  if (log != nullptr) status.partitions = log->partition_count();
  status.log = "kafka";
  status.troubles = log_->troubles();
  status.unprotected = is_unprotected(Program::kGateway, settings_);
  return {200, "application/json", to_json(status)};
}

}  // namespace daybook::app
