#include "log/kafka/client.h"

#include <fmt/format.h>

#include <array>
#include <future>
#include <span>
#include <string_view>
#include <thread>

#include "log/log.h"

namespace daybook::log {
namespace {

using namespace std::chrono_literals;

struct Property {
  const char* name;
  const char* value;
};

// What the promises of the log rest on.
constexpr std::array kConsumerRules = {
    Property{"enable.auto.commit", "false"},
    Property{"enable.auto.offset.store", "false"},
    // A position outside the log is told, never moved.
    Property{"auto.offset.reset", "error"},
    Property{"enable.partition.eof", "true"},
    Property{"check.crcs", "true"},
    Property{"allow.auto.create.topics", "false"},
};
constexpr std::array kProducerRules = {
    Property{"enable.idempotence", "true"},
    Property{"acks", "all"},
};
// What may be set otherwise.
constexpr std::array kDefaults = {
    Property{"client.id", "daybook"},
    // A broker that is back is found within this.
    Property{"reconnect.backoff.max.ms", "1000"},
};
constexpr std::array kConsumerDefaults = {
    // Members of no group: the positions are ours. librdkafka wants a name all the same.
    Property{"group.id", "daybook"},
    // The prefetch is limited by bytes alone; at its limit by count the fetcher sleeps.
    Property{"queued.min.messages", "10000000"},
};
constexpr std::array kProducerDefaults = {
    Property{"compression.codec", "zstd"},
    // Longer than a broker takes to come back.
    Property{"message.timeout.ms", "120000"},
    Property{"linger.ms", "2"},
    // The producer's own bound is below these.
    Property{"queue.buffering.max.messages", "2000000"},
    Property{"queue.buffering.max.kbytes", "1048576"},
};

// The first librdkafka with fetch.queue.backoff.ms, as rd_kafka_version() tells it.
constexpr int kQueueBackoffSince = 0x020200ff;

constexpr const char* kStatisticsInterval = "5000";

// Long enough for a client that ends at all; several of them end one after the other.
constexpr auto kDestroyPatience = 1'500ms;
// And for a word to the others of a group, which a broker that hangs does not take.
constexpr auto kLeavePatience = 1s;

Result<void> set(rd_kafka_conf_t* conf, const std::string& name, const std::string& value) {
  char reason[512];
  if (rd_kafka_conf_set(conf, name.c_str(), value.c_str(), reason, sizeof reason) == RD_KAFKA_CONF_OK) {
    return {};
  }
  return unexpected(ErrorCode::kInvalidArgument, fmt::format("[kafka] {} = {}: {}", name, value, reason));
}

template <typename Properties>
Result<void> set_all(rd_kafka_conf_t* conf, const Properties& properties) {
  for (const auto& [name, value] : properties) RETURN_IF_ERROR(set(conf, name, value));
  return {};
}

// The value that a rule gives to this property, if one does.
std::optional<std::string_view> ruled_value(const std::string& name) {
  for (const auto& [ruled, value] : kConsumerRules) {
    if (name == ruled) return value;
  }
  for (const auto& [ruled, value] : kProducerRules) {
    if (name == ruled) return value;
  }
  return std::nullopt;
}

Result<void> configure(rd_kafka_conf_t* conf, const KafkaOptions& options, Client::Kind kind) {
  const bool consumer = kind == Client::Kind::kConsumer;
  RETURN_IF_ERROR(set(conf, "bootstrap.servers", options.brokers));
  RETURN_IF_ERROR(set(conf, "message.max.bytes", std::to_string(kMessageBytesMax)));
  RETURN_IF_ERROR(set_all(conf, kDefaults));
  RETURN_IF_ERROR(consumer ? set_all(conf, kConsumerDefaults) : set_all(conf, kProducerDefaults));
  if (consumer && fetcher_looks_again()) {
    RETURN_IF_ERROR(set(conf, "fetch.queue.backoff.ms", std::to_string(kFetcherLooksAfter.count())));
  }
  for (const auto& [name, value] : options.properties) {
    const std::optional<std::string_view> ruled = ruled_value(name);
    if (ruled && value != *ruled) {
      return unexpected(ErrorCode::kInvalidArgument,
                        fmt::format("[kafka] {} = {}: the log needs {}; leave it out", name, value, *ruled));
    }
    RETURN_IF_ERROR(set(conf, name, value));
  }
  return consumer ? set_all(conf, kConsumerRules) : set_all(conf, kProducerRules);
}

// librdkafka warns of a property that the other kind of client alone has; ours are given to both.
constexpr std::string_view kOfTheOtherKind = "CONFWARN";

}  // namespace

ErrorCode error_code_of(rd_kafka_resp_err_t error) {
  switch (error) {
    case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
    case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE: return ErrorCode::kOutOfRange;
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    // Somebody must look: asking again will not help.
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED: return ErrorCode::kMismatch;
    case RD_KAFKA_RESP_ERR__BAD_MSG:
    case RD_KAFKA_RESP_ERR__BAD_COMPRESSION:
    case RD_KAFKA_RESP_ERR_INVALID_MSG: return ErrorCode::kCorrupt;
    case RD_KAFKA_RESP_ERR__FATAL:
    case RD_KAFKA_RESP_ERR__FENCED: return ErrorCode::kFatal;
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE: return ErrorCode::kInvalidArgument;
    default: return ErrorCode::kUnavailable;
  }
}

Unexpected kafka_error(rd_kafka_resp_err_t error, const std::string& what) {
  return unexpected(error_code_of(error), fmt::format("{}: {}", what, rd_kafka_err2str(error)));
}

bool fetcher_looks_again() { return rd_kafka_version() >= kQueueBackoffSince; }

rd_kafka_resp_err_t look_up_offsets(rd_kafka_t* client, rd_kafka_topic_partition_list_t* partitions,
                                    std::chrono::milliseconds timeout) {
  const rd_kafka_resp_err_t error = rd_kafka_offsets_for_times(client, partitions, static_cast<int>(timeout.count()));
  // So it says that none of them has a leader, and goes on saying it until somebody asks for metadata.
  if (error == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION) return RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE;
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) return error;
  for (const rd_kafka_topic_partition_t& each :
       std::span(partitions->elems, static_cast<std::size_t>(partitions->cnt))) {
    if (each.err != RD_KAFKA_RESP_ERR_NO_ERROR) return each.err;
    // One without a leader is left as it was.
    if (each.offset < 0) return RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE;
  }
  return RD_KAFKA_RESP_ERR_NO_ERROR;
}

