// Rows of an answer, cut to a page while they come.
#include <gtest/gtest.h>

#include <random>

#include "query/answer.h"

namespace daybook::query {
namespace {

std::string key_of(int number) { return sort_key({"C" + std::to_string(number % 300), sortable(number)}); }

Row row_of(const std::string& key) {
  Row row;
  row.add("key", Value::text(key));
  return row;
}

std::string csv_of(const std::vector<std::string>& columns, const Row& row) {
  std::string csv;
  append_csv_header(csv, columns, ',');
  append_csv(csv, row, ',');
  return csv;
}

std::vector<std::string> keys_of(const Rows::Page& page) {
  std::vector<std::string> keys;
  for (const SortedRow& row : page.rows) {
    EXPECT_EQ(row.row.values.at(0).second.to_text(), row.key);
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
      Rows rows(PageCut{found.empty() ? "" : found.back(), size});
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
  Rows rows(PageCut{"b", std::nullopt});
  for (const char* key : {"d", "a", "c", "b"}) rows.add(key, [&] { return row_of(key); });
  const Rows::Page page = rows.take();
  EXPECT_EQ(keys_of(page), (std::vector<std::string>{"c", "d"}));
  EXPECT_FALSE(page.more);
}

TEST(Rows, FewRowsAreMadeForAPageOfMany) {
  std::vector<int> numbers(200'000);
  for (int i = 0; i < 200'000; ++i) numbers[static_cast<std::size_t>(i)] = i;
  std::ranges::shuffle(numbers, std::mt19937(1));
  Rows rows(PageCut{key_of(numbers[0]), 100});
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
  Rows rows(PageCut{sort_key({"C2", "x"}), 1});
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
      {"plain", "plain"},   {"", ""},        {"a,b", "\"a,b\""},   {"a\"b", "\"a\"\"b\""}, {"a\nb", "\"a\nb\""},
      {"a\rb", "\"a\rb\""}, {"a=b", "a=b"},  {"=1", "'=1"},        {"+1", "'+1"},          {"-1", "'-1"},
      {"@x", "'@x"},        {"\tx", "'\tx"}, {"\rx", "\"'\rx\""},  {"＝1", "'＝1"},        {"＋1", "'＋1"},
      {"－1", "'－1"},      {"＠x", "'＠x"}, {"=a,b", "\"'=a,b\""}};
  for (const auto& [text, field] : fields) {
    Row row;
    row.add("text", Value::text(text));
    row.add("amount", Value::amount(-100, *Currency::parse("CNY")));
    EXPECT_EQ(csv_of({"text", "amount"}, row), "text,amount\r\n" + std::string(field) + ",-1.00\r\n");
  }
}

TEST(Value, IsWrittenInJsonAndAsTextByItsKind) {
  const auto currency = [](const char* code) { return *Currency::parse(code); };
  Row point;
  point.add("x", Value::integer(1));
  const Int128 large = Int128{1'000'000'000'000'000'000} * 1'000;
  const struct {
    Value value;
    const char* json;
    const char* text;
  } cases[] = {
      {Value(), "null", ""},
      {Value::boolean(true), "true", "true"},
      {Value::boolean(false), "false", "false"},
      {Value::integer(-7), "-7", "-7"},
      {Value::integer(large), "1000000000000000000000", "1000000000000000000000"},
      {Value::amount(-5, currency("CNY")), "\"-0.05\"", "-0.05"},
      {Value::amount(1234, currency("JPY")), "\"1234\"", "1234"},
      {Value::amount(large, currency("KWD")), "\"1000000000000000000.000\"", "1000000000000000000.000"},
      {Value::quantity(12'500'000), "\"12.5\"", "12.5"},
      {Value::ratio(-5), "\"-0.05\"", "-0.05"},
      {Value::mean(650'000'000), "650000.000", "650000.000"},
      {Value::date(0), "\"1970-01-01\"", "1970-01-01"},
      {Value::instant(1), "\"1970-01-01T00:00:01Z\"", "1970-01-01T00:00:01Z"},
      {Value::instant_ms(1'001), "\"1970-01-01T00:00:01.001Z\"", "1970-01-01T00:00:01.001Z"},
      {Value::text("a\"b"), "\"a\\\"b\"", "a\"b"},
      {text_or_null(""), "null", ""},
      {date_or_null(std::nullopt), "null", ""},
      {Value::list({}), "[]", "[]"},
      {Value::list({Value::integer(1), Value::text("b")}), "[1,\"b\"]", "[1,\"b\"]"},
      {Value::list_of_texts(std::vector<std::string>{"a", "b"}), "[\"a\",\"b\"]", "[\"a\",\"b\"]"},
      {Value::list_of_rows({point, point}), "[{\"x\":1},{\"x\":1}]", "[{\"x\":1},{\"x\":1}]"},
      {Value::labelled({{"1-30", Value::integer(3)}}), "[3]", "[3]"},
      {Value::object({}), "{}", "{}"},
  };
  for (const auto& [value, json, text] : cases) {
    JsonWriter writer;
    value.write_json(writer);
    EXPECT_EQ(writer.take(), json);
    EXPECT_EQ(value.to_text(), text);
  }
}

TEST(Csv, ObjectsAndLabelledListsHaveColumnsOfTheirOwn) {
  Row event;
  event.add("offset", Value::integer(9));
  event.add("type", Value::text("=x"));
  Row row;
  row.add("group", Value::object({}));
  row.add("buckets", Value::labelled({{"1-30", Value::integer(3)}, {"31+", Value()}}));
  row.add("event", Value::object(event));
  row.add("ids", Value::list_of_texts(std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(csv_of(column_names(row), row),
            "1-30,31+,event.offset,event.type,ids\r\n3,,9,'=x,\"[\"\"a\"\",\"\"b\"\"]\"\r\n");
}

}  // namespace
}  // namespace daybook::query
