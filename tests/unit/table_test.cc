// Answers as tables for people.
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

#include "relative_period.h"
#include "table.h"

namespace daybook::cli {
namespace {

using namespace query::fields;

query::Description ageing() {
  return {.name = "ageing",
          .path = "/v1/receivables/ageing",
          .meaning = "",
          .rows_name = "rows",
          .row = {text("group"), text("currency"), amount("not_due"), amount("buckets"), amount("balance"),
                  integer("items"), object("proof", {amount("ledger_balance"), amount("difference")}), event(),
                  list("promises", {text("promise_id"), amount("amount"), date("promised_date")})},
          .tail = {list("totals", {text("currency"), amount("balance")})}};
}

std::string tables(const char* answer, TableOptions options = {}) {
  const auto text = tables_of(boost::json::parse(answer).as_object(), ageing(), options);
  return text ? *text : "refused: " + text.error().message;
}

constexpr const char* kTwo = R"({"as_of":"2024-06-30","known_at":null,"buckets":["1-30","31+"],"rows":[
  {"group":"C2","currency":"CNY","not_due":"0.00","buckets":["1234567.89","0.00"],"balance":"1234567.89","items":12,
   "proof":{"ledger_balance":"1234567.89","difference":"0.00"}},
  {"group":"C1","currency":"CNY","not_due":"0.00","buckets":["-20.00","0.00"],"balance":"-20.00","items":1,
   "proof":{"ledger_balance":"-20.00","difference":"0.00"}}],
  "totals":[{"currency":"CNY","balance":"1234547.89"}],"positions":[]})";

TEST(Tables, ThousandsStandApartAndWhatIsNothingIsLeftOut) {
  EXPECT_EQ(tables(kTwo),
            "group  currency          1-30       balance  items\n"
            "C2     CNY       1,234,567.89  1,234,567.89     12\n"
            "C1     CNY             -20.00        -20.00      1\n"
            "\n"
            "totals\n"
            "currency       balance\n"
            "CNY       1,234,547.89\n"
            "\n"
            "as of 2024-06-30\n");
}

TEST(Tables, AskedForEverythingIsThere) {
  const std::string all = tables(kTwo, {.everything = true});
  EXPECT_EQ(
      all.substr(0, all.find('\n')),
      "group  currency  not_due          1-30   31+       balance  items  proof.ledger_balance  proof.difference");
}

TEST(Tables, AProofThatDoesNotHoldIsShown) {
  std::string answer = kTwo;
  answer.replace(answer.find("\"difference\":\"0.00\""), 19, "\"difference\":\"0.01\"");
  const std::string text = tables(answer.c_str());
  EXPECT_NE(text.find("proof.ledger_balance  proof.difference"), std::string::npos) << text;
}

TEST(Tables, ByAColumnEitherWayAndTheFirstOfThem) {
  const auto first_row = [](const std::string& text) { return text.substr(text.find('\n') + 1, 2); };
  EXPECT_EQ(first_row(tables(kTwo, {.sort = "balance"})), "C1");
  EXPECT_EQ(first_row(tables(kTwo, {.sort = "-balance"})), "C2");
  EXPECT_EQ(first_row(tables(kTwo, {.sort = "group"})), "C1");
  EXPECT_EQ(first_row(tables(kTwo, {.sort = "1-30"})), "C1");
  EXPECT_EQ(tables(kTwo, {.top = 1}).find("C1"), std::string::npos);
  EXPECT_EQ(tables(kTwo, {.sort = "colour"}).substr(0, 62),
            "refused: --sort colour: the answer has no such column; it has ");
}

TEST(Tables, ListsWithinRowsStandBelowUnderWhatTheRowsAreOf) {
  EXPECT_EQ(tables(R"({"as_of":"2024-06-30","rows":[
              {"group":"C1","currency":"CNY","balance":"1.00","promises":[{"promise_id":"P1","amount":"5.00","promised_date":"2024-07-01"}]},
              {"group":"C2","currency":"EUR","balance":"2.00","promises":[]},
              {"group":"C3","currency":"JPY","balance":"3","promises":[{"promise_id":"P2","currency":"USD","amount":"7.00","promised_date":"2024-07-02"}]}],
              "positions":[]})"),
            "group  currency  balance\n"
            "C1     CNY          1.00\n"
            "C2     EUR          2.00\n"
            "C3     JPY             3\n"
            "\n"
            "promises\n"
            "group  currency  promise_id  amount  promised_date\n"
            "C1     CNY       P1            5.00  2024-07-01\n"
            "C3     USD       P2            7.00  2024-07-02\n"
            "\n"
            "as of 2024-06-30\n");
}

