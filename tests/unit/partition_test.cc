// Names and partitions that every publisher, in any language, must agree with.
#include <gtest/gtest.h>

#include "log/log.h"
#include "log/partitions.h"

namespace daybook::log {
namespace {

TEST(PartitionTest, Murmur2GivesWhatJavaGives) {
  // From Apache Kafka's own UtilsTest.testMurmur2.
  EXPECT_EQ(murmur2("21"), -973932308);
  EXPECT_EQ(murmur2("foobar"), -790332482);
  EXPECT_EQ(murmur2("a-little-bit-long-string"), -985981536);
  EXPECT_EQ(murmur2("a-little-bit-longer-string"), -1486304829);
  EXPECT_EQ(murmur2("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8"), -58897971);
  EXPECT_EQ(murmur2("abc"), 479470107);
}

TEST(PartitionTest, BytesAboveAsciiCountAsUnsigned) {
  EXPECT_EQ(murmur2("é"), murmur2("\xc3\xa9"));
  EXPECT_NE(murmur2("\xc3\xa9"), murmur2("\x43\x29"));
}

TEST(PartitionTest, NegativeHashesAreMadePositiveByDroppingTheSign) {
  EXPECT_EQ(partition_of("21", 8), (-973932308 & 0x7fffffff) % 8);
  for (const char* key : {"", "21", "foobar", "customer-1", "fx:USD"}) {
    const std::int32_t partition = partition_of(key, 7);
    EXPECT_GE(partition, 0);
    EXPECT_LT(partition, 7);
  }
}

using Partitions = std::vector<std::int32_t>;

TEST(PartitionListTest, NumbersAndRangesAreReadInAnyOrderAndWrittenInTheShortestForm) {
  const struct {
    const char* text;
    Partitions list;
    const char* shortest;
  } lists[] = {
      {"0", {0}, "0"},          {"0-3,6", {0, 1, 2, 3, 6}, "0-3,6"},           {"6,0-3", {0, 1, 2, 3, 6}, "0-3,6"},
      {"2-2,1", {1, 2}, "1-2"}, {"1,3,5,1023", {1, 3, 5, 1023}, "1,3,5,1023"}, {"007", {7}, "7"}};
  for (const auto& [text, list, shortest] : lists) {
    EXPECT_EQ(parse_partitions(text), list) << text;
    EXPECT_EQ(format_partitions(list), shortest);
  }
  EXPECT_EQ(parse_partitions("0-1023"), all_partitions(1024));
}

TEST(PartitionListTest, WhatIsNoListOfThemIsNotRead) {
  for (const char* text : {"",      ",", "0,", ",0", "0,,1", "-",   "-1",   "0-",     "0-1-2",       "3-0", "1,1",
                           "0-3,2", "x", "1 ", " 1", "+1",   "1.5", "1024", "0-1024", "99999999999", "--1", "0--1"}) {
    EXPECT_EQ(parse_partitions(text), std::nullopt) << text;
  }
  std::string often = "0-1023";
  for (int i = 0; i < 10'000; ++i) often += ",0-1023";
  EXPECT_EQ(parse_partitions(often), std::nullopt);
}

TEST(PartitionListTest, OnlyWhatALogHasCanBeHeld) {
  const auto why = [](const Partitions& list) {
    const auto checked = check_partitions(list, 8);
    return checked ? "" : checked.error().message;
  };
  EXPECT_EQ(why({0}), "");
  EXPECT_EQ(why({0, 3, 7}), "");
  EXPECT_EQ(why(all_partitions(8)), "");
  EXPECT_EQ(why({}), "no shard is named: one at least is held");
  EXPECT_EQ(why({1, 1}), "shards are named by rising numbers, each once; not so in 1,1");
  EXPECT_EQ(why({2, 1}), "shards are named by rising numbers, each once; not so in 2,1");
  EXPECT_EQ(why({0, 8}), "there is no shard 8: the log has partitions 0-7");
  EXPECT_EQ(why({-1, 0}), "there is no shard -1: the log has partitions 0-7");
}

TEST(TopicTest, NamesAreReadBack) {
  for (std::size_t i = 0; i < kTopicCount; ++i) {
    const Topic topic = static_cast<Topic>(i);
    EXPECT_EQ(parse_topic_name("test-", topic_name("test-", topic)), topic);
  }
  EXPECT_EQ(topic_name("", Topic::kDeadLetter), "daybook.dead-letter.v1");
  EXPECT_EQ(parse_topic_name("", "test-daybook.orders.v1"), std::nullopt);
  EXPECT_EQ(parse_topic_name("", "daybook.orders.v2"), std::nullopt);
}

TEST(TopicTest, NumbersFollowTheOrderOfTheNames) {
  for (std::size_t i = 1; i < kEventTopicCount; ++i) {
    EXPECT_LT(topic_name("", kEventTopics[i - 1]), topic_name("", kEventTopics[i]));
  }
}

}  // namespace
}  // namespace daybook::log
