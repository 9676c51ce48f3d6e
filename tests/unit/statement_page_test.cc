// The statement of account as a page to print (its figures are in tests/scenarios/statement.txt).
#include <fmt/format.h>

#include "query/statement_sender.h"
#include "support/story.h"

namespace daybook::test {
namespace {

std::string page(Story& story, const std::string& more = "") {
  const query::Rendered rendered =
      story.book.get("v1/customers/" + story.account + "/statement",
                     Story::parameters("", "from=2024-05-01&to=2024-05-31&format=html" + more));
  EXPECT_EQ(rendered.status, 200) << rendered.body;
  EXPECT_EQ(rendered.content_type, "text/html; charset=utf-8");
  return rendered.body;
}

void expect_in(const std::string& text, const std::string& part) {
  EXPECT_NE(text.find(part), std::string::npos) << part << "\nis not in\n" << text;
}

std::string row(std::initializer_list<const char*> cells, std::initializer_list<const char*> figures) {
  std::string all;
  for (const char* cell : cells) all += fmt::format("<td>{}</td>", cell);
  for (const char* figure : figures) all += fmt::format("<td class=n>{}</td>", figure);
  return all;
}

// Of the entries: what it is, when it is due, figures.
std::string entry(std::initializer_list<const char*> cells, const char* due,
                  std::initializer_list<const char*> figures) {
  return row(cells, {}) + fmt::format("<td class=due>{}</td>", due) + row({}, figures);
}

void tell_a_month(Story& story) {
  story.profile("2024-01-01", R"("name":"Acme Trading")");
  story.invoice("I0", 12345678, "2024-04-20", R"(,"due_date":"2024-05-20")");
  story.invoice("I1", 100000, "2024-05-02", R"(,"due_date":"2024-06-01")");
  story.pay("P1", 2345678, "2024-05-20", {{"I0", "2000000"}});
  story.dispute("D1", "I1", "2024-05-21", 2500);
}

TEST(StatementPage, InEnglish) {
  Story story;
  tell_a_month(story);
  const std::string text = page(story);
  expect_in(text, "<html lang=en>");
  expect_in(text,
            "<h1>Statement of account</h1><p>Customer <bdi>C</bdi> · <bdi>Acme Trading</bdi><br>2024-05-01 to "
            "2024-05-31</p>");
  expect_in(text, "<h2>Amounts in CNY</h2>");
  expect_in(text, entry({"2024-05-01", "Brought forward", ""}, "", {"", "", "123,456.78"}));
  expect_in(text, entry({"2024-05-02", "Invoice", "<bdi>I1</bdi>"}, "2024-06-01", {"1,000.00", "", "124,456.78"}));
  expect_in(text, entry({"2024-05-20", "Payment", "<bdi>P1</bdi>"}, "", {"", "23,456.78", "101,000.00"}));
  expect_in(text, entry({"2024-05-31", "Carried forward", ""}, "", {"1,000.00", "23,456.78", "101,000.00"}));
  expect_in(text, "<h2>Open items by days overdue on 2024-05-31</h2>");
  expect_in(text, row({"Not due"}, {"1,000.00"}));
  expect_in(text, row({"1-30 days"}, {"103,456.78"}));
  expect_in(text, row({"Open items"}, {"104,456.78"}));
  expect_in(text, row({"of which disputed"}, {"25.00"}));
  expect_in(text, row({"less payments not applied yet"}, {"3,456.78"}));
  expect_in(text, row({"less credits not applied yet"}, {"0.00"}));
  expect_in(text, row({"Balance"}, {"101,000.00"}));
}

TEST(StatementPage, InChinese) {
  Story story;
  tell_a_month(story);
  const std::string text = page(story, "&lang=zh");
  expect_in(text, "<html lang=zh-CN>");
  expect_in(text, "<h1>对账单</h1><p>客户 <bdi>C</bdi> · <bdi>Acme Trading</bdi><br>2024-05-01 至 2024-05-31</p>");
  expect_in(text, "<h2>币种：CNY</h2>");
  expect_in(text, entry({"2024-05-01", "期初余额", ""}, "", {"", "", "123,456.78"}));
  expect_in(text, entry({"2024-05-02", "发票", "<bdi>I1</bdi>"}, "2024-06-01", {"1,000.00", "", "124,456.78"}));
  expect_in(text, entry({"2024-05-31", "期末余额", ""}, "", {"1,000.00", "23,456.78", "101,000.00"}));
  expect_in(text, "<h2>截至 2024-05-31 未结款项账龄（逾期天数）</h2>");
  expect_in(text, row({"1-30 天"}, {"103,456.78"}));
  EXPECT_EQ(text.find("Invoice"), std::string::npos);
}

TEST(StatementPage, WhatIsOpenHasItsDueDate) {
  Story story;
  tell_a_month(story);
  const std::string text = page(story);
  expect_in(text, "<h2>Open items on 2024-05-31</h2>");
  expect_in(text,
            row({"<bdi>I0</bdi>", "Invoice", "2024-04-20", "2024-05-20"}, {"11", "123,456.78", "103,456.78", "0.00"}));
  expect_in(text, row({"<bdi>P1</bdi>", "Payment", "2024-05-20", ""}, {"", "-23,456.78", "-3,456.78", "0.00"}));
  expect_in(text, row({"<bdi>I1</bdi>", "Invoice", "2024-05-02", "2024-06-01"}, {"", "1,000.00", "1,000.00", "25.00"}));
  expect_in(text, row({"Balance", "", "", ""}, {"", "", "101,000.00", "25.00"}));
  expect_in(page(story, "&lang=zh"),
            row({"<bdi>I1</bdi>", "发票", "2024-05-02", "2024-06-01"}, {"", "1,000.00", "1,000.00", "25.00"}));
}

TEST(StatementPage, NothingOpenIsNoTableOfItems) {
  Story story;
  story.invoice("I1", 100, "2024-05-02");
  story.pay("P1", 100, "2024-05-03", {{"I1", "100"}});
  EXPECT_EQ(page(story).find("<table class=items>"), std::string::npos);
}

TEST(StatementPage, EveryKindOfPostingHasItsName) {
  Story story;
  story.invoice("I", 1000, "2024-05-01");
  story.credit("N", 100, "2024-05-02");
  story.pay("P", 100, "2024-05-03");
  story.reverse("P", "2024-05-04");
  story.refund("F", 10, "2024-05-05", R"(,"credit_note_id":"N")");
  story.write_off("W", "I", 300, "2024-05-06");
  story.recover("R", "W", "I", 50, "2024-05-07");
  story.void_invoice("I", "2024-05-08");
  const std::string text = page(story);
  for (const char* name : {"Invoice", "Credit note", "Payment", "Payment reversed", "Refund", "Write-off",
                           "Write-off recovered", "Invoice voided"}) {
    expect_in(text, fmt::format("<td>{}</td>", name));
  }
}

TEST(StatementPage, HostileNamesStayText) {
  Story story;
  story.account = R"(<img src=x onerror=alert(1)>&")";
  story.book.tell(R"({"event_id":"f","customer_id":"<img src=x onerror=alert(1)>&\"","source":"test",)"
                  R"("occurred_at":"2024-01-01T00:00:00Z","customer_profile_set":)"
                  R"({"name":"</title><script>alert('x')</script> & \"Sons\" \u202eevil"}})");
  story.book.tell(R"({"event_id":"i","customer_id":"<img src=x onerror=alert(1)>&\"","source":"test",)"
                  R"("occurred_at":"2024-05-01T00:00:00Z","invoice_issued":{"invoice_id":"</td><b>I",)"
                  R"("currency":"CNY","net_minor":"100","issue_date":"2024-05-01"}})");
  const std::string text = page(story);
  for (const char* tag : {"<img", "<script", "<b>", "</title><script"})
    EXPECT_EQ(text.find(tag), std::string::npos) << tag;
  const std::string id = "&lt;img src=x onerror=alert(1)&gt;&amp;&quot;";
  expect_in(text, "<title>Statement of account " + id + " 2024-05-01");
  expect_in(text, "<bdi>" + id + "</bdi>");
  expect_in(text, "<bdi>&lt;/title&gt;&lt;script&gt;alert('x')&lt;/script&gt; &amp; &quot;Sons&quot; \u202eevil</bdi>");
  expect_in(text, "<td><bdi>&lt;/td&gt;&lt;b&gt;I</bdi></td>");
}

