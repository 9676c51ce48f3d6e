#include "app/settings.h"

#include <fmt/format.h>

#include <toml++/toml.h>
#include <unistd.h>
#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <functional>

#include "base/nearest.h"
#include "log/partitions.h"

namespace daybook::app {
namespace {

Result<std::int64_t> whole_number(const std::string& value, std::int64_t least, std::int64_t most) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (error != std::errc() || end != value.data() + value.size() || number < least || number > most) {
    return unexpected(ErrorCode::kInvalidArgument, fmt::format("a whole number from {} to {}", least, most));
  }
  return number;
}

Result<void> not_empty(std::string& to, const std::string& value, const char* allowed) {
  if (value.empty()) return unexpected(ErrorCode::kInvalidArgument, allowed);
  to = value;
  return {};
}

// HOST:PORT.
bool is_address(const std::string& value, std::int64_t least_port) {
  const std::size_t colon = value.rfind(':');
  return colon != std::string::npos && colon != 0 && whole_number(value.substr(colon + 1), least_port, 65535);
}

bool is_bracketed(std::string_view host) { return host.starts_with('[') && host.ends_with(']'); }

Result<void> set_listen(std::string& to, const std::string& value) {
  const std::string_view host = std::string_view(value).substr(0, value.rfind(':'));
  // Without brackets ::1:8080 is an address, too.
  if (!is_address(value, 0) || (host.find(':') != host.npos) != is_bracketed(host)) {
    return unexpected(ErrorCode::kInvalidArgument, "HOST:PORT, such as 127.0.0.1:8080 or [::1]:8080");
  }
  to = value;
  return {};
}

Result<void> set_switch(bool& to, const std::string& value) {
  if (value != "true" && value != "false") return unexpected(ErrorCode::kInvalidArgument, "true or false");
  to = value == "true";
  return {};
}

// Each of a list NAME,…; nothing where one is not fit.
template <typename IsFit>
std::optional<std::vector<std::string>> split_list(const std::string& value, const IsFit& is_fit) {
  std::vector<std::string> parts;
  for (std::size_t begin = 0; begin <= value.size();) {
    const std::size_t end = std::min(value.find(',', begin), value.size());
    parts.push_back(value.substr(begin, end - begin));
    if (!is_fit(parts.back())) return std::nullopt;
    begin = end + 1;
  }
  return parts;
}

template <Day domain::AnomalyDays::* days>
Result<void> set_anomaly_days(Settings& settings, const std::string& value) {
  ASSIGN_OR_RETURN(const std::int64_t number, whole_number(value, 0, 3650));
  settings.fold.anomaly_days.*days = static_cast<Day>(number);
  return {};
}

// Each setting's name as `form` has it.
template <typename Form>
std::vector<std::string> names_of_settings(const Form& form) {
  std::vector<std::string> names;
  for (const SettingKey& key : setting_keys()) names.emplace_back(form(key.name));
  return names;
}

Result<void> apply(Settings& settings, const std::string& key, const std::string& value, const std::string& from) {
  const auto known = std::ranges::find(setting_keys(), key, &SettingKey::name);
  if (known == setting_keys().end()) {
    return unexpected(ErrorCode::kInvalidArgument, fmt::format("{}: '{}' is not a setting{}", from, key,
                                                               nearest_words(key, names_of_settings(std::identity()))));
  }
  if (const auto done = known->set(settings, value); !done) {
    return unexpected(ErrorCode::kInvalidArgument,
                      fmt::format("{} = '{}' ({}): allowed is {}", key, value, from, done.error().message));
  }
  return {};
}

Result<void> read_file(Settings& settings, const std::string& path) {
  toml::table table;
  try {
    table = toml::parse_file(path);
  } catch (const toml::parse_error& error) {
    return unexpected(ErrorCode::kInvalidArgument,
                      fmt::format("{}:{}: {}", path, error.source().begin.line, error.description()));
  }
  const auto text_of = [](const toml::node& node) -> std::optional<std::string> {
    if (const auto text = node.value_exact<std::string>()) return *text;
    if (const auto number = node.value_exact<std::int64_t>()) return std::to_string(*number);
    if (const auto truth = node.value_exact<bool>()) return *truth ? "true" : "false";
    if (const auto date = node.value_exact<toml::date>()) {
      return fmt::format("{:04}-{:02}-{:02}", date->year, date->month, date->day);
    }
    return std::nullopt;
  };
  // [kafka] passes anything through; its own names have points, which TOML reads as tables.
  const std::function<Result<void>(const toml::table&, const std::string&)> take_kafka =
      [&](const toml::table& properties, const std::string& prefix) -> Result<void> {
    for (const auto& [key, node] : properties) {
      const std::string name = prefix + std::string(key.str());
      if (const auto* inner = node.as_table()) {
        RETURN_IF_ERROR(take_kafka(*inner, name + "."));
      } else if (const auto text = text_of(node)) {
        settings.kafka[name] = *text;
      } else {
        return unexpected(ErrorCode::kInvalidArgument,
                          fmt::format("{}: kafka.{} must be a text, a number or a truth value", path, name));
      }
    }
    return {};
  };
  // A key `a.b` is b in the table [a].
  const std::function<Result<void>(const toml::table&, const std::string&)> take =
      [&](const toml::table& keys, const std::string& prefix) -> Result<void> {
    for (const auto& [key, node] : keys) {
      const std::string name = prefix + std::string(key.str());
      if (const auto* inner = node.as_table()) {
        RETURN_IF_ERROR(name == "kafka" ? take_kafka(*inner, "") : take(*inner, name + "."));
        continue;
      }
      std::string value;
      if (const auto* list = node.as_array()) {
        for (const toml::node& item : *list) {
          if (!value.empty()) value += ',';
          value += text_of(item).value_or("?");
        }
      } else {
        value = text_of(node).value_or("?");
      }
      RETURN_IF_ERROR(apply(settings, name, value, path));
    }
    return {};
  };
  return take(table, "");
}

}  // namespace

