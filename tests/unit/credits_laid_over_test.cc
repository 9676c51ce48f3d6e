// Credits laid over open instalments: the rule by itself.
#include "domain/credits_laid_over.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

namespace daybook::domain {
namespace {

using Debts = std::vector<OpenDebt>;

// "document/instalment open disputed", in order, and what is left.
std::string laid(Int128 credits, Debts debts) {
  const Int128 left = lay_over(credits, std::span(debts));
  std::string text;
  for (const OpenDebt& debt : debts) {
    text +=
        fmt::format("{}/{} {} {}; ", debt.document_id, debt.instalment, to_string(debt.open), to_string(debt.disputed));
  }
  return text + "left " + to_string(left);
}

TEST(CreditsLaidOver, ReachAsFarAsTheyReach) {
  const Debts debts = {{10, 1, "A", 1, 100, 0}, {20, 1, "B", 1, 50, 0}, {30, 1, "C", 1, 1, 0}};
  const struct {
    Int128 credits;
    const char* expected;
  } cases[] = {{0, "A/1 100 0; B/1 50 0; C/1 1 0; left 0"},  {1, "A/1 99 0; B/1 50 0; C/1 1 0; left 0"},
               {99, "A/1 1 0; B/1 50 0; C/1 1 0; left 0"},   {100, "A/1 0 0; B/1 50 0; C/1 1 0; left 0"},
               {101, "A/1 0 0; B/1 49 0; C/1 1 0; left 0"},  {150, "A/1 0 0; B/1 0 0; C/1 1 0; left 0"},
               {151, "A/1 0 0; B/1 0 0; C/1 0 0; left 0"},   {152, "A/1 0 0; B/1 0 0; C/1 0 0; left 1"},
               {-7, "A/1 100 0; B/1 50 0; C/1 1 0; left -7"}};
  for (const auto& [credits, expected] : cases) EXPECT_EQ(laid(credits, debts), expected);
}

TEST(CreditsLaidOver, GoByDueDateIssueDateDocumentAndInstalment) {
  EXPECT_EQ(laid(1, {{20, 1, "A", 1, 5, 0}, {10, 9, "Z", 9, 5, 0}}), "Z/9 4 0; A/1 5 0; left 0") << "due date";
  EXPECT_EQ(laid(1, {{10, 2, "A", 1, 5, 0}, {10, 1, "Z", 9, 5, 0}}), "Z/9 4 0; A/1 5 0; left 0") << "issue date";
  EXPECT_EQ(laid(1, {{10, 1, "B", 1, 5, 0}, {10, 1, "A", 9, 5, 0}}), "A/9 4 0; B/1 5 0; left 0") << "document";
  EXPECT_EQ(laid(1, {{10, 1, "A", 10, 5, 0}, {10, 1, "A", 9, 5, 0}}), "A/9 4 0; A/10 5 0; left 0")
      << "instalments by number, not as texts";
  EXPECT_EQ(laid(1, {{10, 1, "a", 1, 5, 0}, {10, 1, "Z", 1, 5, 0}, {10, 1, "\xC3\xA4", 1, 5, 0}}),
            "Z/1 4 0; a/1 5 0; \xC3\xA4/1 5 0; left 0")
      << "documents byte by byte";
  EXPECT_EQ(laid(1, {{0, 1, "A", 1, 5, 0}, {-1, 1, "B", 1, 5, 0}}), "B/1 4 0; A/1 5 0; left 0") << "before 1970";
}

TEST(CreditsLaidOver, LowerWhatIsDisputedToWhatIsThenOpen) {
  const struct {
    Int128 credits;
    Int128 disputed;
    const char* expected;
  } cases[] = {{0, 30, "A/1 100 30; left 0"},    {70, 30, "A/1 30 30; left 0"}, {71, 30, "A/1 29 29; left 0"},
               {1, 100, "A/1 99 99; left 0"},    {100, 30, "A/1 0 0; left 0"},  {101, 100, "A/1 0 0; left 1"},
               {-5, 100, "A/1 100 100; left -5"}};
  for (const auto& [credits, disputed, expected] : cases)
    EXPECT_EQ(laid(credits, {{10, 1, "A", 1, 100, disputed}}), expected);
}

TEST(CreditsLaidOver, WithoutDebtsAllIsLeft) {
  EXPECT_EQ(laid(5, {}), "left 5");
  EXPECT_EQ(laid(-5, {}), "left -5");
  EXPECT_EQ(laid(5, {{10, 1, "A", 1, 0, 0}}), "A/1 0 0; left 5");
}

TEST(CreditsLaidOver, OfTheLargestAmounts) {
  constexpr Int128 kMost = Int128(1'000'000'000'000'000) * 10'000;
  EXPECT_EQ(laid(kMost + 1, {{1, 1, "A", 1, kMost, kMost}, {2, 1, "B", 1, kMost, kMost}}),
            "A/1 0 0; B/1 9999999999999999999 9999999999999999999; left 0");
}

// However often the credits are told, the sum is laid over the same; and what is open less what is left stays.
TEST(CreditsLaidOver, TwiceIsOnceTheSumAndTheBalanceStays) {
  std::mt19937 random(7);
  const std::string ids = "ABCDEFGH";
  for (int run = 0; run < 2'000; ++run) {
    Debts debts;
    Int128 open = 0;
    for (std::size_t i = random() % 8; i-- > 0;) {
      const Int128 amount = random() % 20;
      debts.push_back({static_cast<Day>(random() % 3), static_cast<Day>(random() % 3),
                       std::string_view(ids).substr(i, 1), 1, amount,
                       amount == 0 ? 0 : Int128(random() % 20) % amount});
      open += amount;
    }
    const Int128 one = random() % 60;
    const Int128 other = random() % 60;
    Debts at_once = debts;
    const Int128 left = lay_over(one + other, std::span(at_once));
    const Int128 left_of_one = lay_over(one, std::span(debts));
    const Int128 left_of_both = left_of_one > 0 ? left_of_one + other : lay_over(other, std::span(debts));
    ASSERT_EQ(left, left_of_both);
    Int128 still_open = 0;
    for (std::size_t i = 0; i < debts.size(); ++i) {
      ASSERT_EQ(debts[i].place(), at_once[i].place());
      ASSERT_EQ(debts[i].open, at_once[i].open);
      ASSERT_EQ(debts[i].disputed, at_once[i].disputed);
      ASSERT_LE(debts[i].disputed, debts[i].open);
      still_open += debts[i].open;
    }
    ASSERT_EQ(open - (one + other), still_open - left);
    ASSERT_TRUE(left == 0 || still_open == 0) << "what is left has nothing more to lie over";
  }
}

}  // namespace
}  // namespace daybook::domain