TEST(StatementPage, DecimalsAndGroupsAreThoseOfTheCurrency) {
  Story story;
  story.invoice("J", 1234567, "2024-05-01", "", "JPY");
  story.pay("K", 1234567, "2024-05-01", {}, "KWD");
  story.invoice("L", 999, "2024-05-01", "", "USD");
  const std::string text = page(story);
  expect_in(text, entry({"2024-05-01", "Invoice", "<bdi>J</bdi>"}, "2024-05-01", {"1,234,567", "", "1,234,567"}));
  expect_in(text, entry({"2024-05-01", "Payment", "<bdi>K</bdi>"}, "", {"", "1,234.567", "-1,234.567"}));
  expect_in(text, entry({"2024-05-01", "Invoice", "<bdi>L</bdi>"}, "2024-05-01", {"9.99", "", "9.99"}));
}

TEST(StatementPage, WithoutAnythingItSaysSo) {
  Story story;
  story.invoice("I", 100, "2024-06-01");
  expect_in(page(story), "<p>Nothing was posted and nothing is open.</p>");
  expect_in(page(story, "&lang=zh"), "<p>本期无发生额，亦无未结款项。</p>");
}

TEST(StatementPage, ASenderStandsAboveAndBelow) {
  Story story;
  tell_a_month(story);
  const std::string text = page(story);
  const auto sent = query::with_sender(text, {.name = "Acme <Ltd>",
                                              .address = {"1 High Street", "Leeds"},
                                              .bank = {"IBAN GB00 & BIC X"},
                                              .contact = {"ar@acme.example"}});
  ASSERT_TRUE(sent);
  expect_in(*sent,
            "<body><header class=sender><b><bdi>Acme &lt;Ltd&gt;</bdi></b>\n<bdi>1 High Street</bdi>\n"
            "<bdi>Leeds</bdi>\n</header><h1>Statement of account</h1>");
  expect_in(*sent,
            "<footer class=sender><b>Bank</b>\n<bdi>IBAN GB00 &amp; BIC X</bdi>\n<b>Contact</b>\n"
            "<bdi>ar@acme.example</bdi>\n</footer></body></html>");
  expect_in(query::with_sender(page(story, "&lang=zh"), {.bank = {"B"}}).value(),
            "<footer class=sender><b>开户银行</b>");
  EXPECT_EQ(query::with_sender(text, {}), text);
  for (const char* other : {"", "<html><body></body></html>", "{}"})
    EXPECT_FALSE(query::with_sender(other, {})) << other;
}

}  // namespace
}  // namespace daybook::test