const std::vector<SettingKey>& setting_keys() {
  static const std::vector<SettingKey> keys = {
      {"data", "folder of the read models, and of the log where it is embedded",
       [](Settings& s, const std::string& v) { return not_empty(s.data, v, "a folder's path"); }},
      {"listen", "address and port to serve on; port 0 takes a free one",
       [](Settings& s, const std::string& v) { return set_listen(s.listen, v); }},
      {"metrics_listen", "address and port for health, metrics and status over HTTP; port 0 takes a free one",
       [](Settings& s, const std::string& v) { return set_listen(s.metrics_listen, v); }},
      {"unprotected", "serve beyond the loopback, where nothing keeps others out: for a private network behind a proxy",
       [](Settings& s, const std::string& v) { return set_switch(s.unprotected, v); }, true},
      {"brokers", "Kafka brokers HOST:PORT,…; without them the log is embedded under the data folder",
       [](Settings& s, const std::string& v) {
         s.brokers = v;
         return Result<void>();
       }},
      {"topic_prefix", "in front of every topic's name",
       [](Settings& s, const std::string& v) {
         s.topic_prefix = v;
         return Result<void>();
       }},
      {"partitions", "partitions of every topic of a new log (8), or shards of a store",
       [](Settings& s, const std::string& v) -> Result<void> {
         ASSIGN_OR_RETURN(const std::int64_t count, whole_number(v, 1, 1024));
         s.partitions = static_cast<std::int32_t>(count);
         return {};
       }},
      {"shards", "those of the log's partitions that are held, such as 0-3,6 (all)",
       [](Settings& s, const std::string& v) -> Result<void> {
         s.shards = log::parse_partitions(v);
         if (s.shards) return {};
         return unexpected(ErrorCode::kInvalidArgument,
                           "numbers from 0 to 1023 and ranges of them, each once, such as 0-3,6");
       }},
      {"projectors", "projectors that have the shards, HOST:PORT,…",
       [](Settings& s, const std::string& v) -> Result<void> {
         const auto projectors = split_list(v, [](const std::string& one) {
           return is_address(one, 1) && one.find_first_of(" /@") == std::string::npos;
         });
         if (!projectors)
           return unexpected(ErrorCode::kInvalidArgument, "HOST:PORT,…, such as books-1:8090,books-2:8090");
         s.projectors = *projectors;
         return {};
       }},
      {"dead_letters", "copy what is parked in these shards to the dead-letter topic",
       [](Settings& s, const std::string& v) { return set_switch(s.dead_letters, v); }, true},
      {"business_time_zone", "IANA name of the zone that makes dates of instants (UTC)",
       [](Settings& s, const std::string& v) -> Result<void> {
         if (const auto zone = BusinessZone::find(v); !zone) {
           return unexpected(ErrorCode::kInvalidArgument, "an IANA time zone, such as Asia/Shanghai");
         }
         s.fold.business_time_zone = v;
         return {};
       }},
      {"expect", "families that upstreams publish, of orders,shipments,invoices,payments (all)",
       [](Settings& s, const std::string& v) -> Result<void> {
         ASSIGN_OR_RETURN(s.fold.expect, domain::parse_expect(v));
         return {};
       }},
      {"anomaly_days.delivered_not_invoiced", "days after which a delivered order is missed an invoice (7)",
       set_anomaly_days<&domain::AnomalyDays::delivered_not_invoiced>},
      {"anomaly_days.shipped_without_proof_of_delivery",
       "days after which a shipment is missed its proof of delivery (14)",
       set_anomaly_days<&domain::AnomalyDays::shipped_without_proof_of_delivery>},
      {"anomaly_days.invoice_not_received",
       "days after which an open invoice is missed word that the customer has it (14)",
       set_anomaly_days<&domain::AnomalyDays::invoice_not_received>},
      {"today", "fixes today for every view, for repeatable reports",
       [](Settings& s, const std::string& v) -> Result<void> {
         s.today = parse_date(v);
         if (!s.today) return unexpected(ErrorCode::kInvalidArgument, "a date, YYYY-MM-DD");
         return {};
       }},
      {"threads", "folding threads, as many for HTTP's input and output, and twice as many that answer (2)",
       [](Settings& s, const std::string& v) -> Result<void> {
         ASSIGN_OR_RETURN(const std::int64_t count, whole_number(v, 1, 256));
         s.threads = static_cast<int>(count);
         return {};
       }},
      {"memory_mib",
       "bound on caches and write buffers of the process (1024); a replay takes up to four times as much disk "
       "for a while",
       [](Settings& s, const std::string& v) -> Result<void> {
         ASSIGN_OR_RETURN(const std::int64_t size, whole_number(v, 64, 1 << 20));
         s.memory_mib = static_cast<std::size_t>(size);
         return {};
       }},
      {"bodies_mib",
       "bound on what bodies of requests take together, beyond which requests are answered 429 (an eighth of "
       "memory_mib, 32 at least)",
       [](Settings& s, const std::string& v) -> Result<void> {
         ASSIGN_OR_RETURN(const std::int64_t size, whole_number(v, 17, 1 << 20));
         s.bodies_mib = static_cast<std::size_t>(size);
         return {};
       }},
      {"served_names",
       "names or addresses, NAME,…, that clients may ask under besides localhost and the loopback addresses",
       [](Settings& s, const std::string& v) -> Result<void> {
         const auto names = split_list(v, [](const std::string& name) {
           return !name.empty() && name.find_first_of(" /@") == std::string::npos;
         });
         if (!names) {
           return unexpected(ErrorCode::kInvalidArgument, "host names without a port, such as books.example,192.0.2.7");
         }
         s.served_names = *names;
         return {};
       }},
      {"streams_max", "streams of changes that may be open at a time, beyond which they are answered 503 (5000)",
       [](Settings& s, const std::string& v) -> Result<void> {
         ASSIGN_OR_RETURN(const std::int64_t count, whole_number(v, 0, 100'000));
         s.streams_max = static_cast<std::size_t>(count);
         return {};
       }},
      {"log_format", "form of the lines on stderr, text or json (text)",
       [](Settings& s, const std::string& v) -> Result<void> {
         if (v != "text" && v != "json") return unexpected(ErrorCode::kInvalidArgument, "text or json");
         s.log_format = v == "json" ? LogFormat::kJson : LogFormat::kText;
         return {};
       }},
  };
  return keys;
}

std::string flag_of(std::string_view key) {
  std::string flag = "--" + std::string(key);
  std::ranges::replace(flag, '_', '-');
  std::ranges::replace(flag, '.', '-');
  return flag;
}

std::string variable_of(std::string_view key) {
  std::string name = "DAYBOOK_" + std::string(key);
  std::ranges::transform(name, name.begin(), [](char c) {
    return c == '.' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  });
  return name;
}

Result<Settings> read_settings(const std::string& file, const std::map<std::string, std::string>& flags,
                               const std::vector<std::string>& kafka_flags, Settings settings) {
  if (!file.empty()) RETURN_IF_ERROR(read_file(settings, file));
  for (const SettingKey& key : setting_keys()) {
    const std::string variable = variable_of(key.name);
    if (const char* value = std::getenv(variable.c_str())) {
      RETURN_IF_ERROR(apply(settings, std::string(key.name), value, variable));
    }
  }
  for (const auto& [key, value] : flags) RETURN_IF_ERROR(apply(settings, key, value, flag_of(key)));
  for (const std::string& property : kafka_flags) {
    const std::size_t equals = property.find('=');
    if (equals == std::string::npos || equals == 0) {
      return unexpected(ErrorCode::kInvalidArgument, fmt::format("--kafka '{}': allowed is PROPERTY=VALUE", property));
    }
    settings.kafka[property.substr(0, equals)] = property.substr(equals + 1);
  }
  return settings;
}

ListenAddress split_listen(const std::string& listen) {
  const std::size_t colon = listen.rfind(':');
  const std::string host = listen.substr(0, colon);
  return {is_bracketed(host) ? host.substr(1, host.size() - 2) : host,
          static_cast<std::uint16_t>(std::stoi(listen.substr(colon + 1)))};
}

std::vector<std::string> unknown_variables() {
  constexpr std::string_view kPrefix = "DAYBOOK_";
  const auto without_prefix = [&](std::string_view key) { return variable_of(key).substr(kPrefix.size()); };
  const std::vector<std::string> known = names_of_settings(without_prefix);
  std::vector<std::string> unknown;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const std::string_view text = *variable;
    if (!text.starts_with(kPrefix)) continue;
    const std::string_view name = text.substr(kPrefix.size(), text.find('=') - kPrefix.size());
    if (std::ranges::find(known, name) != known.end()) continue;
    const auto meant = nearest(name, known);
    unknown.push_back(fmt::format("{}{} in the environment is not a setting and has no effect{}", kPrefix, name,
                                  meant ? fmt::format("; did you mean '{}{}'?", kPrefix, *meant) : ""));
  }
  std::ranges::sort(unknown);
  return unknown;
}

}  // namespace daybook::app