Result<std::unique_ptr<Client>> Client::make(const KafkaOptions& options, Kind kind, DeliveryReport delivered) {
  KafkaPtr<rd_kafka_conf_t> conf(rd_kafka_conf_new());
  RETURN_IF_ERROR(configure(conf.get(), options, kind));
  auto state = std::make_shared<State>();
  state->on_log = options.on_log;
  state->on_statistics = options.on_statistics;
  // The callback's own hold on the state goes with the librdkafka object, or stays with it.
  auto opaque = std::make_unique<std::shared_ptr<State>>(state);
  rd_kafka_conf_set_opaque(conf.get(), opaque.get());
  rd_kafka_conf_set_error_cb(conf.get(), &Client::on_error);
  rd_kafka_conf_set_log_cb(conf.get(), &Client::on_log);
  if (options.on_statistics) {
    RETURN_IF_ERROR(set(conf.get(), "statistics.interval.ms", kStatisticsInterval));
    rd_kafka_conf_set_stats_cb(conf.get(), &Client::on_statistics);
  }
  if (delivered != nullptr) rd_kafka_conf_set_dr_msg_cb(conf.get(), delivered);
  char reason[512];
  rd_kafka_t* const handle =
      rd_kafka_new(kind == Kind::kConsumer ? RD_KAFKA_CONSUMER : RD_KAFKA_PRODUCER, conf.get(), reason, sizeof reason);
  if (handle == nullptr) {
    return unexpected(ErrorCode::kInvalidArgument, fmt::format("[kafka]: {}", reason));
  }
  // Both are the object's now.
  static_cast<void>(conf.release());
  static_cast<void>(opaque.release());
  return std::unique_ptr<Client>(new Client(handle, options.brokers, std::move(state)));
}

