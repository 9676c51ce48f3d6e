// Who may see what: for every report, what a narrow scope shows is what a Daybook shows that was told nothing else.
#include "query/access_scope.h"

#include <boost/json/serialize.hpp>

#include "query/catalog.h"
#include "query/local_shards.h"
#include "support/paths.h"
#include "support/story.h"

namespace daybook::test {
namespace {

namespace json = boost::json;

TEST(AccessScope, MadeWithoutAWordSeesNothing) {
  const query::AccessScope nothing;
  EXPECT_FALSE(nothing.sees_everything());
  EXPECT_FALSE(nothing.sees("CN", "r"));
  EXPECT_FALSE(nothing.sees("", ""));
}

TEST(AccessScope, SeesTheSubtreesOfItsRegionsAndItsSalesReps) {
  const auto scope = query::AccessScope::of({"CN/South", "unassigned"}, {"li"});
  const struct {
    const char* region;
    const char* rep;
    bool sees;
  } cases[] = {{"CN/South", "", true},
               {"CN/South/Shenzhen", "x", true},
               {"CN/Southern", "", false},
               {"CN", "", false},
               {"EU", "li", true},
               {"EU", "lin", false},
               {"", "", true},
               {"EU", "", false},
               {"unassigned", "", true}};
  for (const auto& [region, rep, sees] : cases) EXPECT_EQ(scope.sees(region, rep), sees) << region << " " << rep;
  EXPECT_FALSE(query::AccessScope::of({"EU"}, {""}).sees("CN", "")) << "no rep is nobody's";
}

struct Customer {
  std::string id;
  std::string region;
  std::string rep;
};
// Some of each partition and region.
const std::vector<Customer> kCustomers = {
    {"C1", "CN/South", "li"}, {"C2", "EU", "anna"},       {"C3", "CN/South/Shenzhen", "wu"},
    {"C4", "CN", "li"},       {"C5", "EU/North", "anna"}, {"C6", "CN/South", "wu"},
    {"C7", "", ""},           {"C8", "CN/Southern", "li"}};

// Every kind of thing, of each of these; ids of documents name their account.
void tell(Story& story, const std::vector<Customer>& customers) {
  story.account = "fx:EUR";
  story.put("exchange_rate_published", "2024-01-01",
            R"("currency":"EUR","base_currency":"CNY","date":"2024-01-01","rate":"7.8")");
  for (const Customer& customer : customers) {
    const std::string& c = story.account = customer.id;
    std::string file = R"("name":"n)" + c + R"(","grade":"A","credit_currency":"CNY","credit_limit_minor":500)";
    if (!customer.region.empty())
      file += R"(,"region":")" + customer.region + R"(","sales_rep":")" + customer.rep + "\"";
    story.profile("2024-01-01", file);
    story.order("O" + c, "2024-05-01", {{"1", "10", 1000}, {"2", "3", 99}}, R"(,"channel":"web")");
    // Each takes another time: what is said of how long orders take says whose they are.
    story.confirm("2024-05-02T0" + c.substr(1) + ":00:00Z", "O" + c);
    story.put("order_delayed", "2024-05-02",
              R"("order_id":"O)" + c + R"(","stage":"DISPATCH","reason_code":"no_truck")");
    story.ship("S" + c, "2024-05-03", {{"1", "10"}, {"2", "3"}},
               R"(,"warehouse":"W","freight_minor":5,"currency":"CNY")", "O" + c);
    story.deliver("S" + c, "2024-05-04", "O" + c);
    story.order("P" + c, "2024-05-11", {{"1", "4", 400}});
    story.invoice("I" + c, 1000, "2024-05-05", R"(,"due_date":"2024-05-20","order_ids":["O)" + c + R"("])");
    story.invoice("J" + c, 700, "2024-05-05", R"(,"due_date":"2024-06-20")", "EUR");
    story.pay("Q" + c, 300, "2024-05-06", {{"I" + c, "200"}, {"missing", "1"}});
    story.credit("N" + c, 50, "2024-05-07");
    story.dispute("D" + c, "I" + c, "2024-05-08", 20);
    story.put("promise_made", "2024-05-08",
              R"("promise_id":"M","currency":"CNY","amount_minor":5,"promised_date":"2024-06-01")");
  }
}

// Without what is of another log: places in it and times.
json::value comparable(const json::value& value) {
  if (const auto* array = value.if_array()) {
    json::array all;
    for (const json::value& one : *array) all.push_back(comparable(one));
    return all;
  }
  const auto* object = value.if_object();
  if (object == nullptr) return value;
  json::object all;
  for (const auto& [name, member] : *object) {
    static const std::set<std::string_view> kOfTheLog = {
        "positions", "newest_recorded_at", "waiting", "parked", "offset", "recorded_at", "event_id", "next_page_token"};
    if (!kOfTheLog.contains(name)) all[name] = comparable(member);
  }
  return all;
}

struct Asked {
  std::string path;
  query::ParameterMap parameters;
};

// Every report, in every grouping that it has, with its required parameters.
std::vector<Asked> questions() {
  std::vector<Asked> all;
  for (const query::Report* report : query::reports()) {
    const query::Description& of = report->description();
    // A record is of its place in the log (event_report_test).
    if (of.has_body || of.name == "parked" || of.name == "event") continue;
    Asked asked{of.path.substr(1), {{"as_of", "2024-06-30"}}};
    for (const query::Parameter& parameter : of.parameters) {
      if (!parameter.required) continue;
      // All is recorded in November 2023.
      asked.parameters.emplace(parameter.name, parameter.name == "from"         ? "2024-01-01"
                                               : parameter.name == "known_from" ? "2023-01-01"
                                               : parameter.name == "period"     ? "2024-Q2"
                                               : parameter.name == "baseline"   ? "2024"
                                               : parameter.name == "q"          ? "n"
                                                                                : "2024-06-30");
    }
    const query::Parameter* group_by = of.parameter("group_by");
    std::vector<std::string> groups = group_by == nullptr ? std::vector<std::string>{""} : group_by->choices;
    for (const std::string& group : groups) {
      Asked one = asked;
      if (!group.empty()) one.parameters.emplace("group_by", group);
      if (query::placeholders(one.path).empty()) {
        all.push_back(std::move(one));
      } else {
        const std::string kind = of.name == "invoice"       ? "I"
                                 : of.name == "payment"     ? "Q"
                                 : of.name == "order"       ? "O"
                                 : of.name == "credit-note" ? "N"
                                 : of.name == "shipment"    ? "S"
                                                            : "";
        for (const Customer& customer : kCustomers) {
          Asked of_one = one;
          of_one.path = filled_path(of_one.path, kind + customer.id);
          all.push_back(std::move(of_one));
        }
      }
    }
  }
  all.push_back(
      {"v1/receivables/ageing", {{"as_of", "2024-06-30"}, {"base_currency", "CNY"}, {"basis", "issue_date"}}});
  all.push_back({"v1/sales", {{"from", "2024-05-01"}, {"to", "2024-05-31"}, {"group_by", "region,sku"}}});
  all.push_back({"v1/sales",
                 {{"from", "2024-05-01"},
                  {"to", "2024-05-12"},
                  {"grain", "week"},
                  {"group_by", "region"},
                  {"measure", "invoiced"},
                  {"compare", "previous_period"},
                  {"base_currency", "CNY"}}});
  all.push_back({"v1/receivables/worklist", {{"as_of", "2024-06-30"}, {"base_currency", "CNY"}}});
  for (const char* path : {"ageing", "items", "worklist", "dunning"}) {
    all.push_back({std::string("v1/receivables/") + path, {{"as_of", "2024-06-30"}, {"credits", "fifo"}}});
  }
  all.push_back({"v1/receivables/ageing/trend", {{"from", "2024-05-01"}, {"to", "2024-06-30"}, {"credits", "fifo"}}});
  return all;
}

// The answer, of one page; or its status.
json::value ask(const Book& book, const query::AccessScope& scope, const Asked& asked) {
  const std::vector<std::string> segments = segments_of(asked.path);
  query::Request request{.segments = segments, .parameters = asked.parameters};
  request.scope = scope;
  const query::LocalShards shards(book.model());
  const auto rendered = query::answer(shards, [] { return *parse_date("2024-06-30"); }, request);
  const auto through_bytes = query::answer(BytesShards(shards), [] { return *parse_date("2024-06-30"); }, request);
  EXPECT_EQ(through_bytes.body, rendered.body) << "the scope travels with the question";
  if (rendered.status != 200) return rendered.status;
  return json::parse(rendered.body);
}

// All pages of an answer, one row each, as one list.
json::value in_pages(const Book& book, const query::AccessScope& scope, Asked asked) {
  json::array pages;
  asked.parameters.emplace("page_size", "1");
  while (true) {
    const json::value page = ask(book, scope, asked);
    pages.push_back(comparable(page));
    const auto* token = page.is_object() ? page.get_object().if_contains("next_page_token") : nullptr;
    if (token == nullptr || token->is_null()) return pages;
    asked.parameters.erase("page_token");
    asked.parameters.emplace("page_token", token->as_string());
  }
}

class ScopedTest : public testing::Test {
 protected:
  ScopedTest() { tell(everybody_, kCustomers); }

