// What Kafka does beside the contract of all logs: topics that are wrong, cut, deleted or made
// anew, brokers that go away and come back, producers that break.
#include "log/kafka/kafka_log.h"

#include <gtest/gtest.h>
#include <librdkafka/rdkafka.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <future>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "log/kafka/client.h"
#include "log/kafka/producer.h"
#include "log/kafka/reader.h"
#include "support/kafka_topics.h"
#include "support/log_helpers.h"
#include "support/temp_dir.h"

namespace daybook::log {
namespace {

using test::append_order;
using test::open_reader;
using test::read_records;
using test::values_of;
using namespace std::chrono_literals;

std::unique_ptr<Log> open_log(const KafkaOptions& options) {
  auto log = open_kafka_log(options);
  EXPECT_TRUE(log) << log.error().message;
  return log ? *std::move(log) : nullptr;
}

Error open_error(const KafkaOptions& options) {
  auto log = open_kafka_log(options);
  EXPECT_FALSE(log);
  return log ? Error{} : log.error();
}

// Administration that Daybook itself does not do.
class Admin {
 public:
  explicit Admin(const KafkaOptions& options) : options_(options) {
    client_ = *Client::make(options, Client::Kind::kProducer);
    queue_.reset(rd_kafka_queue_new(client_->get()));
  }

  using Settings = std::map<std::string, std::string>;
  void create(Topic topic, std::int32_t partition_count, const Settings& settings) {
    char reason[256];
    KafkaPtr<rd_kafka_NewTopic_t> made(
        rd_kafka_NewTopic_new(name(topic).c_str(), partition_count, 1, reason, sizeof reason));
    for (const auto& [key, value] : settings) {
      rd_kafka_NewTopic_set_config(made.get(), key.c_str(), value.c_str());
    }
    rd_kafka_NewTopic_t* one = made.get();
    rd_kafka_CreateTopics(client_->get(), &one, 1, nullptr, queue_.get());
    wait();
    // The broker may learn of it a little later.
    const auto deadline = std::chrono::steady_clock::now() + 10s;
    while (!exists(name(topic)) && std::chrono::steady_clock::now() < deadline) {
      std::this_thread::sleep_for(20ms);
    }
  }

  void remove(Topic topic) {
    rd_kafka_DeleteTopic_t* one = rd_kafka_DeleteTopic_new(name(topic).c_str());
    rd_kafka_DeleteTopics(client_->get(), &one, 1, nullptr, queue_.get());
    wait();
    rd_kafka_DeleteTopic_destroy(one);
  }

  void add_partitions(Topic topic, std::size_t count) {
    char reason[256];
    rd_kafka_NewPartitions_t* one = rd_kafka_NewPartitions_new(name(topic).c_str(), count, reason, sizeof reason);
    rd_kafka_CreatePartitions(client_->get(), &one, 1, nullptr, queue_.get());
    wait();
    rd_kafka_NewPartitions_destroy(one);
  }

  void set(Topic topic, const char* setting, const char* value) {
    KafkaPtr<rd_kafka_ConfigResource_t> resource(
        rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, name(topic).c_str()));
    rd_kafka_ConfigResource_set_config(resource.get(), setting, value);
    rd_kafka_ConfigResource_t* one = resource.get();
    rd_kafka_AlterConfigs(client_->get(), &one, 1, nullptr, queue_.get());
    wait();
  }

  void delete_records_before(TopicPartition at, std::int64_t offset) {
    KafkaPtr<rd_kafka_topic_partition_list_t> list(rd_kafka_topic_partition_list_new(1));
    rd_kafka_topic_partition_list_add(list.get(), name(at.topic).c_str(), at.partition)->offset = offset;
    rd_kafka_DeleteRecords_t* one = rd_kafka_DeleteRecords_new(list.get());
    rd_kafka_DeleteRecords(client_->get(), &one, 1, nullptr, queue_.get());
    wait();
    rd_kafka_DeleteRecords_destroy(one);
  }

