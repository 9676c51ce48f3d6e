#include "app/log_keeper.h"

#include "log/embedded_log.h"
#include "log/kafka/kafka_log.h"

namespace daybook::app {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kTryEvery{1'000};
constexpr milliseconds kLookForTheEnd{10};
// Where something is done without the log, whoever opens it has waited so long for a broker.
constexpr milliseconds kOpenPatience{3'000};
// An append that no broker has taken by then is refused, so that who publishes hears of it within ten seconds.
constexpr const char* kAppendPatienceMs = "8000";
// librdkafka tells of each connection that it could not make; the trouble is told once.
constexpr std::chrono::minutes kConnectionLineEvery{1};
constexpr int kSyslogError = 3;
constexpr int kSyslogWarning = 4;

// librdkafka's own lines into ours; of those that tell of a connection that failed one now and then. A client that
// hangs at its end may still call it when the keeper has gone.
std::function<void(int, const std::string&)> kafka_lines(const LogLine& line) {
  struct Pace {
    std::mutex mutex;
    steady_clock::time_point next;  // Guarded.
  };
  return [line, pace = std::make_shared<Pace>()](int level, const std::string& words) {
    if (level <= kSyslogError) {
      const std::lock_guard lock(pace->mutex);
      if (steady_clock::now() < pace->next) return;
      pace->next = steady_clock::now() + kConnectionLineEvery;
    }
    line(level <= kSyslogError     ? Severity::kError
         : level <= kSyslogWarning ? Severity::kWarning
                                   : Severity::kInfo,
         words);
  };
}

log::EmbeddedLogOptions embedded_options(const Settings& settings, std::optional<std::int32_t> partitions) {
  log::EmbeddedLogOptions options;
  options.data_directory = settings.data;
  options.partition_count = partitions.value_or(0);
  return options;
}

}  // namespace

bool may_come_back(ErrorCode code) { return code == ErrorCode::kUnavailable || code == ErrorCode::kCorrupt; }

Result<std::unique_ptr<log::Log>> open_log(const Settings& settings,
                                           const std::function<void(const std::string&)>& notice) {
  if (!settings.brokers.empty()) {
    log::KafkaOptions options = settings.kafka_options();
    options.on_notice = notice;
    return log::open_kafka_log(options);
  }
  log::EmbeddedLogOptions options = embedded_options(settings, settings.partitions);
  options.on_notice = notice;
  return log::open_embedded_log(options);
}

Result<std::unique_ptr<log::Log>> open_log_to_read(const Settings& settings) {
  if (!settings.brokers.empty()) return log::open_kafka_log(settings.kafka_options());
  log::EmbeddedLogOptions options = embedded_options(settings, {});
  options.read_only = true;
  return log::open_embedded_log(options);
}

LogKeeper::LogKeeper(const Settings& settings, std::string meanwhile, std::shared_ptr<Metrics> metrics, LogLine line)
    : settings_(settings),
      meanwhile_(std::move(meanwhile)),
      metrics_(std::move(metrics)),
      line_(std::move(line)),
      kafka_lines_(kafka_lines(line_)) {}

LogKeeper::~LogKeeper() { stop(); }

Result<std::unique_ptr<log::Log>> LogKeeper::try_to_open(std::optional<std::int32_t> partitions, bool can_wait) const {
  const auto notice = [line = line_](const std::string& words) { line(Severity::kWarning, words); };
  if (settings_.brokers.empty()) {
    log::EmbeddedLogOptions options = embedded_options(settings_, partitions);
    options.on_notice = notice;
    return log::open_embedded_log(options);
  }
  log::KafkaOptions options = settings_.kafka_options();
  options.properties.try_emplace("message.timeout.ms", kAppendPatienceMs);
  if (can_wait) options.topics_timeout = kOpenPatience;
  options.on_notice = notice;
  options.on_statistics = [metrics = metrics_](const std::string& json) { metrics->kafka_statistics(json); };
  options.on_log = kafka_lines_;
  return log::open_kafka_log(options);
}

Result<std::int32_t> LogKeeper::open(std::optional<std::int32_t> partitions, bool can_wait) {
  auto opened = try_to_open(partitions, can_wait);
  if (!opened) {
    note_away(opened.error());
    return unexpected(opened.error());
  }
  opened_ = std::move(opened).value();
  return opened_->partition_count();
}

Result<void> LogKeeper::start(std::optional<std::int32_t> partitions, Use use) {
  use_ = std::move(use);
  if (opened_) {
    const auto done = hand_over(std::move(opened_));
    // It may go between being opened and being of use, as a broker does that comes back and leads nothing yet.
    if (done || done.error().code != ErrorCode::kUnavailable) return done;
    note_away(done.error());
  }
  thread_ = std::thread([this, partitions] { try_until_there(partitions); });
  return {};
}

Result<void> LogKeeper::hand_over(std::unique_ptr<log::Log> log) {
  RETURN_IF_ERROR(use_(*log));
  log_ = std::move(log);
  watch_ = std::make_unique<LogWatch>(*log_);
  in_use_ = log_.get();
  return {};
}

void LogKeeper::try_until_there(std::optional<std::int32_t> partitions) {
  auto next_try = steady_clock::now() + kTryEvery;
  while (!stopping_) {
    std::this_thread::sleep_for(kLookForTheEnd);
    if (steady_clock::now() < next_try) continue;
    auto log = try_to_open(partitions, true);
    const auto done = log ? hand_over(std::move(log).value()) : Result<void>(unexpected(log.error()));
    if (done) return;
    if (!may_come_back(done.error().code)) {
      const std::lock_guard lock(mutex_);
      failure_ = done.error().message;
      return;
    }
    note_away(done.error());
    next_try = steady_clock::now() + kTryEvery;
  }
}

void LogKeeper::stop() {
  stopping_ = true;
  if (thread_.joinable()) thread_.join();
  if (watch_) watch_->stop();
}

void LogKeeper::note_away(const Error& error) {
  const std::lock_guard lock(mutex_);
  away_ = error.message + "; " + meanwhile_;
}

LogSeen LogKeeper::seen() const { return in_use_ == nullptr ? LogSeen() : watch_->seen(); }

LogSeen LogKeeper::look(std::chrono::milliseconds patience) const {
  return in_use_ == nullptr ? LogSeen() : watch_->look(patience);
}

Troubles LogKeeper::troubles() const {
  Troubles troubles;
  const log::Log* const log = in_use_;
  if (log == nullptr) {
    const std::lock_guard lock(mutex_);
    troubles["log_away"] = "the log is away: " + away_;
    return troubles;
  }
  const LogSeen seen = watch_->seen();
  if (!seen.away.empty()) troubles["log_away"] = "the log is away: " + seen.away;
  if (!seen.unfit.empty()) troubles["log_unfit"] = "the log is not fit any more: " + seen.unfit;
  if (std::string words = log->trouble(); !words.empty()) troubles["append"] = std::move(words);
  return troubles;
}

std::string LogKeeper::failure() const {
  const std::lock_guard lock(mutex_);
  return failure_;
}

void LogKeeper::give_up() {
  stopping_ = true;
  if (log::Log* const log = in_use_) log->give_up();
}

}  // namespace daybook::app
