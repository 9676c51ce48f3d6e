// Topics of a test's own on the broker that the tests share.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdlib>

#include "log/kafka/options.h"
#include "log/kafka/topics.h"

namespace daybook::test {

// Options with a prefix that nobody has used before.
inline log::KafkaOptions new_kafka_options(const std::string& brokers) {
  static std::atomic<int> count = 0;
  log::KafkaOptions options;
  options.brokers = brokers;
  options.topic_prefix = "t" + std::to_string(std::chrono::system_clock::now().time_since_epoch().count()) + "-" +
                         std::to_string(::getpid()) + "-" + std::to_string(++count) + ".";
  return options;
}

// The same for the shared broker. Without one the test fails, at once.
inline log::KafkaOptions new_kafka_options() {
  const char* const brokers = std::getenv("DAYBOOK_TEST_BROKERS");
  if (brokers != nullptr) return new_kafka_options(brokers);
  ADD_FAILURE() << "DAYBOOK_TEST_BROKERS must have the address of a broker; `ctest -L kafka` "
                   "starts one";
  log::KafkaOptions options = new_kafka_options("127.0.0.1:1");
  options.timeout = std::chrono::milliseconds(1);
  return options;
}

inline log::KafkaOptions new_kafka_topics(std::int32_t partition_count) {
  log::KafkaOptions options = new_kafka_options();
  const auto made = log::create_topics(options, partition_count, 1);
  EXPECT_TRUE(made) << made.error().message;
  return options;
}

}  // namespace daybook::test
