// Worklist, dunning and promises.
#include "support/cost.h"
#include "support/story.h"

namespace daybook::test {
namespace {

constexpr const char* kWorklist = "v1/receivables/worklist";
constexpr const char* kDunning = "v1/receivables/dunning";
const std::string kPlaces = "rank customer_id currency score overdue disputed_overdue oldest_days_overdue";

void promise(Story& story, const std::string& id, int amount, const std::string& promised, const std::string& at,
             const std::string& invoices = "", const std::string& currency = "CNY") {
  story.put("promise_made", at,
            R"("promise_id":")" + id + R"(","currency":")" + currency + R"(","amount_minor":")" +
                std::to_string(amount) + R"(","promised_date":")" + promised + "\"" +
                (invoices.empty() ? "" : R"(,"invoice_ids":)" + invoices));
}

void rate(Story& story, const std::string& from, const std::string& to, const std::string& value) {
  const std::string account = std::exchange(story.account, "fx:" + from);
  story.put(
      "exchange_rate_published", "2024-01-01",
      R"("currency":")" + from + R"(","base_currency":")" + to + R"(","date":"2024-01-01","rate":")" + value + "\"");
  story.account = account;
}

std::string due(const std::string& date) { return R"(,"due_date":")" + date + "\""; }

// --- worklist ---------------------------------------------------------------------------------

TEST(Worklist, RanksByUndisputedAmountsTimesDays) {
  Story story;
  story.account = "A";
  story.invoice("I1", 1000, "2024-05-01", due("2024-06-20"));  // 10 days.
  story.invoice("I2", 300, "2024-05-01", due("2024-05-31"));   // 30 days.
  story.invoice("I3", 900, "2024-05-01", due("2024-06-30"));   // Not overdue.
  story.account = "B";
  story.invoice("I1", 2000, "2024-05-01", due("2024-06-20"));
  story.dispute("D", "I1", "2024-06-01", 500);
  story.account = "C";
  story.invoice("I1", 100, "2024-05-01", due("2024-06-29"));
  story.dispute("D", "I1", "2024-06-01");
  story.account = "D";
  story.invoice("I1", 1, "2024-05-01", due("2024-06-29"), "JPY");
  // A: 1000 × 10 + 300 × 30 = 19000 minor units and days; B: 1500 × 10.
  EXPECT_EQ(story.table(kWorklist, "2024-06-30", "rows", kPlaces),
            "1 A CNY 190.00 13.00 0.00 30; 2 B CNY 150.00 20.00 5.00 10; 1 D JPY 1 1 0 1");
  EXPECT_EQ(story.table(kWorklist, "2024-06-30", "rows", "customer_id score", "aged_on=2024-07-01"),
            "A 212.00; B 165.00; D 2")
      << "300 × 31 + 1000 × 11 + 900 × 1";
  EXPECT_EQ(story.table(kWorklist, "2024-06-30", "rows", "rank customer_id", "currency=JPY"), "1 D");
  EXPECT_EQ(story.table(kWorklist, "2024-06-30", "rows", "rank customer_id", "customer_id=B"), "1 B");
  EXPECT_EQ(story.table(kWorklist, "2024-05-15", "rows", kPlaces), "");
}

TEST(Worklist, TiesGoByCustomerAndPagesGoOn) {
  Story story;
  for (const char* account : {"C", "A", "B"}) {
    story.account = account;
    story.invoice("I", 100, "2024-05-01");
  }
  EXPECT_EQ(story.table(kWorklist, "2024-05-02", "rows", "rank customer_id"), "1 A; 2 B; 3 C");
  const auto first = story.book.json(kWorklist, Story::parameters("2024-05-02", "page_size=2"));
  EXPECT_EQ(Story::lines_of(first.at("rows"), "rank customer_id"), "1 A; 2 B");
  const std::string token(first.at("next_page_token").as_string());
  EXPECT_EQ(story.table(kWorklist, "2024-05-02", "rows", "rank customer_id", "page_size=2&page_token=" + token), "3 C");
}

TEST(Worklist, InABaseCurrencyScoresAreConvertedAndRankedOverAll) {
  Story story;
  rate(story, "USD", "CNY", "7.25");
  rate(story, "JPY", "CNY", "0.0485");
  story.account = "A";
  story.invoice("I", 1000, "2024-05-01");
  story.invoice("J", 333, "2024-05-01", "", "USD");
  story.invoice("K", 100, "2024-05-01", "", "EUR");
  story.account = "B";
  story.invoice("I", 501, "2024-05-01", "", "JPY");
  // After 3 days: 3000; 999 × 7.25 = 7242.75; 1503 × 0.0485 × 100 = 7289.55.
  EXPECT_EQ(
      story.table(kWorklist, "2024-05-04", "rows", "rank customer_id currency score overdue", "base_currency=CNY"),
      "1 B JPY 72.90 501; 2 A USD 72.43 3.33; 3 A CNY 30.00 10.00; - A EUR - 1.00");
}