  // What `scope` shows of everybody is what `customers` alone come to.
  void shows(const query::AccessScope& scope, const std::vector<Customer>& customers) {
    Story alone;
    tell(alone, customers);
    for (const Asked& asked : questions()) {
      std::string what = asked.path;
      for (const auto& [name, value] : asked.parameters) what += " " + name + "=" + value;
      SCOPED_TRACE(what);
      const query::AccessScope all = query::AccessScope::everything();
      EXPECT_EQ(json::serialize(comparable(ask(everybody_.book, scope, asked))),
                json::serialize(comparable(ask(alone.book, all, asked))));
      EXPECT_EQ(json::serialize(in_pages(everybody_.book, scope, asked)),
                json::serialize(in_pages(alone.book, all, asked)));
      Asked earlier = asked;
      earlier.parameters.emplace("known_at", "2024-06-30");
      EXPECT_EQ(json::serialize(comparable(ask(everybody_.book, scope, earlier))),
                json::serialize(comparable(ask(alone.book, all, earlier))));
    }
  }

  Story everybody_;
};

TEST_F(ScopedTest, ARegionShowsItsCustomersInEveryReport) {
  shows(query::AccessScope::of({"CN/South"}, {}), {kCustomers[0], kCustomers[2], kCustomers[5]});
}

TEST_F(ScopedTest, ASalesRepShowsHisCustomersInEveryReport) {
  shows(query::AccessScope::of({}, {"anna"}), {kCustomers[1], kCustomers[4]});
}

TEST_F(ScopedTest, RegionsAndRepsTogetherShowBoth) {
  shows(query::AccessScope::of({"unassigned", "EU"}, {"li"}),
        {kCustomers[0], kCustomers[1], kCustomers[3], kCustomers[4], kCustomers[6], kCustomers[7]});
}

TEST_F(ScopedTest, NoScopeShowsNothing) { shows(query::AccessScope(), {}); }

TEST_F(ScopedTest, EverythingShowsEverybody) { shows(query::AccessScope::everything(), kCustomers); }

// Region and rep of a document go before those of the file.
TEST_F(ScopedTest, ADocumentOfAnotherRegionIsSeenThereAndNotAtHome) {
  Story& story = everybody_;
  story.account = "C2";
  story.invoice("X", 900, "2024-05-05", R"(,"due_date":"2024-05-20","region":"CN/South/Zhuhai","sales_rep":"he")");
  const auto south = query::AccessScope::of({"CN/South/Zhuhai"}, {});
  const auto europe = query::AccessScope::of({"EU"}, {});
  const Asked page{"v1/invoices/X", {{"as_of", "2024-06-30"}}};
  EXPECT_TRUE(ask(story.book, south, page).is_object());
  EXPECT_EQ(ask(story.book, europe, page), 404);
  const Asked items{"v1/receivables/items", {{"as_of", "2024-06-30"}}};
  EXPECT_EQ(ask(story.book, south, items).at("items").as_array().size(), 1U);
  const Asked ageing{"v1/receivables/ageing", {{"as_of", "2024-06-30"}, {"group_by", "none"}}};
  const json::value totals = ask(story.book, south, ageing).at("totals");
  ASSERT_EQ(totals.as_array().size(), 1U);
  EXPECT_EQ(totals.at(0).at("gross_open"), "9.00");
  EXPECT_EQ(totals.at(0).at("proof").at("difference"), "0.00");
  const Asked laid{"v1/receivables/items", {{"as_of", "2024-06-30"}, {"credits", "fifo"}}};
  EXPECT_TRUE(ask(story.book, south, laid).at("items").as_array().empty())
      << "credits are of whole accounts, seen at home";
  const Asked laid_ageing{"v1/receivables/ageing",
                          {{"as_of", "2024-06-30"}, {"credits", "fifo"}, {"customer_id", "C2"}}};
  EXPECT_TRUE(ask(story.book, south, laid_ageing).at("rows").as_array().empty());
  EXPECT_EQ(comparable(ask(story.book, europe, laid_ageing)),
            comparable(ask(story.book, query::AccessScope::everything(), laid_ageing)));
  const Asked statement{"v1/customers/C2/statement", {{"from", "2024-01-01"}, {"to", "2024-06-30"}}};
  EXPECT_EQ(ask(story.book, south, statement), 404) << "the whole account is the home region's";
  EXPECT_TRUE(ask(story.book, europe, statement).is_object());
}

TEST_F(ScopedTest, ATargetIsSeenByWhoSeesAllThatItsRegionOrRepSells) {
  Story& story = everybody_;
  const auto tell_target = [&](const std::string& by, const std::string& name, const char* minor) {
    story.account = "target:" + name;
    story.put("sales_target_set", "2024-01-01",
              "\"" + by + R"(":")" + name +
                  R"(","period":"2024-05","measure":"ORDERED","currency":"CNY","amount_minor":)" + minor);
  };
  tell_target("region", "CN", "9000");
  tell_target("region", "CN/South", "500");
  tell_target("region", "CN/South/Zhuhai", "300");
  tell_target("region", "EU", "800");
  tell_target("sales_rep", "li", "700");
  tell_target("sales_rep", "anna", "600");
  const auto targets = [&](const query::AccessScope& scope, const std::string& by) {
    const json::value answer = ask(story.book, scope,
                                   {"v1/sales",
                                    {{"from", "2024-05-01"},
                                     {"to", "2024-05-31"},
                                     {"grain", "month"},
                                     {"group_by", by},
                                     {"measure", "ordered"},
                                     {"as_of", "2024-06-30"}}});
    std::string all;
    for (const json::value& row : answer.at("rows").as_array()) {
      all += cell_of(row, "group." + by) + " " + cell_of(row, "target") + "; ";
    }
    return all;
  };
  const auto south_and_anna = query::AccessScope::of({"CN/South", "unassigned"}, {"anna"});
  EXPECT_EQ(targets(south_and_anna, "region"),
            "CN/South 5.00; CN/South/Shenzhen -; CN/South/Zhuhai 3.00; EU -; EU/North -; unassigned -; ");
  EXPECT_EQ(targets(south_and_anna, "sales_rep"), "anna 6.00; li -; unassigned -; wu -; ");
  EXPECT_EQ(targets(query::AccessScope(), "region") + targets(query::AccessScope(), "sales_rep"), "");
  EXPECT_EQ(targets(query::AccessScope::everything(), "sales_rep"), "anna 6.00; li 7.00; unassigned -; wu -; ");
}

// Sums over all customers are known without knowing whose they are.
TEST_F(ScopedTest, ParkedRecordsAreForWhoSeesEverything) {
  everybody_.book.append(log::Topic::kOrders, "C1", "\xFF", log::partition_of("C1", 3));
  const Asked parked{"v1/parked", {}};
  EXPECT_EQ(ask(everybody_.book, query::AccessScope::everything(), parked).at("parked").as_array().size(), 1U);
  EXPECT_TRUE(ask(everybody_.book, query::AccessScope::of({"CN"}, {}), parked).at("parked").as_array().empty());
}

}  // namespace
}  // namespace daybook::test
