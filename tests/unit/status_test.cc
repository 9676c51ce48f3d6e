// /v1/status from values: what is told of shards that have told how they are, and of those that have not.
#include "app/status.h"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

namespace daybook::app {
namespace {

namespace json = boost::json;

cluster::ShardReport report_of(std::int32_t partition, std::uint64_t accepted, std::int64_t next_offset,
                               std::int64_t end) {
  cluster::ShardReport report;
  report.partition = partition;
  report.state.accepted = accepted;
  report.state.duplicates = 1;
  report.state.conflicts = 2;
  report.state.parked = 3;
  report.state.waiting = 4;
  report.state.digest = UInt128{1} << 127 | accepted;
  report.state.newest_recorded_ms = 1'700'000'000'000 + partition;
  report.bounds_seen_ms = 1'700'000'001'000 + partition;
  report.records_since_start = 10;
  report.seconds_since_start = 4;
  for (const log::Topic topic : log::kEventTopics) {
    report.state.topics[static_cast<std::size_t>(topic)].next_offset = next_offset;
    report.bounds.push_back({{topic, partition}, 0, end});
  }
  return report;
}

StatusReport status_of_two() {
  StatusReport status;
  status.shards = {1, 2};
  status.reports = {report_of(1, 100, 7, 9), report_of(2, 50, 4, 4)};
  status.topic_prefix = "p.";
  status.partitions = 3;
  status.business_time_zone = "Asia/Shanghai";
  status.today = parse_date("2024-06-30");
  status.log = "kafka";
  return status;
}

json::object written(const StatusReport& status) { return json::parse(to_json(status)).as_object(); }

TEST(Status, SumsUpWhatItsShardsTell) {
  const json::object page = written(status_of_two());
  EXPECT_EQ(page.at("accepted"), 150);
  EXPECT_EQ(page.at("duplicates"), 2);
  EXPECT_EQ(page.at("conflicts"), 4);
  EXPECT_EQ(page.at("parked"), 6);
  EXPECT_EQ(page.at("waiting"), 8);
  // Modulo 2^128.
  EXPECT_EQ(page.at("digest"), "00000000000000000000000000000096");
  EXPECT_EQ(page.at("newest_recorded_at"), "2023-11-14T22:13:20.002Z");
  EXPECT_EQ(page.at("ends_seen_at"), "2023-11-14T22:13:21.001Z");
  EXPECT_EQ(page.at("rates"), (json::object{{"records_since_start", 20}, {"records_per_second", 5}}));
  EXPECT_EQ(page.at("partitions"), 3);
  EXPECT_EQ(page.at("shards"), "1-2");
  EXPECT_EQ(page.at("business_time_zone"), "Asia/Shanghai");
  EXPECT_EQ(page.at("today"), "2024-06-30");
  EXPECT_EQ(page.at("log"), "kafka");
  EXPECT_EQ(page.at("unprotected"), false);
  EXPECT_EQ(page.at("trouble"), nullptr);
  const json::array& positions = page.at("positions").as_array();
  ASSERT_EQ(positions.size(), 2 * log::kEventTopicCount);
  EXPECT_EQ(
      positions[0],
      (json::object{
          {"topic", "p.daybook.invoices.v1"}, {"partition", 1}, {"next_offset", 7}, {"end_offset", 9}, {"lag", 2}}));
  EXPECT_EQ(
      positions[1],
      (json::object{
          {"topic", "p.daybook.invoices.v1"}, {"partition", 2}, {"next_offset", 4}, {"end_offset", 4}, {"lag", 0}}));
}

// A part that looks like the whole is worse than nothing.
TEST(Status, SumsUpNothingWhereAShardHasNotTold) {
  StatusReport status = status_of_two();
  status.shards = {0, 1, 2};
  const json::object page = written(status);
  for (const char* field :
       {"accepted", "duplicates", "conflicts", "parked", "waiting", "digest", "newest_recorded_at"}) {
    EXPECT_EQ(page.at(field), nullptr) << field;
  }
  EXPECT_EQ(page.at("rates"), (json::object{{"records_since_start", nullptr}, {"records_per_second", nullptr}}));
  EXPECT_EQ(page.at("ends_seen_at"), nullptr);
  const json::array& positions = page.at("positions").as_array();
  ASSERT_EQ(positions.size(), 3 * log::kEventTopicCount);
  EXPECT_EQ(positions[0], (json::object{{"topic", "p.daybook.invoices.v1"},
                                        {"partition", 0},
                                        {"next_offset", nullptr},
                                        {"end_offset", nullptr},
                                        {"lag", nullptr}}));
  EXPECT_EQ(positions[1].at("next_offset"), 7);
}

TEST(Status, BeforeTheLogHasToldItsEndsNoLagIsTold) {
  StatusReport status = status_of_two();
  for (cluster::ShardReport& report : status.reports) {
    report.bounds.clear();
    report.bounds_seen_ms.reset();
  }
  const json::object page = written(status);
  EXPECT_EQ(page.at("accepted"), 150);
  EXPECT_EQ(page.at("ends_seen_at"), nullptr);
  for (const json::value& position : page.at("positions").as_array()) {
    EXPECT_NE(position.at("next_offset"), nullptr);
    EXPECT_EQ(position.at("end_offset"), nullptr);
    EXPECT_EQ(position.at("lag"), nullptr);
  }
}

TEST(Status, PartitionsThatNobodyReadsStandBehindThoseOfTheirTopic) {
  StatusReport status = status_of_two();
  status.unread = {{{log::Topic::kInvoices, 3}, 2, 12}};
  const json::object page = written(status);
  const json::array& positions = page.at("positions").as_array();
  ASSERT_EQ(positions.size(), 2 * log::kEventTopicCount + 1);
  EXPECT_EQ(
      positions[2],
      (json::object{
          {"topic", "p.daybook.invoices.v1"}, {"partition", 3}, {"next_offset", 0}, {"end_offset", 12}, {"lag", 10}}));
  EXPECT_EQ(positions[3].at("topic"), "p.daybook.orders.v1");
}

TEST(Status, OfAProgramWithoutShardsTellsWhatItKnows) {
  StatusReport status;
  status.log = "kafka";
  status.troubles = {{"append", "nothing can be appended"}, {"log_away", "the log is away"}};
  const json::object page = written(status);
  EXPECT_EQ(page.at("positions"), json::array());
  for (const char* field : {"accepted", "digest", "partitions", "business_time_zone", "today", "shards"}) {
    EXPECT_EQ(page.at(field), nullptr) << field;
  }
  EXPECT_EQ(page.at("trouble"), "nothing can be appended; the log is away");
}

}  // namespace
}  // namespace daybook::app
