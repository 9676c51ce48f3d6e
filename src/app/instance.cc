#include "app/instance.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <map>

#include "app/front_page.h"
#include "app/memory_plan.h"
#include "app/openapi.h"
#include "base/hash.h"
#include "http/page.h"
#include "http/problem.h"
#include "log/embedded_log.h"
#include "log/kafka/kafka_log.h"
#include "views/views.h"

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

// Folding comes in bursts of some milliseconds, for which answers would wait where the processors are few.
// It still gets a third of what an answering thread gets: what is published is seen as soon.
constexpr int kFoldingGivesWay = 5;

http::Response json(std::string body) { return {200, "application/json", std::move(body), {}}; }

http::Response to_response(views::Rendered rendered) {
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

}  // namespace

Result<std::unique_ptr<log::Log>> open_log(const Settings& settings,
                                           const std::function<void(const std::string&)>& notice) {
  if (!settings.brokers.empty()) return log::open_kafka_log(settings.kafka_options());
  log::EmbeddedLogOptions options;
  options.data_directory = settings.data;
  options.partition_count = settings.partitions.value_or(0);
  options.on_notice = notice;
  return log::open_embedded_log(options);
}

Instance::Instance(const Settings& settings, domain::Rules rules, Notice notice)
    : settings_(settings), rules_(std::move(rules)), notice_(std::move(notice)) {}

Result<std::unique_ptr<Instance>> Instance::start(const Settings& settings, Notice notice) {
  ASSIGN_OR_RETURN(auto rules, make_rules(settings));
  std::unique_ptr<Instance> instance(new Instance(settings, std::move(rules), std::move(notice)));

  const auto kept = engine::read_manifest(settings.data);
  // A log that was lost is not made anew with another count than its store has.
  Settings for_log = settings;
  if (kept && !for_log.partitions) for_log.partitions = kept->partitions;
  auto log = open_log(for_log, instance->notice_);
  if (!log && (log.error().code != ErrorCode::kUnavailable || !kept || settings.brokers.empty())) {
    return unexpected(log.error());
  }
  engine::Manifest manifest;
  manifest.partitions = log ? (*log)->partition_count() : kept->partitions;
  if (settings.partitions && *settings.partitions != manifest.partitions) {
    return unexpected(ErrorCode::kMismatch, fmt::format("partitions: the log has {}, not {}",
                                                        manifest.partitions, *settings.partitions));
  }
  manifest.business_time_zone = settings.business_time_zone;
  manifest.expect = settings.expect;
  manifest.anomaly_days = settings.anomaly_days;
  RETURN_IF_ERROR(engine::keep_manifest(settings.data, manifest));

  const MemoryPlan plan = settings.memory_plan();
  instance->memory_ = std::make_unique<store::SharedMemory>(plan.block_cache, plan.write_buffers);
  engine::ProjectorOptions options;
  options.threads = settings.threads;
  options.cache_bytes = plan.fold_cache;
  options.pending_bytes = plan.pending;
  options.set_aside_bytes = plan.set_aside;
  options.files_bytes = plan.files;
  options.topic_prefix = settings.topic_prefix;
  options.gives_way = kFoldingGivesWay;
  options.on_notice = instance->notice_;
  ASSIGN_OR_RETURN(instance->projector_,
                   engine::Projector::open(instance->rules_, settings.data, manifest.partitions,
                                           *instance->memory_, options));
  for (std::int32_t i = 0; i < manifest.partitions; ++i) {
    const engine::ShardState state = instance->projector_->committed(i);
    instance->folded_before_ += state.accepted + state.duplicates + state.conflicts + state.parked;
  }
  instance->model_ = std::make_unique<views::LiveModel>(*instance->projector_, instance->rules_,
                                                        settings.topic_prefix, plan.mirrors);
  if (log) {
    RETURN_IF_ERROR(instance->attach(std::move(log).value()));
  } else {
    instance->notice_(log.error().message + "; serving what is there, and trying on");
  }

  http::ServerOptions http;
  const std::size_t colon = settings.listen.rfind(':');
  http.address = settings.listen.substr(0, colon);
  http.port = static_cast<std::uint16_t>(std::stoi(settings.listen.substr(colon + 1)));
  http.io_threads = static_cast<unsigned>(settings.threads);
  http.workers = static_cast<unsigned>(settings.threads) * 2;
  http.bodies_bytes_max = plan.bodies;
  http.names = settings.served_names;
  http.connections_max = connections_max();
  Instance* self = instance.get();
  ASSIGN_OR_RETURN(instance->server_,
                   http::Server::start(http, [self](http::Request request, http::Respond respond) {
                     self->handle(std::move(request), std::move(respond));
                   }));
  instance->address_ = fmt::format("http://{}:{}", http.address, instance->server_->port());
  instance->attendant_ = std::thread([self] { self->attend(); });
  return instance;
}

