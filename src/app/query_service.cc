#include "app/query_service.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <utility>

#include "app/front_page.h"
#include "app/programs.h"
#include "app/status.h"
#include "app/today.h"
#include "cluster/grpc_lines.h"
#include "http/problem.h"
#include "log/partitions.h"
#include "query/question_memory.h"

namespace daybook::app {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// And less often, where counting takes more than a small share of the time.
constexpr milliseconds kCountEvery{30'000};
constexpr milliseconds kCountAgainAfter{1'000};
constexpr int kCountShare = 20;

}  // namespace

Result<std::unique_ptr<Running>> QueryService::start(const Settings& settings, LogLine line) {
  std::unique_ptr<QueryService> service(new QueryService(settings, std::move(line)));
  tell_unprotected(Program::kQuery, service->settings_, service->line_);
  RETURN_IF_ERROR(service->open());
  return std::unique_ptr<Running>(std::move(service));
}

Result<void> QueryService::open() {
  cluster::take_grpc_lines([line = line_](const std::string& words) { line(Severity::kWarning, words); });
  answers_ = std::make_shared<MemoryBudget>(settings_.memory_plan().answers);
  front_ = std::make_unique<Front>(settings_, metrics_);
  questions_ =
      std::make_unique<Questions>([this] { return shards(); }, settings_.today, answers_,
                                  [this](std::function<void()> task) { return front_->submit(std::move(task)); });
  changes_ = std::make_unique<Changes>(ChangesOptions{.streams_max = streams_max(settings_), .topic_prefix = [this] {
                                                        const auto identity = pool_->identity();
                                                        return identity ? identity->topic_prefix : std::string();
                                                      }});
  cluster::PoolOptions options;
  options.projectors = settings_.projectors;
  options.partial_bytes_max = settings_.memory_plan().answers;
  options.on_notice = [line = line_](const std::string& words) { line(Severity::kInfo, words); };
  options.on_change = [this] { questions_->committed(); };
  options.on_note = [this](const query::ChangeNote& note) {
    if (changes_->is_heard()) changes_->publish(note);
  };
  options.on_resync = [this] { changes_->resync(); };
  pool_ = std::make_unique<cluster::ProjectorPool>(std::move(options));
  Served served;
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
  RETURN_IF_ERROR(front_->start(settings_.listen, std::move(served)));
  lookout_ = std::make_unique<Lookout>([this] { return troubles(); }, line_);
  counting_ = std::jthread([this](const std::stop_token& stop) { count(stop); });
  return {};
}

QueryService::~QueryService() {
  // What waits is not answered any more: it would wait longer than the server's end does.
  if (questions_) questions_->stop();
  if (changes_) changes_->stop();
  if (front_) front_->stop();
  if (lookout_) lookout_->stop();
  counting_ = {};
  // Nobody asks it any more; and it tells the questions of commits.
  pool_.reset();
}

Result<std::shared_ptr<const query::ShardSource>> QueryService::shards() const {
  auto shards = pool_->shards();
  if (shards == nullptr) return unexpected(ErrorCode::kUnavailable, pool_->missing() + ": " + pool_->trouble());
  return shards;
}

std::vector<cluster::ShardReport> QueryService::reports() const {
  std::vector<cluster::ShardReport> reports;
  const auto identity = pool_->identity();
  for (std::int32_t partition = 0; identity && partition < identity->partition_count; ++partition) {
    if (auto report = pool_->report(partition)) reports.push_back(*std::move(report));
  }
  return reports;
}

Troubles QueryService::troubles() const {
  Troubles troubles;
  if (std::string words = pool_->missing(); !words.empty()) troubles["shards"] = std::move(words);
  if (std::string words = pool_->trouble(); !words.empty()) troubles["projectors"] = std::move(words);
  for (const auto& projector : pool_->projectors()) {
    if (!projector.seen || !projector.trouble.empty()) continue;
    for (const auto& [kind, words] : projector.seen->report.troubles) {
      std::string& all = troubles[kind];
      all += fmt::format("{}projector {}: {}", all.empty() ? "" : "; ", projector.address, words);
    }
  }
  return troubles;
}

Vitals QueryService::vitals() const {
  Vitals vitals;
  vitals.troubles = troubles();
  for (const auto& projector : pool_->projectors()) {
    if (projector.seen && !projector.seen->report.behind.empty()) {
      vitals.behind = fmt::format("projector {}: {}", projector.address, projector.seen->report.behind);
    }
  }
  vitals.memory = {questions_->memory(), front_->memory()};
  vitals.memory_bound = settings_.memory_mib << 20;
  return vitals;
}

http::Response QueryService::page() const {
  const auto today = questions_->today();
  if (!today) return http::problem(503, "Shards not available", today.error().message);
  return front_page(*today, false);
}

http::Response QueryService::status() const {
  StatusReport status;
  status.reports = reports();
  if (const auto identity = pool_->identity()) {
    status.shards = log::all_partitions(identity->partition_count);
    status.partitions = identity->partition_count;
    status.topic_prefix = identity->topic_prefix;
    status.business_time_zone = identity->fold.business_time_zone;
  }
  if (const auto today = questions_->today()) status.today = *today;
  for (const auto& projector : pool_->projectors()) {
    if (!projector.seen) continue;
    if (status.unread.empty()) status.unread = projector.seen->report.unread;
    status.recorded_as_told = status.recorded_as_told || projector.seen->report.is_recorded_as_told;
  }
  status.log = "kafka";
  status.troubles = troubles();
  status.unprotected = is_unprotected(Program::kQuery, settings_);
  return {200, "application/json", to_json(status)};
}

void QueryService::count(const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any pause;
  std::unique_lock lock(mutex);
  while (!stop.stop_requested()) {
    const auto begun = steady_clock::now();
    const milliseconds every = try_count(stop) ? kCountEvery : kCountAgainAfter;
    const auto took = steady_clock::now() - begun;
    pause.wait_for(lock, stop, std::max<steady_clock::duration>(every, kCountShare * took), [] { return false; });
  }
}

bool QueryService::try_count(const std::stop_token& stop) {
  const auto shards = pool_->shards();
  // Who has history to read yet would be counted over and over.
  if (shards == nullptr || !vitals().behind.empty()) return false;
  const std::vector<cluster::ShardReport> all = reports();
  if (all.size() != static_cast<std::size_t>(shards->partition_count())) return false;
  UInt128 digest = 0;
  for (const cluster::ShardReport& report : all) digest += report.state.digest;
  try {
    query::QuestionMemory memory(answers_);
    const query::QuestionMemory::Work work(&memory);
    counts_.count(*shards, digest, today_of(settings_.today, shards->rules().zone), stop);
    not_counted_.clear();
    return true;
  } catch (const query::Refusal& refusal) {
    const std::string& why = refusal.problem.detail;
    if (!stop.stop_requested() && std::exchange(not_counted_, why) != why) {
      line_(Severity::kWarning, "open anomalies are not counted: " + why);
    }
    return false;
  }
}

http::Response QueryService::metrics() const {
  MetricSheet sheet;
  sheet.gauge("daybook_projector_asked", "1 while this projector can be asked.");
  for (const auto& projector : pool_->projectors()) {
    sheet.add({{"projector", projector.address}}, projector.trouble.empty() ? 1 : 0);
  }
  sheet.gauge("daybook_newest_recorded_timestamp_seconds", "Recorded time of the newest record folded.");
  for (const cluster::ShardReport& report : reports()) {
    sheet.add({{"shard", std::to_string(report.partition)}},
              static_cast<double>(report.state.newest_recorded_ms) / 1000);
  }
  counts_.add_metrics(sheet);
  changes_->add_metrics(sheet);
  return metrics_answer(vitals(), *metrics_, std::move(sheet));
}

}  // namespace daybook::app
