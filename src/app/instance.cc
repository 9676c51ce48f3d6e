#include "app/instance.h"

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>

#include "app/front_page.h"
#include "app/memory_plan.h"
#include "app/openapi.h"
#include "base/hash.h"
#include "http/bodies.h"
#include "http/page.h"
#include "http/problem.h"
#include "log/embedded_log.h"
#include "log/kafka/kafka_log.h"
#include "store/shard_state.h"
#include "query/reports/anomalies.h"
#include "query/reports/parked.h"
#include "query/balances.h"

namespace daybook::app {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kAttendEvery{10};
constexpr milliseconds kRetryLogEvery{1000};
// And longer, where it reads so much that this would take more than a small share of a processor.
constexpr milliseconds kProveEvery{30'000};
constexpr int kProofShare = 20;
constexpr milliseconds kRetryProofEvery{1'000};
constexpr milliseconds kLookForTroubleEvery{100};
// Folding finds a log that is back within this, and its words are not told for that.
constexpr milliseconds kFoldPatience{3'000};
// A broker that is there answers within this; who asks for the status waits no longer.
constexpr milliseconds kStatusPatience{250};
// An append that no broker has taken by then is refused, so that who publishes hears of it within ten seconds.
constexpr const char* kAppendPatienceMs = "8000";
// librdkafka tells of each connection that it could not make; the trouble is told once.
constexpr std::chrono::minutes kConnectionLineEvery{1};
// A store that is there is served without the log; whoever opens that has waited so long for a broker.
constexpr milliseconds kOpenPatience{3'000};
constexpr int kSyslogError = 3;
constexpr int kSyslogWarning = 4;

// Folding comes in bursts of some milliseconds, for which answers would wait where the processors are few.
// It still gets a third of what an answering thread gets: what is published is seen as soon.
constexpr int kFoldingGivesWay = 5;

constexpr std::string_view kReconciliation = "/v1/receivables/reconciliation";

http::Response json(std::string body) { return {200, "application/json", std::move(body), {}}; }

http::Response to_response(query::Rendered rendered) {
  if (rendered.content_type.starts_with("text/html")) return http::page(std::move(rendered.body));
  return {rendered.status, std::move(rendered.content_type), std::move(rendered.body), {}};
}

// Half of the file handles there may be: the stores need some, too.
std::size_t connections_max() {
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) != 0) return http::ServerOptions().connections_max;
  files.rlim_cur = files.rlim_max;
  if (::setrlimit(RLIMIT_NOFILE, &files) != 0) ::getrlimit(RLIMIT_NOFILE, &files);
  return std::min<std::size_t>(http::ServerOptions().connections_max, files.rlim_cur / 2);
}

// However many questions there are: whether it lives and how it is can be asked, and what they ask about published.
std::vector<http::WorkerGroup> groups_apart(unsigned threads) {
  const auto is_one_of = [](std::initializer_list<std::string_view> paths) {
    return [paths = std::vector<std::string_view>(paths)](const http::Request& request) {
      return std::ranges::find(paths, request.path) != paths.end();
    };
  };
  return {{is_one_of({"/healthz"}), 1}, {is_one_of({"/readyz", "/metrics", "/v1/status"}), 1}, {is_one_of({"/v1/events"}), threads}};
}

// In the order in which one that is not ready tells them; the last does not make unready.
constexpr std::array kTroubleKinds = {"log_away", "log_unfit", "store", "disk", "append", "fold", "proof", "dead_letters"};
// Stores tell in lines of their own, shard by shard, what is wrong, and what is done about it.
bool tells_itself(std::string_view kind) { return kind == "store"; }

std::int64_t next_offset(log::TopicPartition at, const std::vector<store::ShardState>& states) {
  const auto shard = static_cast<std::size_t>(at.partition);
  return shard < states.size() ? states[shard].topics[static_cast<std::size_t>(at.topic)].next_offset : 0;
}

// Whether a log that cannot be opened is tried again: away, or damaged, and to be restored by somebody.
bool may_come_back(ErrorCode code) { return code == ErrorCode::kUnavailable || code == ErrorCode::kCorrupt; }

// What is not folded, in offsets; what was cut off in front is not there to be read.
std::int64_t lag_of(const log::EndOffset& bounds, const std::vector<store::ShardState>& states) {
  return std::max<std::int64_t>(0, bounds.end - std::max(bounds.begin, next_offset(bounds.at, states)));
}

// librdkafka's own lines into ours; of those that tell of a connection that failed one now and then. A client that
// hangs at its end may still call it when the instance has gone.
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

// A file's share of the memory for them.
struct LedgerShare {
  explicit LedgerShare(std::shared_ptr<http::BodyMemory> of) : all(std::move(of)), taken(*all) {}
  const std::shared_ptr<http::BodyMemory> all;
  http::BodyShare taken;
};
// By which a share may be more than was asked for.
constexpr std::size_t kLedgerSteps = 2 * http::BodyShare::kStep;

// What the kernel says that the process takes.
std::int64_t resident_bytes() {
  std::ifstream pages("/proc/self/statm");
  std::int64_t all = 0;
  std::int64_t resident = 0;
  pages >> all >> resident;
  return resident * ::sysconf(_SC_PAGESIZE);
}

// RocksDB's own numbers that an operator looks at.
struct StoreNumber {
  const char* name;
  const char* property;
  bool by_table;
};
constexpr std::array kStoreNumbers = {
    StoreNumber{"daybook_store_live_data_bytes", "rocksdb.estimate-live-data-size", true},
    StoreNumber{"daybook_store_file_bytes", "rocksdb.total-sst-files-size", true},
    StoreNumber{"daybook_store_memtable_bytes", "rocksdb.cur-size-all-mem-tables", true},
    StoreNumber{"daybook_store_pending_compaction_bytes", "rocksdb.estimate-pending-compaction-bytes", true},
    StoreNumber{"daybook_store_running_compactions", "rocksdb.num-running-compactions", false},
    StoreNumber{"daybook_store_running_flushes", "rocksdb.num-running-flushes", false},
    StoreNumber{"daybook_store_background_errors", "rocksdb.background-errors", false},
    StoreNumber{"daybook_store_delayed_write_rate", "rocksdb.actual-delayed-write-rate", false},
};

}  // namespace

Result<std::unique_ptr<log::Log>> open_log(const Settings& settings,
                                           const std::function<void(const std::string&)>& notice) {
  if (!settings.brokers.empty()) {
    log::KafkaOptions options = settings.kafka_options();
    options.on_notice = notice;
    return log::open_kafka_log(options);
  }
  log::EmbeddedLogOptions options;
  options.data_directory = settings.data;
  options.partition_count = settings.partitions.value_or(0);
  options.on_notice = notice;
  return log::open_embedded_log(options);
}

Instance::Instance(const Settings& settings, domain::Rules rules, LogLine line)
    : settings_(settings), rules_(std::move(rules)), line_(std::move(line)), kafka_lines_(kafka_lines(line_)) {}

Result<std::unique_ptr<log::Log>> Instance::open_log(std::optional<std::int32_t> partitions, bool has_store) {
  if (settings_.brokers.empty()) {
    Settings settings = settings_;
    settings.partitions = partitions;
    return app::open_log(settings, [this](const std::string& words) { notice(words); });
  }
  log::KafkaOptions options = settings_.kafka_options();
  options.properties.try_emplace("message.timeout.ms", kAppendPatienceMs);
  if (has_store) options.topics_timeout = kOpenPatience;
  options.on_notice = [this](const std::string& words) { notice(words); };
  options.on_statistics = [metrics = metrics_](const std::string& json) { metrics->kafka_statistics(json); };
  options.on_log = kafka_lines_;
  return log::open_kafka_log(options);
}

Result<std::unique_ptr<Instance>> Instance::start(const Settings& settings, LogLine line) {
  ASSIGN_OR_RETURN(auto rules, domain::make_rules(settings.fold));
  std::unique_ptr<Instance> instance(new Instance(settings, std::move(rules), std::move(line)));

  const auto kept = engine::read_manifest(settings.data);
  // A log that was lost is not made anew with another count than its store has.
  auto log = instance->open_log(kept && !settings.partitions ? kept->partitions : settings.partitions, kept.has_value());
  // What was folded is served without its log.
  if (!log && (!may_come_back(log.error().code) || !kept)) return unexpected(log.error());
  engine::Manifest manifest;
  manifest.partitions = log ? (*log)->partition_count() : kept->partitions;
  if (settings.partitions && *settings.partitions != manifest.partitions) {
    return unexpected(ErrorCode::kMismatch, fmt::format("partitions: the log has {}, not {}",
                                                        manifest.partitions, *settings.partitions));
  }
  manifest.fold = settings.fold;
  RETURN_IF_ERROR(engine::keep_manifest(settings.data, manifest));

  const MemoryPlan plan = settings.memory_plan();
  instance->memory_ = std::make_unique<store::SharedMemory>(plan.block_cache, plan.write_buffers);
  engine::ProjectorOptions options;
  options.threads = settings.threads;
  options.cache_bytes = plan.fold_cache;
  options.pending_bytes = plan.pending;
  options.set_aside_bytes = plan.set_aside;
  options.files_bytes = plan.files;
  options.on_commit = [self = instance.get()](std::int32_t shard, std::size_t records, auto time) {
    self->metrics_->committed(shard, records, time);
    if (self->waiting_ != nullptr) self->waiting_->committed();
  };
  options.gives_way = kFoldingGivesWay;
  options.on_notice = [self = instance.get()](const std::string& words) { self->notice(words); };
  ASSIGN_OR_RETURN(instance->projector_,
                   engine::Projector::open(instance->rules_, settings.data, manifest.partitions,
                                           *instance->memory_, options));
  for (const std::int32_t i : instance->projector_->partitions()) {
    const store::ShardState state = instance->projector_->committed(i);
    instance->folded_before_ += state.accepted + state.duplicates + state.conflicts + state.parked;
  }
  instance->model_ = std::make_unique<live::LiveModel>(*instance->projector_, instance->rules_,
                                                        settings.topic_prefix, plan.indexes);
  instance->shards_ = std::make_unique<query::LocalShards>(*instance->model_);
  instance->waiting_ = std::make_unique<WaitingQuestions>(*instance->shards_);
  if (log) {
    RETURN_IF_ERROR(instance->attach(std::move(log).value()));
  } else {
    instance->note_log_away(log.error());
  }

  http::ServerOptions http;
  const std::size_t colon = settings.listen.rfind(':');
  http.address = settings.listen.substr(0, colon);
  http.port = static_cast<std::uint16_t>(std::stoi(settings.listen.substr(colon + 1)));
  http.io_threads = static_cast<unsigned>(settings.threads);
  http.workers = static_cast<unsigned>(settings.threads) * 2;
  http.groups = groups_apart(static_cast<unsigned>(settings.threads));
  http.bodies_bytes_max = plan.bodies;
  instance->ledgers_ = std::make_shared<http::BodyMemory>(plan.ledgers);
  http.names = settings.served_names;
  http.connections_max = connections_max();
  Instance* self = instance.get();
  ASSIGN_OR_RETURN(instance->server_,
                   http::Server::start(http, [self](http::Request request, http::Respond respond) {
                     self->handle(std::move(request), std::move(respond));
                   }));
  instance->serving_ = instance->server_.get();
  instance->address_ = fmt::format("http://{}:{}", http.address, instance->server_->port());
  instance->attendant_ = std::thread([self] { self->attend(); });
  instance->lookout_ = std::thread([self] { self->look_out(); });
  return instance;
}

Instance::~Instance() {
  stopping_ = true;
  if (attached_) log_->give_up();
  // Each may wait some seconds, for requests, a broker or a disk.
  std::vector<std::thread> ends;
  if (attached_) {
    ends.emplace_back([this] { dead_letters_->stop(); });
    ends.emplace_back([this] { watch_->stop(); });
    ends.emplace_back([this] { projector_->stop(); });
  }
  // What waits is not answered any more: it would wait longer than the server's end does.
  if (waiting_) waiting_->stop();
  if (server_) server_->stop();
  if (attendant_.joinable()) attendant_.join();
  if (lookout_.joinable()) lookout_.join();
  for (std::thread& end : ends) end.join();
  dead_letters_.reset();
  watch_.reset();
  if (projector_) projector_->stop();
  // Its pending appends call the gateway.
  log_.reset();
}

Result<void> Instance::attach(std::unique_ptr<log::Log> log) {
  if (log->partition_count() != projector_->partition_count()) {
    return unexpected(ErrorCode::kMismatch,
                      fmt::format("partitions: the read model in {} has {}, the log {}", settings_.data,
                                  projector_->partition_count(), log->partition_count()));
  }
  log_ = std::move(log);
  gateway::GatewayOptions options;
  options.topic_prefix = settings_.topic_prefix;
  gateway_ = std::make_unique<gateway::Gateway>(*log_, std::move(options));
  RETURN_IF_ERROR(projector_->start(*log_));
  watch_ = std::make_unique<LogWatch>(*log_);
  dead_letters_ = std::make_unique<engine::DeadLetters>(*log_, *projector_, settings_.topic_prefix);
  attached_ = true;
  if (log_->recorded_as_told()) {
    notice(fmt::format("a log for demonstration: the events in {} were recorded as a story tells them "
                        "(generate --recorded-as-told), not when they were published",
                        settings_.data));
  }
  return {};
}

std::string Instance::failure() const {
  if (projector_->state() == engine::ProjectorState::kFailed) return projector_->trouble();
  const std::lock_guard lock(mutex_);
  return failure_;
}

// Tries the log again while it is away; looks at the proof once caught up, and from time to time. First over all
// accounts, which mostly is known at once, and account by account as soon as that need not read the pages again.
void Instance::attend() {
  auto next_try = steady_clock::now() + kRetryLogEvery;
  std::optional<steady_clock::time_point> next_proof;
  bool by_account = false;
  while (!stopping_) {
    std::this_thread::sleep_for(kAttendEvery);
    const auto now = steady_clock::now();
    if (!attached_ && now >= next_try) {
      auto log = open_log(projector_->partition_count(), true);
      const auto done = log ? attach(std::move(log).value()) : Result<void>(unexpected(log.error()));
      if (!done && !may_come_back(done.error().code)) {
        const std::lock_guard lock(mutex_);
        failure_ = done.error().message;
        return;
      }
      if (!done) note_log_away(done.error());
      next_try = steady_clock::now() + kRetryLogEvery;
    }
    if (!projector_->caught_up()) continue;
    if (!next_proof) {
      const bool was_looked_at = prove(query::Detail::kTotals);
      next_proof = steady_clock::now() + (was_looked_at ? kProveEvery : kRetryProofEvery);
    } else if (now >= *next_proof || (!by_account && model_->has_indexes())) {
      by_account = true;
      if (!prove(query::Detail::kAccounts)) {
        next_proof = steady_clock::now() + kRetryProofEvery;
        continue;
      }
      count_anomalies();
      const auto after = steady_clock::now();
      next_proof = after + std::max<steady_clock::duration>(kProveEvery, kProofShare * (after - now));
    }
  }
}

// On a thread of its own, which waits for nothing: what is wrong is told within moments.
void Instance::look_out() {
  while (!stopping_) {
    follow_lag();
    tell_troubles();
    std::this_thread::sleep_for(kLookForTroubleEvery);
  }
}

void Instance::note_log_away(const Error& error) {
  const std::lock_guard lock(mutex_);
  log_away_ = error.message + "; serving what is there, and trying on";
}

bool Instance::prove(query::Detail detail) {
  std::int64_t faults = 0;
  try {
    for (const std::int32_t i : projector_->partitions()) {
      if (stopping_) return false;
      const auto snapshot = query::value_or_refuse(model_->open(i));
      for (const auto& fault : query::proof_faults(*snapshot, kNever - 1, detail)) {
        ++faults;
        notice(fmt::format("proof broken: {} in {} differs by {} minor units",
                            detail == query::Detail::kAccounts ? fmt::format("customer '{}'", fault.customer_id)
                                                               : fmt::format("shard {}", i),
                            fault.currency.code(), to_string(fault.difference)));
      }
      if (const std::int64_t differed = model_->totals_faults(i); differed > 0) {
        faults += differed;
        notice(fmt::format("proof broken: totals kept beside shard {} differed from its pages, whose figures are "
                            "told since; `daybook verify` examines them", i));
      }
    }
  } catch (const query::Refusal&) {
    // A store that cannot be read is an alarm of its own.
    return false;
  }
  proof_faults_ = faults;
  return true;
}

void Instance::follow_lag() {
  if (!attached_) return;
  const LogSeen seen = watch_->seen();
  std::vector<store::ShardState> states;
  for (const std::int32_t i : projector_->partitions()) states.push_back(projector_->committed(i));
  const std::lock_guard lock(mutex_);
  for (const log::EndOffset& bounds : seen.ends) {
    if (lag_of(bounds, states) == 0) {
      behind_since_.erase(bounds.at);
    } else {
      behind_since_.try_emplace(bounds.at, steady_clock::now());
    }
  }
}

Instance::Troubles Instance::troubles() const {
  Troubles troubles;
  if (!attached_) {
    const std::lock_guard lock(mutex_);
    troubles["log_away"] = "the log is away: " + log_away_;
  } else {
    const LogSeen seen = watch_->seen();
    if (!seen.away.empty()) troubles["log_away"] = "the log is away: " + seen.away;
    if (!seen.unfit.empty()) troubles["log_unfit"] = "the log is not fit any more: " + seen.unfit;
    const std::string letters = dead_letters_->trouble();
    if (!letters.empty() && seen.away.empty()) troubles["dead_letters"] = letters;
  }
  for (const std::int32_t i : projector_->partitions()) {
    if (std::string words = projector_->store_trouble(i); !words.empty()) {
      troubles["store"] = std::move(words);
      break;
    }
  }
  if (std::string words = projector_->disk_trouble(); !words.empty()) troubles["disk"] = std::move(words);
  if (attached_) {
    if (std::string words = log_->trouble(); !words.empty()) troubles["append"] = std::move(words);
  }
  const bool failed = projector_->state() == engine::ProjectorState::kFailed;
  if (const std::string fold = projector_->fold_trouble(); !fold.empty() && (failed || !troubles.contains("log_away"))) {
    // Folding may notice first that the log is away, and waits for nothing else then.
    const LogSeen seen = attached_ && !failed ? watch_->look(kStatusPatience) : LogSeen();
    const bool away = !seen.away.empty() || seen.overdue;
    troubles[away ? "log_away" : "fold"] = away ? "the log is away: " + fold : fold;
  }
  if (proof_faults_ > 0) {
    troubles["proof"] = fmt::format("the proof does not hold: {} balances differ from their ledger, each told in a line of the "
                                    "log; `daybook verify` examines the store",
                                    proof_faults_.load());
  }
  return troubles;
}

void Instance::tell_troubles() {
  const Troubles now = troubles();
  for (const auto& [kind, words] : now) {
    if (tells_itself(kind)) continue;
    KnownTrouble& known = known_troubles_.try_emplace(kind, steady_clock::now()).first->second;
    const auto patience = kind == "fold" ? kFoldPatience : milliseconds(0);
    if (known.told || steady_clock::now() - known.since < patience) continue;
    line_(Severity::kError, fmt::format("trouble ({}): {}", kind, words));
    known.told = true;
  }
  std::erase_if(known_troubles_, [&](const auto& each) {
    const auto& [kind, known] = each;
    if (now.contains(kind)) return false;
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(steady_clock::now() - known.since);
    if (known.told) line_(Severity::kInfo, fmt::format("trouble is over ({}), after {} s", kind, seconds.count()));
    return true;
  });
}

// For the metrics, which are asked for more often than this is worth. They change with facts and days alone.
void Instance::count_anomalies() {
  std::pair<UInt128, Day> now{0, today()};
  for (const std::int32_t i : projector_->partitions()) now.first += projector_->committed(i).digest;
  if (std::exchange(counted_for_, now) == now) return;
  try {
    auto counts = query::open_anomalies(*shards_, now.second);
    const std::int64_t unresolved = query::unresolved_parked(*shards_);
    const std::lock_guard lock(mutex_);
    open_anomalies_ = std::move(counts);
    unresolved_parked_ = unresolved;
  } catch (const query::Refusal& refusal) {
    notice(refusal.problem.detail);
  }
}

Day Instance::today() const {
  if (settings_.today) return *settings_.today;
  return rules_.zone.day_of(std::chrono::duration_cast<std::chrono::seconds>(
                                std::chrono::system_clock::now().time_since_epoch())
                                .count());
}

void Instance::handle(http::Request request, http::Respond respond) {
  // An answer may come when the instance has gone.
  auto measured = [metrics = metrics_, begin = steady_clock::now(), route = route_of(request.path, request.segments),
                   respond = std::move(respond)](http::Response response) {
    metrics->answered(route, response.status, steady_clock::now() - begin);
    respond(std::move(response));
  };
  answer(std::move(request), std::move(measured));
}

void Instance::answer(http::Request request, http::Respond respond) {
  const auto& segments = request.segments;
  const auto refuse_method = [&](const char* allowed) {
    http::Response refused = http::problem(405, "Method not allowed", request.method + " is not allowed here");
    refused.headers.emplace_back("Allow", allowed);
    respond(std::move(refused));
  };
  if (request.path == "/v1/events") {
    if (request.method != "POST") return refuse_method("POST");
    if (!attached_) {
      return respond(http::problem(503, "Log not available", "the log is away; send it all again later"));
    }
    return gateway_->publish(std::move(request), std::move(respond));
  }
  // What takes no parameters.
  const std::map<std::string_view, std::function<http::Response()>> plain = {
      {"/", [this] { return front_page(today(), attached_ && log_->recorded_as_told()); }},
      {"/healthz", [] { return http::Response{200, "text/plain", "ok\n"}; }},
      {"/readyz", [this] { return ready(); }},
      {"/metrics", [this] { return metrics(); }},
      {"/openapi.json", [] { return json(openapi()); }},
      {"/v1/status", [this] { return status(); }}};
  const auto known = plain.find(request.path);
  if (request.method != "GET" && (known != plain.end() || query::is_report(segments))) {
    return refuse_method("GET, HEAD");
  }
  if (known != plain.end()) {
    if (!request.parameters.empty()) {
      Faults faults;
      faults.add({0, request.parameters.begin()->first, "is not a parameter of this request"});
      const Fault& fault = faults.kept[0];
      return respond(http::problem(400, "Bad parameter", fault.field + ": " + fault.message, faults));
    }
    return respond(known->second());
  }
  if (request.path == kReconciliation) {
    if (request.method != "POST") return refuse_method("POST");
    if (http::media_type(request.content_type) != "text/csv") {
      return respond(http::problem(415, "Unsupported content type", "a file to reconcile with is text/csv"));
    }
  }
  ask(std::move(request), std::move(respond));
}

void Instance::ask(http::Request request, http::Respond respond) {
  query::Wait wait;
  try {
    query::Parameters parameters(request.parameters);
    wait = query::read_wait(*shards_, parameters);
  } catch (const query::Refusal& refusal) {
    return respond(to_response(query::render(refusal.problem)));
  }
  if (query::first_missing(*shards_, wait) == nullptr || wait.at_most.count() == 0) return respond(answer_question(request));
  const auto shared = std::make_shared<http::Request>(std::move(request));
  waiting_->add(std::move(wait), shared->stop, [this, shared, respond = std::move(respond)] {
    http::Server* const server = serving_;
    if (server == nullptr || !server->submit([this, shared, respond] { respond(answer_question(*shared)); })) {
      respond(http::problem(503, "Too busy", "too many requests are waiting; try again"));
    }
  });
}

http::Response Instance::answer_question(const http::Request& request) {
  const query::Today today = [this] { return this->today(); };
  query::Request asked{.segments = request.segments, .parameters = request.parameters, .accept = request.accept};
  asked.stop = request.stop;
  if (request.path != kReconciliation) return to_response(query::answer(*shards_, today, asked));
  const auto share = std::make_shared<LedgerShare>(ledgers_);
  asked.body = request.body;
  asked.memory = {ledgers_->bytes_max() - kLedgerSteps, [&](std::size_t bytes) { return share->taken.resize(bytes); }};
  http::Response response = to_response(query::answer(*shards_, today, asked));
  if (response.status == 429) response.headers.emplace_back("Retry-After", "1");
  response.share = share;
  return response;
}

http::Response Instance::ready() {
  const Troubles troubles = this->troubles();
  for (const char* kind : kTroubleKinds) {
    if (kind == kTroubleKinds.back()) break;
    if (const auto found = troubles.find(kind); found != troubles.end()) {
      return http::problem(503, "Not ready", found->second);
    }
  }
  if (!projector_->caught_up()) {
    return http::problem(503, "Not ready", "still reading what the log held at start");
  }
  return {200, "text/plain", "ready\n", {}};
}

http::Response Instance::status() {
  store::ShardState sum;
  LogSeen seen;
  if (attached_) seen = watch_->look(kStatusPatience);
  JsonWriter positions;
  positions.begin_array();
  std::vector<store::ShardState> states;
  for (const std::int32_t i : projector_->partitions()) {
    const store::ShardState state = projector_->committed(i);
    sum.accepted += state.accepted;
    sum.duplicates += state.duplicates;
    sum.conflicts += state.conflicts;
    sum.parked += state.parked;
    sum.waiting += state.waiting;
    sum.digest += state.digest;
    sum.newest_recorded_ms = std::max(sum.newest_recorded_ms, state.newest_recorded_ms);
    states.push_back(state);
  }
  // In the order of topic, partition; behind the shards those that nobody reads.
  const auto add_position = [&](log::TopicPartition at, const log::EndOffset* bounds) {
    positions.begin_object();
    positions.field("topic", log::topic_name(settings_.topic_prefix, at.topic));
    positions.field("partition", at.partition);
    positions.field("next_offset", next_offset(at, states));
    positions.field("end_offset", bounds == nullptr ? query::Value() : query::Value::integer(bounds->end));
    positions.field("lag", bounds == nullptr ? query::Value() : query::Value::integer(lag_of(*bounds, states)));
    positions.end_object();
  };
  for (const log::EndOffset& bounds : seen.ends) add_position(bounds.at, &bounds);
  if (seen.ends.empty()) {
    for (const log::Topic topic : log::kEventTopics) {
      for (const std::int32_t i : projector_->partitions()) add_position({topic, i}, nullptr);
    }
  }
  positions.end_array();
  const std::uint64_t folded = sum.accepted + sum.duplicates + sum.conflicts + sum.parked - folded_before_;
  const double seconds = std::chrono::duration<double>(steady_clock::now() - started_at_).count();

  JsonWriter out;
  out.begin_object();
  out.key("positions");
  out.raw(positions.take());
  out.field("ends_seen_at", seen.at ? query::Value::instant_ms(
                                          std::chrono::duration_cast<milliseconds>(seen.at->time_since_epoch()).count())
                                    : query::Value());
  out.key("rates");
  out.begin_object();
  out.field("records_since_start", static_cast<std::int64_t>(folded));
  out.field("records_per_second", static_cast<std::int64_t>(static_cast<double>(folded) / std::max(seconds, 0.001)));
  out.end_object();
  out.field("newest_recorded_at", sum.newest_recorded_ms == 0
                                      ? query::Value()
                                      : query::Value::instant_ms(sum.newest_recorded_ms));
  out.field("accepted", static_cast<std::int64_t>(sum.accepted));
  out.field("duplicates", static_cast<std::int64_t>(sum.duplicates));
  out.field("conflicts", static_cast<std::int64_t>(sum.conflicts));
  out.field("parked", static_cast<std::int64_t>(sum.parked));
  out.field("waiting", sum.waiting);
  out.field("digest", to_hex(sum.digest));
  out.field("build", DAYBOOK_VERSION);
  out.field("business_time_zone", settings_.fold.business_time_zone);
  out.field("today", format_date(today()));
  out.field("partitions", projector_->partition_count());
  out.field("log", settings_.brokers.empty() ? "embedded" : "kafka");
  out.field("recorded_as_told", query::Value::boolean(attached_ && log_->recorded_as_told()));
  std::string trouble;
  for (const auto& [kind, words] : troubles()) trouble += (trouble.empty() ? "" : "; ") + words;
  out.field("trouble", query::text_or_null(trouble));
  out.end_object();
  return json(out.take());
}

http::Response Instance::metrics() {
  MetricSheet sheet;
  std::vector<store::ShardState> states;
  for (const std::int32_t i : projector_->partitions()) states.push_back(projector_->committed(i));
  const auto per_shard = [&](auto&& value_of) {
    for (std::size_t i = 0; i < states.size(); ++i) {
      sheet.add({{"shard", std::to_string(i)}}, static_cast<double>(value_of(states[i])));
    }
  };
  using State = store::ShardState;
  sheet.counter("daybook_accepted_total", "Records accepted as facts.");
  per_shard([](const State& s) { return s.accepted; });
  sheet.counter("daybook_duplicates_total", "Repeated records without effect.");
  per_shard([](const State& s) { return s.duplicates; });
  sheet.counter("daybook_conflicts_total", "Records that say something else under a known id.");
  per_shard([](const State& s) { return s.conflicts; });
  sheet.counter("daybook_parked_total", "Records that are unfit and kept aside.");
  per_shard([](const State& s) { return s.parked; });
  sheet.gauge("daybook_waiting_records", "Accepted records with an unresolved reference.");
  per_shard([](const State& s) { return s.waiting; });
  sheet.gauge("daybook_newest_recorded_timestamp_seconds", "Recorded time of the newest record folded.");
  per_shard([](const State& s) { return static_cast<double>(s.newest_recorded_ms) / 1000; });

  const auto topic_labels = [&](log::TopicPartition at) {
    return MetricSheet::Labels{{"topic", log::topic_name(settings_.topic_prefix, at.topic)},
                               {"partition", std::to_string(at.partition)}};
  };
  sheet.gauge("daybook_next_offset", "Next offset to be folded.");
  for (const std::int32_t i : projector_->partitions()) {
    for (const log::Topic topic : log::kEventTopics) {
      sheet.add(topic_labels({topic, i}), static_cast<double>(next_offset({topic, i}, states)));
    }
  }
  const LogSeen seen = attached_ ? watch_->seen() : LogSeen();
  sheet.gauge("daybook_lag_records", "Records, open transactions included, between what is folded and the end of the log as "
                                     "last seen.");
  for (const log::EndOffset& bounds : seen.ends) {
    sheet.add(topic_labels(bounds.at), static_cast<double>(lag_of(bounds, states)));
  }
  sheet.gauge("daybook_lag_seconds", "For how long something has been there that is not folded.");
  {
    const std::lock_guard lock(mutex_);
    for (const log::EndOffset& bounds : seen.ends) {
      const auto since = behind_since_.find(bounds.at);
      sheet.add(topic_labels(bounds.at), since == behind_since_.end()
                                             ? 0
                                             : std::chrono::duration<double>(steady_clock::now() - since->second).count());
    }
  }
  if (seen.at) {
    sheet.gauge("daybook_log_seen_timestamp_seconds", "When the log last told where it ends.");
    sheet.add({}, std::chrono::duration<double>(seen.at->time_since_epoch()).count());
  }

  const Troubles troubles = this->troubles();
  sheet.gauge("daybook_trouble", "1 while there is this kind of trouble; /v1/status has the words.");
  for (const char* kind : kTroubleKinds) sheet.add({{"kind", kind}}, troubles.contains(kind) ? 1 : 0);
  sheet.gauge("daybook_store_trouble", "1 while a shard's store is failing, or damaged and being folded anew.");
  for (const std::int32_t i : projector_->partitions()) {
    sheet.add({{"shard", std::to_string(i)}}, projector_->store_trouble(i).empty() ? 0 : 1);
  }
  sheet.gauge("daybook_proof_faults",
              "Accounts whose balance and ledger differ, and totals kept for a start that differed from pages; must be 0.");
  sheet.add({}, static_cast<double>(proof_faults_.load()));
  {
    const std::lock_guard lock(mutex_);
    sheet.gauge("daybook_anomalies_open",
                "Anomalies open today by kind, as counted last: every half minute, less often where that takes long.");
    for (const auto& [kind, count] : open_anomalies_) sheet.add({{"kind", kind}}, static_cast<double>(count));
    if (unresolved_parked_) {
      sheet.gauge("daybook_parked_unresolved", "Parked records that name an event which was not accepted since, as counted last.");
      sheet.add({}, static_cast<double>(*unresolved_parked_));
    }
  }
  if (attached_) {
    sheet.counter("daybook_dead_letters_total", "Parked records copied to the dead-letter topic since the start.");
    sheet.add({}, static_cast<double>(dead_letters_->sent()));
  }

  const MemoryPlan plan = settings_.memory_plan();
  sheet.gauge("daybook_memory_bytes",
              "Memory by what takes it: documents and labels kept for folding, copies of cells made for questions, and of "
              "the store what was not flushed yet and what was read; bodies of requests, and files to reconcile with.");
  sheet.add({{"part", "fold"}}, static_cast<double>(projector_->bytes_kept()));
  sheet.add({{"part", "indexes"}}, static_cast<double>(model_->index_bytes()));
  sheet.add({{"part", "write_buffers"}}, static_cast<double>(memory_->write_buffer_bytes()));
  sheet.add({{"part", "block_cache"}}, static_cast<double>(memory_->block_cache_bytes()));
  const http::Server* const server = serving_;
  sheet.add({{"part", "bodies"}}, server == nullptr ? 0 : static_cast<double>(server->bodies_bytes()));
  sheet.add({{"part", "ledgers"}}, static_cast<double>(ledgers_->taken()));
  sheet.gauge("daybook_memory_plan_bytes", "What each of these may take.");
  sheet.add({{"part", "bodies"}}, static_cast<double>(plan.bodies));
  sheet.add({{"part", "ledgers"}}, static_cast<double>(plan.ledgers));
  sheet.add({{"part", "fold"}}, static_cast<double>(plan.fold_cache));
  sheet.add({{"part", "indexes"}}, static_cast<double>(plan.indexes));
  sheet.add({{"part", "write_buffers"}}, static_cast<double>(plan.write_buffers));
  sheet.add({{"part", "block_cache"}}, static_cast<double>(plan.block_cache));
  sheet.gauge("daybook_memory_bound_bytes", "The setting memory_mib.");
  sheet.add({}, static_cast<double>(settings_.memory_mib << 20));
  sheet.gauge("process_resident_memory_bytes", "What the process takes altogether.");
  sheet.add({}, static_cast<double>(resident_bytes()));

  for (const auto& [name, property, by_table] : kStoreNumbers) {
    sheet.gauge(name, fmt::format("{} of a shard's store.", property));
    for (const std::int32_t i : projector_->partitions()) {
      const std::shared_ptr<engine::Shard> shard = projector_->shard(i);
      if (shard == nullptr) continue;
      const auto value = shard->store().number_of(property, by_table);
      if (value) sheet.add({{"shard", std::to_string(i)}}, static_cast<double>(*value));
    }
  }
  sheet.gauge("daybook_indexes_ready", "Shards whose questions are answered from memory, not pages.");
  sheet.add({}, static_cast<double>(model_->indexes_ready()));
  sheet.gauge("daybook_ready", "1 when the instance is ready.");
  sheet.add({}, ready().status == 200 ? 1 : 0);
  return {200, "text/plain; version=0.0.4", metrics_->text(std::move(sheet)), {}};
}

}  // namespace daybook::app
