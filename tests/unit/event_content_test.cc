// What pages show of events with expand=events: published again it says nothing new.
#include "query/event_content.h"

#include <gtest/gtest.h>

#include <boost/json/serialize.hpp>
#include <set>

#include "events/json.h"
#include "events/record.h"
#include "store/document_codec.h"
#include "support/hostile.h"
#include "support/story.h"

namespace daybook::test {
namespace {

// What is shown of an event once its document keeps it.
std::string shown(const domain::Event& event, std::string& document) {
  ByteBuffer memory;
  store::append_fact(document, {0, 1}, 2, store::encode_event(event, memory));
  Arena arena;
  const auto kept = store::decode_document(domain::document_of(event.payload), document, document.size(), arena);
  EXPECT_TRUE(kept) << kept.error().message;
  JsonWriter json;
  query::content_of(kept->facts.front().event, event.customer_id).write_json(json);
  return json.take();
}

TEST(EventContent, OfEveryTypeOverAllThatItMayHoldIsADuplicate) {
  std::set<std::size_t> types;
  for (std::uint32_t seed = 1; seed <= 3; ++seed) {
    for (const HostileRecord& record : Hostile(seed, Values::kWhole).records(400)) {
      events::v1::Event message;
      if (!events::parse(record.value, message)) continue;
      Arena arena;
      events::Violations violations;
      const auto event = events::validate(message, arena, violations);
      if (!event) continue;
      types.insert(event->payload.index());
      std::string document;
      const std::string json = shown(*event, document);
      events::v1::Event again;
      ASSERT_TRUE(events::read_event(json, again, violations))
          << json.substr(0, 500) << "\n"
          << violations.kept()[0].field << ": " << violations.kept()[0].message;
      const auto told_again = events::validate(again, arena, violations);
      ASSERT_TRUE(told_again) << json.substr(0, 500);
      EXPECT_EQ(told_again->customer_id, event->customer_id);
      EXPECT_TRUE(told_again->correlation_id.empty());
      ByteBuffer memory;
      EXPECT_EQ(store::find_repeat(document, nullptr, 0, store::encode_event(*told_again, memory)),
                store::Verdict::kDuplicate)
          << json.substr(0, 500);
    }
  }
  EXPECT_EQ(types.size(), domain::kPayloadCount) << "one of each";
}

TEST(EventContent, OfAPagePublishedAgainIsCountedAsADuplicate) {
  Story story;
  story.order("O", "2024-05-01", {{"1", "12.50", 1000}});
  story.ship("S", "2024-05-03", {{"1", "10"}});
  story.invoice("I", 1000, "2024-05-05", R"(,"order_ids":["O"])");
  story.pay("P", 300, "2024-05-06", {{"I", "200"}});
  story.credit("N", 50, "2024-05-07", "I");
  story.refund("R", 10, "2024-05-08", R"(,"payment_id":"P")");
  std::int64_t shown = 0;
  for (const char* path : {"v1/orders/O", "v1/shipments/S", "v1/invoices/I", "v1/payments/P", "v1/credit-notes/N"}) {
    const auto page = story.book.json(path, {{"expand", "events"}});
    for (const auto& event : page.at("events").as_array()) {
      story.book.tell(boost::json::serialize(event.at("content")));
      ++shown;
    }
  }
  EXPECT_EQ(shown, 7) << "the dispatch stands on two pages";
  EXPECT_EQ(story.book.sum().duplicates, shown);
  EXPECT_EQ(story.book.sum().conflicts, 0);
}

}  // namespace
}  // namespace daybook::test
