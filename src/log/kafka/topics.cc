#include "log/kafka/topics.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <thread>
#include <vector>

#include "log/kafka/client.h"
#include "log/log.h"

namespace daybook::log {
namespace {

using namespace std::chrono_literals;

struct Setting {
  const char* name;
  const char* value;
};
// What makes a topic a book of record; a topic with anything else is refused.
constexpr std::array kRequired = {
    Setting{"cleanup.policy", "delete"},
    Setting{"message.timestamp.type", "LogAppendTime"},
    Setting{"retention.ms", "-1"},
};
// Given to new topics beside that. Segments are not rolled by record time: a long history would
// make hundreds.
constexpr std::array kRecommended = {
    Setting{"max.message.bytes", "2097152"},
    Setting{"segment.ms", "3153600000000"},
};
static_assert(kMessageBytesMax == 2'097'152);

Topic topic_at(std::size_t index) { return static_cast<Topic>(index); }

int timeout_ms(const KafkaOptions& options) { return static_cast<int>(options.timeout.count()); }

KafkaPtr<rd_kafka_AdminOptions_t> admin_options(Client& client, const KafkaOptions& options,
                                                rd_kafka_admin_op_t operation) {
  KafkaPtr<rd_kafka_AdminOptions_t> made(rd_kafka_AdminOptions_new(client.get(), operation));
  char reason[256];
  rd_kafka_AdminOptions_set_request_timeout(made.get(), timeout_ms(options), reason, sizeof reason);
  return made;
}

// Waits for the answer to an operation on `queue`.
Result<KafkaPtr<rd_kafka_event_t>> wait_for(rd_kafka_queue_t* queue, const KafkaOptions& options,
                                            const char* what) {
  KafkaPtr<rd_kafka_event_t> event(rd_kafka_queue_poll(queue, timeout_ms(options) + 1000));
  if (!event) return kafka_error(RD_KAFKA_RESP_ERR__TIMED_OUT, what);
  if (const rd_kafka_resp_err_t error = rd_kafka_event_error(event.get())) {
    return kafka_error(error, what);
  }
  return event;
}

// Partitions of each of our topics; 0 where it is missing.
Result<std::vector<std::int32_t>> partition_counts(Client& client, const KafkaOptions& options) {
  const rd_kafka_metadata_t* raw = nullptr;
  const rd_kafka_resp_err_t error =
      rd_kafka_metadata(client.get(), 1, nullptr, &raw, timeout_ms(options));
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return unexpected(
        ErrorCode::kUnavailable,
        fmt::format("no Kafka broker answers at {}: {}", options.brokers, rd_kafka_err2str(error)));
  }
  const KafkaPtr<const rd_kafka_metadata_t> metadata(raw);
  std::vector<std::int32_t> counts(kTopicCount, 0);
  for (int i = 0; i < metadata->topic_cnt; ++i) {
    const rd_kafka_metadata_topic_t& topic = metadata->topics[i];
    const std::optional<Topic> ours = parse_topic_name(options.topic_prefix, topic.topic);
    if (ours && topic.err == RD_KAFKA_RESP_ERR_NO_ERROR) {
      counts[static_cast<std::size_t>(*ours)] = topic.partition_cnt;
    }
  }
  return counts;
}

// Adds a line for each setting of an event topic that is not as required.
Result<void> find_wrong_settings(Client& client, const KafkaOptions& options,
                                 std::vector<std::string>& faults) {
  std::vector<KafkaPtr<rd_kafka_ConfigResource_t>> resources;
  std::vector<rd_kafka_ConfigResource_t*> asked;
  for (const Topic topic : kEventTopics) {
    resources.emplace_back(rd_kafka_ConfigResource_new(
        RD_KAFKA_RESOURCE_TOPIC, topic_name(options.topic_prefix, topic).c_str()));
    asked.push_back(resources.back().get());
  }
  const KafkaPtr<rd_kafka_queue_t> queue(rd_kafka_queue_new(client.get()));
  const auto with = admin_options(client, options, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS);
  rd_kafka_DescribeConfigs(client.get(), asked.data(), asked.size(), with.get(), queue.get());
  ASSIGN_OR_RETURN(const auto event, wait_for(queue.get(), options, "reading topic settings"));
  std::size_t count = 0;
  const rd_kafka_ConfigResource_t** answers = rd_kafka_DescribeConfigs_result_resources(
      rd_kafka_event_DescribeConfigs_result(event.get()), &count);
  for (std::size_t i = 0; i < count; ++i) {
    const std::string name = rd_kafka_ConfigResource_name(answers[i]);
    if (const rd_kafka_resp_err_t error = rd_kafka_ConfigResource_error(answers[i])) {
      return kafka_error(error, "reading the settings of topic " + name);
    }
    std::size_t entry_count = 0;
    const rd_kafka_ConfigEntry_t** entries =
        rd_kafka_ConfigResource_configs(answers[i], &entry_count);
    for (const Setting& required : kRequired) {
      const auto entry = std::find_if(entries, entries + entry_count, [&](const auto* each) {
        return std::string_view(rd_kafka_ConfigEntry_name(each)) == required.name;
      });
      if (entry == entries + entry_count) continue;
      const char* const value = rd_kafka_ConfigEntry_value(*entry);
      if (value != nullptr && std::string_view(value) == required.value) continue;
      faults.push_back(fmt::format("topic {} has {}={}, needed is {}", name, required.name,
                                   value == nullptr ? "" : value, required.value));
    }
  }
  return {};
}

Result<void> create_missing(Client& client, const KafkaOptions& options,
                            const std::vector<std::int32_t>& counts, std::int32_t partition_count,
                            int replication_factor) {
  std::vector<KafkaPtr<rd_kafka_NewTopic_t>> topics;
  std::vector<rd_kafka_NewTopic_t*> asked;
  for (std::size_t i = 0; i < kTopicCount; ++i) {
    if (counts[i] > 0) continue;
    const std::string name = topic_name(options.topic_prefix, topic_at(i));
    char reason[256];
    topics.emplace_back(rd_kafka_NewTopic_new(name.c_str(), partition_count, replication_factor,
                                              reason, sizeof reason));
    if (!topics.back()) {
      return unexpected(ErrorCode::kInvalidArgument, fmt::format("topic {}: {}", name, reason));
    }
    for (const Setting& setting : kRequired) {
      rd_kafka_NewTopic_set_config(topics.back().get(), setting.name, setting.value);
    }
    for (const Setting& setting : kRecommended) {
      rd_kafka_NewTopic_set_config(topics.back().get(), setting.name, setting.value);
    }
    asked.push_back(topics.back().get());
  }
  if (asked.empty()) return {};
  const KafkaPtr<rd_kafka_queue_t> queue(rd_kafka_queue_new(client.get()));
  const auto with = admin_options(client, options, RD_KAFKA_ADMIN_OP_CREATETOPICS);
  rd_kafka_CreateTopics(client.get(), asked.data(), asked.size(), with.get(), queue.get());
  ASSIGN_OR_RETURN(const auto event, wait_for(queue.get(), options, "creating topics"));
  std::size_t count = 0;
  const rd_kafka_topic_result_t** results =
      rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event.get()), &count);
  for (std::size_t i = 0; i < count; ++i) {
    const rd_kafka_resp_err_t error = rd_kafka_topic_result_error(results[i]);
    // Somebody else was quicker: the check that follows judges what is there.
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR || error == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS) {
      continue;
    }
    const char* const words = rd_kafka_topic_result_error_string(results[i]);
    return unexpected(ErrorCode::kUnavailable,
                      fmt::format("creating topic {}: {}", rd_kafka_topic_result_name(results[i]),
                                  words == nullptr ? rd_kafka_err2str(error) : words));
  }
  return {};
}

}  // namespace

