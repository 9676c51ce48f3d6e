// What a record of the log says, and what became of it: GET /v1/events/{topic}/{partition}/{offset}.
#include <gtest/gtest.h>

#include <boost/json/serialize.hpp>
#include <map>

#include "base/base64.h"
#include "support/hostile.h"
#include "support/story.h"

namespace daybook::test {
namespace {

namespace json = boost::json;

// The only partition's records.
class EventReport : public testing::Test {
 protected:
  static std::string path(const std::string& topic, std::int64_t offset, int partition = 0) {
    return "v1/events/daybook." + topic + ".v1/" + std::to_string(partition) + "/" + std::to_string(offset);
  }
  json::value record(const std::string& topic, std::int64_t offset, const query::ParameterMap& parameters = {}) {
    return book_.json(path(topic, offset), parameters);
  }
  std::string state(const std::string& topic, std::int64_t offset) {
    return std::string(record(topic, offset).at("state").as_string());
  }
  int status(const std::string& path, const query::ParameterMap& parameters = {}) {
    return book_.get(path, parameters).status;
  }
  // An order of customer C, at offset 0, 1, 2 … of its topic.
  void order(const std::string& event_id, const std::string& order_id, const std::string& sku = "A") {
    book_.tell(R"({"event_id":")" + event_id + R"(","customer_id":"C","source":"test","correlation_id":"k",)" +
               R"("occurred_at":"2024-05-01T08:00:00Z","order_placed":{"order_id":")" + order_id +
               R"(","currency":"CNY","lines":[{"line_id":"1","sku":")" + sku +
               R"(","quantity":"1","net_minor":"100"}]}})");
  }

  Book book_{1};
};

TEST_F(EventReport, AnAcceptedRecordIsShownAsItCame) {
  order("e1", "O");
  const json::value found = record("orders", 0);
  EXPECT_EQ(found.at("state"), "accepted");
  EXPECT_EQ(found.at("customer_id"), "C");
  EXPECT_TRUE(found.at("detail").is_null());
  const json::value& ref = found.at("event");
  EXPECT_EQ(ref.at("event_id"), "e1");
  EXPECT_EQ(ref.at("type"), "order_placed");
  EXPECT_EQ(ref.at("topic"), "daybook.orders.v1");
  EXPECT_EQ(ref.at("partition"), 0);
  EXPECT_EQ(ref.at("offset"), 0);
  EXPECT_EQ(ref.at("occurred_at"), "2024-05-01T08:00:00Z");
  EXPECT_EQ(found.at("content").at("correlation_id"), "k") << "the log has it";
  EXPECT_EQ(found.at("content").at("order_placed").at("lines").at(0).at("net_minor"), "100");
  book_.tell(json::serialize(found.at("content")));
  EXPECT_EQ(state("orders", 1), "duplicate");
}

TEST_F(EventReport, ARepeatSaysWhatItRepeats) {
  order("e1", "O");
  order("e2", "P");
  order("e2", "P");
  const json::value found = record("orders", 2);
  EXPECT_EQ(found.at("state"), "duplicate");
  EXPECT_EQ(found.at("detail"), "repeats daybook.orders.v1:0:1");
}

TEST_F(EventReport, AClaimRepeatedUnderAnotherIdIsADuplicate) {
  order("e1", "O");
  order("e2", "O");
  EXPECT_EQ(state("orders", 1), "duplicate");
}

TEST_F(EventReport, EveryConflictSaysWhatDiffersNotTheFirstAlone) {
  order("e1", "O", "A");
  order("e1", "O", "B");
  order("e2", "O", "C");
  for (const auto& [offset, sku] : std::map<int, std::string>{{1, "B"}, {2, "C"}}) {
    const json::value found = record("orders", offset);
    EXPECT_EQ(found.at("state"), "conflict");
    EXPECT_EQ(found.at("detail").as_string(), "lines[0].sku: 'A' stands, '" + sku + "' came");
    EXPECT_EQ(found.at("content").at("order_placed").at("lines").at(0).at("sku").as_string(), sku);
  }
}

