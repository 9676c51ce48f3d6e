// Pictures of a running projector.
#include "live/live_model.h"

#include <gtest/gtest.h>

#include <thread>

#include "store/shard_state.h"
#include "support/book.h"

namespace daybook::test {
namespace {

std::string promise(const std::string& id) {
  return R"("promise_made":{"promise_id":")" + id + R"(","currency":"CNY","amount_minor":"1","promised_date":"2024-05-01"})";
}

void wait_for_mirror(const Book& book) {
  for (int i = 0; book.model().mirrors_ready() == 0 && i < 1'000; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

std::shared_ptr<const views::ShardPicture> picture(const Book& book) {
  const auto opened = book.model().open(0);
  return opened ? *opened : nullptr;
}

TEST(LiveModel, QuestionsBetweenTwoCommitsShareOnePictureAndTheNextCommitShowsAtOnce) {
  Book book(1);
  book.tell("2024-05-01", promise("Q1"));
  wait_for_mirror(book);
  const auto first = picture(book);
  ASSERT_NE(first, nullptr);
  ASSERT_NE(first->image, nullptr);
  EXPECT_EQ(picture(book), first);
  EXPECT_EQ(first->state.accepted, 1U);

  book.tell("2024-05-02", promise("Q2"));
  const auto second = picture(book);
  ASSERT_NE(second, nullptr);
  EXPECT_EQ(second->state.accepted, 2U);
  EXPECT_EQ(first->state.accepted, 1U);
  EXPECT_EQ(store::read_state(*first->reads)->accepted, 1U);
}

// Or it would hold a snapshot of the store and old copies of cells for as long as nobody asks.
TEST(LiveModel, LetsGoOfAPictureAfterTheNextCommitAlsoWhenNobodyAsks) {
  Book book(1);
  book.tell("2024-05-01", promise("Q1"));
  wait_for_mirror(book);
  std::weak_ptr<const views::ShardPicture> kept = picture(book);
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  EXPECT_FALSE(kept.expired());
  book.tell("2024-05-02", promise("Q2"));
  for (int i = 0; !kept.expired() && i < 1'000; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  EXPECT_TRUE(kept.expired());
}

}  // namespace
}  // namespace daybook::test
