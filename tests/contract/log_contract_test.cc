// What every log must do, run on each of them. Kafka's part needs a broker, whose address is in
// DAYBOOK_TEST_BROKERS; choose it, or all but it, by the names "Kafka/…".
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "log/embedded_log.h"
#include "log/kafka/kafka_log.h"
#include "log/memory_log.h"
#include "support/kafka_topics.h"
#include "support/log_helpers.h"
#include "support/temp_dir.h"

namespace daybook::log {
namespace {

using test::append_one;
using test::append_order;
using test::open_reader;
using test::read_records;
using test::values_of;
using namespace std::chrono_literals;

constexpr std::int32_t kPartitions = 3;

// A new, empty log, and what it stands on.
struct OpenLog {
  std::unique_ptr<test::TempDir> directory;
  std::unique_ptr<Log> log;
};

OpenLog open_memory() { return {nullptr, std::make_unique<MemoryLog>(kPartitions)}; }

OpenLog open_embedded() {
  auto directory = std::make_unique<test::TempDir>();
  EmbeddedLogOptions options;
  options.data_directory = directory->path();
  options.partition_count = kPartitions;
  // Small segments, so that what spans several is met too.
  options.segment_bytes = 4096;
  auto log = open_embedded_log(options);
  EXPECT_TRUE(log) << log.error().message;
  return {std::move(directory), log ? *std::move(log) : nullptr};
}

OpenLog open_kafka() {
  auto log = open_kafka_log(test::new_kafka_topics(kPartitions));
  EXPECT_TRUE(log) << log.error().message;
  return {nullptr, log ? *std::move(log) : nullptr};
}

class LogContract : public testing::TestWithParam<OpenLog (*)()> {
 protected:
  void SetUp() override { ASSERT_NE(opened_.log, nullptr); }
  Log& log() { return *opened_.log; }

