#include "app/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <array>
#include <boost/json/parse.hpp>
#include <map>
#include <mutex>

#include "app/dashboard.h"
#include "query/catalog.h"
#include "query/path_pattern.h"

namespace daybook::app {
namespace {

namespace json = boost::json;
using std::chrono::steady_clock;

// Upper borders, in seconds.
const prometheus::Histogram::BucketBoundaries kAnswerSeconds = {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
                                                                0.1,    0.25,  0.5,    1,     2.5,  5,     10};
const prometheus::Histogram::BucketBoundaries kCommitSeconds = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,
                                                                0.25,  0.5,    1,     2.5,  5,     10,   60};

// Clients tell every five seconds (kafka_options() in instance.cc).
constexpr std::chrono::seconds kSilent{30};

double seconds_of(std::chrono::nanoseconds time) { return std::chrono::duration<double>(time).count(); }

double number(const json::object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  return value != nullptr && value->is_number() ? value->to_number<double>() : 0;
}

// What is taken of a client's statistics.
struct KafkaClient {
  double sent_bytes = 0;
  double received_bytes = 0;
  double queued_messages = 0;
  double errors = 0;  // Of its brokers: failed and timed out requests, and broken connections.
  double brokers_up = 0;
  double rtt_p99 = 0;  // Of the slowest broker, in seconds.
  steady_clock::time_point told_at;
};

KafkaClient read_client(const json::object& all) {
  KafkaClient client;
  client.sent_bytes = number(all, "tx_bytes");
  client.received_bytes = number(all, "rx_bytes");
  client.queued_messages = number(all, "msg_cnt");
  if (const auto* brokers = all.if_contains("brokers"); brokers != nullptr && brokers->is_object()) {
    for (const auto& entry : brokers->get_object()) {
      if (!entry.value().is_object()) continue;
      const json::object& broker = entry.value().get_object();
      for (const char* name : {"txerrs", "rxerrs", "req_timeouts", "disconnects"})
        client.errors += number(broker, name);
      if (const auto* state = broker.if_contains("state"); state != nullptr && *state == "UP") ++client.brokers_up;
      if (const auto* rtt = broker.if_contains("rtt"); rtt != nullptr && rtt->is_object()) {
        client.rtt_p99 = std::max(client.rtt_p99, number(rtt->get_object(), "p99") / 1e6);
      }
    }
  }
  client.told_at = steady_clock::now();
  return client;
}

}  // namespace

void MetricSheet::gauge(std::string_view name, std::string_view help) {
  families_.push_back({std::string(name), std::string(help), prometheus::MetricType::Gauge, {}});
}

void MetricSheet::counter(std::string_view name, std::string_view help) {
  families_.push_back({std::string(name), std::string(help), prometheus::MetricType::Counter, {}});
}

void MetricSheet::add(const Labels& labels, double value) {
  prometheus::ClientMetric& metric = families_.back().metric.emplace_back();
  for (const auto& [name, text] : labels) metric.label.push_back({name, text});
  metric.gauge.value = value;
  metric.counter.value = value;
}

struct Metrics::Parts {
  prometheus::Registry registry;
  prometheus::Family<prometheus::Counter>& requests =
      prometheus::BuildCounter()
          .Name("daybook_requests_total")
          .Help("Requests answered, by the route's pattern and the answer's status.")
          .Register(registry);
  prometheus::Family<prometheus::Histogram>& answer_seconds =
      prometheus::BuildHistogram()
          .Name("daybook_answer_seconds")
          .Help("From a whole request to its answer, by the route's pattern.")
          .Register(registry);
  prometheus::Family<prometheus::Counter>& committed_records =
      prometheus::BuildCounter()
          .Name("daybook_committed_records_total")
          .Help("Records read and committed since the start, by shard.")
          .Register(registry);
  prometheus::Family<prometheus::Histogram>& commit_seconds =
      prometheus::BuildHistogram()
          .Name("daybook_commit_seconds")
          .Help("How long commits took, folding and writing, by shard.")
          .Register(registry);

  std::mutex mutex;  // Guards the rest.
  // What labels stand for, so that none is put together anew for each request.
  std::map<std::pair<std::string, int>, prometheus::Counter*, std::less<>> by_status;
  std::map<std::string, prometheus::Histogram*, std::less<>> by_route;
  std::map<std::int32_t, std::pair<prometheus::Counter*, prometheus::Histogram*>> by_shard;
  std::map<std::string, KafkaClient> kafka_clients;
};