Client::~Client() {
  std::promise<void> ended;
  std::future<void> end = ended.get_future();
  const int flags = leaves_group_ ? 0 : RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE;
  std::thread([handle = handle_, flags, ended = std::move(ended)]() mutable {
    auto* const opaque = static_cast<std::shared_ptr<State>*>(rd_kafka_opaque(handle));
    rd_kafka_destroy_flags(handle, flags);
    delete opaque;
    ended.set_value();
  }).detach();
  if (!left_behind_) end.wait_for(leaves_group_ ? kLeavePatience : kDestroyPatience);
}

void Client::set_brokers_up() {
  state_->brokers_down = false;
  const std::lock_guard lock(state_->mutex);
  state_->refusal.clear();
}

Result<KafkaPtr<const rd_kafka_metadata_t>> Client::ask_metadata(bool all_topics, std::chrono::milliseconds timeout) {
  const rd_kafka_metadata_t* raw = nullptr;
  const rd_kafka_resp_err_t error =
      rd_kafka_metadata(handle_, all_topics ? 1 : 0, nullptr, &raw, static_cast<int>(timeout.count()));
  // What the error callback is to hear.
  rd_kafka_poll(handle_, 0);
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) return no_answer(error);
  set_brokers_up();
  return KafkaPtr<const rd_kafka_metadata_t>(raw);
}

Unexpected Client::no_answer(rd_kafka_resp_err_t error) const {
  const std::lock_guard lock(state_->mutex);
  return unexpected(ErrorCode::kUnavailable,
                    state_->refusal.empty()
                        ? fmt::format("no Kafka broker answers at {}: {}", brokers_, rd_kafka_err2str(error))
                        : fmt::format("the Kafka broker at {} refuses us: {}", brokers_, state_->refusal));
}

std::optional<Error> Client::fatal() const {
  const std::lock_guard lock(state_->mutex);
  return state_->fatal;
}

void Client::on_error(rd_kafka_t* handle, int error, const char* reason, void* opaque) {
  State& state = **static_cast<std::shared_ptr<State>*>(opaque);
  switch (error) {
    case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN: state.brokers_down = true; break;
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART: state.topic_missed = true; break;
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
    case RD_KAFKA_RESP_ERR__SSL: {
      const std::lock_guard lock(state.mutex);
      state.refusal = reason;
      break;
    }
    case RD_KAFKA_RESP_ERR__FATAL: {
      char text[512];
      const rd_kafka_resp_err_t cause = rd_kafka_fatal_error(handle, text, sizeof text);
      const std::lock_guard lock(state.mutex);
      state.fatal = Error{ErrorCode::kFatal, fmt::format("Kafka client: {} ({})", text, rd_kafka_err2name(cause))};
      break;
    }
    default:
      // The loss of one broker, and what else librdkafka mends by itself.
      break;
  }
}

int Client::on_statistics(rd_kafka_t*, char* text, std::size_t size, void* opaque) {
  (**static_cast<std::shared_ptr<State>*>(opaque)).on_statistics(std::string(text, size));
  return 0;  // The text stays librdkafka's.
}

void Client::on_log(const rd_kafka_t* handle, int level, const char* facility, const char* words) {
  if (facility == kOfTheOtherKind) return;
  const State& state = **static_cast<std::shared_ptr<State>*>(rd_kafka_opaque(handle));
  if (state.on_log) state.on_log(level, fmt::format("librdkafka: {}: {}", facility, words));
}

}  // namespace daybook::log
