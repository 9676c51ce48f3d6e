// The hub of /v1/changes: who hears what, how fast, and what becomes of who does not listen.
#include "app/changes.h"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <string>
#include <thread>
#include <vector>

#include "support/soon.h"

namespace daybook::app {
namespace {

using std::chrono::milliseconds;
using test::soon;

ChangesOptions quick() {
  ChangesOptions options;
  options.pace = milliseconds(1);
  return options;
}

query::ChangeNote note(std::int32_t partition, std::int64_t orders, const std::string& customer = "C1",
                       domain::News news = domain::News::of<domain::OrderPlaced>()) {
  query::ChangeNote note;
  note.partition = partition;
  note.next_offsets[static_cast<std::size_t>(log::Topic::kOrders)] = orders;
  note.newest_recorded_ms = 1'700'000'000'000 + orders;
  note.news = news;
  note.customers.add(customer);
  return note;
}

// One who listens, and what it has heard.
class Ear {
 public:
  explicit Ear(Changes& changes, const std::string& last_event_id = "",
               const query::AccessScope& scope = query::AccessScope::everything()) {
    http::Request request;
    request.last_event_id = last_event_id;
    response = changes.listen(request, scope);
  }

  // Events so far, without the comments: "resync", or the data of a commit.
  std::vector<std::string> hear() {
    text += response.stream->take().bytes;
    std::vector<std::string> events;
    for (std::size_t at = text.find("event: "); at != std::string::npos; at = text.find("event: ", at + 1)) {
      const std::string event = text.substr(at, text.find("\n\n", at) - at);
      events.push_back(event.starts_with("event: resync") ? "resync" : event.substr(event.find("data: ") + 6));
    }
    return events;
  }
  std::vector<std::string> hear(std::size_t count) {
    EXPECT_TRUE(soon([&] { return hear().size() >= count; })) << text;
    return hear();
  }