// 200 × 10^15 yen for 100,000 days are 2 × 10^22, at 10^12 − 10^-12 and with 4 more decimals nearly 2 × 10^38.
TEST(Worklist, ScoresInABaseCurrencyAreExactHoweverLarge) {
  Story story;
  rate(story, "JPY", "UYW", "999999999999.999999999999");
  for (int i = 0; i < 200; ++i) {
    story.put("invoice_issued", "1900-01-01",
              R"("invoice_id":"I)" + std::to_string(i) +
                  R"(","currency":"JPY","net_minor":"1000000000000000","issue_date":"1900-01-01")");
  }
  const std::string day = format_date(parse_date("1900-01-01").value() + 100'000);
  EXPECT_EQ(story.table(kWorklist, day, "rows", "rank currency score", "base_currency=UYW"),
            "1 JPY 19999999999999999999999980000000000.0000");
}

TEST(Worklist, FiltersByTheAttributesOfTheInvoices) {
  Story story;
  story.profile("2024-01-01", R"("region":"CN/South","sales_rep":"r1")");
  story.invoice("I", 100, "2024-05-01");
  story.invoice("J", 200, "2024-05-01", R"(,"region":"CN/North","sales_rep":"r2")");
  EXPECT_EQ(story.table(kWorklist, "2024-05-02", "rows", "score", "region=CN"), "3.00");
  EXPECT_EQ(story.table(kWorklist, "2024-05-02", "rows", "score", "region=CN/South"), "1.00");
  EXPECT_EQ(story.table(kWorklist, "2024-05-02", "rows", "score", "sales_rep=r2"), "2.00");
  EXPECT_EQ(story.table(kWorklist, "2024-05-02", "rows", "score", "region=unassigned"), "");
}

// --- dunning ----------------------------------------------------------------------------------

TEST(Dunning, LevelAmountAndItems) {
  Story story;
  story.invoice("I1", 1000, "2024-05-01", due("2024-06-15"));  // 15 days.
  story.invoice("I2", 300, "2024-05-01", due("2024-05-01"));   // 60 days, all disputed.
  story.dispute("D", "I2", "2024-06-01");
  story.invoice("I3", 900, "2024-05-01", due("2024-06-29"));  // 1 day, 500 of it disputed.
  story.dispute("D", "I3", "2024-06-01", 500);
  story.invoice("I4", 5, "2024-05-01", due("2024-06-30"));
  story.pay("P", 5000, "2024-06-01");  // Unapplied cash changes nothing.
  const std::string columns = "customer_id currency level amount oldest_days_overdue";
  EXPECT_EQ(story.table(kDunning, "2024-06-30", "rows", columns), "C CNY 2 14.00 15");
  const auto rows = story.book.json(kDunning, Story::parameters("2024-06-30", "")).at("rows");
  EXPECT_EQ(Story::lines_of(rows.at(0).at("items"), "document_id instalment due_date days_overdue amount"),
            "I1 1 2024-06-15 15 10.00; I3 1 2024-06-29 1 4.00");
  for (const auto& [levels, level] : std::vector<std::pair<std::string, std::string>>{
           {"1", "1"}, {"15", "1"}, {"16", ""}, {"1,2,3,4,5", "5"}, {"14,15,16", "2"}}) {
    EXPECT_EQ(story.table(kDunning, "2024-06-30", "rows", "level", "levels=" + levels), level) << levels;
  }
  EXPECT_EQ(story.table(kDunning, "2024-06-30", "rows", columns, "aged_on=2024-06-29"), "C CNY 1 10.00 14");
  EXPECT_EQ(story.table(kDunning, "2024-05-01", "rows", columns), "");
}

