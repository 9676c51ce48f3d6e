// What an instance tells Prometheus: what it measures in passing, and what it is asked for at each scrape.
#pragma once

#include <prometheus/metric_family.h>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace daybook::app {

// Families of values as of a scrape.
class MetricSheet {
 public:
  using Labels = std::vector<std::pair<std::string, std::string>>;

  // Begins a family; the values that follow are its own.
  void gauge(std::string_view name, std::string_view help);
  void counter(std::string_view name, std::string_view help);
  void add(const Labels& labels, double value);

  std::vector<prometheus::MetricFamily> take() { return std::move(families_); }

 private:
  std::vector<prometheus::MetricFamily> families_;
};

// Thread-safe.
class Metrics {
 public:
  Metrics();
  ~Metrics();

  // A request was answered.
  void answered(std::string_view route, int status, std::chrono::nanoseconds time);
  // A commit of a shard was done.
  void committed(std::int32_t shard, std::size_t records, std::chrono::nanoseconds time);
  // librdkafka's statistics of one client, as JSON. Those of a client that has gone silent are forgotten.
  void kafka_statistics(const std::string& json);

  // Everything as text, with `sheet` in front.
  std::string text(MetricSheet sheet) const;

 private:
  struct Parts;
  const std::unique_ptr<Parts> parts_;
};

// The pattern of the interface that a path belongs to ("/v1/invoices/{id}"), so that labels are few; "other" for
// those that have none. `segments`: its parts, decoded.
std::string route_of(const std::string& path, const std::vector<std::string>& segments);

}  // namespace daybook::app
