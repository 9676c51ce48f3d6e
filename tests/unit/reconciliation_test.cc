// Finance's own ledger as a file: what reading it costs, and what is said of one that is no such file. What is
// answered of a good one is in scenarios/reconciliation.txt.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <functional>
#include <stop_token>

#include "support/book.h"
#include "support/cost.h"

namespace daybook {
namespace {

namespace json = boost::json;

class ReconciliationTest : public testing::Test {
 protected:
  query::Rendered ask(const std::string& csv) { return book_.reconcile({{"date", "2024-06-30"}}, csv); }

  // As it is asked with what it may take, and given up once `stop` is requested.
  query::Rendered ask_for(const std::string& csv, std::shared_ptr<MemoryBudget> memory, std::stop_token stop) {
    const std::vector<std::string> segments = test::segments_of("v1/receivables/reconciliation");
    const query::ParameterMap parameters = {{"date", "2024-06-30"}};
    query::Request request{.segments = segments, .parameters = parameters};
    request.body = csv;
    request.memory = std::move(memory);
    request.stop = std::move(stop);
    return query::answer(query::LocalShards(book_.model()), [] { return day_from_civil({2024, 6, 30}); }, request);
  }

  // The problem that a bad file is answered with.
  json::value problem(const std::string& csv) {
    const query::Rendered answer = ask(csv);
    EXPECT_EQ(answer.status, 400) << answer.body.substr(0, 1'000);
    EXPECT_LT(answer.body.size(), 40'000U);
    return json::parse(answer.body);
  }

  test::Book book_{1};
};

const std::string kHeader = "customer_id,document_id,currency,amount\n";

TEST_F(ReconciliationTest, EachFaultIsSaidWithItsRow) {
  const json::value said = problem(kHeader + "C1,,CNY,1\nC2,,XXQ,1\n,,CNY,1\nC3,,CNY,1.234\nC4\nC1,,CNY,2\n");
  std::vector<std::string> found;
  for (const auto& violation : said.at("violations").as_array()) {
    found.push_back(
        fmt::format("{} {}", violation.at("index").to_number<int>(), std::string(violation.at("field").as_string())));
  }
  EXPECT_EQ(found, (std::vector<std::string>{"1 currency", "2 customer_id", "3 amount", "4 ", "5 customer_id"}));
  EXPECT_EQ(said.at("violation_count").to_number<int>(), 5);
}

TEST_F(ReconciliationTest, TotalsAreExactHoweverLargeTheAmounts) {
  std::string csv = "customer_id,currency,amount\n";
  constexpr int kLines = 17'500;
  for (int i = 0; i < kLines; ++i) csv += fmt::format("C{},UYW,{}.9999\n", i, std::string(30, '9'));
  const query::Rendered answer = book_.reconcile({{"date", "2024-06-30"}, {"page_size", "1"}}, csv);
  ASSERT_EQ(answer.status, 200) << answer.body;
  const json::value totals = json::parse(answer.body).at("totals").at(0);
  // 17,500 × (10^34 − 1) minor units.
  EXPECT_EQ(totals.at("theirs"), "17499999999999999999999999999999998.2500");
  EXPECT_EQ(totals.at("difference"), "-17499999999999999999999999999999998.2500");
}

// What a spreadsheet of another language makes of the file is named, once, and not as a consequence of it.
TEST_F(ReconciliationTest, SeparatorsAndDecimalCommasOfOtherLanguagesAreNamed) {
  const struct {
    std::string csv, field, words;
    int row = 0;
  } cases[] = {
      {"customer_id;document_id;currency;amount\nC1;;CNY;1,50\n", "customer_id;document_id;currency;amount",
       "has ';' between its columns", 0},
      {"customer_id\tcurrency\tamount\nC1\tCNY\t1\n", "customer_id\tcurrency\tamount", "has a tab between its columns",
       0},
      {kHeader + "C1,,CNY,\"1234,56\"\n", "amount", "decimals stand behind a point", 0},
      {kHeader + "C1,,CNY,\"1,234.56\"\n", "amount", "nothing between its thousands", 0},
      {kHeader + "C0,,CNY,1\nC1,,CNY,-1234,56\n", "",
       "has 5 values for 4 columns; an amount's decimals stand behind a point", 1},
  };
  for (const auto& [csv, field, words, row] : cases) {
    const json::value said = problem(csv);
    ASSERT_EQ(said.at("violations").as_array().size(), 1U) << csv;
    const json::value& violation = said.at("violations").at(0);
    EXPECT_EQ(violation.at("field").as_string(), field) << csv;
    EXPECT_EQ(violation.at("index").to_number<int>(), row) << csv;
    EXPECT_NE(violation.at("message").as_string().find(words), json::string::npos) << violation;
  }
  // What is wrong otherwise is not blamed on commas.
  const json::value too_many = problem(kHeader + "C1,,CNY,1,more\n");
  EXPECT_EQ(too_many.at("violations").at(0).at("message").as_string().find("decimals"), json::string::npos) << too_many;
}

TEST_F(ReconciliationTest, ALineThatStandsTwiceIsNamedWithBothRows) {
  const json::value said = problem(kHeader + "C1,I1,CNY,1\nC2,,CNY,1\nC1,I1,CNY,1\n");
  const json::value& violation = said.at("violations").at(0);
  EXPECT_EQ(violation.at("index").to_number<int>(), 2);
  EXPECT_NE(violation.at("message").as_string().find("in row 1 before"), json::string::npos) << violation;
}

TEST_F(ReconciliationTest, TheFirstFaultsAreListedAndAllCounted) {
  std::string rows;
  for (int i = 0; i < 5'000; ++i) rows += "x\n";
  const json::value said = problem(kHeader + rows);
  EXPECT_EQ(said.at("violations").as_array().size(), 100U);
  EXPECT_EQ(said.at("violation_count").to_number<int>(), 5'000);
  EXPECT_NE(said.at("detail").as_string().find("5000 faults in all"), json::string::npos)
      << said.at("detail").as_string();
}

TEST_F(ReconciliationTest, AFileHasSoManyRowsAtMost) {
  std::string csv = kHeader;
  for (int i = 0; i < 200'000; ++i) csv += ",,,\n";
  EXPECT_EQ(ask(csv).status, 400);
  EXPECT_EQ(ask(csv + ",,,\n").status, 413);
}

TEST_F(ReconciliationTest, AFileOfASpreadsheetMayBeginWithAMark) {
  EXPECT_EQ(ask("\xEF\xBB\xBF" + kHeader + "C1,,CNY,1\n").status, 200);
  const std::string utf16 = std::string("\xFF\xFE") + std::string("c\0u\0", 4);
  EXPECT_NE(problem(utf16).at("detail").as_string().find("UTF-16"), json::string::npos);
}

TEST_F(ReconciliationTest, ReadingTakesTimeWithTheFileWhateverIsWrong) {
  const auto rows = [](const std::function<std::string(std::size_t)>& row) {
    return [row](std::size_t n) {
      std::string text = kHeader;
      for (std::size_t i = 0; i < n; ++i) text += row(i);
      return text;
    };
  };
  const std::vector<std::pair<std::string, std::function<std::string(std::size_t)>>> forms = {
      {"rows of one column", rows([](auto) { return std::string("x\n"); })},
      {"rows of a currency that is none", rows([](auto i) { return fmt::format("C{},,??,1\n", i); })},
      {"one row again and again", rows([](auto) { return std::string("C1,,CNY,1\n"); })},
      {"documents of one account", rows([](auto i) { return fmt::format("C1,I{},CNY,1\n", i); })},
      {"accounts", rows([](auto i) { return fmt::format("C{},,CNY,1\n", i); })},
      {"quoted values", rows([](auto) { return std::string("\"a\"\"\",\"\"\n"); })},
      {"columns of other names",
       [](std::size_t n) {
         std::string text = "customer_id";
         for (std::size_t i = 0; i < n; ++i) text += fmt::format(",c{}", i);
         return text;
       }},
      {"one column again and again",
       [](std::size_t n) {
         std::string text = "customer_id";
         for (std::size_t i = 0; i < n; ++i) text += ",x";
         return text;
       }},
      {"values of one row", [](std::size_t n) { return kHeader + std::string(n, ','); }},
  };
  for (const auto& [what, form] : forms)
    test::expect_linear(what, 2'000, form, [&](const std::string& csv) { ask(csv); });
}

TEST_F(ReconciliationTest, IsGivenUpWhenNobodyWaits) {
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(ask_for(kHeader + "C1,,CNY,1\n", {}, stop.get_token()).status, 503);
}

TEST_F(ReconciliationTest, AsksForMemoryWithItsRowsAndIsRefusedWhereThereIsNone) {
  std::string file = kHeader;
  for (int i = 0; i < 10'000; ++i) file += "C" + std::to_string(i) + ",,CNY,1\n";
  const auto budget = std::make_shared<MemoryBudget>(std::size_t{64} << 20);
  {
    const query::Rendered answer = ask_for(file, budget, {});
    EXPECT_EQ(answer.status, 200);
    EXPECT_GE(budget->taken(), answer.body.size()) << "as long as the answer is there";
    EXPECT_LT(budget->taken(), answer.body.size() + (512 << 10));
  }
  EXPECT_EQ(budget->taken(), 0U);
  // Never more than there is for one.
  const query::Rendered alone = ask_for(file, std::make_shared<MemoryBudget>(std::size_t{4} << 20), {});
  EXPECT_EQ(alone.status, 413);
  EXPECT_NE(alone.body.find("memory_mib"), std::string::npos) << alone.body;
  ASSERT_TRUE(budget->try_take(std::size_t{56} << 20));
  EXPECT_EQ(ask_for(file, budget, {}).status, 429);
  EXPECT_EQ(budget->taken(), std::size_t{56} << 20);
}

}  // namespace
}  // namespace daybook