TEST(Tables, AnEventIsItsPlace) {
  EXPECT_EQ(tables(R"({"as_of":"2024-06-30","rows":[{"group":"C1","currency":"CNY","balance":"1.00","event":
              {"event_id":"e1","type":"invoice_issued","topic":"daybook.invoices.v1","partition":3,"offset":14,
               "recorded_at":"2024-06-30T12:00:05.123Z","occurred_at":"2024-06-30T12:00:00Z"}}],"positions":[]})"),
            "group  currency  balance  event\n"
            "C1     CNY          1.00  daybook.invoices.v1:3:14\n"
            "\n"
            "as of 2024-06-30\n");
}

TEST(Tables, WhereAllIsNothingThatIsShown) {
  EXPECT_EQ(
      tables(R"({"rows":[{"group":"C1","currency":"CNY","balance":"0.00","items":0}],"positions":[]})").substr(0, 31),
      "group  currency  balance  items");
}

TEST(Tables, AWideOneComesInPartsThatBeginWithTheKeys) {
  const std::string text = tables(kTwo, {.width = 40});
  EXPECT_EQ(text.substr(0, text.find("\ntotals")),
            "group  currency          1-30\n"
            "C2     CNY       1,234,567.89\n"
            "C1     CNY             -20.00\n"
            "\n"
            "group  currency       balance  items\n"
            "C2     CNY       1,234,567.89     12\n"
            "C1     CNY             -20.00      1\n");
}

TEST(Tables, ANameStandsBesideTheIdInTheFirstPartOfAWideOneAlone) {
  const std::string text =
      tables(R"({"rows":[{"group":"C1","currency":"CNY","balance":"1.00","customer_name":"Alpha Trading"}],
                                      "positions":[]})",
             {.width = 32});
  EXPECT_EQ(text,
            "group  customer_name  currency\n"
            "C1     Alpha Trading  CNY\n"
            "\n"
            "group  currency  balance\n"
            "C1     CNY          1.00\n"
            "\n\n");
}

TEST(Tables, WideCharactersAreCountedAndCommandsOfATerminalAreNone) {
  const std::string text = tables(R"({"rows":[{"group":"客户\u001b[2J","currency":"CNY","balance":"1.00"},
                                              {"group":"A","currency":"CNY","balance":"2.00"}],"positions":[]})");
  EXPECT_EQ(text.substr(0, text.find("\n\n")),
            "group     currency  balance\n客户?[2J  CNY          1.00\nA         CNY          2.00");
}

TEST(Durations, AreTheTwoLargestUnits) {
  const std::pair<double, const char*> cases[] = {{0, "0 s"},
                                                  {0.4, "0 s"},
                                                  {1, "1 s"},
                                                  {59.6, "1 min"},
                                                  {60, "1 min"},
                                                  {3'599, "59 min 59 s"},
                                                  {3'599.6, "1 h"},
                                                  {3'600, "1 h"},
                                                  {5'400, "1 h 30 min"},
                                                  {86'399, "1 d"},
                                                  {86'400, "1 d"},
                                                  {187'200, "2 d 4 h"},
                                                  {-61, "-1 min 1 s"},
                                                  {9'467'107'199.0, "109,573 d"}};
  for (const auto& [seconds, words] : cases) EXPECT_EQ(duration_words(seconds), words) << seconds;
}

TEST(Thousands, StandApart) {
  const std::pair<const char*, const char*> cases[] = {{"0", "0"},
                                                       {"999", "999"},
                                                       {"1000", "1,000"},
                                                       {"-1000.5", "-1,000.5"},
                                                       {"-999999.99", "-999,999.99"},
                                                       {"20000000000000.00", "20,000,000,000,000.00"},
                                                       {"0.000001", "0.000001"}};
  for (const auto& [number, words] : cases) EXPECT_EQ(with_thousands(number), words);
}

TEST(RelativePeriods, LieBehindToday) {
  const Day today = *parse_date("2024-03-31");
  const std::pair<const char*, const char*> cases[] = {
      {"today", "2024-03-31"},   {"yesterday", "2024-03-30"}, {"this-week", "2024-W13"},   {"last-week", "2024-W12"},
      {"this-month", "2024-03"}, {"last-month", "2024-02"},   {"this-quarter", "2024-Q1"}, {"last-quarter", "2023-Q4"},
      {"this-year", "2024"},     {"last-year", "2023"}};
  for (const auto& [words, label] : cases) {
    ASSERT_TRUE(is_relative_period(words));
    EXPECT_EQ(relative_period(words, today), label);
  }
  for (const char* none : {"", "last", "last-", "last-day", "next-month", "last-months", "2024-03"}) {
    EXPECT_FALSE(is_relative_period(none)) << none;
  }
}

}  // namespace
}  // namespace daybook::cli
