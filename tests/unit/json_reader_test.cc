// The reader of JSON where it lies against read_event(): what it reads, it reads as that does.
#include "events/json_reader.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <random>

#include "events/json.h"
#include "events/validate.h"
#include "support/hostile.h"
#include "support/payloads.h"

namespace daybook::events {
namespace {

std::string encoded(const wire::Event& event) {
  std::string bytes(event.byte_size(), '\0');
  EXPECT_EQ(event.write(bytes.data()), bytes.data() + bytes.size());
  return bytes;
}

class Differential {
 public:
  // Whether the reader reads the text. If so, read_event() finds the same in it, right or wrong.
  bool compare(const std::string& text) {
    lists_.reset();
    JsonReader reader(text);
    wire::Event event;
    if (!reader.read(reader.text(), lists_, event)) return false;
    v1::Event expected;
    Violations faults;
    const bool fit = read_event(text, expected, faults);
    EXPECT_EQ(encoded(event), expected.SerializeAsString()) << text;
    Violations found;
    domain::Event typed;
    EXPECT_EQ(validate(event, lists_, found, typed), fit) << text;
    EXPECT_TRUE(std::ranges::equal(found.kept(), faults.kept(), [](const Violation& one, const Violation& other) {
      return one.field == other.field && one.message == other.message;
    })) << text;
    fit_ += fit;
    return true;
  }
  std::size_t fit() const { return fit_; }

 private:
  Arena lists_;
  std::size_t fit_ = 0;
};

std::vector<std::string> seeds() {
  std::vector<std::string> texts;
  for (const auto& [name, payload] : test::kPayloads) texts.push_back(test::event_of(name, payload));
  for (const auto& record : test::Hostile(1).records(100)) {
    v1::Event event;
    EXPECT_TRUE(event.ParseFromString(record.value));
    texts.push_back(to_json(event));
  }
  return texts;
}

// What may become of a text: of its bytes, and of what they say.
class Mutator {
 public:
  explicit Mutator(std::uint32_t seed) : random_(seed), seeds_(seeds()) {}

  std::string next() {
    std::string text = seeds_[below(seeds_.size())];
    for (std::size_t i = 0, count = 1 + below(2); i < count; ++i) mutate(text);
    return text;
  }

 private:
  static constexpr auto kPieces = std::to_array<std::string_view>({"null",
                                                                   "true",
                                                                   "\"\"",
                                                                   "\"O\"",
                                                                   "\"a\\u00e9\"",
                                                                   "\"\\ud83d\\ude00\"",
                                                                   "\"\\ud800\"",
                                                                   "\"a\\\"b\"",
                                                                   "\"\\/\"",
                                                                   "\"\\x\"",
                                                                   "\"\xc3\xa9\"",
                                                                   "\"\xff\"",
                                                                   "\"\x01\"",
                                                                   "1",
                                                                   "-0",
                                                                   "-1",
                                                                   "01",
                                                                   "1.5",
                                                                   "1e3",
                                                                   "+1",
                                                                   "9223372036854775807",
                                                                   "9223372036854775808",
                                                                   "99999999999999999999",
                                                                   "-9223372036854775809",
                                                                   "\"9223372036854775807\"",
                                                                   "\"9223372036854775808\"",
                                                                   "\"-0\"",
                                                                   "\"+1\"",
                                                                   "\"1 \"",
                                                                   "\"SAMPLE\"",
                                                                   "\"ORDER_KIND_SAMPLE\"",
                                                                   "\"UNSPECIFIED\"",
                                                                   "\"ORDER_KIND_UNSPECIFIED\"",
                                                                   "{}",
                                                                   "[]",
                                                                   "[null]",
                                                                   "[1]",
                                                                   "[[]]",
                                                                   "[\"1\",\"2\"]",
                                                                   "[{}]",
                                                                   "{\"order_id\":\"O\"}",
                                                                   "\"2024-05-01T08:00:00Z\"",
                                                                   "\"1970-01-01T00:00:00Z\"",
                                                                   "\"2024-05-01T08:00:00.5+02:00\"",
                                                                   "\"2024-05-01\"",
                                                                   "nul",
                                                                   "nulll",
                                                                   "\""});
  static constexpr auto kMembers = std::to_array<std::string_view>(
      {"\"order_id\":\"P\",", "\"orderId\":\"P\",", "\"order_id\":null,", "\"order\\u005fid\":\"P\",", "\"colour\":1,",
       "\"invoice_id\":\"I\",", "\"net_minor\":5,", "\"netMinor\":\"5\",", "\"kind\":\"SAMPLE\",",
       "\"order_ready\":{\"order_id\":\"O\"},", "\"orderReady\":{},", "\"order_ready\":null,", "\"lines\":[],",
       "\"line_ids\":[\"a\"],", "\"event_id\":\"e2\",", "\"eventId\":\"e2\",", "\"occurred_at\":null,", ","});
  static constexpr auto kBytes =
      std::to_array<std::string_view>({" ", "\t", "\r\n", "\f", ",", ":", "{", "}", "[", "]", "\"", "\\",
                                       "\xef\xbb\xbf", "\xc2\xa0", "0", "/**/", std::string_view("\0", 1)});

