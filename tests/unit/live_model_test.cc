// Pictures of a running projector.
#include "live/live_model.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <thread>

#include "store/shard_state.h"
#include "support/ask.h"
#include "support/book.h"
#include "support/story.h"

namespace daybook::test {
namespace {

std::string promise(const std::string& id) {
  return R"("promise_made":{"promise_id":")" + id +
         R"(","currency":"CNY","amount_minor":"1","promised_date":"2024-05-01"})";
}

void wait_for_index(const Book& book) {
  for (int i = 0; book.model().indexes_ready() == 0 && i < 1'000; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

std::shared_ptr<const query::ShardSnapshot> snapshot(const Book& book) {
  const auto opened = book.model().open(0);
  return opened ? *opened : nullptr;
}

TEST(LiveModel, QuestionsBetweenTwoCommitsShareOnePictureAndTheNextCommitShowsAtOnce) {
  Book book(1);
  book.tell("2024-05-01", promise("Q1"));
  wait_for_index(book);
  const auto first = snapshot(book);
  ASSERT_NE(first, nullptr);
  ASSERT_NE(first->index, nullptr);
  EXPECT_EQ(snapshot(book), first);
  EXPECT_EQ(first->state.accepted, 1U);

  book.tell("2024-05-02", promise("Q2"));
  const auto second = snapshot(book);
  ASSERT_NE(second, nullptr);
  EXPECT_EQ(second->state.accepted, 2U);
  EXPECT_EQ(first->state.accepted, 1U);
  EXPECT_EQ(store::read_state(*first->reads)->accepted, 1U);
}

// Or it would hold a snapshot of the store and old copies of cells for as long as nobody asks.
TEST(LiveModel, LetsGoOfAPictureAfterTheNextCommitAlsoWhenNobodyAsks) {
  Book book(1);
  book.tell("2024-05-01", promise("Q1"));
  wait_for_index(book);
  std::weak_ptr<const query::ShardSnapshot> kept = snapshot(book);
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  EXPECT_FALSE(kept.expired());
  book.tell("2024-05-02", promise("Q2"));
  for (int i = 0; !kept.expired() && i < 1'000; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  EXPECT_TRUE(kept.expired());
}

std::string ask(const Book& book, const std::string& path, const query::ParameterMap& parameters,
                const std::string& today) {
  const auto answer = test::ask(book.model(), [&] { return *parse_date(today); }, segments_of(path), parameters);
  EXPECT_EQ(answer.status, 200) << answer.body;
  return answer.body;
}

// A file in force from the day that is number 0 is not taken for none.
TEST(LiveModel, TellsOrdersBeforeAFileOf1970FromThoseUnderIt) {
  Book book(1);
  book.tell("1970-01-01", R"("customer_profile_set":{"grade":"A"})");
  for (const auto& [day, id] : {std::pair("1969-12-30", "O1"), std::pair("1970-01-02", "O2")}) {
    book.tell(day, fmt::format(R"("order_placed":{{"order_id":"{}","kind":"STANDARD","currency":"CNY",)"
                               R"("lines":[{{"line_id":"1","sku":"S","quantity":"1","net_minor":1}}]}})",
                               id));
    book.tell(day, fmt::format(R"("shipment_dispatched":{{"shipment_id":"S{0}","order_id":"{0}",)"
                               R"("lines":[{{"line_id":"1","quantity":"1"}}]}})",
                               id));
  }
  wait_for_index(book);
  const std::string answer = ask(book, "v1/order-cycle",
                                 {{"from", "1969-01-01"},
                                  {"to", "1970-12-31"},
                                  {"grain", "year"},
                                  {"cycle", "placed..dispatched"},
                                  {"group_by", "grade"}},
                                 "1971-01-01");
  EXPECT_NE(answer.find(R"({"period":"1969","group":"unassigned","n":1,)"), std::string::npos) << answer;
  EXPECT_NE(answer.find(R"({"period":"1970","group":"A","n":1,)"), std::string::npos) << answer;
}

TEST(LiveModel, PagesOfOneAnswerAreOfOneDateAlsoOverMidnight) {
  Book book(1);
  for (const char* id : {"I1", "I2", "I3"}) {
    book.tell("2024-05-01", fmt::format(R"("invoice_issued":{{"invoice_id":"{}","issue_date":"2024-05-01",)"
                                        R"("due_date":"2024-05-31","currency":"CNY","net_minor":500}})",
                                        id));
  }
  query::ParameterMap parameters = {{"page_size", "1"}};
  std::string page = ask(book, "v1/receivables/items", parameters, "2024-06-30");
  const std::string days = R"("days_overdue":30)";
  EXPECT_NE(page.find(days), std::string::npos) << page;
  constexpr std::string_view kToken = R"("next_page_token":")";
  for (int i = 0; i < 2; ++i) {
    const std::size_t begin = page.find(kToken) + kToken.size();
    parameters.erase("page_token");
    parameters.emplace("page_token", page.substr(begin, page.find('"', begin) - begin));
    page = ask(book, "v1/receivables/items", parameters, "2024-07-01");
    EXPECT_NE(page.find(days), std::string::npos) << page;
    EXPECT_NE(page.find(R"({"as_of":"2024-06-30")"), std::string::npos) << page;
  }
  // Nothing that was made up is a date.
  std::string token = parameters.find("page_token")->second;
  for (std::size_t at = 16; at < 32; ++at) {
    token[at] = token[at] == 'f' ? '0' : 'f';
    const query::ParameterMap made_up = {{"page_size", "1"}, {"page_token", token}};
    const auto answer = test::ask(book.model(), [] { return Day{0}; }, segments_of("v1/receivables/items"), made_up);
    EXPECT_TRUE(answer.status == 200 || answer.status == 400) << answer.body;
  }
}

}  // namespace
}  // namespace daybook::test
