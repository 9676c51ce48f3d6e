// Rows of an answer, cut to a page while they come.
#include <gtest/gtest.h>

#include <random>

#include "query/view.h"

namespace daybook::query {
namespace {

std::string key_of(int number) { return sort_key({"C" + std::to_string(number % 300), sortable(number)}); }

Row row_of(const std::string& key) {
  Row row;
  row.add("key", Value::text(key));
  return row;
}

std::vector<std::string> keys_of(const Rows::Page& page) {
  std::vector<std::string> keys;
  for (const SortedRow& row : page.rows) {
    EXPECT_EQ(row.row.values.at(0).second.csv_text(), row.key);
    keys.push_back(row.key);
  }
  return keys;
}

TEST(Rows, PagesTogetherAreAllRowsInOrderHoweverTheyCome) {
  std::mt19937 random(1);
  for (const std::size_t size : {1U, 2U, 7U, 99U, 100U, 101U, 1'000U}) {
    std::vector<std::string> given;
    for (int i = 0; i < 100; ++i) given.push_back(key_of(i));
    std::vector<std::string> found;
    for (bool more = true; more;) {
      std::ranges::shuffle(given, random);
      Rows rows(found.empty() ? "" : found.back(), size);
      for (const std::string& key : given) rows.add(key, [&] { return row_of(key); });
      const Rows::Page page = rows.take();
      for (const std::string& key : keys_of(page)) found.push_back(key);
      more = page.more;
      ASSERT_TRUE(!more || page.rows.size() == size);
    }
    std::ranges::sort(given);
    EXPECT_EQ(found, given) << size;
  }
}

TEST(Rows, WithoutACountAllRowsBehindTheKeyAreShown) {
  Rows rows("b", std::nullopt);
  for (const char* key : {"d", "a", "c", "b"}) rows.add(key, [&] { return row_of(key); });
  const Rows::Page page = rows.take();
  EXPECT_EQ(keys_of(page), (std::vector<std::string>{"c", "d"}));
  EXPECT_FALSE(page.more);
}

TEST(Rows, FewRowsAreMadeForAPageOfMany) {
  std::vector<int> numbers(200'000);
  for (int i = 0; i < 200'000; ++i) numbers[static_cast<std::size_t>(i)] = i;
  std::ranges::shuffle(numbers, std::mt19937(1));
  Rows rows(key_of(numbers[0]), 100);
  int made = 0;
  for (const int number : numbers) {
    const std::string key = key_of(number);
    rows.add(key, [&] { return ++made, row_of(key); });
  }
  EXPECT_EQ(rows.take().rows.size(), 100U);
  // A row is made while it is among the first: 101 and what comes before them later, 101 ln(200,000 / 101).
  EXPECT_LT(made, 1'500);
}

TEST(Rows, WhatCannotBeOnThePageIsKnownByTheBeginningOfItsKeys) {
  Rows rows(sort_key({"C2", "x"}), 1);
  EXPECT_FALSE(rows.may_hold(sort_key({"C1"})));
  EXPECT_TRUE(rows.may_hold(sort_key({"C2"})));  // "C2" "y" may come.
  EXPECT_TRUE(rows.may_hold(sort_key({"C3"})));
  for (const char* id : {"C3", "C5"}) {
    EXPECT_TRUE(rows.may_hold(sort_key({"C9"})));
    const std::string key = sort_key({id, "a"});
    rows.add(key, [&] { return row_of(key); });
  }
  EXPECT_TRUE(rows.may_hold(sort_key({"C4"})));
  EXPECT_TRUE(rows.may_hold(sort_key({"C5"})));  // "C5" "a" is not its first.
  EXPECT_FALSE(rows.may_hold(sort_key({"C6"})));
}

TEST(Csv, AFieldIsOneCellWhateverItHolds) {
  const std::pair<const char*, const char*> fields[] = {
      {"plain", "plain"},   {"", ""},           {"a,b", "\"a,b\""}, {"a\"b", "\"a\"\"b\""}, {"a\nb", "\"a\nb\""},
      {"a\rb", "\"a\rb\""}, {"a=b", "a=b"},     {"=1", "'=1"},      {"+1", "'+1"},             {"-1", "'-1"},
      {"@x", "'@x"},        {"\tx", "'\tx"},     {"\rx", "\"'\rx\""}, {"＝1", "'＝1"},           {"＋1", "'＋1"},
      {"－1", "'－1"},      {"＠x", "'＠x"},      {"=a,b", "\"'=a,b\""}};
  for (const auto& [text, field] : fields) {
    Row row;
    row.add("text", Value::text(text));
    row.add("amount", Value::decimal("-1.00"));
    EXPECT_EQ(to_csv({"text", "amount"}, {row}), "text,amount\r\n" + std::string(field) + ",-1.00\r\n");
  }
}

}  // namespace
}  // namespace daybook::query
