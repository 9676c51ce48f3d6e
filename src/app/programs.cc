#include "app/programs.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "http/server.h"

namespace daybook::app {
namespace {

using Keys = std::vector<std::string>;

Keys joined(std::initializer_list<Keys> lists) {
  Keys all;
  for (const Keys& keys : lists) all.insert(all.end(), keys.begin(), keys.end());
  return all;
}

const Keys kServing = {"listen", "unprotected", "threads", "memory_mib", "served_names", "log_format"};
const Keys kLog = {"brokers", "topic_prefix"};
const Keys kFolding = {"data",
                       "partitions",
                       "business_time_zone",
                       "expect",
                       "anomaly_days.delivered_not_invoiced",
                       "anomaly_days.shipped_without_proof_of_delivery",
                       "anomaly_days.invoice_not_received",
                       "today"};

// What it listens at, by key.
std::vector<std::pair<const char*, std::string>> listens_at(Program program, const Settings& settings) {
  std::vector<std::pair<const char*, std::string>> at = {{"listen", settings.listen}};
  if (program == Program::kProjector) at.emplace_back("metrics_listen", settings.metrics_listen);
  return at;
}

bool is_reached_by_others(const std::string& listen) { return http::is_loopback(split_listen(listen).host) == false; }

Result<void> refuse_setting(std::string_view key, std::string_view value, std::string_view allowed) {
  return unexpected(ErrorCode::kInvalidArgument, fmt::format("{} = '{}': allowed is {}", key, value, allowed));
}

Result<void> check_listens(Program program, const Settings& settings) {
  for (const auto& [key, listen] : listens_at(program, settings)) {
    if (!http::is_loopback(split_listen(listen).host)) {
      return refuse_setting(key, listen, "an IP address of this machine, or localhost, with a port");
    }
    if (is_reached_by_others(listen) && !settings.unprotected) {
      return refuse_setting(
          key, listen,
          "a loopback address, such as 127.0.0.1: other machines can reach this one, and nothing keeps them "
          "out. In a private network behind a proxy say --unprotected with it");
    }
  }
  return {};
}

}  // namespace

const std::vector<std::string>& keys_of(Program program) {
  static const Keys up = joined({kServing, kLog, kFolding, {"bodies_mib", "streams_max"}});
  static const Keys gateway = joined({kServing, kLog, {"bodies_mib"}});
  static const Keys projector = joined({kServing, kLog, kFolding, {"shards", "metrics_listen", "dead_letters"}});
  static const Keys query = joined({kServing, {"projectors", "today", "bodies_mib", "streams_max"}});
  switch (program) {
    case Program::kUp: return up;
    case Program::kGateway: return gateway;
    case Program::kProjector: return projector;
    case Program::kQuery: return query;
  }
  return up;
}

Settings defaults_of(Program program) {
  Settings settings;
  if (program == Program::kGateway) settings.listen = "127.0.0.1:8081";
  if (program == Program::kProjector) settings.listen = "127.0.0.1:8090";
  return settings;
}

Result<void> check(Program program, const Settings& settings) {
  const bool needs_brokers = program == Program::kGateway || program == Program::kProjector;
  if (needs_brokers && settings.brokers.empty()) {
    return refuse_setting("brokers", "", "HOST:PORT,… of Kafka: an embedded log is daybook up's alone");
  }
  if (program == Program::kQuery && settings.projectors.empty()) {
    return refuse_setting("projectors", "", "HOST:PORT,… of the projectors that have the shards");
  }
  return check_listens(program, settings);
}

bool is_unprotected(Program program, const Settings& settings) {
  return std::ranges::any_of(listens_at(program, settings),
                             [](const auto& at) { return is_reached_by_others(at.second); });
}

void tell_unprotected(Program program, const Settings& settings, const LogLine& line) {
  for (const auto& [key, listen] : listens_at(program, settings)) {
    if (!is_reached_by_others(listen)) continue;
    line(Severity::kWarning,
         fmt::format("unprotected: {} is {}, which other machines can reach, without TLS and users; whoever "
                     "does may read and publish everything",
                     key, listen));
  }
}

}  // namespace daybook::app
