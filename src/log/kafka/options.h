// How to reach the log in Kafka.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <string>

namespace daybook::log {

struct KafkaOptions {
  // "HOST:PORT,…"
  std::string brokers;
  std::string topic_prefix;
  // librdkafka's own properties, for producer and consumers. Those that the log's promises rest on
  // (see client.cc) cannot be set.
  std::map<std::string, std::string> properties;
  // What was fetched and not given out yet, of all partitions of the event topics together.
  std::size_t prefetch_bytes = 120 << 20;
  // For everything that is asked of the broker and waited for.
  std::chrono::milliseconds timeout{10'000};
  // For the question that finds the topics, if that is less: who opens the log hears sooner that no broker answers.
  std::chrono::milliseconds topics_timeout = timeout;
  // What people must know of the log when it is opened. May be empty.
  std::function<void(const std::string&)> on_notice;
  // librdkafka's own log, from its threads: the level as in syslog, and the words. May be empty.
  std::function<void(int level, const std::string&)> on_log;
  // librdkafka's statistics of each client, as JSON, every five seconds. May be empty.
  std::function<void(const std::string&)> on_statistics;
};

}  // namespace daybook::log
