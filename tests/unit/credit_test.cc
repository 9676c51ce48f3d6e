// Credit exposure: what orders add to it, and how accounts stand against their limits.
#include "domain/credit.h"

#include "query/account_reader.h"
#include "support/story.h"

namespace daybook::test {
namespace {

// The customer page's credit part of one currency: "balance not_invoiced open".
std::string part(Story& story, const std::string& as_of, const std::string& currency = "CNY") {
  const auto answer = story.book.json("v1/customers/" + story.account, Story::parameters(as_of, ""));
  for (const auto& one : answer.at("credit").at("parts").as_array()) {
    if (one.at("currency").as_string() != currency) continue;
    return Story::lines_of(boost::json::array{one}, "balance dispatched_not_invoiced open_orders");
  }
  return "-";
}
// The same by the documents alone: "not_invoiced open" in minor units, over these orders.
std::string by_orders(Story& story, const std::string& as_of, const std::vector<std::string>& orders) {
  const query::ReadModel& model = story.book.model();
  const auto shard = *model.open(log::partition_of(story.account, model.partition_count()));
  query::AccountReader customer(*shard, *shard->labels->find_customer(story.account), model.rules(),
                                query::FileChoice::kAsWas);
  Int128 not_invoiced = 0;
  Int128 open = 0;
  for (const std::string& id : orders) {
    const auto credit = domain::credit_on(customer.account(), *customer.account().order(id), *parse_date(as_of));
    not_invoiced += credit.not_invoiced();
    open += credit.open();
  }
  return to_string(not_invoiced) + " " + to_string(open);
}
std::string credit(Story& story, const std::string& as_of, const std::string& columns) {
  return story.page("v1/customers/" + story.account, as_of, columns);
}

void rate(Story& story, const std::string& from, const std::string& to, const std::string& date,
          const std::string& value) {
  const std::string account = std::exchange(story.account, "fx:" + from);
  story.put("exchange_rate_published", date,
            R"("currency":")" + from + R"(","base_currency":")" + to + R"(","date":")" + date + R"(","rate":")" +
                value + "\"");
  story.account = account;
}

const std::string kForO = R"(,"order_ids":["O"])";

TEST(Exposure, FollowsTheGoodsThroughAnOrder) {
  Story story;
  story.order("O", "2024-05-01", {{"1", "10", 1000}, {"2", "3", 100}});
  story.ship("S", "2024-05-03", {{"1", "4"}});
  story.ship("T", "2024-05-05", {{"1", "6"}, {"2", "1"}});
  story.invoice("I", 700, "2024-05-07", kForO);
  story.give_back("R", "2024-05-09", {{"1", "5"}});
  story.pay("P", 300, "2024-05-11");
  // Line 2: ⌊100 × 1 ÷ 3⌋ = 33 dispatched, so 100 − 33 open.
  EXPECT_EQ(part(story, "2024-04-30"), "-");
  EXPECT_EQ(part(story, "2024-05-01"), "0.00 0.00 11.00");
  EXPECT_EQ(part(story, "2024-05-03"), "0.00 4.00 7.00");
  EXPECT_EQ(part(story, "2024-05-05"), "0.00 10.33 0.67");
  EXPECT_EQ(part(story, "2024-05-07"), "7.00 3.33 0.67");
  EXPECT_EQ(part(story, "2024-05-09"), "7.00 0.00 0.00") << "533 dispatched, 700 invoiced; returns are not open again";
  EXPECT_EQ(part(story, "2024-05-11"), "4.00 0.00 0.00");
  EXPECT_EQ(by_orders(story, "2024-05-07", {"O"}), "333 67");
  EXPECT_EQ(by_orders(story, "2024-04-30", {"O"}), "0 0");
}

TEST(Exposure, ByWhatStandsOfAnOrder) {
  struct Case {
    const char* what;
    std::function<void(Story&)> tell;
    const char* expected;  // Of 2024-06-01, in minor units: not invoiced, open.
  };
  const std::vector<Case> cases = {
      {"tax counts",
       [](Story& s) {
         s.put("order_placed", "2024-05-01",
               R"("order_id":"O","currency":"CNY","lines":[{"line_id":"1","sku":"s","quantity":"3","net_minor":"100",)"
               R"("tax_minor":"13"}])");
         s.ship("S", "2024-05-02", {{"1", "1"}});
       },
       "37 76"},  // ⌊113 ÷ 3⌋ = 37.
      {"a cancellation of what was not dispatched",
       [](Story& s) {
         s.order();
         s.ship("S", "2024-05-02", {{"1", "4"}});
         s.cancel("2024-05-03");
       },
       "400 0"},
      {"a change sets other terms",
       [](Story& s) {
         s.order();
         s.ship("S", "2024-05-02", {{"1", "4"}});
         s.change("2024-05-03", {{"1", "8", 1600}});
       },
       "800 800"},
      {"a dropped line keeps its last terms",
       [](Story& s) {
         s.order();
         s.ship("S", "2024-05-02", {{"1", "4"}});
         s.change("2024-05-03", {{"2", "1", 50}});
       },
       "400 50"},
      {"lines without terms are worth nothing",
       [](Story& s) {
         s.order();
         s.ship("S", "2024-05-02", {{"9", "4"}});
       },
       "0 1000"},
      {"more dispatched than ordered",
       [](Story& s) {
         s.order();
         s.ship("S", "2024-05-02", {{"1", "11"}});
       },
       "1100 0"},
      {"more came back than went out",
       [](Story& s) {
         s.order();
         s.ship("S", "2024-05-02", {{"1", "4"}});
         s.give_back("R", "2024-05-03", {{"1", "5"}});
       },
       "0 600"},
      {"debit notes and voided invoices are no share",
       [](Story& s) {
         s.order();
         s.ship("S", "2024-05-02", {{"1", "10"}});
         s.invoice("I", 300, "2024-05-03", kForO + R"(,"kind":"DEBIT_NOTE")");
         s.invoice("J", 500, "2024-05-03", kForO);
         s.void_invoice("J", "2024-05-20");
         s.invoice("K", 100, "2024-05-25", kForO);
       },
       "900 0"},
      {"an invoice of another currency is no share",
       [](Story& s) {
         s.order();
         s.ship("S", "2024-05-02", {{"1", "10"}});
         s.invoice("I", 500, "2024-05-03", kForO, "USD");
       },
       "1000 0"},
      {"an invoice issued later does not count yet",
       [](Story& s) {
         s.order();
         s.ship("S", "2024-05-02", {{"1", "10"}});
         s.invoice("I", 500, "2024-06-02", kForO);
       },
       "1000 0"}};
  for (const Case& c : cases) {
    Story story;
    c.tell(story);
    EXPECT_EQ(by_orders(story, "2024-06-01", {"O"}), c.expected) << c.what;
  }
}

TEST(Exposure, AnInvoiceIsSplitOverItsOrdersByTheirValues) {
  struct Case {
    const char* what;
    std::function<void(Story&)> tell;
    const char *first, *second;  // Not invoiced of O and Q at 2024-06-01.
  };
  const auto shipped = [](Story& s, int net_first, int net_second) {
    s.order("O", "2024-05-01", {{"1", "1", net_first}});
    s.order("Q", "2024-05-01", {{"1", "1", net_second}});
    s.ship("S", "2024-05-02", {{"1", "1"}});
    s.ship("T", "2024-05-02", {{"1", "1"}}, "", "Q");
  };
  const std::string both = R"(,"order_ids":["O","Q"])";
  const std::vector<Case> cases = {// 500 over 1000 and 2000: ⌊166.67⌋ = 166 and 334.
                                   {"rounded down, the rest on the last",
                                    [&](Story& s) {
                                      shipped(s, 1000, 2000);
                                      s.invoice("I", 500, "2024-05-03", both);
                                    },
                                    "834", "1666"},
                                   {"the last as named",
                                    [&](Story& s) {
                                      shipped(s, 1000, 2000);
                                      s.invoice("I", 500, "2024-05-03", R"(,"order_ids":["Q","O"])");
                                    },
                                    "833", "1667"},
                                   {"unknown orders take no share",
                                    [&](Story& s) {
                                      shipped(s, 1000, 2000);
                                      s.invoice("I", 500, "2024-05-03", R"(,"order_ids":["X","O","Y"])");
                                    },
                                    "500", "2000"},
                                   {"where the values add up to 0 all is on the last",
                                    [&](Story& s) {
                                      shipped(s, 1000, 2000);
                                      s.cancel("2024-05-01T07:00:00Z", "", "O");
                                      s.cancel("2024-05-01T07:00:00Z", "", "Q");
                                      s.invoice("I", 500, "2024-05-03", both);
                                    },
                                    "1000", "1500"},
                                   // From 05-20 on O is worth 4000: 500 over 4000 and 2000 is ⌊333.33⌋ and 167.
                                   {"as the values stand on the date",
                                    [&](Story& s) {
                                      shipped(s, 1000, 2000);
                                      s.invoice("I", 500, "2024-05-03", both);
                                      s.change("2024-05-20", {{"1", "4", 4000}});
                                    },
                                    "667", "1833"},
                                   {"whatever came first",
                                    [&](Story& s) {
                                      s.invoice("I", 500, "2024-05-03", both);
                                      s.change("2024-05-20", {{"1", "4", 4000}});
                                      s.ship("S", "2024-05-02", {{"1", "1"}});
                                      s.order("Q", "2024-05-01", {{"1", "1", 2000}});
                                      s.ship("T", "2024-05-02", {{"1", "1"}}, "", "Q");
                                      s.order("O", "2024-05-01", {{"1", "1", 1000}});
                                    },
                                    "667", "1833"}};
  for (const Case& c : cases) {
    Story story;
    c.tell(story);
    EXPECT_EQ(by_orders(story, "2024-06-01", {"O"}).substr(0, std::string(c.first).size() + 1),
              c.first + std::string(" "))
        << c.what;
    EXPECT_EQ(by_orders(story, "2024-06-01", {"Q"}).substr(0, std::string(c.second).size() + 1),
              c.second + std::string(" "))
        << c.what;
    const std::string sum = format_amount(std::stoi(c.first) + std::stoi(c.second), *Currency::parse("CNY"));
    EXPECT_EQ(part(story, "2024-06-01").find(" " + sum + " "), part(story, "2024-06-01").find(' ')) << c.what;
  }
}

TEST(Credit, WithoutAFileNothingIsConverted) {
  Story story;
  story.invoice("I", 1000, "2024-05-01");
  const std::string all = "credit.credit_currency credit.credit_limit credit.exposure credit.unconverted credit.state";
  EXPECT_EQ(credit(story, "2024-05-31", all), "- - - [] no_limit");
  EXPECT_EQ(credit(story, "2024-06-01", all), "- - - [] overdue") << "31 days";
  story.profile("2024-06-10", R"("name":"n")");
  EXPECT_EQ(credit(story, "2024-06-10", all), "- - - [] overdue");
}

TEST(Credit, StatesInTheirOrder) {
  Story story;
  story.invoice("I", 1000, "2024-05-01");
  story.order("O", "2024-05-10", {{"1", "1", 500}});
  const std::string columns = "credit.exposure credit.credit_limit credit.state";
  story.profile("2024-05-02", R"("credit_currency":"CNY")");
  story.profile("2024-05-05", R"("credit_currency":"CNY","credit_limit_minor":"1499")");
  story.profile("2024-05-20", R"("credit_currency":"CNY","credit_limit_minor":"1500")");
  story.pay("P", 1000, "2024-06-10", {{"I", "1000"}});
  story.profile("2024-06-20", R"("credit_currency":"CNY","credit_limit_minor":"0")");
  EXPECT_EQ(credit(story, "2024-05-02", columns), "10.00 - no_limit");
  EXPECT_EQ(credit(story, "2024-05-09", columns), "10.00 14.99 ok");
  EXPECT_EQ(credit(story, "2024-05-10", columns), "15.00 14.99 over_limit");
  EXPECT_EQ(credit(story, "2024-05-20", columns), "15.00 15.00 ok") << "at the limit is not over it";
  EXPECT_EQ(credit(story, "2024-06-01", columns), "15.00 15.00 overdue");
  EXPECT_EQ(credit(story, "2024-06-10", columns), "5.00 15.00 ok");
  EXPECT_EQ(credit(story, "2024-06-20", columns), "5.00 0.00 over_limit") << "a limit of 0 is one";
  for (const auto& [day, kinds] :
       std::vector<std::pair<const char*, const char*>>{{"2024-05-09", ""},
                                                        {"2024-05-10", "over_credit_limit C"},
                                                        {"2024-05-20", ""},
                                                        {"2024-06-20", "over_credit_limit C"}}) {
    EXPECT_EQ(story.anomalies(day), kinds) << day;
  }
  // At the record of the file in force, whatever the question's attributes.
  const auto offset = [&](const char* day) {
    return story.table("v1/anomalies", day, "anomalies", "event.offset", "attributes=as_now");
  };
  EXPECT_EQ(offset("2024-05-10"), "1");
  EXPECT_EQ(offset("2024-06-20"), "3");
}

TEST(Credit, EachCurrencyIsConvertedAndRounded) {
  Story story;
  story.profile("2024-05-01", R"("credit_currency":"CNY","credit_limit_minor":"100000")");
  story.invoice("I", 1000, "2024-05-01");
  story.invoice("J", 1, "2024-05-01", "", "USD");
  story.invoice("K", 1, "2024-05-01", "", "EUR");
  story.order("O", "2024-05-02", {{"1", "1", 7}}, "", "JPY");
  rate(story, "USD", "CNY", "2024-05-01", "7.3");
  rate(story, "EUR", "CNY", "2024-05-01", "7.3");
  const std::string columns = "credit.exposure credit.unconverted";
  // 1000 + 7.3 + 7.3, rounded one by one.
  EXPECT_EQ(credit(story, "2024-05-01", columns), "10.14 []");
  EXPECT_EQ(credit(story, "2024-05-02", columns), "10.14 JPY");
  rate(story, "CNY", "JPY", "2024-05-01", "20");
  EXPECT_EQ(credit(story, "2024-05-02", columns), "10.14 JPY") << "no inverse";
  rate(story, "JPY", "CNY", "2024-05-03", "0.05");
  EXPECT_EQ(credit(story, "2024-05-03", columns), "10.49 []");
  EXPECT_EQ(story.table("v1/customers", "2024-05-02", "customers", "customer_id credit.exposure credit.unconverted"),
            "C 10.14 JPY");
  EXPECT_EQ(story.table("v1/anomalies", "2024-05-02", "anomalies", "kind document_id event.type"),
            "missing_rate C customer_profile_set");
  EXPECT_EQ(story.anomalies("2024-05-03"), "");
  story.pay("P", 7, "2024-05-02", {}, "JPY");
  EXPECT_EQ(credit(story, "2024-05-02", columns), "10.14 []") << "nothing to convert";
  EXPECT_EQ(part(story, "2024-05-02", "JPY"), "-7 0 7");
}

TEST(Credit, InCsvItsFieldsHaveAPoint) {
  Story story;
  story.profile("2024-05-01", R"("credit_currency":"CNY")");
  story.order("O", "2024-05-02", {{"1", "1", 7}});
  const auto csv = story.book.get("v1/customers", {{"as_of", "2024-05-02"}, {"format", "csv"}});
  EXPECT_EQ(csv.body,
            "customer_id,name,region,sales_rep,grade,parent_customer_id,balances,credit.credit_currency,"
            "credit.credit_limit,credit.exposure,credit.parts,credit.unconverted,credit.state\r\n"
            "C,,,,,,[],CNY,,0.07,\"[{\"\"currency\"\":\"\"CNY\"\",\"\"balance\"\":\"\"0.00\"\","
            "\"\"dispatched_not_invoiced\"\":\"\"0.00\"\",\"\"open_orders\"\":\"\"0.07\"\"}]\",[],no_limit\r\n");
}

}  // namespace
}  // namespace daybook::test