 private:
  OpenLog opened_ = GetParam()();
};

TEST_P(LogContract, OffsetsOfAPartitionRise) {
  std::int64_t last = -1;
  for (int i = 0; i < 5; ++i) {
    const Appended at = append_one(log(), {Topic::kOrders, "C1", "value", 1, {}});
    EXPECT_EQ(at.partition, 1);
    EXPECT_GT(at.offset, last);
    last = at.offset;
  }
}

TEST_P(LogContract, RecordsAreReadAsTheyWereAppended) {
  const std::string binary("\0\xff\n\0", 4);
  const Appended a = append_one(log(), {Topic::kInvoices, binary, binary, 2, {}});
  const Appended b = append_one(log(), {Topic::kInvoices, "", "", 2, {}});
  const Appended c = append_one(log(), {Topic::kInvoices, std::nullopt, std::nullopt, 2, {}});
  const Appended d = append_one(log(), {Topic::kInvoices, "k", "v", 2, {{"reason", "x"}}});

  const auto reader = open_reader(log(), {{{Topic::kInvoices, 2}, 0}});
  const auto read = read_records(*reader, 4);
  ASSERT_EQ(read.size(), 4);
  EXPECT_EQ(read[0].key, binary);
  EXPECT_EQ(read[0].value, binary);
  EXPECT_EQ(read[1].key, "");
  EXPECT_EQ(read[1].value, "");
  EXPECT_EQ(read[2].key, std::nullopt);
  EXPECT_EQ(read[2].value, std::nullopt);
  EXPECT_EQ(read[3].key, "k");
  EXPECT_EQ(read[3].value, "v");
  const std::vector<Appended> appended = {a, b, c, d};
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(read[i].at, (TopicPartition{Topic::kInvoices, 2}));
    EXPECT_EQ(read[i].offset, appended[i].offset);
    EXPECT_EQ(read[i].timestamp_ms, appended[i].timestamp_ms);
  }
}

TEST_P(LogContract, PlacesAreGivenInTheOrderOfTheRecords) {
  std::vector<NewRecord> records;
  for (const std::int32_t partition : {2, 0, 2, 1, 0}) {
    records.push_back({Topic::kPayments, "k", "v", partition, {}});
  }
  const auto appended = append_and_wait(log(), records);
  ASSERT_TRUE(appended) << appended.error().message;
  ASSERT_EQ(appended->size(), records.size());
  for (std::size_t i = 0; i < records.size(); ++i) {
    EXPECT_EQ((*appended)[i].partition, records[i].partition);
  }
  EXPECT_LT((*appended)[0].offset, (*appended)[2].offset);
  EXPECT_LT((*appended)[1].offset, (*appended)[4].offset);
}

TEST_P(LogContract, NoRecordsAreAppendedAtOnce) {
  const auto appended = append_and_wait(log(), {});
  ASSERT_TRUE(appended);
  EXPECT_TRUE(appended->empty());
}

TEST_P(LogContract, TheKeyGivesThePartition) {
  for (const char* key : {"C1", "C2", "客户", "fx:USD", "foobar"}) {
    EXPECT_EQ(append_one(log(), {Topic::kReference, key, "v", {}, {}}).partition, partition_of(key, kPartitions));
  }
}

TEST_P(LogContract, AReaderStartsAtAnyOffset) {
  std::vector<std::int64_t> offsets;
  for (int i = 0; i < 200; ++i) {
    offsets.push_back(append_order(log(), 0, "value " + std::to_string(i)));
  }
  for (const std::size_t start : {0, 1, 57, 150, 199}) {
    const auto reader = open_reader(log(), {{{Topic::kOrders, 0}, offsets[start]}});
    const auto read = read_records(*reader, offsets.size() - start);
    ASSERT_FALSE(read.empty());
    EXPECT_EQ(read.front().offset, offsets[start]);
    EXPECT_EQ(read.front().value, "value " + std::to_string(start));
    EXPECT_EQ(read.back().offset, offsets.back());
  }
}

TEST_P(LogContract, AtTheEndNothingIsReadUntilSomethingComes) {
  append_order(log(), 0, "old");
  const auto bounds = log().end_offsets(std::array{Topic::kOrders});
  ASSERT_TRUE(bounds) << bounds.error().message;
  const auto reader = open_reader(log(), {{{Topic::kOrders, 0}, bounds->front().end}});
  const auto nothing = reader->poll(10, 50ms);
  ASSERT_TRUE(nothing) << nothing.error().message;
  EXPECT_TRUE(nothing->empty());

  append_order(log(), 0, "new");
  EXPECT_EQ(values_of(read_records(*reader, 1)), std::vector<std::string>{"new"});
}

TEST_P(LogContract, AnAppendWakesAWaitingReader) {
  const auto reader = open_reader(log(), {{{Topic::kOrders, 1}, 0}});
  std::thread publisher([&] {
    std::this_thread::sleep_for(100ms);
    append_order(log(), 1, "woke");
  });
  const auto started = std::chrono::steady_clock::now();
  const auto polled = reader->poll(10, 10s);
  EXPECT_LT(std::chrono::steady_clock::now() - started, 9s);
  ASSERT_TRUE(polled) << polled.error().message;
  ASSERT_EQ(polled->size(), 1);
  EXPECT_EQ(polled->front().value, "woke");
  publisher.join();
}

TEST_P(LogContract, APollGivesNoMoreThanAskedForAndLosesNothing) {
  for (int i = 0; i < 10; ++i) append_order(log(), 0, std::to_string(i));
  const auto reader = open_reader(log(), {{{Topic::kOrders, 0}, 0}});
  std::vector<std::string> values;
  for (int polls = 0; values.size() < 10 && polls < 100; ++polls) {
    const auto polled = reader->poll(3, 500ms);
    ASSERT_TRUE(polled) << polled.error().message;
    EXPECT_LE(polled->size(), 3);
    for (const Record& record : *polled) values.emplace_back(*record.value);
  }
  EXPECT_EQ(values, (std::vector<std::string>{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"}));
}

TEST_P(LogContract, APositionBeyondTheEndIsOutOfRange) {
  append_order(log(), 0, "only");
  const auto reader = open_reader(log(), {{{Topic::kOrders, 0}, 1000}});
  const auto error = test::read_error(*reader);
  ASSERT_TRUE(error.has_value());
  EXPECT_EQ(error->code, ErrorCode::kOutOfRange) << error->message;
  EXPECT_NE(error->message.find("1000"), std::string::npos) << error->message;
  EXPECT_NE(error->message.find("orders"), std::string::npos) << error->message;
}

TEST_P(LogContract, ARecordIsReadByItsPlace) {
  append_order(log(), 0, "first");
  const Appended at = append_one(log(), {Topic::kOrders, "C1", "value", 0, {}});
  append_order(log(), 0, "last");
  const auto record = read_record(log(), {Topic::kOrders, 0}, at.offset, std::chrono::seconds(20));
  ASSERT_TRUE(record) << record.error().message;
  ASSERT_TRUE(record->has_value());
  EXPECT_EQ((*record)->topic, Topic::kOrders);
  EXPECT_EQ((*record)->partition, 0);
  EXPECT_EQ((*record)->offset, at.offset);
  EXPECT_EQ((*record)->timestamp_ms, at.timestamp_ms);
  EXPECT_EQ((*record)->key, "C1");
  EXPECT_EQ((*record)->value, "value");
}

TEST_P(LogContract, ARecordOutsideTheLogIsSaidToBe) {
  append_order(log(), 0, "only");
  const auto record = read_record(log(), {Topic::kOrders, 0}, 1000, std::chrono::seconds(20));
  ASSERT_FALSE(record);
  EXPECT_EQ(record.error().code, ErrorCode::kOutOfRange) << record.error().message;
}

TEST_P(LogContract, OnlyTheNamedTopicPartitionsAreRead) {
  append_order(log(), 0, "wanted");
  append_order(log(), 1, "other partition");
  append_one(log(), {Topic::kInvoices, "C1", "other topic", 0, {}});
  const auto reader = open_reader(log(), {{{Topic::kOrders, 0}, 0}});
  EXPECT_EQ(values_of(read_records(*reader, 1)), std::vector<std::string>{"wanted"});
  const auto more = reader->poll(10, 100ms);
  ASSERT_TRUE(more) << more.error().message;
  EXPECT_TRUE(more->empty());
}

TEST_P(LogContract, SeveralTopicPartitionsAreEachReadInOrder) {
  std::vector<StartPosition> starts;
  std::vector<NewRecord> records;
  std::vector<std::string> values;
  for (int i = 0; i < 100; ++i) values.push_back(std::to_string(1000 + i));
  for (const Topic topic : kEventTopics) {
    for (std::int32_t partition = 0; partition < kPartitions; ++partition) {
      starts.push_back({{topic, partition}, 0});
      for (const std::string& value : values) records.push_back({topic, "k", value, partition, {}});
    }
  }
  ASSERT_TRUE(append_and_wait(log(), records));
  const auto reader = open_reader(log(), starts);
  std::map<TopicPartition, std::vector<std::string>> read;
  for (const auto& record : read_records(*reader, records.size())) {
    read[record.at].push_back(*record.value);
  }
  EXPECT_EQ(read.size(), starts.size());
  for (const auto& [at, seen] : read) EXPECT_EQ(seen, values);
}

TEST_P(LogContract, ReadersDoNotDisturbEachOther) {
  for (int i = 0; i < 4; ++i) append_order(log(), 0, std::to_string(i));
  const auto one = open_reader(log(), {{{Topic::kOrders, 0}, 0}});
  const auto two = open_reader(log(), {{{Topic::kOrders, 0}, 0}});
  EXPECT_EQ(values_of(read_records(*one, 2)), (std::vector<std::string>{"0", "1"}));
  EXPECT_EQ(values_of(read_records(*two, 4)), (std::vector<std::string>{"0", "1", "2", "3"}));
  EXPECT_EQ(values_of(read_records(*one, 2)), (std::vector<std::string>{"2", "3"}));
}

TEST_P(LogContract, ThePositionIsBehindTheRecordsGivenAndInTheEndAtTheEnd) {
  for (int i = 0; i < 4; ++i) append_order(log(), 0, std::to_string(i));
  const auto reader = open_reader(log(), {{{Topic::kOrders, 0}, 1}, {{Topic::kInvoices, 2}, 0}});
  EXPECT_EQ(reader->position({Topic::kOrders, 0}), 1);
  read_records(*reader, 2);
  EXPECT_EQ(reader->position({Topic::kOrders, 0}), 3);
  read_records(*reader, 1);
  EXPECT_EQ(reader->position({Topic::kOrders, 0}), 4);
  EXPECT_EQ(reader->position({Topic::kInvoices, 2}), 0);
}

TEST_P(LogContract, EndOffsetsAreThoseOfEveryPartitionInOrder) {
  append_order(log(), 1, "a");
  const std::int64_t last = append_order(log(), 1, "b");
  const auto bounds = log().end_offsets(std::array{Topic::kOrders, Topic::kDeadLetter});
  ASSERT_TRUE(bounds) << bounds.error().message;
  ASSERT_EQ(bounds->size(), 2 * kPartitions);
  for (std::int32_t i = 0; i < kPartitions; ++i) {
    EXPECT_EQ((*bounds)[i].at, (TopicPartition{Topic::kOrders, i}));
    EXPECT_EQ((*bounds)[i].begin, 0);
    EXPECT_EQ((*bounds)[i].end, i == 1 ? last + 1 : 0);
    EXPECT_EQ((*bounds)[kPartitions + i].at, (TopicPartition{Topic::kDeadLetter, i}));
  }
}

TEST_P(LogContract, ALargestRecordIsTakenAndALargerOneRefusedWithItsWholeCall) {
  const std::string largest(kRecordBytesMax - 1, 'x');
  const std::string larger(kRecordBytesMax, 'x');
  const auto refused =
      append_and_wait(log(), {{Topic::kOrders, "k", "small", 0, {}}, {Topic::kOrders, "k", larger, 0, {}}});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kInvalidArgument);

  append_one(log(), {Topic::kOrders, "k", largest, 0, {}});
  append_order(log(), 0, "after");
  const auto reader = open_reader(log(), {{{Topic::kOrders, 0}, 0}});
  const auto read = read_records(*reader, 2);
  ASSERT_EQ(read.size(), 2);
  EXPECT_EQ(read[0].value, largest);
  EXPECT_EQ(read[1].value, "after");
}

TEST_P(LogContract, WhatCannotBePlacedIsRefused) {
  for (const NewRecord& record :
       {NewRecord{Topic::kOrders, std::nullopt, "v", {}, {}}, NewRecord{Topic::kOrders, "k", "v", kPartitions, {}},
        NewRecord{Topic::kOrders, "k", "v", -1, {}}}) {
    const auto refused = append_and_wait(log(), {record});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::kInvalidArgument);
  }
}

TEST_P(LogContract, AReaderOfWhatCannotBeIsRefused) {
  const auto missing = log().open_reader({{{Topic::kOrders, kPartitions}, 0}});
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::kInvalidArgument);
  const auto twice = log().open_reader({{{Topic::kOrders, 0}, 0}, {{Topic::kOrders, 0}, 5}});
  ASSERT_FALSE(twice);
  EXPECT_EQ(twice.error().code, ErrorCode::kInvalidArgument);
}

TEST_P(LogContract, ConcurrentAppendsAreEachInTheLogOnceAndInTheirOwnOrder) {
  constexpr int kThreads = 4;
  constexpr int kEach = 100;
  const auto reader = open_reader(log(), {{{Topic::kOrders, 0}, 0}});
  std::vector<std::thread> publishers;
  for (int thread = 0; thread < kThreads; ++thread) {
    publishers.emplace_back([&, thread] {
      for (int i = 0; i < kEach; ++i) {
        append_order(log(), 0, std::to_string(thread) + ":" + std::to_string(1000 + i));
      }
    });
  }
  auto values = values_of(read_records(*reader, kThreads * kEach));
  for (std::thread& publisher : publishers) publisher.join();
  std::ranges::stable_sort(values, {}, [](const std::string& value) { return value[0]; });
  EXPECT_TRUE(std::ranges::is_sorted(values));
  EXPECT_EQ(std::ranges::adjacent_find(values), values.end());
}

TEST_P(LogContract, AppendsWithoutWaitingKeepTheirOrder) {
  constexpr int kCount = 500;
  std::vector<std::string> values;
  for (int i = 0; i < kCount; ++i) values.push_back(std::to_string(i));
  std::atomic<int> done = 0;
  for (const std::string& value : values) {
    log().append({{Topic::kOrders, "k", value, 2, {}}}, [&](const auto& appended) {
      EXPECT_TRUE(appended);
      ++done;
    });
  }
  const auto reader = open_reader(log(), {{{Topic::kOrders, 2}, 0}});
  EXPECT_EQ(values_of(read_records(*reader, kCount)), values);
  for (int i = 0; done < kCount && i < 1000; ++i) std::this_thread::sleep_for(10ms);
  EXPECT_EQ(done, kCount);
}

INSTANTIATE_TEST_SUITE_P(Memory, LogContract, testing::Values(&open_memory), [](const auto&) { return "Log"; });
INSTANTIATE_TEST_SUITE_P(Embedded, LogContract, testing::Values(&open_embedded), [](const auto&) { return "Log"; });
INSTANTIATE_TEST_SUITE_P(Kafka, LogContract, testing::Values(&open_kafka), [](const auto&) { return "Log"; });

}  // namespace
}  // namespace daybook::log
