// Exchange rates: which one holds on a date, and what amounts come to.
#include "query/coordinator.h"
#include "query/local_shards.h"
#include "support/story.h"

namespace daybook::test {
namespace {

Currency currency(std::string_view code) { return Currency::parse(code).value(); }
Day day(std::string_view text) { return parse_date(text).value(); }

void publish(Story& story, const std::string& from, const std::string& to, const std::string& date,
             const std::string& rate, const std::string& at = "") {
  story.account = "fx:" + from;
  story.put("exchange_rate_published", at.empty() ? date : at,
            R"("currency":")" + from + R"(","base_currency":")" + to + R"(","date":")" + date + R"(","rate":")" + rate +
                "\"");
}

// The rate in shortest form; "-": none.
std::string rate_on(const Story& story, std::string_view date, std::string_view from, std::string_view to) {
  const query::LocalShards shards(story.book.model());
  query::Question question;
  question.as_of = day(date);
  const query::RateTable rates = query::Coordinator(shards, {}, {}).rates(question, {question.as_of, question.as_of});
  const auto rate = rates.on(question.as_of, currency(from), currency(to));
  return rate ? format_scaled(*rate, kRatePlaces) : "-";
}

TEST(Exchange, IsExactAndRoundsHalfAwayFromZero) {
  struct Case {
    Int128 minor;
    const char* from;
    const char* to;
    const char* rate;
    Int128 expected;
  };
  const std::vector<Case> cases = {
      {10'000, "USD", "CNY", "7.25", 72'500},
      {1, "USD", "CNY", "0.5", 1},    // 0.5
      {-1, "USD", "CNY", "0.5", -1},  // -0.5
      {1, "USD", "CNY", "0.499999999999", 0},
      {3, "USD", "CNY", "0.5", 2},             // 1.5
      {1'000, "JPY", "CNY", "0.0485", 4'850},  // No decimals to two.
      {12'345, "CNY", "JPY", "20.6", 2'543},   // 2543.07
      {1'000, "KWD", "USD", "3.25", 325},      // Three to two.
      {100, "USD", "KWD", "0.3075", 308},      // 307.5
      {10'000, "UYW", "KWD", "1", 1'000},      // Four to three.
      {1, "JPY", "UYW", "1", 10'000},
      // 10^27 minor units at 999999999999.999999999999: beyond 128 bits before it is rounded.
      {Int128(1'000'000'000'000'000) * 1'000'000'000'000, "USD", "EUR", "1.000000000001",
       Int128(1'000'000'000'001) * 1'000'000'000'000'000},
      {Int128(1'000'000'000'000'000) * 100'000, "USD", "EUR", "999999999999.999999999999",
       Int128(1'000'000'000'000'000) * 100'000 * 1'000'000'000'000 - 100'000'000},
      {-Int128(1'000'000'000'000'000) * 100'000, "USD", "EUR", "999999999999.999999999999",
       -(Int128(1'000'000'000'000'000) * 100'000 * 1'000'000'000'000 - 100'000'000)},
  };
  for (const Case& c : cases) {
    const Int128 rate = parse_decimal(c.rate, kRatePlaces)->scaled(kRatePlaces);
    EXPECT_EQ(to_string(exchange(c.minor, currency(c.from), currency(c.to), rate)), to_string(c.expected))
        << to_string(c.minor) << " " << c.from << " at " << c.rate;
  }
}

TEST(Exchange, ASumIsRoundedOnce) {
  const Int128 tenth = parse_decimal("0.1", kRatePlaces)->scaled(kRatePlaces);
  const Int128 third = parse_decimal("0.333333333333", kRatePlaces)->scaled(kRatePlaces);
  Exchanged sum(currency("CNY"));
  for (int i = 0; i < 5; ++i) sum.add(1, currency("USD"), tenth);  // 0.5
  EXPECT_EQ(to_string(sum.rounded()), "1");
  sum.add(-1, currency("JPY"), third);  // Less 33.3333333333: -32.8333333333.
  EXPECT_EQ(to_string(sum.rounded()), "-33");
}

TEST(Rates, TheLastOnOrBeforeTheDateHolds) {
  Story story;
  publish(story, "USD", "CNY", "2024-05-01", "7.1");
  publish(story, "USD", "CNY", "2024-05-10", "7.2");
  publish(story, "USD", "EUR", "2024-05-03", "0.93");
  EXPECT_EQ(rate_on(story, "2024-04-30", "USD", "CNY"), "-");
  EXPECT_EQ(rate_on(story, "2024-05-01", "USD", "CNY"), "7.1");
  EXPECT_EQ(rate_on(story, "2024-05-09", "USD", "CNY"), "7.1");
  EXPECT_EQ(rate_on(story, "2024-05-10", "USD", "CNY"), "7.2");
  EXPECT_EQ(rate_on(story, "2199-12-31", "USD", "EUR"), "0.93");
}

TEST(Rates, NeitherInverseNorCross) {
  Story story;
  publish(story, "USD", "CNY", "2024-05-01", "7.1");
  publish(story, "EUR", "USD", "2024-05-01", "1.08");
  EXPECT_EQ(rate_on(story, "2024-05-01", "CNY", "USD"), "-");
  EXPECT_EQ(rate_on(story, "2024-05-01", "EUR", "CNY"), "-");
  EXPECT_EQ(rate_on(story, "2024-05-01", "GBP", "CNY"), "-");
  EXPECT_EQ(rate_on(story, "1900-01-01", "CNY", "CNY"), "1");
}

TEST(Rates, OfOneDateTheLatestSaidHoldsThenTheHighestOffset) {
  Story story;
  publish(story, "USD", "CNY", "2024-05-01", "7.3", "2024-05-03");
  publish(story, "USD", "CNY", "2024-05-01", "7.2", "2024-05-02");
  EXPECT_EQ(rate_on(story, "2024-05-01", "USD", "CNY"), "7.3");
  publish(story, "USD", "CNY", "2024-05-01", "7.4", "2024-05-03");
  EXPECT_EQ(rate_on(story, "2024-05-01", "USD", "CNY"), "7.4");
  // Said before the date it is for, or long after: the date alone counts.
  publish(story, "USD", "CNY", "2024-06-01", "7.5", "2024-04-01");
  EXPECT_EQ(rate_on(story, "2024-06-01", "USD", "CNY"), "7.5");
}

}  // namespace
}  // namespace daybook::test