TEST(Dunning, OneProposalAnAccountAndCurrency) {
  Story story;
  story.account = "B";
  story.invoice("I", 100, "2024-05-01", "", "USD");
  story.invoice("J", 100, "2024-05-01");
  story.invoice("K", 7, "2024-05-01",
                R"(,"instalments":[{"due_date":"2024-05-03","amount_minor":3},)"
                R"({"due_date":"2024-05-02","amount_minor":4}])");
  story.invoice("Z", 2, "2024-05-01", R"(,"kind":"DEBIT_NOTE")");
  story.account = "A";
  story.invoice("I", 100, "2024-05-01");
  EXPECT_EQ(story.table(kDunning, "2024-05-04", "rows", "customer_id currency amount"),
            "A CNY 1.00; B CNY 1.09; B USD 1.00");
  const auto rows = story.book.json(kDunning, Story::parameters("2024-05-04", "customer_id=B&currency=CNY")).at("rows");
  EXPECT_EQ(Story::lines_of(rows.at(0).at("items"), "document_id instalment due_date amount"),
            "Z 1 2024-05-01 0.02; J 1 2024-05-01 1.00; K 2 2024-05-02 0.04; K 1 2024-05-03 0.03");
  const auto csv = story.book.get(kDunning, {{"as_of", "2024-05-02"}, {"format", "csv"}, {"customer_id", "A"}});
  EXPECT_EQ(csv.body,
            "customer_id,currency,level,amount,oldest_days_overdue,items,customer_name\r\n"
            "A,CNY,1,1.00,1,\"[{\"\"document_id\"\":\"\"I\"\",\"\"instalment\"\":1,\"\"due_date\"\":\"\"2024-05-01\"\","
            "\"\"days_overdue\"\":1,\"\"amount\"\":\"\"1.00\"\"}]\",\r\n");
}

TEST(Collections, BadParametersAreRefusedByName) {
  Story story;
  struct Case {
    const char *path, *name, *value;
  };
  for (const Case& c : std::vector<Case>{{kWorklist, "grace_days", "-1"},
                                         {kWorklist, "grace_days", "3.5"},
                                         {kWorklist, "base_currency", "XXY"},
                                         {kWorklist, "aged_on", "2024-02-30"},
                                         {kWorklist, "levels", "1"},
                                         {kDunning, "levels", "0"},
                                         {kDunning, "levels", "15,1"},
                                         {kDunning, "levels", "1,1"},
                                         {kDunning, "levels", "1,x"},
                                         {kDunning, "grace_days", "3"},
                                         {kDunning, "sku", "s"},
                                         {"v1/customers", "grace_days", "3"}}) {
    const auto refused = story.book.get(c.path, {{c.name, c.value}});
    EXPECT_EQ(refused.status, 400) << c.path << " " << c.name << "=" << c.value;
    EXPECT_NE(refused.body.find("\"field\":\"" + std::string(c.name) + "\""), std::string::npos) << refused.body;
  }
}

// --- promises ---------------------------------------------------------------------------------

// "fulfilled state" on each of these days.
std::string judged(Story& story, const std::vector<std::string>& days) {
  std::string all;
  for (const std::string& day : days) {
    all += (all.empty() ? "" : "; ") + story.table("v1/customers/C", day, "promises", "fulfilled state");
  }
  return all;
}

TEST(Promises, AreJudgedByTheCashThatCame) {
  struct Case {
    const char* what;
    std::function<void(Story&)> tell;
    std::vector<std::string> days;
    const char* expected;
  };
  const std::vector<std::string> span = {"2024-06-09", "2024-06-13", "2024-06-14"};
  // Promised for 2024-06-10, with three days of grace.
  const std::vector<Case> cases = {
      {"nothing came", [](Story&) {}, span, "0.00 open; 0.00 open; 0.00 broken"},
      {"all of it, on the last day of grace", [](Story& s) { s.pay("P", 1000, "2024-06-13", {{"I", "1000"}}); }, span,
       "0.00 open; 10.00 kept; 10.00 kept"},
      {"a day too late", [](Story& s) { s.pay("P", 1000, "2024-06-14", {{"I", "1000"}}); }, span,
       "0.00 open; 0.00 open; 0.00 broken"},
      {"before it was promised", [](Story& s) { s.pay("P", 600, "2024-05-31", {{"I", "600"}}); }, span,
       "0.00 open; 0.00 open; 0.00 broken"},
      {"part of it", [](Story& s) { s.pay("P", 999, "2024-06-05", {{"I", "999"}}); }, span,
       "9.99 open; 9.99 open; 9.99 partly_kept"},
      {"by when it took effect, not by the value date",
       [](Story& s) {
         s.pay("P", 1000, "2024-05-05");
         s.allocate("A", "P", "2024-06-05", {{"I", "1000"}});
       },
       span, "10.00 kept; 10.00 kept; 10.00 kept"},
      {"undone again",
       [](Story& s) {
         s.pay("P", 1000, "2024-06-05", {{"I", "1000"}});
         s.reverse("P", "2024-06-20");
       },
       {"2024-06-14", "2024-06-20"},
       "10.00 kept; 0.00 broken"},
      {"credit notes are no cash", [](Story& s) { s.credit("N", 1000, "2024-06-05", "I"); }, span,
       "0.00 open; 0.00 open; 0.00 broken"},
      {"other invoices do not count",
       [](Story& s) {
         s.invoice("J", 1000, "2024-05-01");
         s.pay("P", 1000, "2024-06-05", {{"J", "1000"}});
       },
       span, "0.00 open; 0.00 open; 0.00 broken"},
      {"withdrawn, whatever came",
       [](Story& s) {
         s.pay("P", 1000, "2024-06-05", {{"I", "1000"}});
         s.put("promise_withdrawn", "2024-06-13", R"("promise_id":"M")");
       },
       span, "10.00 kept; 10.00 withdrawn; 10.00 withdrawn"}};
  for (const Case& c : cases) {
    Story story;
    story.invoice("I", 1000, "2024-05-01");
    promise(story, "M", 1000, "2024-06-10", "2024-06-01", R"(["I"])");
    c.tell(story);
    EXPECT_EQ(judged(story, c.days), c.expected) << c.what;
    EXPECT_EQ(judged(story, {"2024-05-31"}), "") << c.what;
  }
}