// What came later under the same event_id says nothing of how it was judged.
TEST_F(EventReport, ARepeatIsJudgedByWhatStoodBeforeIt) {
  order("e1", "O");
  order("e2", "O");  // A duplicate by its claim: its event_id stays free.
  book_.tell(R"({"event_id":"e2","customer_id":"C","source":"test","occurred_at":"2024-05-02T08:00:00Z",)"
             R"("order_confirmed":{"order_id":"O"}})");
  EXPECT_EQ(state("orders", 1), "duplicate");
  EXPECT_EQ(state("orders", 2), "accepted");
}

TEST_F(EventReport, AParkedRecordSaysWhyAndKeepsItsBytes) {
  const std::string bytes = "\x01 no event";
  book_.append(log::Topic::kOrders, "C", bytes);
  const json::value found = record("orders", 0);
  EXPECT_EQ(found.at("state"), "parked");
  EXPECT_TRUE(found.at("detail").as_string().starts_with("not_parseable: ")) << found.at("detail");
  EXPECT_TRUE(found.at("content").is_null());
  EXPECT_TRUE(found.at("customer_id").is_null());
  EXPECT_TRUE(found.at("event").at("event_id").is_null());
  EXPECT_EQ(found.at("bytes").as_string(), to_base64(bytes));
}

TEST_F(EventReport, AParkedRecordThatParsesShowsWhatItHolds) {
  events::v1::Event message;
  message.set_event_id("e1");
  message.set_customer_id("C");
  message.mutable_occurred_at()->set_seconds(1'000'000'000'000);  // After 2199.
  message.mutable_order_placed()->set_order_id("O");
  book_.append(log::Topic::kOrders, "C", message.SerializeAsString());
  const json::value found = record("orders", 0);
  EXPECT_TRUE(found.at("detail").as_string().starts_with("invalid: ")) << found.at("detail");
  EXPECT_EQ(found.at("customer_id"), "C");
  EXPECT_EQ(found.at("event").at("event_id"), "e1");
  EXPECT_EQ(found.at("event").at("type"), "order_placed");
  EXPECT_TRUE(found.at("event").at("occurred_at").is_null());
  EXPECT_EQ(found.at("content").at("order_placed").at("order_id"), "O");
}

TEST_F(EventReport, ARecordWithoutAValueHasNoBytes) {
  book_.append(log::Topic::kOrders, "C", {});
  EXPECT_TRUE(record("orders", 0).at("bytes").is_null());
}

TEST_F(EventReport, WhatIsNotThereIsNotFound) {
  order("e1", "O");
  EXPECT_EQ(status(path("orders", 1)), 404) << "not read yet";
  EXPECT_EQ(status(path("payments", 0)), 404);
  EXPECT_EQ(status(path("orders", 0, 1)), 404) << "no such partition";
  EXPECT_EQ(status("v1/events/daybook.orders.v1/9999999999/0"), 404);
  EXPECT_EQ(status("v1/events/daybook.dead-letter.v1/0/0"), 404);
  EXPECT_EQ(status("v1/events/orders/0/0"), 404);
  EXPECT_EQ(status("v1/events/daybook.orders.v1/0"), 404) << "no such path";
  book_.log().truncate_before({log::Topic::kOrders, 0}, 1);
  EXPECT_EQ(status(path("orders", 0)), 404) << "the log has it no more";
}

TEST_F(EventReport, WhatIsNoNumberIsNamed) {
  for (const char* wrong :
       {"v1/events/daybook.orders.v1/x/0", "v1/events/daybook.orders.v1/-1/0", "v1/events/daybook.orders.v1/0/1.5",
        "v1/events/daybook.orders.v1/0/99999999999999999999"}) {
    EXPECT_EQ(status(wrong), 400) << wrong;
  }
  EXPECT_NE(book_.get("v1/events/daybook.orders.v1/0/1.5").body.find("\"offset\""), std::string::npos);
  EXPECT_NE(book_.get("v1/events/daybook.orders.v1/x/0").body.find("\"partition\""), std::string::npos);
  EXPECT_EQ(status(path("orders", 0), {{"customer_id", "C"}}), 400) << "it has no such parameter";
}