 private:
  std::string name(Topic topic) const { return topic_name(options_.topic_prefix, topic); }
  bool exists(const std::string& topic) {
    const rd_kafka_metadata_t* raw = nullptr;
    if (rd_kafka_metadata(client_->get(), 1, nullptr, &raw, 10'000) != RD_KAFKA_RESP_ERR_NO_ERROR) {
      return false;
    }
    const KafkaPtr<const rd_kafka_metadata_t> metadata(raw);
    return std::any_of(metadata->topics, metadata->topics + metadata->topic_cnt,
                       [&](const auto& each) { return each.topic == topic; });
  }
  void wait() {
    const KafkaPtr<rd_kafka_event_t> event(rd_kafka_queue_poll(queue_.get(), 20'000));
    ASSERT_NE(event, nullptr);
    EXPECT_EQ(rd_kafka_event_error(event.get()), RD_KAFKA_RESP_ERR_NO_ERROR)
        << rd_kafka_event_error_string(event.get());
  }

  const KafkaOptions options_;
  std::unique_ptr<Client> client_;
  KafkaPtr<rd_kafka_queue_t> queue_;
};

const Admin::Settings kGood = {{"message.timestamp.type", "LogAppendTime"},
                               {"retention.ms", "-1"},
                               {"cleanup.policy", "delete"},
                               {"max.message.bytes", "2097152"},
                               {"segment.ms", "3153600000000"}};

TEST(KafkaTopicsTest, CreatingThemAgainChangesNothing) {
  const KafkaOptions options = test::new_kafka_topics(3);
  const auto again = create_topics(options, 3, 1);
  EXPECT_TRUE(again) << again.error().message;
  const auto count = check_topics(options);
  ASSERT_TRUE(count) << count.error().message;
  EXPECT_EQ(count->partitions, std::vector<std::int32_t>(kTopicCount, 3));
  EXPECT_EQ(count->replicas, 1);
  const auto other = create_topics(options, 4, 1);
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code, ErrorCode::kMismatch);
}

TEST(KafkaTopicsTest, EachMissingTopicIsNamedWithTheRemedyAndNoneIsMade) {
  const KafkaOptions options = test::new_kafka_options();
  for (int again = 0; again < 2; ++again) {
    const Error error = open_error(options);
    EXPECT_EQ(error.code, ErrorCode::kMismatch);
    for (const Topic topic : kEventTopics) {
      EXPECT_NE(error.message.find(topic_name(options.topic_prefix, topic)), std::string::npos) << error.message;
    }
    EXPECT_NE(error.message.find("daybook topics create"), std::string::npos) << error.message;
  }
  ASSERT_TRUE(create_topics(options, 2, 1));
  EXPECT_NE(open_log(options), nullptr);
}

TEST(KafkaTopicsTest, EveryWrongSettingIsListed) {
  const KafkaOptions options = test::new_kafka_options();
  Admin admin(options);
  admin.create(Topic::kOrders, 2, {{"retention.ms", "-1"}});
  admin.create(Topic::kPayments, 2,
               {{"message.timestamp.type", "LogAppendTime"},
                {"cleanup.policy", "compact"},
                {"retention.bytes", "1000000"},
                {"unclean.leader.election.enable", "true"}});
  for (const Topic topic : {Topic::kInvoices, Topic::kReference, Topic::kShipments, Topic::kDeadLetter}) {
    admin.create(topic, 2, kGood);
  }
  const Error error = open_error(options);
  EXPECT_EQ(error.code, ErrorCode::kMismatch);
  for (const char* fault :
       {"daybook.orders.v1 has message.timestamp.type=CreateTime", "daybook.payments.v1 has cleanup.policy=compact",
        "daybook.payments.v1 has retention.ms=604800000", "daybook.orders.v1 has segment.ms=604800000",
        "daybook.payments.v1 has retention.bytes=1000000",
        "daybook.payments.v1 has unclean.leader.election.enable=true"}) {
    EXPECT_NE(error.message.find(fault), std::string::npos) << error.message;
  }
  EXPECT_EQ(error.message.find("daybook.invoices"), std::string::npos) << error.message;
}

TEST(KafkaTopicsTest, AnOtherNumberOfPartitionsIsRefused) {
  const KafkaOptions options = test::new_kafka_options();
  Admin admin(options);
  for (std::size_t i = 0; i < kTopicCount; ++i) {
    admin.create(static_cast<Topic>(i), i == 2 ? 3 : 2, kGood);
  }
  const Error error = open_error(options);
  EXPECT_EQ(error.code, ErrorCode::kMismatch);
  EXPECT_NE(error.message.find("daybook.payments.v1 3"), std::string::npos) << error.message;
}

TEST(KafkaTopicsTest, AsManyReplicasAsThereAreBrokersAreAskedForWithAdvice) {
  const auto made = create_topics(test::new_kafka_options(), 2, kReplicas);
  ASSERT_FALSE(made);
  EXPECT_NE(made.error().message.find("--replicas 1"), std::string::npos) << made.error().message;
}

TEST(KafkaLogTest, SaysWhenItIsOpenedThatItHasFewReplicas) {
  KafkaOptions options = test::new_kafka_topics(1);
  std::string notices;
  options.on_notice = [&](const std::string& notice) { notices += notice; };
  ASSERT_NE(open_log(options), nullptr);
  EXPECT_NE(notices.find("1 of 3 replicas"), std::string::npos) << notices;
}

TEST(KafkaLogTest, PartitionsThatAreAddedAreAFaultAndWhatIsInThemIsSeen) {
  const KafkaOptions options = test::new_kafka_topics(2);
  const auto log = open_log(options);
  ASSERT_TRUE(log->check());
  Admin(options).add_partitions(Topic::kPayments, 3);
  Error error;
  const auto deadline = std::chrono::steady_clock::now() + 10s;
  while (error.message.empty() && std::chrono::steady_clock::now() < deadline) {
    if (const auto checked = log->check(); !checked) error = checked.error();
  }
  EXPECT_EQ(error.code, ErrorCode::kMismatch);
  EXPECT_NE(error.message.find("daybook.payments.v1 3"), std::string::npos) << error.message;
  EXPECT_NE(error.message.find("new topics"), std::string::npos) << error.message;
  // Somebody publishes who knows of it.
  const auto aware = *Producer::make(options, 3);
  std::promise<bool> done;
  aware->append({{Topic::kPayments, "k", "v", 2, {}}}, [&](const auto& appended) { done.set_value(bool(appended)); });
  ASSERT_TRUE(done.get_future().get());
  const auto bounds = log->end_offsets(std::array{Topic::kOrders, Topic::kPayments});
  ASSERT_TRUE(bounds) << bounds.error().message;
  ASSERT_EQ(bounds->size(), 5u);
  EXPECT_EQ(bounds->back().at, (TopicPartition{Topic::kPayments, 2}));
  EXPECT_EQ(bounds->back().end, 1);
}

TEST(KafkaLogTest, ASettingThatIsChangedLaterIsAFault) {
  const KafkaOptions options = test::new_kafka_topics(1);
  const auto log = open_log(options);
  Admin admin(options);
  // All others become the broker's own with it.
  admin.set(Topic::kOrders, "retention.bytes", "1000000");
  const auto deadline = std::chrono::steady_clock::now() + 10s;
  Result<void> checked = log->check();
  while (checked && std::chrono::steady_clock::now() < deadline) checked = log->check();
  ASSERT_FALSE(checked);
  for (const char* fault : {"orders.v1 has retention.bytes=1000000", "orders.v1 has retention.ms=604800000"}) {
    EXPECT_NE(checked.error().message.find(fault), std::string::npos) << checked.error().message;
  }
}

TEST(KafkaLogTest, WithoutABrokerItIsUnavailable) {
  KafkaOptions options = test::new_kafka_options("127.0.0.1:1");
  options.timeout = 1s;
  EXPECT_EQ(open_error(options).code, ErrorCode::kUnavailable);
}

TEST(KafkaLogTest, PropertiesPassThroughButNotThoseTheLogRestsOn) {
  KafkaOptions options = test::new_kafka_topics(1);
  options.properties = {{"compression.codec", "lz4"}, {"fetch.min.bytes", "1"}};
  const auto log = open_log(options);
  EXPECT_EQ(append_order(*log, 0, "v"), 0);

  options.properties = {{"compression.codec", "best"}};
  Error error = open_error(options);
  EXPECT_EQ(error.code, ErrorCode::kInvalidArgument);
  EXPECT_NE(error.message.find("compression.codec = best"), std::string::npos) << error.message;
  options.properties = {{"no.such.property", "1"}};
  EXPECT_EQ(open_error(options).code, ErrorCode::kInvalidArgument);
  options.properties = {{"enable.idempotence", "false"}};
  EXPECT_EQ(open_error(options).code, ErrorCode::kInvalidArgument);
  options.properties = {{"enable.idempotence", "true"}};
  EXPECT_NE(open_log(options), nullptr);
}

TEST(KafkaReaderTest, ATruncatedStartIsOutOfRangeAndStaysSo) {
  const KafkaOptions options = test::new_kafka_topics(2);
  const auto log = open_log(options);
  for (int i = 0; i < 10; ++i) append_order(*log, 0, std::to_string(i));
  append_order(*log, 1, "other");
  Admin(options).delete_records_before({Topic::kOrders, 0}, 5);
  EXPECT_EQ((*log->end_offsets(std::array{Topic::kOrders}))[0].begin, 5);

  const auto reader = open_reader(*log, {{{Topic::kOrders, 0}, 2}, {{Topic::kOrders, 1}, 0}});
  for (int again = 0; again < 2; ++again) {
    const auto error = test::read_error(*reader);
    ASSERT_TRUE(error.has_value());
    EXPECT_EQ(error->code, ErrorCode::kOutOfRange);
    EXPECT_NE(error->message.find("offset 2 of"), std::string::npos) << error->message;
  }
  const auto anew = open_reader(*log, {{{Topic::kOrders, 0}, 5}});
  EXPECT_EQ(read_records(*anew, 5).front().value, "5");
}

TEST(KafkaReaderTest, HistoryIsReadInTheOrderOfRecordedTimesAndThenWhatArrives) {
  const KafkaOptions options = test::new_kafka_topics(2);
  const auto log = open_log(options);
  // Many orders to a payment: read in equal pieces, the payments would be far ahead.
  const std::string large(2000, 'x');
  constexpr int kRounds = 40;
  constexpr int kOrders = 100;
  for (int round = 0; round < kRounds; ++round) {
    std::vector<NewRecord> records;
    for (int i = 0; i < kOrders; ++i) records.push_back({Topic::kOrders, "C", large, i % 2, {}});
    records.push_back({Topic::kPayments, "C", "paid", 0, {}});
    ASSERT_TRUE(append_and_wait(*log, std::move(records)));
  }
  std::vector<StartPosition> starts;
  for (const Topic topic : kEventTopics) {
    for (const std::int32_t partition : {0, 1}) starts.push_back({{topic, partition}, 0});
  }
  const auto reader = open_reader(*log, starts);
  const auto history = read_records(*reader, kRounds * (kOrders + 1));
  EXPECT_TRUE(std::ranges::is_sorted(history, {}, &test::ReadRecord::timestamp_ms));
  std::map<TopicPartition, std::int64_t> next;
  for (const auto& record : history) EXPECT_EQ(record.offset, next[record.at]++);

  for (int i = 0; i < 3; ++i) {
    append_order(*log, 1, std::to_string(i));
    EXPECT_EQ(read_records(*reader, 1).front().value, std::to_string(i));
  }
  EXPECT_EQ(reader->position({Topic::kOrders, 1}), kRounds * kOrders / 2 + 3);
}

TEST(KafkaReaderTest, ADeletedTopicIsToldAndLeftBehind) {
  const KafkaOptions options = test::new_kafka_topics(2);
  const auto log = open_log(options);
  append_order(*log, 0, "a");
  auto reader = open_reader(*log, {{{Topic::kOrders, 0}, 0}, {{Topic::kInvoices, 0}, 0}});
  read_records(*reader, 1);
  Admin(options).remove(Topic::kOrders);
  std::optional<Error> error;
  const auto started = std::chrono::steady_clock::now();
  while (!error && std::chrono::steady_clock::now() - started < 60s) {
    const auto polled = reader->poll(100, 500ms);
    if (!polled && polled.error().code != ErrorCode::kUnavailable) error = polled.error();
  }
  ASSERT_TRUE(error.has_value());
  EXPECT_EQ(error->code, ErrorCode::kMismatch);
  EXPECT_NE(error->message.find("daybook.orders.v1"), std::string::npos) << error->message;
  EXPECT_EQ(error->message.find("daybook.invoices.v1"), std::string::npos) << error->message;

  const auto before_end = std::chrono::steady_clock::now();
  reader.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - before_end, 2s);
}

TEST(KafkaReaderTest, TheEndIsReachedBehindOffsetsThatHoldNoRecord) {
  const KafkaOptions options = test::new_kafka_topics(1);
  const auto log = open_log(options);
  append_order(*log, 0, "plain");
  // A transaction ends with a marker, which takes an offset and is no record.
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  rd_kafka_conf_set(conf, "bootstrap.servers", options.brokers.c_str(), nullptr, 0);
  rd_kafka_conf_set(conf, "transactional.id", options.topic_prefix.c_str(), nullptr, 0);
  rd_kafka_t* upstream = rd_kafka_new(RD_KAFKA_PRODUCER, conf, nullptr, 0);
  ASSERT_EQ(rd_kafka_init_transactions(upstream, 30'000), nullptr);
  const std::string topic = topic_name(options.topic_prefix, Topic::kOrders);
  for (const bool commit : {false, true}) {
    ASSERT_EQ(rd_kafka_begin_transaction(upstream), nullptr);
    const std::string value = commit ? "committed" : "aborted";
    ASSERT_EQ(rd_kafka_producev(upstream, RD_KAFKA_V_TOPIC(topic.c_str()), RD_KAFKA_V_PARTITION(0),
                                RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                                RD_KAFKA_V_VALUE(const_cast<char*>(value.data()), value.size()), RD_KAFKA_V_END),
              RD_KAFKA_RESP_ERR_NO_ERROR);
    rd_kafka_flush(upstream, 10'000);
    if (commit) {
      // What is behind an open transaction is unread, and the log does not end there.
      const auto reader = open_reader(*log, {{{Topic::kOrders, 0}, 0}});
      EXPECT_EQ(values_of(read_records(*reader, 1)), std::vector<std::string>{"plain"});
      ASSERT_TRUE(reader->poll(10, 1s));
      EXPECT_EQ(reader->position({Topic::kOrders, 0}), 3);
      EXPECT_EQ((*log->end_offsets(std::array{Topic::kOrders}))[0].end, 4);
    }
    ASSERT_EQ(commit ? rd_kafka_commit_transaction(upstream, 10'000) : rd_kafka_abort_transaction(upstream, 10'000),
              nullptr);
  }
  rd_kafka_destroy(upstream);

  const auto reader = open_reader(*log, {{{Topic::kOrders, 0}, 0}});
  EXPECT_EQ(values_of(read_records(*reader, 2)), (std::vector<std::string>{"plain", "committed"}));
  const auto nothing = reader->poll(10, 1s);
  ASSERT_TRUE(nothing) << nothing.error().message;
  EXPECT_TRUE(nothing->empty());
  EXPECT_EQ(reader->position({Topic::kOrders, 0}), (*log->end_offsets(std::array{Topic::kOrders}))[0].end);
}

TEST(KafkaProducerTest, AfterAFatalErrorPendingAppendsFailAndLaterOnesGoThrough) {
  const KafkaOptions options = test::new_kafka_topics(1);
  auto producer = *Producer::make(options, 1);
  const auto append = [&](std::string_view value) {
    std::promise<Result<std::vector<Appended>>> outcome;
    producer->append({{Topic::kOrders, "k", value, 0, {}}},
                     [&](auto appended) { outcome.set_value(std::move(appended)); });
    return outcome.get_future().get();
  };
  ASSERT_TRUE(append("before"));
  rd_kafka_test_fatal_error(producer->client()->get(), RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER,
                            "made up by a test");
  const auto deadline = std::chrono::steady_clock::now() + 20s;
  auto outcome = append("after");
  while (!outcome && std::chrono::steady_clock::now() < deadline) {
    EXPECT_EQ(outcome.error().code, ErrorCode::kUnavailable) << outcome.error().message;
    std::this_thread::sleep_for(50ms);
    outcome = append("after");
  }
  EXPECT_TRUE(outcome);
}

TEST(KafkaProducerTest, WithoutABrokerAppendsWaitThenAreRefusedAndFailAtTheEnd) {
  KafkaOptions options = test::new_kafka_options("127.0.0.1:1");
  options.timeout = 200ms;
  auto producer = *Producer::make(options, 1);
  const std::string large(2'000'000, 'x');
  std::atomic<int> busy = 0;
  std::atomic<int> failed = 0;
  constexpr int kAppends = 200;
  for (int i = 0; i < kAppends; ++i) {
    producer->append({{Topic::kOrders, "k", large, 0, {}}}, [&](const auto& appended) {
      ASSERT_FALSE(appended);
      EXPECT_EQ(appended.error().code, ErrorCode::kUnavailable);
      ++(appended.error().message.starts_with("busy") ? busy : failed);
    });
  }
  EXPECT_GT(busy, 0);
  EXPECT_LT(busy, kAppends - 100);
  EXPECT_EQ(failed, 0);
  producer.reset();
  EXPECT_EQ(busy + failed, kAppends);
}

// A broker of the test's own, that it may kill.
class OwnBroker {
 public:
  OwnBroker() { address_ = run("start"); }
  ~OwnBroker() { run("kill"); }
  void kill() { run("kill"); }
  void start() { EXPECT_EQ(run("start"), address_); }
  const std::string& address() const { return address_; }

 private:
  std::string run(const std::string& command) {
    const std::string line = std::string(DAYBOOK_KAFKA_SH) + " " + command + " " + directory_.path() + "/broker";
    std::FILE* const output = ::popen(line.c_str(), "r");
    char address[128] = "";
    if (std::fgets(address, sizeof address, output) == nullptr) address[0] = '\0';
    EXPECT_EQ(::pclose(output), 0) << line;
    std::string text = address;
    while (!text.empty() && text.back() == '\n') text.pop_back();
    return text;
  }

  test::TempDir directory_;
  std::string address_;
};

// Runs `call`. One that does not return within `limit` can be ended with the process alone; so it is, and
// says which it was.
template <typename Call>
auto within(OwnBroker& broker, std::chrono::milliseconds limit, const char* name, Call call) {
  std::promise<void> returned;
  std::thread watch([&broker, limit, name, future = returned.get_future()] {
    if (future.wait_for(limit) == std::future_status::ready) return;
    std::fprintf(stderr, "%s has not returned after %lld ms\n", name, static_cast<long long>(limit.count()));
    broker.kill();
    std::abort();
  });
  auto result = call();
  returned.set_value();
  watch.join();
  return result;
}

// How often the broker is killed: tests/broker_kills.sh asks for more.
int kills() {
  const char* const asked = std::getenv("DAYBOOK_TEST_KILLS");
  return asked == nullptr ? 2 : std::atoi(asked);
}

TEST(KafkaLogTest, EveryCallReturnsInTimeWhenTheBrokerIsKilledWhileHistoryIsRead) {
  // Beyond its own timeout; a machine with much else to do is slow.
  constexpr auto kLeeway = 20s;
  OwnBroker broker;
  KafkaOptions options = test::new_kafka_options(broker.address());
  ASSERT_TRUE(create_topics(options, 2, 1));
  // Far less than the history: the reader waits for what is still to be fetched when the broker goes.
  options.prefetch_bytes = 1;
  options.properties["compression.codec"] = "none";
  options.timeout = 2s;
  constexpr int kRecords = 4000;
  const std::string large(2000, 'x');
  {
    const auto log = open_log(options);
    std::vector<NewRecord> records;
    for (int i = 0; i < kRecords; ++i) {
      records.push_back({i % 5 == 0 ? Topic::kPayments : Topic::kOrders, "C", large, i % 2, {}});
    }
    ASSERT_TRUE(append_and_wait(*log, std::move(records)));
  }
  options.properties["compression.codec"] = "none";
  std::vector<StartPosition> starts;
  for (const Topic topic : kEventTopics) {
    for (const std::int32_t partition : {0, 1}) starts.push_back({{topic, partition}, 0});
  }
  for (int kill = 1; kill <= kills(); ++kill) {
    SCOPED_TRACE(kill);
    auto log = open_log(options);
    ASSERT_NE(log, nullptr);
    auto reader = open_reader(*log, starts);
    std::size_t count = 0;
    const auto poll = [&] {
      const auto polled = within(broker, 100ms + kLeeway, "poll()", [&] { return reader->poll(100, 100ms); });
      if (polled) count += polled->size();
      return polled ? ErrorCode::kInvalidArgument : polled.error().code;
    };
    while (count < 100) poll();
    broker.kill();
    bool was_unavailable = false;
    const auto gone = std::chrono::steady_clock::now();
    while (!was_unavailable && std::chrono::steady_clock::now() - gone < 30s) {
      was_unavailable = poll() == ErrorCode::kUnavailable;
    }
    EXPECT_TRUE(was_unavailable);
    const auto bounds = within(broker, 5s + kLeeway, "end_offsets()",
                               [&] { return log->end_offsets(std::array{Topic::kOrders, Topic::kPayments}); });
    ASSERT_FALSE(bounds);
    EXPECT_EQ(bounds.error().code, ErrorCode::kUnavailable) << bounds.error().message;
    if (kill % 2 == 0) {
      // The end of a reader and of a log does not wait for a broker either, nor does what is under way.
      std::atomic<int> refused = 0;
      for (int i = 0; i < 50; ++i) {
        log->append({{Topic::kReference, "k", "v", {}, {}}}, [&](const auto& appended) {
          if (!appended) ++refused;
        });
      }
      within(broker, 5s + kLeeway, "the reader's end", [&] { return reader.reset(), 0; });
      within(broker, 12s + kLeeway, "the log's end", [&] { return log.reset(), 0; });
      EXPECT_EQ(refused, 50);
      broker.start();
      continue;
    }
    broker.start();
    const auto back = std::chrono::steady_clock::now();
    while (count < kRecords && std::chrono::steady_clock::now() - back < 120s) poll();
    EXPECT_EQ(count, kRecords) << "reading goes on by itself, and to the end";
  }
}

TEST(KafkaLogTest, WhatIsAcknowledgedOutlivesKillsOfTheBrokerOnceEach) {
  OwnBroker broker;
  const KafkaOptions options = test::new_kafka_options(broker.address());
  ASSERT_TRUE(create_topics(options, 2, 1));
  const auto log = open_log(options);

  std::atomic<bool> stop = false;
  std::mutex mutex;
  std::map<std::pair<std::int32_t, std::int64_t>, std::string> acknowledged;
  std::atomic<int> refused = 0;
  std::thread publisher([&] {
    for (int i = 0; !stop; ++i) {
      const auto value = std::make_shared<std::string>(std::to_string(i));
      log->append({{Topic::kOrders, *value, *value, {}, {}}}, [&, value](const auto& appended) {
        if (!appended) {
          ++refused;
          return;
        }
        const std::lock_guard lock(mutex);
        acknowledged[{appended->front().partition, appended->front().offset}] = *value;
      });
      std::this_thread::sleep_for(500us);
    }
  });

  const auto reader = open_reader(*log, {{{Topic::kOrders, 0}, 0}, {{Topic::kOrders, 1}, 0}});
  std::map<std::pair<std::int32_t, std::int64_t>, std::string> read;
  std::set<std::string> values;
  bool was_unavailable = false;
  const auto read_for = [&](std::chrono::milliseconds time) {
    const auto deadline = std::chrono::steady_clock::now() + time;
    while (std::chrono::steady_clock::now() < deadline) {
      const auto polled = reader->poll(1000, 100ms);
      if (!polled) {
        EXPECT_EQ(polled.error().code, ErrorCode::kUnavailable) << polled.error().message;
        was_unavailable = true;
        continue;
      }
      for (const Record& record : *polled) {
        EXPECT_TRUE(values.emplace(*record.value).second) << "doubled: " << *record.value;
        read[{record.partition, record.offset}] = *record.value;
      }
    }
  };
  read_for(1s);
  for (int round = 0; round < 2; ++round) {
    broker.kill();
    read_for(2s);
    broker.start();
    const std::size_t before = read.size();
    const auto back = std::chrono::steady_clock::now();
    do {
      read_for(1s);
    } while (read.size() == before && std::chrono::steady_clock::now() - back < 60s);
    EXPECT_GT(read.size(), before) << "reading went on by itself";
  }
  stop = true;
  publisher.join();
  const auto deadline = std::chrono::steady_clock::now() + 30s;
  const auto all_read = [&] {
    const std::lock_guard lock(mutex);
    return std::ranges::includes(read, acknowledged);
  };
  do {
    read_for(500ms);
  } while (!all_read() && std::chrono::steady_clock::now() < deadline);
  EXPECT_TRUE(was_unavailable);
  EXPECT_TRUE(all_read());
  EXPECT_EQ(refused, 0);
  EXPECT_GT(acknowledged.size(), 1000);
}

}  // namespace
}  // namespace daybook::log
