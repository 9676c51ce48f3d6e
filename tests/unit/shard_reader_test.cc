// What a question reads of a shard: that of its snapshot, and nothing that came since.
#include "query/shard_reader.h"

#include <gtest/gtest.h>

#include "support/ask.h"
#include "support/asking.h"
#include "support/folding.h"

namespace daybook::test {
namespace {

// Customers have their numbers as soon as something is read of them, before that is committed.
TEST(ShardReader, KnowsNoCustomerOfWhomNothingIsCommitted) {
  const domain::Rules rules = utc_rules();
  const History history(Hostile(1).records(400), 0, 1);
  Folding folding(rules);
  const OneShard model(folding, nullptr);
  const auto today = [] { return Day{19'830}; };
  const auto answers = [&] {
    std::string all;
    for (const query::ParameterMap& more : {query::ParameterMap{}, query::ParameterMap{{"known_at", "2100-01-01"}}}) {
      query::ParameterMap parameters = more;
      parameters.emplace("page_size", "1000");
      all += ask(model, today, {"v1", "customers"}, parameters).body;
      for (const HostileRecord& record : history.records) {
        all += ask(model, today, {"v1", "customers", record.key}, more).body;
      }
    }
    return all;
  };
  std::size_t applied = 0;
  std::set<std::string> committed;
  for (const auto& topic : history.topics) {
    const std::string before = answers();
    for (const log::Record& record : topic) {
      folding.apply(record);
      applied += committed.contains(std::string(*record.key)) ? 0 : 1;
    }
    EXPECT_EQ(answers(), before) << "nothing is committed yet";
    folding.commit();
    for (const log::Record& record : topic) committed.insert(std::string(*record.key));
    EXPECT_TRUE(topic.empty() || answers() != before);
  }
  EXPECT_GT(applied, 20U) << "there were new ones";
}

}  // namespace
}  // namespace daybook::test