TEST_F(EventReport, GapsOfTheLogHoldNothing) {
  book_.log().skip_offsets({log::Topic::kOrders, 0}, 2);
  order("e1", "O");
  EXPECT_EQ(status(path("orders", 1)), 404);
  EXPECT_EQ(state("orders", 2), "accepted");
}

TEST_F(EventReport, WhatWasRecordedLaterWasNotKnown) {
  order("e1", "O");
  book_.log().set_time_ms(1'700'000'100'000);
  order("e1", "O");
  book_.append(log::Topic::kOrders, "C", "\x01");
  const query::ParameterMap before = {{"known_at", "2023-11-14T22:14:00Z"}};  // A minute after the first.
  EXPECT_EQ(status(path("orders", 0), before), 200);
  EXPECT_EQ(status(path("orders", 1), before), 404);
  EXPECT_EQ(status(path("orders", 2), before), 404);
}

TEST_F(EventReport, OnlyWhoSeesTheAccountSeesItsRecords) {
  book_.tell("2024-01-01", R"("customer_profile_set":{"region":"CN/South","sales_rep":"r"})", "C");
  book_.append(log::Topic::kReference, "C", "\x01");
  const auto ask = [&](const query::AccessScope& scope, std::int64_t offset) {
    const std::vector<std::string> segments = segments_of(path("reference", offset));
    query::Request request{.segments = segments, .parameters = {}};
    request.scope = scope;
    const query::LocalShards shards(book_.model());
    return query::answer(shards, [] { return *parse_date("2024-06-30"); }, request).status;
  };
  EXPECT_EQ(ask(query::AccessScope::of({"CN/South"}, {}), 0), 200);
  EXPECT_EQ(ask(query::AccessScope::of({"CN/North"}, {"s"}), 0), 404);
  EXPECT_EQ(ask(query::AccessScope::everything(), 1), 200);
  EXPECT_EQ(ask(query::AccessScope::of({"CN/South"}, {}), 1), 404) << "what is parked is of no account";
}

TEST_F(EventReport, ALogThatIsAwayIsSaid) {
  order("e1", "O");
  book_.ask_once();
  book_.log().fail_reads({log::Topic::kOrders, 0}, Error{ErrorCode::kUnavailable, "no broker answers"});
  const query::Rendered rendered = book_.get(path("orders", 0));
  EXPECT_EQ(rendered.status, 503);
  EXPECT_NE(rendered.body.find("no broker answers"), std::string::npos) << rendered.body;
  book_.log().fail_reads({log::Topic::kOrders, 0}, {});
  EXPECT_EQ(state("orders", 0), "accepted");
}

// Over records of every kind: as many of each state as were counted.
TEST_F(EventReport, StatesAddUpToTheCounters) {
  std::map<log::Topic, std::int64_t> sent;
  int number = 0;
  for (const HostileRecord& hostile : Hostile(7).records(400)) {
    const bool is_wrong = ++number % 25 == 0;
    book_.send_record(hostile.topic, is_wrong ? "another" : hostile.key, hostile.value, 0);
    ++sent[hostile.topic];
  }
  book_.settle();
  book_.ask_once();
  std::map<std::string, std::uint64_t> states;
  for (const auto& [topic, count] : sent) {
    for (std::int64_t offset = 0; offset < count; ++offset) {
      ++states[state(std::string(log::topic_family(topic)), offset)];
    }
  }
  const store::ShardState sum = book_.sum();
  EXPECT_EQ(states["accepted"], sum.accepted);
  EXPECT_EQ(states["duplicate"], sum.duplicates);
  EXPECT_EQ(states["conflict"], sum.conflicts);
  EXPECT_EQ(states["parked"], sum.parked);
  for (const auto& [state, count] : states) EXPECT_GT(count, 5U) << state;
}

}  // namespace
}  // namespace daybook::test
