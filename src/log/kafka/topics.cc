#include "log/kafka/topics.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <iterator>
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
  // More is as good. Else it is a number or a word that must be just this.
  bool at_least = false;
};
// What makes a topic a book of record. New topics are made with these; a topic with anything else is refused.
constexpr std::array kSettings = {
    Setting{"cleanup.policy", "delete"},
    Setting{"max.message.bytes", "2097152", true},
    Setting{"message.timestamp.type", "LogAppendTime"},
    Setting{"retention.bytes", "-1"},
    Setting{"retention.ms", "-1"},
    // Segments are not rolled by record time: a long history would make hundreds.
    Setting{"segment.ms", "3153600000000", true},
    Setting{"unclean.leader.election.enable", "false"},
};
static_assert(kMessageBytesMax == 2'097'152);
constexpr const char* kInStep = "min.insync.replicas";

// Copies that must have a record before it is acknowledged, where there are so many.
int in_step_of(int replicas) { return std::min(replicas, kReplicasInStep); }

std::optional<std::int64_t> number_of(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

bool is_as_needed(std::string_view told, std::string_view needed, bool at_least) {
  if (!at_least) return told == needed;
  const auto number = number_of(told);
  return number && *number >= *number_of(needed);
}

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
Result<KafkaPtr<rd_kafka_event_t>> wait_for(rd_kafka_queue_t* queue, const KafkaOptions& options, const char* what) {
  KafkaPtr<rd_kafka_event_t> event(rd_kafka_queue_poll(queue, timeout_ms(options) + 1000));
  if (!event) return kafka_error(RD_KAFKA_RESP_ERR__TIMED_OUT, what);
  if (const rd_kafka_resp_err_t error = rd_kafka_event_error(event.get())) {
    return kafka_error(error, what);
  }
  return event;
}

// Partitions of each of our topics, and the fewest replicas of an event topic's.
Result<TopicsSeen> find_topics(Client& client, const KafkaOptions& options) {
  ASSIGN_OR_RETURN(const auto metadata, client.ask_metadata(true, std::min(options.timeout, options.topics_timeout)));
  TopicsSeen seen;
  seen.partitions.resize(kTopicCount);
  std::optional<int> replicas;
  for (int i = 0; i < metadata->topic_cnt; ++i) {
    const rd_kafka_metadata_topic_t& topic = metadata->topics[i];
    const std::optional<Topic> ours = parse_topic_name(options.topic_prefix, topic.topic);
    if (!ours) continue;
    // What is there and may not be seen is not missing, and cannot be made.
    if (topic.err != RD_KAFKA_RESP_ERR_NO_ERROR && topic.err != RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART) {
      if (error_code_of(topic.err) != ErrorCode::kUnavailable) {
        seen.faults.push_back(fmt::format("topic {}: {}", topic.topic, rd_kafka_err2str(topic.err)));
      }
      continue;
    }
    if (topic.err != RD_KAFKA_RESP_ERR_NO_ERROR) continue;
    seen.partitions[static_cast<std::size_t>(*ours)] = topic.partition_cnt;
    if (*ours == Topic::kDeadLetter) continue;
    for (int partition = 0; partition < topic.partition_cnt; ++partition) {
      const int copies = topic.partitions[partition].replica_cnt;
      replicas = std::min(replicas.value_or(copies), copies);
    }
  }
  seen.replicas = replicas.value_or(0);
  return seen;
}

// Adds a line for each setting of an event topic that is not as required.
Result<void> find_wrong_settings(Client& client, const KafkaOptions& options, TopicsSeen& seen) {
  std::vector<KafkaPtr<rd_kafka_ConfigResource_t>> resources;
  std::vector<rd_kafka_ConfigResource_t*> asked;
  std::map<std::string, TopicSettings, std::less<>> told;
  for (const Topic topic : kEventTopics) {
    const std::string name = topic_name(options.topic_prefix, topic);
    resources.emplace_back(rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, name.c_str()));
    asked.push_back(resources.back().get());
    told[name];
  }
  const KafkaPtr<rd_kafka_queue_t> queue(rd_kafka_queue_new(client.get()));
  const auto with = admin_options(client, options, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS);
  rd_kafka_DescribeConfigs(client.get(), asked.data(), asked.size(), with.get(), queue.get());
  ASSIGN_OR_RETURN(const auto event, wait_for(queue.get(), options, "reading topic settings"));
  std::size_t count = 0;
  const rd_kafka_ConfigResource_t** answers =
      rd_kafka_DescribeConfigs_result_resources(rd_kafka_event_DescribeConfigs_result(event.get()), &count);
  for (std::size_t i = 0; i < count; ++i) {
    const std::string name = rd_kafka_ConfigResource_name(answers[i]);
    if (const rd_kafka_resp_err_t error = rd_kafka_ConfigResource_error(answers[i])) {
      return kafka_error(error, "reading the settings of topic " + name);
    }
    std::size_t entry_count = 0;
    const rd_kafka_ConfigEntry_t** entries = rd_kafka_ConfigResource_configs(answers[i], &entry_count);
    for (std::size_t k = 0; k < entry_count; ++k) {
      const char* const value = rd_kafka_ConfigEntry_value(entries[k]);
      if (value != nullptr) told[name][rd_kafka_ConfigEntry_name(entries[k])] = value;
    }
  }
  for (const auto& [name, settings] : told) {
    std::ranges::move(setting_faults(name, settings, seen.replicas), std::back_inserter(seen.faults));
  }
  return {};
}

