// Parts of several shards: what makes a whole, and what is refused.
#include "query/coordinator.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <optional>
#include <stop_token>

#include "log/log.h"
#include "query/catalog.h"
#include "query/local_shards.h"
#include "support/missing_shard.h"
#include "support/story.h"

namespace daybook::test {
namespace {

// Shards of which one answers in place of another, or not at all.
class Broken final : public query::ShardSource {
 public:
  Broken(const query::ShardSource& inner, std::int32_t instead_of, std::int32_t answers)
      : inner_(inner), instead_of_(instead_of), answers_(answers) {}

  std::int32_t partition_count() const override { return inner_.partition_count(); }
  const domain::Rules& rules() const override { return inner_.rules(); }
  std::string_view topic_prefix() const override { return inner_.topic_prefix(); }
  bool has_folded(log::TopicPartition at, std::int64_t offset) const override { return inner_.has_folded(at, offset); }
  std::unique_ptr<query::ShardSession> open(std::int32_t partition, std::optional<std::int64_t> at) const override {
    if (partition != instead_of_) return inner_.open(partition, at);
    if (answers_ < 0) query::refuse(503, "Shard not available", fmt::format("shard {} does not answer", partition));
    return inner_.open(answers_, at);
  }

 private:
  const query::ShardSource& inner_;
  const std::int32_t instead_of_;
  const std::int32_t answers_;
};

TEST(Coordinator, WithoutAShardNoReportIsAnswered) {
  Story story;
  story.account = "C1";
  story.invoice("C1", 500, "2024-05-01");
  const query::LocalShards all(story.book.model());
  for (std::int32_t partition = 0; partition < all.partition_count(); ++partition) {
    SCOPED_TRACE(partition);
    each_is_refused(Broken(all, partition, -1), fmt::format("shard {} does not answer", partition));
  }
}

TEST(Coordinator, AShardThatAnswersForAnotherIsRefused) {
  Story story;
  const query::LocalShards all(story.book.model());
  const std::vector<std::string> segments = segments_of("v1/receivables/ageing");
  for (std::int32_t partition = 0; partition < all.partition_count(); ++partition) {
    const std::int32_t another = (partition + 1) % all.partition_count();
    const auto rendered =
        query::answer(Broken(all, partition, another), [] { return Day{0}; }, {.segments = segments, .parameters = {}});
    EXPECT_EQ(rendered.status, 503) << rendered.body;
    EXPECT_NE(rendered.body.find(fmt::format("shard {} was asked, and shard {} answered", partition, another)),
              std::string::npos)
        << rendered.body;
  }
}

TEST(Coordinator, WhatNobodyWaitsForIsGivenUp) {
  Story story;
  const query::LocalShards all(story.book.model());
  const std::vector<std::string> segments = segments_of("v1/receivables/ageing");
  const query::ParameterMap none;
  std::stop_source stop;
  stop.request_stop();
  query::Request request{.segments = segments, .parameters = none};
  request.stop = stop.get_token();
  EXPECT_EQ(query::answer(all, [] { return Day{0}; }, request).status, 503);
}

TEST(Coordinator, AnomaliesAreReadNoFurtherOnceNobodyWaits) {
  Story story;
  story.account = "C1";
  story.pay("P", 300, "2024-05-10", {{"unknown", "50"}});
  story.refund("R", 400, "2024-05-11");
  const query::LocalShards all(story.book.model());
  const query::Report& report = *query::find_report("anomalies");
  query::Question question;
  question.report = "anomalies";
  question.today = question.as_of = *parse_date("2024-06-30");
  question.scope = query::AccessScope::everything();
  question.arguments = query::Arguments(report.description(), {}, all.rules().zone);
  std::stop_source given_up;
  given_up.request_stop();
  for (const std::optional<std::int64_t> known_at : {std::optional<std::int64_t>(), std::optional(1'704'067'200'000)}) {
    const auto shard = all.open(log::partition_of("C1", all.partition_count()), known_at);
    EXPECT_NO_THROW(shard->ask(report, question, {}));
    EXPECT_THROW(shard->ask(report, question, given_up.get_token()), query::Refusal);
  }
}

TEST(Catalogue, NamesAndPathsAreThereOnceAndLeadToTheirReports) {
  std::set<std::string> names;
  for (const query::Report* report : query::reports()) {
    const query::Description& of = report->description();
    EXPECT_TRUE(names.insert(of.name).second) << of.name;
    EXPECT_EQ(query::find_report(of.name), report);
    EXPECT_FALSE(of.meaning.empty()) << of.name;
    const auto route = query::find_route(segments_of(of.path.substr(1)), of.has_body);
    ASSERT_TRUE(route) << of.path;
    EXPECT_EQ(route->report, report) << of.path;
    EXPECT_FALSE(query::find_route(segments_of(of.path.substr(1)), !of.has_body)) << of.path;
    std::set<std::string> parameters;
    for (const query::Parameter& parameter : of.parameters) {
      EXPECT_TRUE(parameters.insert(parameter.name).second) << of.name << " " << parameter.name;
      EXPECT_FALSE(parameter.meaning.empty()) << of.name << " " << parameter.name;
    }
  }
  EXPECT_EQ(query::find_report("nothing"), nullptr);
  EXPECT_FALSE(query::find_route({"v1", "invoices", ""}, false)) << "an id is needed";
  EXPECT_FALSE(query::find_route({"v1"}, false));
}

}  // namespace
}  // namespace daybook::test
