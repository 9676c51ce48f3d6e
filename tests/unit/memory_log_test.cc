// The controls of the log that deterministic tests use.
#include "log/memory_log.h"

#include <gtest/gtest.h>

#include "support/log_helpers.h"

namespace daybook::log {
namespace {

using test::append_one;
using test::append_order;
using test::open_reader;
using test::read_records;
using test::values_of;
using namespace std::chrono_literals;

constexpr TopicPartition kOrders0{Topic::kOrders, 0};

TEST(MemoryLogTest, TimeIsSetByHandAndMayGoBack) {
  MemoryLog log(1);
  for (const std::int64_t now : {1000, 2000, 1500}) {
    log.set_time_ms(now);
    EXPECT_EQ(append_one(log, {Topic::kOrders, "k", "v", {}, {}}).timestamp_ms, now);
  }
}

TEST(MemoryLogTest, AppendsFailAsOftenAsAskedAndLeaveNothing) {
  MemoryLog log(1);
  log.fail_appends({ErrorCode::kUnavailable, "away"}, 2);
  for (int i = 0; i < 2; ++i) {
    const auto failed = append_and_wait(log, {{Topic::kOrders, "k", "lost", {}, {}}});
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().message, "away");
  }
  EXPECT_EQ(append_order(log, 0, "kept"), 0);
}

TEST(MemoryLogTest, StalledAppendsAreDoneInOrderWhenReleased) {
  MemoryLog log(1);
  log.stall_appends(true);
  std::vector<std::int64_t> offsets;
  for (const char* value : {"a", "b"}) {
    log.append({{Topic::kOrders, "k", value, {}, {}}},
               [&](const auto& appended) { offsets.push_back(appended->front().offset); });
  }
  EXPECT_TRUE(log.records(kOrders0).empty());
  log.stall_appends(false);
  EXPECT_EQ(offsets, (std::vector<std::int64_t>{0, 1}));
  EXPECT_EQ(log.records(kOrders0)[1].value, "b");
}

TEST(MemoryLogTest, PollsFailAndStall) {
  MemoryLog log(1);
  append_order(log, 0, "a");
  const auto reader = open_reader(log, {{kOrders0, 0}});
  log.stall_polls(true);
  EXPECT_TRUE(reader->poll(10, 0ms)->empty());
  log.stall_polls(false);
  log.fail_polls({ErrorCode::kFatal, "made up"}, 1);
  EXPECT_EQ(reader->poll(10, 0ms).error().code, ErrorCode::kFatal);
  EXPECT_EQ(values_of(read_records(*reader, 1)), std::vector<std::string>{"a"});
}

TEST(MemoryLogTest, WhatIsTruncatedIsOutOfRange) {
  MemoryLog log(1);
  for (const char* value : {"a", "b", "c"}) append_order(log, 0, value);
  const auto reader = open_reader(log, {{kOrders0, 0}});
  log.truncate_before(kOrders0, 2);
  EXPECT_EQ(reader->poll(10, 0ms).error().code, ErrorCode::kOutOfRange);
  EXPECT_EQ(log.end_offsets(std::array{Topic::kOrders})->front().begin, 2);
  const auto anew = open_reader(log, {{kOrders0, 2}});
  EXPECT_EQ(values_of(read_records(*anew, 1)), std::vector<std::string>{"c"});
}

TEST(MemoryLogTest, GapsArePassedAlsoAtTheEnd) {
  MemoryLog log(1);
  append_order(log, 0, "a");
  log.skip_offsets(kOrders0, 3);
  EXPECT_EQ(append_order(log, 0, "b"), 4);
  log.skip_offsets(kOrders0, 2);
  const auto reader = open_reader(log, {{kOrders0, 0}});
  EXPECT_EQ(values_of(read_records(*reader, 2)), (std::vector<std::string>{"a", "b"}));
  EXPECT_TRUE(reader->poll(10, 0ms)->empty());
  EXPECT_EQ(reader->position(kOrders0), 7);
}

TEST(LocalGroupsTest, OneMemberHasAllPartitionsUntilItLeaves) {
  MemoryLog log(2);
  using Partitions = std::vector<std::int32_t>;
  auto first = *log.join_group("g");
  const auto second = *log.join_group("g");
  const auto other = *log.join_group("other");
  EXPECT_EQ(*first->partitions(), (Partitions{0, 1}));
  EXPECT_EQ(*second->partitions(), Partitions{});
  EXPECT_EQ(*other->partitions(), (Partitions{0, 1}));
  const GroupOffsets reached = {1, 2, 3, 4, 5};
  EXPECT_TRUE(first->commit(1, reached));
  EXPECT_EQ(second->commit(1, {9, 9, 9, 9, 9}).error().code, ErrorCode::kMismatch);
  EXPECT_EQ(*second->committed(1), reached);
  EXPECT_EQ(*second->committed(0), GroupOffsets{});
  EXPECT_EQ(*other->committed(1), GroupOffsets{});
  first.reset();
  EXPECT_EQ(*second->partitions(), (Partitions{0, 1}));
  EXPECT_TRUE(second->commit(1, {2, 2, 3, 4, 5}));
}

}  // namespace
}  // namespace daybook::log