Instance::~Instance() {
  stopping_ = true;
  if (attendant_.joinable()) attendant_.join();
  if (server_) server_->stop();
  if (projector_) projector_->stop();
  // Its pending appends call the gateway.
  log_.reset();
}

Result<void> Instance::attach(std::unique_ptr<log::Log> log) {
  if (log->partition_count() != projector_->shard_count()) {
    return unexpected(ErrorCode::kMismatch,
                      fmt::format("partitions: the read model in {} has {}, the log {}", settings_.data,
                                  projector_->shard_count(), log->partition_count()));
  }
  log_ = std::move(log);
  gateway::GatewayOptions options;
  options.topic_prefix = settings_.topic_prefix;
  gateway_ = std::make_unique<gateway::Gateway>(*log_, std::move(options));
  RETURN_IF_ERROR(projector_->start(*log_));
  attached_ = true;
  if (log_->recorded_as_told()) {
    notice_(fmt::format("a log for demonstration: the events in {} were recorded as a story tells them "
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
      auto log = open_log(settings_, notice_);
      const auto done = log ? attach(std::move(log).value()) : Result<void>(unexpected(log.error()));
      if (!done && done.error().code != ErrorCode::kUnavailable) {
        const std::lock_guard lock(mutex_);
        failure_ = done.error().message;
        return;
      }
      next_try = steady_clock::now() + kRetryLogEvery;
    }
    if (!projector_->caught_up()) continue;
    if (!next_proof) {
      const bool was_looked_at = prove(views::Detail::kTotals);
      next_proof = steady_clock::now() + (was_looked_at ? kProveEvery : kRetryProofEvery);
    } else if (now >= *next_proof || (!by_account && model_->has_mirrors())) {
      by_account = true;
      if (!prove(views::Detail::kAccounts)) {
        next_proof = steady_clock::now() + kRetryProofEvery;
        continue;
      }
      count_anomalies();
      const auto after = steady_clock::now();
      next_proof = after + std::max<steady_clock::duration>(kProveEvery, kProofShare * (after - now));
    }
  }
}

bool Instance::prove(views::Detail detail) {
  std::int64_t faults = 0;
  try {
    for (std::int32_t i = 0; i < projector_->shard_count() && !stopping_; ++i) {
      const auto picture = views::value_or_refuse(model_->open(i));
      for (const auto& fault : views::proof_faults(*picture, kNever - 1, detail)) {
        ++faults;
        notice_(fmt::format("proof broken: {} in {} differs by {} minor units",
                            detail == views::Detail::kAccounts ? fmt::format("customer '{}'", fault.customer_id)
                                                               : fmt::format("shard {}", i),
                            fault.currency.code(), to_string(fault.difference)));
      }
      if (const std::int64_t differed = model_->totals_faults(i); differed > 0) {
        faults += differed;
        notice_(fmt::format("proof broken: totals kept beside shard {} differed from its pages, whose figures are "
                            "told since; `daybook verify` examines them", i));
      }
    }
  } catch (const views::Refusal&) {
    // A store that cannot be read is an alarm of its own.
    return false;
  }
  proof_faults_ = faults;
  proven_ = faults == 0;
  return true;
}

// For the metrics, which are asked for more often than this is worth. They change with facts and days alone.
void Instance::count_anomalies() {
  std::pair<UInt128, Day> now{0, today()};
  for (std::int32_t i = 0; i < projector_->shard_count(); ++i) now.first += projector_->committed(i).digest;
  if (std::exchange(counted_for_, now) == now) return;
  try {
    const views::ParameterMap none;
    views::Question question(*model_, [this] { return today(); }, "", none, views::Format::kJson);
    auto counts = views::open_anomalies(question);
    const std::lock_guard lock(mutex_);
    open_anomalies_ = std::move(counts);
  } catch (const views::Refusal& refusal) {
    notice_(refusal.problem.detail);
  }
}

Day Instance::today() const {
  if (settings_.today) return *settings_.today;
  return rules_.zone.day_of(std::chrono::duration_cast<std::chrono::seconds>(
                                std::chrono::system_clock::now().time_since_epoch())
                                .count());
}

void Instance::handle(http::Request request, http::Respond respond) {
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
  if (request.method != "GET" && (known != plain.end() || views::is_view(segments))) {
    return refuse_method("GET, HEAD");
  }
  if (known != plain.end()) {
    if (!request.parameters.empty()) {
      http::Faults faults;
      faults.add({0, request.parameters.begin()->first, "is not a parameter of this request"});
      const http::Fault& fault = faults.kept[0];
      return respond(http::problem(400, "Bad parameter", fault.field + ": " + fault.message, faults));
    }
    return respond(known->second());
  }
  const views::Today today = [this] { return this->today(); };
  if (request.path == "/v1/receivables/reconciliation") {
    if (request.method != "POST") return refuse_method("POST");
    if (http::media_type(request.content_type) != "text/csv") {
      return respond(http::problem(415, "Unsupported content type", "a file to reconcile with is text/csv"));
    }
    return respond(to_response(views::answer_reconciliation(*model_, today, request.parameters, request.accept,
                                                            request.body, request.stop)));
  }
  respond(to_response(views::answer(*model_, today, segments, request.parameters, request.accept)));
}

http::Response Instance::ready() {
  std::string why;
  if (!attached_) {
    why = "the log is away";
  } else if (projector_->state() == engine::ProjectorState::kFailed) {
    why = projector_->trouble();
  } else if (why = alarm(); !why.empty()) {
    // It says what it is.
  } else if (!projector_->caught_up()) {
    why = "still reading what the log held at start";
  } else if (!proven_) {
    why = proof_faults_ > 0 ? "the proof does not hold" : "the proof is being looked at";
  }
  if (!why.empty()) return http::problem(503, "Not ready", why);
  return {200, "text/plain", "ready\n", {}};
}

// What is wrong with a store, or with appending to the log: reads go on, and somebody has to look.
std::string Instance::alarm() const {
  for (std::int32_t i = 0; i < projector_->shard_count(); ++i) {
    if (std::string trouble = projector_->store_trouble(i); !trouble.empty()) return trouble;
  }
  return attached_ ? log_->trouble() : "";
}

http::Response Instance::status() {
  engine::ShardState sum;
  std::vector<log::EndOffset> ends;
  // A log that is away would keep the answer waiting.
  if (attached_ && projector_->trouble().empty()) {
    if (auto found = log_->end_offsets(log::kEventTopics)) ends = std::move(found).value();
  }
  views::JsonWriter positions;
  positions.begin_array();
  std::vector<engine::ShardState> states;
  for (std::int32_t i = 0; i < projector_->shard_count(); ++i) {
    const engine::ShardState state = projector_->committed(i);
    sum.accepted += state.accepted;
    sum.duplicates += state.duplicates;
    sum.conflicts += state.conflicts;
    sum.parked += state.parked;
    sum.waiting += state.waiting;
    sum.digest += state.digest;
    sum.newest_recorded_ms = std::max(sum.newest_recorded_ms, state.newest_recorded_ms);
    states.push_back(state);
  }
  for (const log::Topic topic : log::kEventTopics) {
    for (std::int32_t i = 0; i < projector_->shard_count(); ++i) {
      const std::int64_t next =
          states[static_cast<std::size_t>(i)].topics[static_cast<std::size_t>(topic)].next_offset;
      const auto end = std::ranges::find(ends, log::TopicPartition{topic, i}, &log::EndOffset::at);
      positions.begin_object();
      positions.field("topic", log::topic_name(settings_.topic_prefix, topic));
      positions.field("partition", i);
      positions.field("next_offset", next);
      positions.field("end_offset", end == ends.end() ? views::Value() : views::Value::number(end->end));
      positions.field("lag", end == ends.end() ? views::Value()
                                               : views::Value::number(std::max<std::int64_t>(0, end->end - next)));
      positions.end_object();
    }
  }
  positions.end_array();
  const std::uint64_t folded = sum.accepted + sum.duplicates + sum.conflicts + sum.parked - folded_before_;
  const double seconds = std::chrono::duration<double>(steady_clock::now() - started_at_).count();

  views::JsonWriter out;
  out.begin_object();
  out.key("positions");
  out.raw(positions.take());
  out.key("rates");
  out.begin_object();
  out.field("records_since_start", static_cast<std::int64_t>(folded));
  out.field("records_per_second", static_cast<std::int64_t>(static_cast<double>(folded) / std::max(seconds, 0.001)));
  out.end_object();
  out.field("newest_recorded_at", sum.newest_recorded_ms == 0
                                      ? views::Value()
                                      : views::Value::text(format_instant_ms(sum.newest_recorded_ms)));
  out.field("accepted", static_cast<std::int64_t>(sum.accepted));
  out.field("duplicates", static_cast<std::int64_t>(sum.duplicates));
  out.field("conflicts", static_cast<std::int64_t>(sum.conflicts));
  out.field("parked", static_cast<std::int64_t>(sum.parked));
  out.field("waiting", sum.waiting);
  out.field("digest", to_hex(sum.digest));
  out.field("build", DAYBOOK_VERSION);
  out.field("business_time_zone", settings_.business_time_zone);
  out.field("today", format_date(today()));
  out.field("partitions", projector_->shard_count());
  out.field("log", settings_.brokers.empty() ? "embedded" : "kafka");
  out.field("recorded_as_told", views::Value::boolean(attached_ && log_->recorded_as_told()));
  const std::string trouble = projector_->trouble();
  out.field("trouble", views::text_or_null(trouble.empty() ? alarm() : trouble));
  out.end_object();
  return json(out.take());
}

http::Response Instance::metrics() {
  std::string text;
  const auto family = [&](std::string_view name, std::string_view type, std::string_view help) {
    text += fmt::format("# HELP {0} {1}\n# TYPE {0} {2}\n", name, help, type);
  };
  std::vector<engine::ShardState> states;
  for (std::int32_t i = 0; i < projector_->shard_count(); ++i) states.push_back(projector_->committed(i));
  const auto per_shard = [&](std::string_view name, std::string_view type, std::string_view help,
                             auto&& value_of) {
    family(name, type, help);
    for (std::size_t i = 0; i < states.size(); ++i) {
      text += fmt::format("{}{{shard=\"{}\"}} {}\n", name, i, value_of(states[i]));
    }
  };
  using State = engine::ShardState;
  per_shard("daybook_accepted_total", "counter", "Records accepted as facts.",
            [](const State& s) { return s.accepted; });
  per_shard("daybook_duplicates_total", "counter", "Repeated records without effect.",
            [](const State& s) { return s.duplicates; });
  per_shard("daybook_conflicts_total", "counter", "Records that say something else under a known id.",
            [](const State& s) { return s.conflicts; });
  per_shard("daybook_parked_total", "counter", "Records that are unfit and kept aside.",
            [](const State& s) { return s.parked; });
  per_shard("daybook_waiting_records", "gauge", "Accepted records with an unresolved reference.",
            [](const State& s) { return s.waiting; });
  per_shard("daybook_newest_recorded_timestamp_seconds", "gauge", "Recorded time of the newest record folded.",
            [](const State& s) { return fmt::format("{:.3f}", static_cast<double>(s.newest_recorded_ms) / 1000); });
  family("daybook_next_offset", "gauge", "Next offset to be folded.");
  for (std::size_t i = 0; i < states.size(); ++i) {
    for (const log::Topic topic : log::kEventTopics) {
      text += fmt::format("daybook_next_offset{{topic=\"{}\",partition=\"{}\"}} {}\n",
                          log::topic_name(settings_.topic_prefix, topic), i,
                          states[i].topics[static_cast<std::size_t>(topic)].next_offset);
    }
  }
  family("daybook_proof_faults", "gauge",
         "Accounts whose balance and ledger differ, and totals kept for a start that differed from pages; must be 0.");
  text += fmt::format("daybook_proof_faults {}\n", proof_faults_.load());
  family("daybook_anomalies_open", "gauge",
         "Anomalies open today by kind, as counted last: every half minute, less often where that takes long.");
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [kind, count] : open_anomalies_) {
      text += fmt::format("daybook_anomalies_open{{kind=\"{}\"}} {}\n", kind, count);
    }
  }
  family("daybook_memory_bytes", "gauge",
         "Memory by what takes it: documents and labels kept for folding, copies of cells made for questions, and of the "
         "store what was not flushed yet and what was read.");
  for (const auto& [part, bytes] : {std::pair("fold", projector_->bytes_kept()),
                                    std::pair("mirrors", model_->mirror_bytes()),
                                    std::pair("write_buffers", memory_->write_buffer_bytes()),
                                    std::pair("block_cache", memory_->block_cache_bytes())}) {
    text += fmt::format("daybook_memory_bytes{{part=\"{}\"}} {}\n", part, bytes);
  }
  family("daybook_mirrors_ready", "gauge", "Shards whose questions are answered from memory, not pages.");
  text += fmt::format("daybook_mirrors_ready {}\n", model_->mirrors_ready());
  family("daybook_store_trouble", "gauge", "1 while a shard's store is failing, or damaged and being folded anew.");
  for (std::int32_t i = 0; i < projector_->shard_count(); ++i) {
    text += fmt::format("daybook_store_trouble{{shard=\"{}\"}} {}\n", i, projector_->store_trouble(i).empty() ? 0 : 1);
  }
  family("daybook_append_trouble", "gauge", "1 while nothing can be appended to the log.");
  text += fmt::format("daybook_append_trouble {}\n", attached_ && !log_->trouble().empty() ? 1 : 0);
  family("daybook_ready", "gauge", "1 when the instance is ready.");
  text += fmt::format("daybook_ready {}\n", ready().status == 200 ? 1 : 0);
  return {200, "text/plain; version=0.0.4", std::move(text), {}};
}

}  // namespace daybook::app
