// What must hold for every history and instant: the answer known at T is that of an engine that has read
// exactly the records with recorded time up to T.
#include <gtest/gtest.h>

#include <rapidcheck/gtest.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "support/ask.h"
#include "support/asking.h"
#include "support/folding.h"

namespace daybook::test {
namespace {

constexpr std::int64_t kFirstMs = 1'700'000'000'000;  // Of each topic, then a millisecond a record (History).

void feed_all(Folding& folding, const History& history, std::mt19937& random) {
  feed(folding, history, random, [&] { folding.commit(); }, [] {});
}

// The records of each topic with a recorded time up to this.
History known_until(History history, std::int64_t recorded_ms) {
  for (auto& topic : history.topics) {
    std::erase_if(topic, [&](const log::Record& record) { return record.timestamp_ms > recorded_ms; });
  }
  return history;
}

// Without what is told of now whatever is known.
std::string comparable(const query::Rendered& answer) {
  RC_ASSERT(answer.status == 200);
  boost::json::value value = boost::json::parse(answer.body);
  for (const char* name : {"known_at", "positions", "newest_recorded_at"}) value.get_object().erase(name);
  // A token belongs to its request.
  if (auto* token = value.get_object().if_contains("next_page_token")) *token = token->is_null();
  return boost::json::serialize(value);
}

RC_GTEST_PROP(KnownAt, IsWhatAnEngineSaysThatHasReadJustThat, ()) {
  const auto seed = *rc::gen::arbitrary<std::uint32_t>();
  const auto values = *rc::gen::element(Values::kFew, Values::kFew, Values::kWhole);
  const auto events = static_cast<std::size_t>(*rc::gen::inRange(1, 400));
  std::mt19937 random(*rc::gen::arbitrary<std::uint32_t>());
  const domain::Rules rules = utc_rules();
  const History history(Hostile(seed, values).records(events), 0, 1);
  Folding whole(rules);
  feed_all(whole, history, random);
  const OneShard all(whole, nullptr);
  const query::Today today = [] { return Day{19'830}; };
  for (int instant = 0; instant < 2; ++instant) {
    const std::int64_t recorded_ms = kFirstMs + static_cast<std::int64_t>(random() % (events / 3 + 1));
    Folding part(rules);
    feed_all(part, known_until(history, recorded_ms), random);
    const OneShard then(part, nullptr);
    for (int i = 0; i < 15; ++i) {
      Asked asked = any_question(random);
      const std::string expected = comparable(test::ask(then, today, asked.path, asked.parameters));
      asked.parameters.emplace("known_at", format_instant_ms(recorded_ms));
      const std::string found = comparable(test::ask(all, today, asked.path, asked.parameters));
      if (expected != found) RC_FAIL(asked.text() + "\nthen:     " + expected + "\nknown at: " + found);
    }
  }
}

}  // namespace
}  // namespace daybook::test
