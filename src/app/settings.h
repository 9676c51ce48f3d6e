// Settings: a TOML file, DAYBOOK_… environment variables, flags; later wins.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/logging.h"
#include "app/memory_plan.h"
#include "base/date.h"
#include "base/result.h"
#include "domain/rules.h"
#include "engine/manifest.h"
#include "engine/projector.h"
#include "log/kafka/options.h"

namespace daybook::app {

struct Settings {
  std::string data = "./daybook-data";
  std::string listen = "127.0.0.1:8080";
  std::string metrics_listen = "127.0.0.1:8091";  // A projector's HTTP, beside its gRPC.
  bool unprotected = false;                       // Other machines may reach what listens.
  std::string brokers;                            // Empty: the embedded log.
  std::string topic_prefix;
  std::optional<std::int32_t> partitions;           // Left out: what is there, or 8.
  std::optional<std::vector<std::int32_t>> shards;  // Rising; left out: all.
  std::vector<std::string> projectors;              // HOST:PORT of each, for a query service.
  bool dead_letters = false;                        // A projector copies what is parked; an all-in-one always does.
  domain::FoldSettings fold;
  std::optional<Day> today;  // Left out: the clock's.
  int threads = 2;
  std::size_t memory_mib = 1024;
  std::optional<std::size_t> bodies_mib;  // Left out: by the memory plan.
  std::vector<std::string> served_names;  // Besides those of the loopback.
  std::size_t streams_max = 5'000;        // Of changes, open at a time.
  LogFormat log_format = LogFormat::kText;
  std::map<std::string, std::string> kafka;  // librdkafka's own properties.

  MemoryPlan memory_plan() const {
    MemoryPlan plan = MemoryPlan::of(memory_mib << 20);
    if (bodies_mib) plan.bodies = *bodies_mib << 20;
    return plan;
  }
  log::KafkaOptions kafka_options() const {
    log::KafkaOptions options;
    options.brokers = brokers;
    options.topic_prefix = topic_prefix;
    options.properties = kafka;
    options.prefetch_bytes = memory_plan().prefetch;
    return options;
  }
};

// A key that file, environment and flags know alike.
struct SettingKey {
  std::string_view name;  // "business_time_zone": DAYBOOK_BUSINESS_TIME_ZONE, --business-time-zone.
  std::string_view help;
  // Takes the value over, or says what is allowed.
  Result<void> (*set)(Settings& settings, const std::string& value);
  bool is_switch = false;  // A flag without a value says true.
};
const std::vector<SettingKey>& setting_keys();

std::string flag_of(std::string_view key);
std::string variable_of(std::string_view key);

// DAYBOOK_… variables of the environment that are no setting and so have no effect, each in words for people.
std::vector<std::string> unknown_variables();

// `flags`: values by key, as given on the command line. `file`: a TOML file's path, or empty.
// `settings`: what holds where nothing is said. kInvalidArgument names the key, its value, where it came from and what
// is allowed.
Result<Settings> read_settings(const std::string& file, const std::map<std::string, std::string>& flags,
                               const std::vector<std::string>& kafka_flags, Settings settings = {});

// "127.0.0.1:8080" or "[::1]:8080" in its parts, without brackets.
struct ListenAddress {
  std::string host;
  std::uint16_t port = 0;
};
ListenAddress split_listen(const std::string& listen);

}  // namespace daybook::app