Result<void> create_topics(const KafkaOptions& options, std::int32_t partition_count,
                           int replication_factor) {
  ASSIGN_OR_RETURN(const auto client, Client::make(options, Client::Kind::kProducer));
  const auto deadline = std::chrono::steady_clock::now() + options.timeout;
  ASSIGN_OR_RETURN(std::vector<std::int32_t> counts, partition_counts(*client, options));
  RETURN_IF_ERROR(create_missing(*client, options, counts, partition_count, replication_factor));
  // A broker learns of new topics a little after they are made.
  while (std::ranges::count(counts, 0) > 0 && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(50ms);
    ASSIGN_OR_RETURN(counts, partition_counts(*client, options));
  }
  ASSIGN_OR_RETURN(const std::int32_t there, check_topics(*client, options));
  if (there == partition_count) return {};
  return unexpected(ErrorCode::kMismatch,
                    fmt::format("the topics have {} partitions, not {}, and a log keeps its count",
                                there, partition_count));
}

Result<std::int32_t> check_topics(const KafkaOptions& options) {
  ASSIGN_OR_RETURN(const auto client, Client::make(options, Client::Kind::kProducer));
  return check_topics(*client, options);
}

Result<std::int32_t> check_topics(Client& client, const KafkaOptions& options) {
  ASSIGN_OR_RETURN(const std::vector<std::int32_t> counts, partition_counts(client, options));
  std::vector<std::string> faults;
  for (std::size_t i = 0; i < kTopicCount; ++i) {
    if (counts[i] > 0) continue;
    faults.push_back(fmt::format("topic {} is missing: make it with `daybook topics create`",
                                 topic_name(options.topic_prefix, topic_at(i))));
  }
  const bool all_there = faults.empty();
  if (all_there && std::ranges::count(counts, counts.front()) != std::ssize(counts)) {
    std::vector<std::string> each;
    for (std::size_t i = 0; i < kTopicCount; ++i) {
      each.push_back(
          fmt::format("{} {}", topic_name(options.topic_prefix, topic_at(i)), counts[i]));
    }
    faults.push_back(
        fmt::format("topics differ in their number of partitions: {}", fmt::join(each, ", ")));
  }
  if (all_there) RETURN_IF_ERROR(find_wrong_settings(client, options, faults));
  if (faults.empty()) return counts.front();
  return unexpected(ErrorCode::kMismatch, fmt::format("{}", fmt::join(faults, "; ")));
}

}  // namespace daybook::log
