// A Book told and asked in few words: shorthands for events, and answers as lines of text. Amounts
// are minor units of CNY and the account is C unless said otherwise. When the story ends its
// figures are audited.
#pragma once

#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "store/shard_state.h"
#include "support/book.h"
#include "support/cells.h"

namespace daybook::test {

// Invoices or lines with their amounts or quantities.
using Parts = std::vector<std::pair<std::string, std::string>>;

struct Line {
  std::string id;
  std::string quantity;
  int net = 0;
};

// Rules under which nothing is missed, however long it takes: what waits for days has tests of its own.
inline domain::Rules patient_rules(domain::Expect expect = {}) {
  domain::Rules rules = utc_rules(expect);
  rules.anomaly_days = {100'000, 100'000, 100'000};
  return rules;
}

class Story {
 public:
  explicit Story(domain::Rules rules = patient_rules()) : book(3, std::move(rules)) {}
  ~Story() { book.expect_audited(); }
  Story(const Story&) = delete;
  Story& operator=(const Story&) = delete;

  // --- events: `at` is a date (08:00 UTC) or an instant, `more` further members ",\"a\":1" -------
  void put(const std::string& name, const std::string& at, const std::string& members) {
    put(name, at, members, "e" + std::to_string(++told_));
  }
  void put(const std::string& name, const std::string& at, const std::string& members, const std::string& event_id) {
    book.tell(R"({"event_id":")" + event_id + R"(","customer_id":")" + account +
              R"(","source":"test","occurred_at":")" + (at.size() == 10 ? at + "T08:00:00Z" : at) + "\",\"" + name +
              "\":{" + members + "}}");
  }
  void invoice(const std::string& id, int net, const std::string& issue, const std::string& more = "",
               const std::string& currency = "CNY") {
    put("invoice_issued", issue,
        text("invoice_id", id) + "," + text("currency", currency) + "," + number("net_minor", net) + "," +
            text("issue_date", issue) + more);
  }
  void pay(const std::string& id, int amount, const std::string& day, const Parts& to = {},
           const std::string& currency = "CNY", const std::string& at = "") {
    put("payment_received", at.empty() ? day : at,
        text("payment_id", id) + "," + text("currency", currency) + "," + number("amount_minor", amount) + "," +
            text("value_date", day) + allocations(to));
  }
  // `source`: "payment_id" or "credit_note_id" and its id.
  void allocate(const std::string& id, const std::string& payment, const std::string& day, const Parts& to,
                const char* source = "payment_id") {
    put("payment_allocated", day,
        text("allocation_id", id) + "," + text(source, payment) + "," + text("date", day) + allocations(to));
  }
  void unallocate(const std::string& id, const std::string& payment, const std::string& day,
                  const char* source = "payment_id") {
    put("payment_unallocated", day, text("allocation_id", id) + "," + text(source, payment) + "," + text("date", day));
  }
  void reverse(const std::string& payment, const std::string& day, const std::string& at = "") {
    put("payment_reversed", at.empty() ? day : at, text("payment_id", payment) + "," + text("date", day));
  }
  void refund(const std::string& id, int amount, const std::string& day, const std::string& more = "",
              const std::string& currency = "CNY") {
    put("refund_paid", day,
        text("refund_id", id) + "," + text("currency", currency) + "," + number("amount_minor", amount) + "," +
            text("value_date", day) + more);
  }
  void credit(const std::string& id, int net, const std::string& day, const std::string& invoice_id = "",
              const std::string& currency = "CNY") {
    put("credit_note_issued", day,
        text("credit_note_id", id) + "," + text("currency", currency) + "," + number("net_minor", net) + "," +
            text("issue_date", day) + (invoice_id.empty() ? "" : "," + text("invoice_id", invoice_id)));
  }
  void void_credit(const std::string& id, const std::string& day) {
    put("credit_note_voided", day, text("credit_note_id", id) + "," + text("date", day));
  }
  void void_invoice(const std::string& id, const std::string& day) {
    put("invoice_voided", day, text("invoice_id", id) + "," + text("date", day));
  }
  void dispute(const std::string& id, const std::string& invoice_id, const std::string& at, int amount = 0) {
    put("invoice_disputed", at,
        text("dispute_id", id) + "," + text("invoice_id", invoice_id) +
            (amount == 0 ? "" : "," + number("amount_minor", amount)));
  }
  void resolve(const std::string& id, const std::string& invoice_id, const std::string& at) {
    put("dispute_resolved", at,
        text("dispute_id", id) + "," + text("invoice_id", invoice_id) + "," + text("outcome", "UPHELD"));
  }
  void write_off(const std::string& id, const std::string& invoice_id, int amount, const std::string& day,
                 const std::string& kind = "BAD_DEBT", const std::string& at = "") {
    put("invoice_written_off", at.empty() ? day : at,
        text("write_off_id", id) + "," + text("invoice_id", invoice_id) + "," + number("amount_minor", amount) + "," +
            text("date", day) + "," + text("kind", kind));
  }
  void recover(const std::string& id, const std::string& write_off_id, const std::string& invoice_id, int amount,
               const std::string& day) {
    put("write_off_recovered", day,
        text("recovery_id", id) + "," + text("write_off_id", write_off_id) + "," + text("invoice_id", invoice_id) +
            "," + number("amount_minor", amount) + "," + text("date", day));
  }
  void profile(const std::string& at, const std::string& members) { put("customer_profile_set", at, members); }
  void order(const std::string& id = "O", const std::string& at = "2024-05-01",
             const std::vector<Line>& lines = {{"1", "10", 1000}}, const std::string& more = "",
             const std::string& currency = "CNY") {
    put("order_placed", at, text("order_id", id) + "," + text("currency", currency) + "," + order_lines(lines) + more);
  }
  void change(const std::string& at, const std::vector<Line>& lines, const std::string& id = "O") {
    put("order_changed", at, text("order_id", id) + "," + order_lines(lines));
  }
  void cancel(const std::string& at, const std::string& more = "", const std::string& id = "O") {
    put("order_cancelled", at, text("order_id", id) + more);
  }
  void confirm(const std::string& at, const std::string& id = "O") { put("order_confirmed", at, text("order_id", id)); }
  void ready(const std::string& at, const std::string& id = "O") { put("order_ready", at, text("order_id", id)); }
  void ship(const std::string& id, const std::string& at, const Parts& lines, const std::string& more = "",
            const std::string& order_id = "O") {
    put("shipment_dispatched", at,
        text("shipment_id", id) + "," + text("order_id", order_id) + shipment_lines(lines) + more);
  }
  void deliver(const std::string& id, const std::string& at, const std::string& order_id = "O") {
    put("shipment_delivered", at, text("shipment_id", id) + "," + text("order_id", order_id));
  }
  void give_back(const std::string& id, const std::string& at, const Parts& lines, const std::string& shipment = "",
                 const std::string& order_id = "O", const std::string& more = "") {
    put("shipment_returned", at,
        text("return_id", id) + "," + text("order_id", order_id) + shipment_lines(lines) +
            (shipment.empty() ? "" : "," + text("shipment_id", shipment)) + more);
  }

  // --- answers ----------------------------------------------------------------------------------

  // The columns (with blanks between) of the rows of `list`, rows with "; " between. A column may
  // be a path ("proof.difference"); null is "-", lists have commas.
  std::string table(const std::string& path, const std::string& as_of, const std::string& list,
                    const std::string& columns, const std::string& query = "") {
    return lines_of(book.json(path, parameters(as_of, query)).at(list), columns);
  }
  std::string ageing(const std::string& as_of, const std::string& columns, const std::string& query = "") {
    const auto answer = book.json("v1/receivables/ageing", parameters(as_of, query));
    for (const char* list : {"rows", "totals"}) {
      for (const auto& row : answer.at(list).as_array()) {
        const std::string difference(row.at("proof").at("difference").as_string());
        EXPECT_EQ(difference.find_first_not_of("0."), std::string::npos) << difference;
      }
    }
    return lines_of(answer.at("rows"), columns);
  }
  std::string items(const std::string& as_of, const std::string& columns, const std::string& query = "") {
    return table("v1/receivables/items", as_of, "items", columns, query);
  }
  std::string anomalies(const std::string& as_of) {
    return table("v1/anomalies", as_of, "anomalies", "kind document_id");
  }
  std::string cycle(const std::string& as_of, const std::string& columns, const std::string& query = "") {
    return table("v1/order-cycle", as_of, "rows", columns, wide(query, "&grain=year"));
  }
  std::string sales(const std::string& as_of, const std::string& columns, const std::string& query = "") {
    return table("v1/sales", as_of, "rows", columns, wide(query, ""));
  }
  std::string sales_totals(const std::string& as_of, const std::string& columns, const std::string& query = "") {
    return table("v1/sales", as_of, "totals", columns, wide(query, ""));
  }
  // "placed=2024-05-01T08:00:00Z …", in their order.
  std::string milestones(const std::string& as_of, const std::string& order_id = "O") {
    const auto answer = book.json("v1/orders/" + order_id, parameters(as_of, ""));
    std::string all;
    for (const auto& [name, value] : answer.at("milestones").as_object()) {
      all += (all.empty() ? "" : " ") + std::string(name) + "=" + shown(value);
    }
    return all;
  }
  // One milestone; "-" when there is none.
  std::string milestone(const std::string& as_of, const std::string& name, const std::string& order_id = "O") {
    const auto answer = book.json("v1/orders/" + order_id, parameters(as_of, ""));
    const auto& all = answer.at("milestones").as_object();
    return all.contains(name) ? shown(all.at(name)) : "-";
  }
  // Fields of one page.
  std::string page(const std::string& path, const std::string& as_of, const std::string& columns,
                   const std::string& query = "") {
    return line_of(book.json(path, parameters(as_of, query)), columns);
  }
  // accepted, duplicates, conflicts, parked, waiting.
  std::string counts() const {
    const store::ShardState sum = book.sum();
    std::ostringstream out;
    out << sum.accepted << " " << sum.duplicates << " " << sum.conflicts << " " << sum.parked << " " << sum.waiting;
    return out.str();
  }

  static query::ParameterMap parameters(const std::string& as_of, const std::string& query) {
    query::ParameterMap map;
    if (!as_of.empty()) map.emplace("as_of", as_of);
    std::istringstream in(query);
    for (std::string part; std::getline(in, part, '&');) {
      const std::size_t equals = part.find('=');
      if (equals != std::string::npos) map.emplace(part.substr(0, equals), part.substr(equals + 1));
    }
    return map;
  }
  static std::string lines_of(const boost::json::value& rows, const std::string& columns) {
    std::string all;
    for (const auto& row : rows.as_array()) all += (all.empty() ? "" : "; ") + line_of(row, columns);
    return all;
  }

  Book book;
  std::string account = "C";

 private:
  static std::string text(const std::string& name, const std::string& value) {
    return "\"" + name + "\":\"" + value + "\"";
  }
  static std::string number(const std::string& name, int value) {
    return "\"" + name + "\":\"" + std::to_string(value) + "\"";
  }
  static std::string allocations(const Parts& to) {
    std::string list;
    for (const auto& [id, amount] : to) {
      list += (list.empty() ? "" : ",") + ("{" + text("invoice_id", id) + "," + text("amount_minor", amount) + "}");
    }
    return list.empty() ? "" : ",\"allocations\":[" + list + "]";
  }
  static std::string shipment_lines(const Parts& lines) {
    std::string list;
    for (const auto& [id, quantity] : lines) {
      list += (list.empty() ? "" : ",") + ("{" + text("line_id", id) + "," + text("quantity", quantity) + "}");
    }
    return ",\"lines\":[" + list + "]";
  }
  static std::string order_lines(const std::vector<Line>& lines) {
    std::string list;
    for (const Line& line : lines) {
      list += (list.empty() ? "" : ",") + ("{" + text("line_id", line.id) + "," + text("sku", "s" + line.id) + "," +
                                           text("quantity", line.quantity) + "," + number("net_minor", line.net) + "}");
    }
    return "\"lines\":[" + list + "]";
  }
  // All of time, unless the query says otherwise.
  static std::string wide(const std::string& query, const std::string& fallback) {
    std::string all = query;
    if (query.find("from=") == std::string::npos) all += "&from=2020-01-01";
    if (query.find("to=") == std::string::npos) all += "&to=2030-01-01";
    if (query.find("grain=") == std::string::npos) all += fallback;
    return all;
  }
  static std::string line_of(const boost::json::value& row, const std::string& columns) {
    std::string line;
    std::istringstream in(columns);
    for (std::string column; in >> column;) {
      line += (line.empty() ? "" : " ") + cell_of(row, column);
    }
    return line;
  }

  int told_ = 0;
};

}  // namespace daybook::test