  std::size_t below(std::size_t n) { return random_() % n; }
  template <typename Pieces>
  std::string_view one_of(const Pieces& pieces) {
    return pieces[below(pieces.size())];
  }

  // A place behind one of the characters.
  std::size_t behind(const std::string& text, std::string_view characters) {
    std::vector<std::size_t> places = {0};
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (characters.find(text[i]) != std::string_view::npos) places.push_back(i + 1);
    }
    return places[below(places.size())];
  }

  void mutate(std::string& text) {
    const std::size_t at = below(text.size() + 1);
    switch (below(12)) {
      case 0:
        if (at < text.size()) text[at] = static_cast<char>(random_());
        break;
      case 1: text.resize(at); break;
      case 2:
        if (at < text.size()) text.erase(at, 1 + below(4));
        break;
      case 3: text.insert(below(text.size() + 1), text.substr(at, 1 + below(30))); break;
      case 4: text.insert(below(4) == 0 ? at : behind(text, "{}[],:"), one_of(kBytes)); break;
      case 5: text.insert(behind(text, "{,"), one_of(kMembers)); break;
      case 6: text += below(2) == 0 ? one_of(kBytes) : one_of(kPieces); break;
      case 7: {  // Another value.
        const std::size_t value = behind(text, ":[");
        const std::size_t end = std::min(text.find_first_of(",}]", value), text.size());
        text.replace(value, end - value, one_of(kPieces));
        break;
      }
      default:  // White space where it may be.
        text.insert(behind(text, "{}[],:"), " ");
    }
  }

  std::mt19937_64 random_;
  const std::vector<std::string> seeds_;
};

TEST(JsonReaderTest, ReadsWhatIsAsItShouldBe) {
  Differential differential;
  for (const std::string& text : seeds()) {
    EXPECT_TRUE(differential.compare(text)) << text;
    EXPECT_TRUE(differential.compare(" \t" + text + "\r\n")) << text;
    for (std::size_t size = 0; size < text.size(); ++size) {
      EXPECT_FALSE(differential.compare(text.substr(0, size))) << text.substr(0, size);
    }
  }
  EXPECT_TRUE(differential.compare("{}"));
}

TEST(JsonReaderTest, ReadsTheOtherSpellings) {
  Differential differential;
  for (const char* payload :
       {R"("orderCancelled":{"lineIds":["1"],"orderId":"O"})", R"("order_ready" : { "order_id" : "\u4e2d\u56fd" })",
        "\"order_ready\":{\"order_id\":\"中国\"}", R"("order_ready":{"order_id":"a\"b\\"},"invoice_voided":null)",
        R"("order_delayed":{"order_id":"O","stage":"DELAY_STAGE_PRODUCE","reason_code":"X","note":"a\nb"})",
        R"("customer_profile_set":{"credit_currency":"CNY","credit_limit_minor":0,"payment_terms_days":"30"})"}) {
    const std::string event =
        R"({"source":"erp","customerId":"C1","event_id":"e","occurred_at":"2024-05-01T08:00:00Z",)";
    EXPECT_TRUE(differential.compare(event + payload + "}")) << payload;
  }
  EXPECT_EQ(differential.fit(), 6U);
}

