// Names and partitions that every publisher, in any language, must agree with.
#include <gtest/gtest.h>

#include "log/log.h"

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