TEST(Promises, ThatNameNoInvoicesTakeAllCashOfTheirCurrency) {
  Story story;
  promise(story, "M", 1000, "2024-06-10", "2024-06-01");
  story.pay("P1", 300, "2024-06-01");
  story.pay("P2", 300, "2024-06-05", {}, "USD");
  story.pay("P3", 300, "2024-06-13");
  story.pay("P4", 300, "2024-06-14");
  story.pay("P5", 300, "2024-05-31");
  story.pay("P6", 500, "2024-06-06");
  story.reverse("P6", "2024-06-12");
  EXPECT_EQ(judged(story, {"2024-06-01", "2024-06-06", "2024-06-12", "2024-06-13", "2024-06-14"}),
            "3.00 open; 8.00 open; 3.00 open; 6.00 open; 6.00 partly_kept");
}

TEST(Promises, StandOnTheWorklistByCurrencyWithTheGraceAskedFor) {
  Story story;
  story.invoice("I", 1000, "2024-05-01");
  story.invoice("J", 1000, "2024-05-01", "", "USD");
  promise(story, "M2", 1000, "2024-06-10", "2024-06-01", R"(["I"])");
  promise(story, "M1", 50, "2024-06-10", "2024-06-01");
  promise(story, "M3", 70, "2024-06-05", "2024-06-01", "", "USD");
  const auto promises = [&](const std::string& query) {
    std::string all;
    const auto rows = story.book.json(kWorklist, Story::parameters("2024-06-12", query)).at("rows");
    for (const auto& row : rows.as_array()) {
      all += (all.empty() ? "" : " / ") +
             Story::lines_of(row.at("promises"), "promise_id currency amount promised_date state");
    }
    return all;
  };
  EXPECT_EQ(promises(""), "M1 CNY 0.50 2024-06-10 open; M2 CNY 10.00 2024-06-10 open / M3 USD 0.70 2024-06-05 broken");
  EXPECT_EQ(promises("grace_days=0&currency=CNY"), "M1 CNY 0.50 2024-06-10 broken; M2 CNY 10.00 2024-06-10 broken");
  EXPECT_EQ(story.table("v1/customers/C", "2024-06-12", "promises", "promise_id"), "M3; M1; M2");
}

// Each asks of the same payments, or of what is applied to the same invoice.
TEST(Promises, CostWithTheirNumberHoweverMuchCashThereIs) {
  for (const char* named : {"", R"(,"invoice_ids":["I"])"}) {
    const auto told = [&](std::size_t n) {
      auto book = std::make_shared<Book>(1);
      const auto send = [&](const std::string& id, const std::string& payload) {
        book->send(R"({"event_id":")" + id +
                   R"(","customer_id":"C","source":"s","occurred_at":"2024-05-01T12:00:00Z",)" + payload + "}");
      };
      send("i", R"("invoice_issued":{"invoice_id":"I","currency":"CNY","net_minor":9000,"issue_date":"2024-05-01"})");
      for (std::size_t i = 0; i < n; ++i) {
        const std::string id = std::to_string(i);
        send("p" + id, R"("payment_received":{"payment_id":"P)" + id +
                           R"(","currency":"CNY","amount_minor":2,"value_date":"2024-05-02",)" +
                           R"("allocations":[{"invoice_id":"I","amount_minor":1}]})");
        send("m" + id, R"("promise_made":{"promise_id":"M)" + id +
                           R"(","currency":"CNY","amount_minor":1,"promised_date":"2024-05-09")" + named + "}");
      }
      book->settle();
      return book;
    };
    expect_linear(std::string("promises") + named, 150, told, [](const std::shared_ptr<Book>& book) {
      const auto answer = book->json("v1/customers/C", {{"as_of", "2024-06-30"}});
      ASSERT_EQ(answer.at("promises").at(0).at("state"), "kept");
    });
  }
}

}  // namespace
}  // namespace daybook::test
