// What a client of Kafka makes of answers that a real broker gives only now and then; of librdkafka's stand-in for one.
#include "log/kafka/client.h"

#include <gtest/gtest.h>
#include <librdkafka/rdkafka_mock.h>

#include <chrono>
#include <thread>

namespace daybook::log {
namespace {

using namespace std::chrono_literals;

struct Asked {
  rd_kafka_resp_err_t error;
  std::int64_t offset;
};

Asked ask_end(const Client& client, const char* topic) {
  const KafkaPtr<rd_kafka_topic_partition_list_t> asked(rd_kafka_topic_partition_list_new(1));
  rd_kafka_topic_partition_list_add(asked.get(), topic, 0)->offset = RD_KAFKA_OFFSET_END;
  const rd_kafka_resp_err_t error = look_up_offsets(client.get(), asked.get(), 1s);
  return {error, asked->elems[0].offset};
}

TEST(KafkaClient, APartitionWithoutALeaderIsAwayNotMissing) {
  KafkaOptions options;
  options.brokers = "127.0.0.1:1";  // The stand-in takes its place.
  options.properties["test.mock.num.brokers"] = "1";
  const auto client = Client::make(options, Client::Kind::kConsumer);
  ASSERT_TRUE(client) << client.error().message;
  rd_kafka_mock_cluster_t* const cluster = rd_kafka_handle_mock_cluster((*client)->get());
  ASSERT_EQ(rd_kafka_mock_topic_create(cluster, "led", 1, 1), RD_KAFKA_RESP_ERR_NO_ERROR);
  ASSERT_EQ(rd_kafka_mock_topic_create(cluster, "leaderless", 1, 1), RD_KAFKA_RESP_ERR_NO_ERROR);
  ASSERT_EQ(rd_kafka_mock_partition_set_leader(cluster, "leaderless", 0, -1), RD_KAFKA_RESP_ERR_NO_ERROR);

  const Asked led = ask_end(**client, "led");
  EXPECT_EQ(led.error, RD_KAFKA_RESP_ERR_NO_ERROR) << rd_kafka_err2name(led.error);
  EXPECT_EQ(led.offset, 0);
  const rd_kafka_resp_err_t leaderless = ask_end(**client, "leaderless").error;
  EXPECT_NE(leaderless, RD_KAFKA_RESP_ERR_NO_ERROR);
  EXPECT_EQ(error_code_of(leaderless), ErrorCode::kUnavailable) << rd_kafka_err2name(leaderless);

  // Once it is led again it answers.
  ASSERT_EQ(rd_kafka_mock_partition_set_leader(cluster, "leaderless", 0, 1), RD_KAFKA_RESP_ERR_NO_ERROR);
  Asked again = ask_end(**client, "leaderless");
  for (int i = 0; i < 100 && again.error != RD_KAFKA_RESP_ERR_NO_ERROR; ++i) {
    std::this_thread::sleep_for(100ms);
    EXPECT_TRUE((*client)->ask_metadata(true, 1s));
    again = ask_end(**client, "leaderless");
  }
  EXPECT_EQ(again.error, RD_KAFKA_RESP_ERR_NO_ERROR) << rd_kafka_err2name(again.error);
}

}  // namespace
}  // namespace daybook::log