TEST(JsonReaderTest, GivesUpOnWhatIsRareOrWrong) {
  Differential differential;
  const std::string event = R"("event_id":"e","customer_id":"C1","source":"erp","occurred_at":"2024-05-01T08:00:00Z")";
  const std::string ready = R"("order_ready":{"order_id":"O"})";
  ASSERT_TRUE(differential.compare("{" + event + "," + ready + "}"));
  for (const std::string& text :
       {"[{" + event + "," + ready + "}]", "{" + event + "," + ready + ",\"event_id\":\"e\"}",
        "{" + event + "," + ready + ",\"eventId\":\"e\"}", "{" + event + "," + ready + ",\"x\":1}",
        "{" + event + "," + ready + R"(,"event_id\u001f1":"e"})",
        "{" + event + R"(,"order\u005fready":{"order_id":"O"}})", "{" + event + R"(,"order_ready":{"order_id":5}})",
        "{" + event + "," + ready + R"(,"invoice_delivered":{"invoice_id":"I"}})", "{" + event + "," + ready + "},",
        "{" + event + "," + ready + "}{}", std::string("5"), std::string("")}) {
    EXPECT_FALSE(differential.compare(text)) << text;
  }
}

TEST(JsonReaderTest, WhatBecomesOfTexts) {
  Differential differential;
  std::size_t read = 0;
  std::size_t compared = 0;
  for (std::uint32_t seed = 1; seed <= 4; ++seed) {
    Mutator mutator(seed);
    for (int i = 0; i < 60'000 && !testing::Test::HasFailure(); ++i, ++compared) {
      read += differential.compare(mutator.next());
    }
  }
  // All kinds are many.
  EXPECT_GT(read, compared / 10);
  EXPECT_LT(read, compared * 9 / 10);
  EXPECT_GT(differential.fit(), read / 10);
  EXPECT_GT(read - differential.fit(), read / 50);
}

// The entries, and "!" behind them where the list does not end well.
std::vector<std::string> entries_of(std::string_view text) {
  std::vector<std::string> entries;
  JsonList list(text);
  EXPECT_TRUE(list.is_list());
  while (const auto entry = list.next()) entries.emplace_back(*entry);
  if (!list.ended_well()) entries.emplace_back("!");
  return entries;
}

TEST(JsonListTest, IsCutIntoItsEntries) {
  using Entries = std::vector<std::string>;
  EXPECT_EQ(entries_of(" [ ] \n"), Entries());
  EXPECT_EQ(entries_of("[1]"), (Entries{"1"}));
  EXPECT_EQ(entries_of("[ {\"a\":[1,2]} ,\t[3,{}],\"x\"]"), (Entries{"{\"a\":[1,2]} ", "[3,{}]", "\"x\""}));
  EXPECT_EQ(entries_of(R"(["]},\"[{","\\",{"\\\"}":1}])"), (Entries{R"("]},\"[{")", R"("\\")", R"({"\\\"}":1})"}));
}

TEST(JsonListTest, WhatIsNoListIsSaidOrFoundInAnEntry) {
  using Entries = std::vector<std::string>;
  for (const char* text : {"", " ", "{}", "5", "]"}) EXPECT_FALSE(JsonList(text).is_list()) << text;
  EXPECT_EQ(entries_of("["), (Entries{"!"}));
  EXPECT_EQ(entries_of("[1"), (Entries{"1", "!"}));
  EXPECT_EQ(entries_of("[1,"), (Entries{"1", "", "!"}));
  EXPECT_EQ(entries_of("[1,]"), (Entries{"1", ""}));
  EXPECT_EQ(entries_of("[,1]"), (Entries{"", "1"}));
  EXPECT_EQ(entries_of("[{} {}]"), (Entries{"{} {}"}));
  EXPECT_EQ(entries_of("[1]]"), (Entries{"1", "!"}));
  EXPECT_EQ(entries_of("[1] x"), (Entries{"1", "!"}));
  EXPECT_EQ(entries_of("[1}"), (Entries{"1", "!"}));
  EXPECT_EQ(entries_of("[}"), (Entries{"", "!"}));
  EXPECT_EQ(entries_of("[{]}"), (Entries{"{]", "!"}));
  EXPECT_EQ(entries_of("[\"a"), (Entries{"\"a", "!"}));
  EXPECT_EQ(entries_of("[\"a\\"), (Entries{"\"a\\", "!"}));
}

TEST(JsonReaderTest, GivesUpOnATextMuchLongerThanEvents) {
  const std::string event = seeds()[0];
  const std::string longest = event + std::string(JsonReader::kEventTextMax - event.size(), ' ');
  Differential differential;
  EXPECT_TRUE(differential.compare(longest));
  EXPECT_FALSE(differential.compare(longest + " "));
}

}  // namespace
}  // namespace daybook::events
