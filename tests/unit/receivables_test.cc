// Receivables, told as events and read as HTTP gives them.
#include "support/book.h"

namespace daybook::test {
namespace {

std::string text(const boost::json::value& value) { return std::string(value.as_string()); }

std::string invoice(const std::string& id, const std::string& minor, const std::string& issued,
                    const std::string& due) {
  return "\"invoice_issued\":{\"invoice_id\":\"" + id + "\",\"currency\":\"CNY\",\"net_minor\":\"" +
         minor + "\",\"issue_date\":\"" + issued + "\",\"due_date\":\"" + due + "\"}";
}

TEST(Receivables, GoldenCaseOfTheContract) {
  Book book;
  book.tell("2024-04-01", invoice("I1", "100000", "2024-04-01", "2024-05-01"));
  book.tell("2024-04-01", invoice("I2", "50000", "2024-04-01", "2024-06-30"));
  book.tell("2024-04-01", invoice("I3", "20000", "2024-04-01", "2024-06-29"));
  book.tell("2024-04-01", invoice("I4", "30000", "2024-04-01", "2024-05-31"));
  book.tell("2024-04-01", invoice("I5", "30000", "2024-04-01", "2024-05-30"));
  book.tell("2024-05-20", "\"payment_received\":{\"payment_id\":\"P1\",\"currency\":\"CNY\",\"amount_minor\":"
                          "\"40000\",\"value_date\":\"2024-05-20\",\"allocations\":[{\"invoice_id\":\"I1\","
                          "\"amount_minor\":\"40000\"}]}");
  book.tell("2024-06-01", "\"payment_received\":{\"payment_id\":\"P2\",\"currency\":\"CNY\",\"amount_minor\":"
                          "\"25000\",\"value_date\":\"2024-06-01\"}");
  book.tell("2024-06-02", "\"credit_note_issued\":{\"credit_note_id\":\"N1\",\"currency\":\"CNY\","
                          "\"net_minor\":\"10000\",\"issue_date\":\"2024-06-02\"}");
  const auto answer = book.json("v1/receivables/ageing", {{"as_of", "2024-06-30"}});
  const auto& row = answer.at("rows").at(0);
  EXPECT_EQ(text(row.at("group")), "C1");
  EXPECT_EQ(text(row.at("not_due")), "500.00");
  EXPECT_EQ(text(row.at("buckets").at(0)), "500.00");
  EXPECT_EQ(text(row.at("buckets").at(1)), "900.00");
  EXPECT_EQ(text(row.at("gross_open")), "1900.00");
  EXPECT_EQ(text(row.at("unapplied_cash")), "250.00");
  EXPECT_EQ(text(row.at("open_credits")), "100.00");
  EXPECT_EQ(text(row.at("balance")), "1550.00");
  EXPECT_EQ(text(row.at("proof").at("difference")), "0.00");
  EXPECT_EQ(row.at("items").as_int64(), 7);
  book.expect_audited();
}

}  // namespace
}  // namespace daybook::test