Metrics::Metrics() : parts_(std::make_unique<Parts>()) {}
Metrics::~Metrics() = default;

void Metrics::answered(std::string_view route, int status, std::chrono::nanoseconds time) {
  prometheus::Counter* counter = nullptr;
  prometheus::Histogram* histogram = nullptr;
  {
    const std::lock_guard lock(parts_->mutex);
    prometheus::Counter*& of_status = parts_->by_status[{std::string(route), status}];
    if (of_status == nullptr) {
      of_status = &parts_->requests.Add({{"route", std::string(route)}, {"status", std::to_string(status)}});
    }
    prometheus::Histogram*& of_route = parts_->by_route[std::string(route)];
    if (of_route == nullptr) {
      of_route = &parts_->answer_seconds.Add({{"route", std::string(route)}}, kAnswerSeconds);
    }
    counter = of_status;
    histogram = of_route;
  }
  counter->Increment();
  histogram->Observe(seconds_of(time));
}

void Metrics::committed(std::int32_t shard, std::size_t records, std::chrono::nanoseconds time) {
  std::pair<prometheus::Counter*, prometheus::Histogram*> of_shard;
  {
    const std::lock_guard lock(parts_->mutex);
    auto& known = parts_->by_shard[shard];
    if (known.first == nullptr) {
      const prometheus::Labels labels = {{"shard", std::to_string(shard)}};
      known = {&parts_->committed_records.Add(labels), &parts_->commit_seconds.Add(labels, kCommitSeconds)};
    }
    of_shard = known;
  }
  of_shard.first->Increment(static_cast<double>(records));
  of_shard.second->Observe(seconds_of(time));
}

void Metrics::kafka_statistics(const std::string& text) {
  boost::system::error_code error;
  const json::value value = json::parse(text, error);
  if (error || !value.is_object()) return;
  const auto* name = value.get_object().if_contains("name");
  if (name == nullptr || !name->is_string()) return;
  const KafkaClient client = read_client(value.get_object());
  const std::lock_guard lock(parts_->mutex);
  parts_->kafka_clients[std::string(name->get_string())] = client;
}

std::string Metrics::text(MetricSheet sheet) const {
  {
    const std::lock_guard lock(parts_->mutex);
    auto& clients = parts_->kafka_clients;
    std::erase_if(clients, [](const auto& each) { return steady_clock::now() - each.second.told_at > kSilent; });
    const auto family = [&](bool is_counter, const char* metric, const char* help, double KafkaClient::* field) {
      if (clients.empty()) return;
      is_counter ? sheet.counter(metric, help) : sheet.gauge(metric, help);
      for (const auto& [client, told] : clients) sheet.add({{"client", client}}, told.*field);
    };
    family(true, "daybook_kafka_sent_bytes_total", "Sent to brokers, by librdkafka's client.",
           &KafkaClient::sent_bytes);
    family(true, "daybook_kafka_received_bytes_total", "Received from brokers.", &KafkaClient::received_bytes);
    family(false, "daybook_kafka_queued_messages", "Messages that wait for a broker.", &KafkaClient::queued_messages);
    family(true, "daybook_kafka_errors_total", "Requests that failed or timed out, and connections lost.",
           &KafkaClient::errors);
    family(false, "daybook_kafka_brokers_up", "Brokers that are connected.", &KafkaClient::brokers_up);
    family(false, "daybook_kafka_rtt_p99_seconds", "Round trip to the slowest broker, 99th percentile.",
           &KafkaClient::rtt_p99);
  }
  std::vector<prometheus::MetricFamily> families = sheet.take();
  std::ranges::move(parts_->registry.Collect(), std::back_inserter(families));
  return prometheus::TextSerializer().Serialize(families);
}

std::string route_of(const std::string& path, const std::vector<std::string>& segments) {
  static constexpr std::array<std::string_view, 9> kPlain = {
      "/",          "/healthz",      "/readyz",
      "/metrics",   "/openapi.json", "/v1/status",
      "/v1/events", "/v1/changes",   "/v1/receivables/reconciliation"};
  if (std::ranges::find(kPlain, path) != kPlain.end()) return path;
  if (is_of_dashboard(path)) return "/assets";
  const auto known = query::find_route(segments, false);
  if (!known) return "other";
  return query::replace_placeholders(known->report->description().path, [](std::string_view) { return "{id}"; });
}

}  // namespace daybook::app