  http::Response response;
  std::string text;
};

std::int64_t orders_of(const std::string& data) {
  return boost::json::parse(data).at("positions").at(1).at("next_offset").as_int64();
}

double metric(const Changes& changes, const std::string& name) {
  MetricSheet sheet;
  changes.add_metrics(sheet);
  for (const auto& family : sheet.take()) {
    if (family.name == name) return family.metric.at(0).gauge.value;  // Of any kind.
  }
  ADD_FAILURE() << name;
  return -1;
}

TEST(Changes, ACommitIsToldToEverybodyWhoListens) {
  Changes changes(quick());
  EXPECT_FALSE(changes.is_heard());
  Ear first(changes);
  Ear second(changes);
  EXPECT_TRUE(changes.is_heard());
  EXPECT_EQ(first.response.status, 200);
  EXPECT_EQ(first.response.content_type, "text/event-stream");
  changes.publish(note(2, 7));
  for (Ear* ear : {&first, &second}) {
    const auto heard = ear->hear(1);
    ASSERT_EQ(heard.size(), 1U);
    EXPECT_EQ(heard[0], note(2, 7).to_json("", query::AccessScope::everything()));
    EXPECT_TRUE(ear->text.starts_with("retry: 2000\nid: 0\n\nid: 1\nevent: commit\n")) << ear->text;
  }
}

TEST(Changes, NotesThatComeFasterThanThePaceAreOneNoteAShard) {
  ChangesOptions options;
  options.pace = milliseconds(150);
  Changes changes(options);
  Ear ear(changes);
  changes.publish(note(0, 1));
  ASSERT_EQ(ear.hear(1).size(), 1U) << "the first goes at once";
  for (int i = 2; i <= 100; ++i) {
    changes.publish(note(0, i, "C" + std::to_string(i % 3)));
    changes.publish(note(1, i, "D", domain::News::of<domain::InvoiceIssued>()));
  }
  const auto heard = ear.hear(3);
  ASSERT_EQ(heard.size(), 3U);
  EXPECT_EQ(orders_of(heard[1]), 100);
  EXPECT_EQ(boost::json::parse(heard[1]).at("customers"), boost::json::parse(R"(["C0", "C1", "C2"])"));
  EXPECT_EQ(boost::json::parse(heard[2]).at("partition"), 1);
  EXPECT_EQ(boost::json::parse(heard[2]).at("customers"), boost::json::parse(R"(["D"])"));
}

TEST(Changes, OneWhoReadsTooSlowlyLosesWhatWaitsAndIsToldToLookAtEverything) {
  ChangesOptions options = quick();
  options.waiting_bytes_max = 4'096;
  Changes changes(options);
  Ear slow(changes);
  Ear other(changes);
  // Until the slow one has lost something; the other reads.
  int told = 0;
  ASSERT_TRUE(soon([&] {
    changes.publish(note(0, ++told));
    other.hear(static_cast<std::size_t>(told));
    return metric(changes, "daybook_change_streams_slow_total") > 0;
  }));
  EXPECT_EQ(other.hear().size(), static_cast<std::size_t>(told));
  const auto lost = slow.hear();
  ASSERT_EQ(lost.size(), 1U) << "of what waited nothing is left";
  EXPECT_EQ(lost[0], "resync");
  // From here on it reads, and hears.
  changes.publish(note(0, ++told));
  const auto heard = slow.hear(2);
  EXPECT_EQ(orders_of(heard[1]), told);
  EXPECT_EQ(metric(changes, "daybook_change_streams_slow_total"), 1);
}

TEST(Changes, PositionsNeverGoBackAndNoCommitIsToldTwice) {
  Changes changes(quick());
  Ear ear(changes);
  changes.publish(note(0, 5));
  ear.hear(1);
  changes.publish(note(0, 5));  // The same of another who has the shard,
  changes.publish(note(0, 4));  // and of one who is behind.
  changes.publish(note(1, 4));
  changes.publish(note(0, 6));
  ASSERT_TRUE(soon([&] { return orders_of(ear.hear().back()) == 6 || ear.hear().size() == 3; }));
  std::vector<std::int64_t> of_shard;
  for (const std::string& data : ear.hear(3)) {
    if (boost::json::parse(data).at("partition") == 0) of_shard.push_back(orders_of(data));
  }
  EXPECT_EQ(of_shard, (std::vector<std::int64_t>{5, 6}));
  // The one that was ahead has gone: everything may be as it was before.
  changes.resync();
  ASSERT_EQ(ear.hear(4).back(), "resync");
  changes.publish(note(0, 3));
  EXPECT_EQ(orders_of(ear.hear(5).back()), 3);
}

TEST(Changes, WhatWaitsIsPartOfAResync) {
  ChangesOptions options;
  options.pace = milliseconds(150);
  Changes changes(options);
  Ear ear(changes);
  changes.publish(note(0, 1));
  ear.hear(1);
  changes.publish(note(0, 2));
  changes.resync();
  changes.publish(note(0, 3));
  EXPECT_EQ(ear.hear(2).back(), "resync");
  changes.publish(note(0, 4));
  const auto heard = ear.hear(3);
  ASSERT_EQ(heard.size(), 3U) << "the third was part of the resync";
  EXPECT_EQ(orders_of(heard[2]), 4);
}

TEST(Changes, WhoComesAgainLooksAtEverythingFirst) {
  Changes changes(quick());
  Ear again(changes, "17");
  EXPECT_EQ(again.hear(1), (std::vector<std::string>{"resync"}));
  Ear first(changes);
  changes.publish(note(0, 1));
  EXPECT_NE(first.hear(1).at(0), "resync");
}

TEST(Changes, AsManyListenAsTheSettingLetsAndRoomIsMadeByThoseWhoWent) {
  ChangesOptions options = quick();
  options.streams_max = 2;
  Changes changes(options);
  Ear first(changes);
  Ear second(changes);
  EXPECT_EQ(metric(changes, "daybook_change_streams"), 2);
  Ear third(changes);
  EXPECT_EQ(third.response.status, 503);
  EXPECT_EQ(third.response.stream, nullptr);
  EXPECT_NE(third.response.body.find("streams_max"), std::string::npos) << third.response.body;
  second.response.stream->close();
  Ear fourth(changes);
  EXPECT_EQ(fourth.response.status, 200);
  first.response.stream->close();
  fourth.response.stream->close();
  changes.publish(note(0, 1));
  EXPECT_TRUE(soon([&] { return !changes.is_heard(); })) << "who went is let go of with the next note";
}

TEST(Changes, ACommentGoesOutNowAndThenAndEndsThoseWhoWent) {
  ChangesOptions options;
  options.comment_every = milliseconds(10);
  Changes changes(options);
  Ear ear(changes);
  EXPECT_TRUE(soon([&] { return ear.hear().empty() && ear.text.find("\n:\n\n:\n\n") != std::string::npos; }))
      << ear.text;
  ear.response.stream->close();
  EXPECT_TRUE(soon([&] { return !changes.is_heard(); }));
}

TEST(Changes, WhoSeesLessHearsThatSomethingChangedAndNotWhose) {
  Changes changes(quick());
  Ear all(changes);
  Ear some(changes, "", query::AccessScope::of({"EU"}, {}));
  changes.publish(note(0, 1));
  EXPECT_EQ(boost::json::parse(all.hear(1).at(0)).at("customers"), boost::json::parse(R"(["C1"])"));
  EXPECT_EQ(boost::json::parse(some.hear(1).at(0)).at("customers"), "many");
}

TEST(Changes, MoreAtOnceThanIsWorthSayingIsAResync) {
  ChangesOptions options;
  options.pace = milliseconds(200);
  Changes changes(options);
  Ear ear(changes);
  changes.publish(note(0, 1));
  ear.hear(1);
  for (int partition = 1; partition < 1'000; ++partition) changes.publish(note(partition, 1, std::string(120, 'x')));
  EXPECT_EQ(ear.hear(2), (std::vector<std::string>{ear.hear().at(0), "resync"}));
}

TEST(Changes, StoppingEndsAllAndTakesNoMore) {
  Changes changes(quick());
  Ear ear(changes);
  changes.stop();
  EXPECT_TRUE(ear.response.stream->take().closed);
  EXPECT_EQ(Ear(changes).response.status, 503);
  changes.publish(note(0, 1));
  changes.resync();
}

TEST(Changes, ManyThreadsPublishWhileOthersComeAndGo) {
  Changes changes(quick());
  std::vector<std::thread> threads;
  for (int shard = 0; shard < 2; ++shard) {
    threads.emplace_back([&, shard] {
      for (int i = 1; i <= 500; ++i) changes.publish(note(shard, i));
    });
  }
  threads.emplace_back([&] {
    for (int i = 0; i < 200; ++i) {
      Ear ear(changes);
      if (i % 50 == 0) changes.resync();
      ear.response.stream->close();
    }
  });
  for (std::thread& thread : threads) thread.join();
  Ear last(changes);
  // The first may be part of a resync.
  std::int64_t published = 1'000;
  EXPECT_TRUE(soon([&] {
    changes.publish(note(0, ++published));
    const auto heard = last.hear();
    return !heard.empty() && heard.back() != "resync" && orders_of(heard.back()) > 1'000;
  }));
}

}  // namespace
}  // namespace daybook::app