Result<void> create_missing(Client& client, const KafkaOptions& options, const std::vector<std::int32_t>& counts,
                            std::int32_t partition_count, int replicas) {
  std::vector<KafkaPtr<rd_kafka_NewTopic_t>> topics;
  std::vector<rd_kafka_NewTopic_t*> asked;
  for (std::size_t i = 0; i < kTopicCount; ++i) {
    if (counts[i] > 0) continue;
    const std::string name = topic_name(options.topic_prefix, topic_at(i));
    char reason[256];
    topics.emplace_back(rd_kafka_NewTopic_new(name.c_str(), partition_count, replicas, reason, sizeof reason));
    if (!topics.back()) {
      return unexpected(ErrorCode::kInvalidArgument, fmt::format("topic {}: {}", name, reason));
    }
    for (const Setting& setting : kSettings) {
      rd_kafka_NewTopic_set_config(topics.back().get(), setting.name, setting.value);
    }
    const std::string in_step = std::to_string(in_step_of(replicas));
    rd_kafka_NewTopic_set_config(topics.back().get(), kInStep, in_step.c_str());
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
                      fmt::format("creating topic {}: {}{}", rd_kafka_topic_result_name(results[i]),
                                  words == nullptr ? rd_kafka_err2str(error) : words,
                                  error == RD_KAFKA_RESP_ERR_INVALID_REPLICATION_FACTOR
                                      ? " (a trial on fewer brokers asks for --replicas 1)"
                                      : ""));
  }
  return {};
}

}  // namespace

std::vector<std::string> setting_faults(const std::string& topic, const TopicSettings& told, int replicas) {
  std::vector<std::string> faults;
  const auto judge = [&](const char* name, std::string_view needed, bool at_least) {
    const auto found = told.find(name);
    if (found == told.end()) {
      faults.push_back(fmt::format("topic {} does not tell its {}, needed is {}", topic, name, needed));
    } else if (!is_as_needed(found->second, needed, at_least)) {
      faults.push_back(fmt::format("topic {} has {}={}, needed is {}{}", topic, name, found->second, needed,
                                   at_least ? " or more" : ""));
    }
  };
  for (const Setting& setting : kSettings) judge(setting.name, setting.value, setting.at_least);
  judge(kInStep, std::to_string(in_step_of(replicas)), true);
  return faults;
}

std::string caveat_of(int replicas) {
  if (replicas >= kReplicas) return "";
  return fmt::format("the log is kept in {} of {} replicas that a book of record asks for: {}", replicas, kReplicas,
                     replicas < 2 ? "a disk that is lost takes acknowledged events with it"
                                  : "while one is away nothing is taken, and the loss of both takes "
                                    "acknowledged events with it");
}

Result<void> create_topics(const KafkaOptions& options, std::int32_t partition_count, int replicas) {
  ASSIGN_OR_RETURN(const auto client, Client::make(options, Client::Kind::kProducer));
  const auto deadline = std::chrono::steady_clock::now() + options.timeout;
  ASSIGN_OR_RETURN(TopicsSeen seen, find_topics(*client, options));
  RETURN_IF_ERROR(create_missing(*client, options, seen.partitions, partition_count, replicas));
  // A broker learns of new topics a little after they are made.
  while (std::ranges::count(seen.partitions, 0) > 0 && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(50ms);
    ASSIGN_OR_RETURN(seen, find_topics(*client, options));
  }
  ASSIGN_OR_RETURN(const TopicsSeen there, check_topics(*client, options));
  if (there.partitions.front() == partition_count) return {};
  return unexpected(ErrorCode::kMismatch,
                    fmt::format("the topics have {} partitions, not {}, and a log keeps its count",
                                there.partitions.front(), partition_count));
}

Result<TopicsSeen> check_topics(const KafkaOptions& options) {
  ASSIGN_OR_RETURN(const auto client, Client::make(options, Client::Kind::kProducer));
  return check_topics(*client, options);
}

Result<TopicsSeen> check_topics(Client& client, const KafkaOptions& options) {
  ASSIGN_OR_RETURN(TopicsSeen seen, look_at_topics(client, options));
  if (seen.faults.empty()) return seen;
  return unexpected(ErrorCode::kMismatch, fmt::format("{}", fmt::join(seen.faults, "; ")));
}

Result<TopicsSeen> look_at_topics(Client& client, const KafkaOptions& options) {
  ASSIGN_OR_RETURN(TopicsSeen seen, find_topics(client, options));
  if (!seen.faults.empty()) return seen;
  const std::vector<std::int32_t>& counts = seen.partitions;
  for (std::size_t i = 0; i < kTopicCount; ++i) {
    if (counts[i] > 0) continue;
    seen.faults.push_back(fmt::format("topic {} is missing: make it with `daybook topics create`",
                                      topic_name(options.topic_prefix, topic_at(i))));
  }
  if (!seen.faults.empty()) return seen;
  if (std::ranges::count(counts, counts.front()) != std::ssize(counts)) {
    std::vector<std::string> each;
    for (std::size_t i = 0; i < kTopicCount; ++i) {
      each.push_back(fmt::format("{} {}", topic_name(options.topic_prefix, topic_at(i)), counts[i]));
    }
    seen.faults.push_back(fmt::format("topics differ in their number of partitions: {}", fmt::join(each, ", ")));
  }
  RETURN_IF_ERROR(find_wrong_settings(client, options, seen));
  return seen;
}

}  // namespace daybook::log
