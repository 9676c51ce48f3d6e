// A full and valid form of every payload, for tests that go over all of them.
#pragma once

#include <map>
#include <string>

namespace daybook::test {

inline const std::map<std::string, std::string> kPayloads = {
    {"order_placed",
     R"({"order_id":"O","kind":"SAMPLE","region":"CN/South","sales_rep":"R","channel":"web","currency":"CNY","requested_date":"2024-05-02","lines":[{"line_id":"1","sku":"S","quantity":"12.5","net_minor":"100","tax_minor":"13"},{"line_id":"2","sku":"T","quantity":"1","net_minor":"0"}]})"},
    {"order_confirmed", R"({"order_id":"O","promised_date":"2024-05-02"})"},
    {"order_changed",
     R"({"order_id":"O","lines":[{"line_id":"1","sku":"S","quantity":"1","net_minor":"1"}],"requested_date":"2024-05-02"})"},
    {"order_delayed",
     R"({"order_id":"O","stage":"PRODUCE","reason_code":"X","promised_date":"2024-05-02","note":"n"})"},
    {"order_ready", R"({"order_id":"O"})"},
    {"order_cancelled", R"({"order_id":"O","line_ids":["1","2"],"reason_code":"X"})"},
    {"shipment_dispatched",
     R"({"shipment_id":"S","order_id":"O","warehouse":"W","carrier":"C","lines":[{"line_id":"1","quantity":"1"},{"line_id":"2","quantity":"0.5"}],"freight_minor":"5","currency":"CNY"})"},
    {"shipment_delivered", R"({"shipment_id":"S","order_id":"O","signed_by":"me"})"},
    {"shipment_returned",
     R"({"return_id":"R","shipment_id":"S","order_id":"O","lines":[{"line_id":"1","quantity":"1"}],"reason_code":"X","to_be_resent":true})"},
    {"invoice_issued",
     R"({"invoice_id":"I","kind":"DEBIT_NOTE","order_ids":["O","P"],"region":"CN","sales_rep":"R","currency":"CNY","net_minor":"100","tax_minor":"13","issue_date":"2024-05-01","instalments":[{"due_date":"2024-06-01","amount_minor":"50"},{"due_date":"2024-07-01","amount_minor":"63"}]})"},
    {"invoice_delivered", R"({"invoice_id":"I"})"},
    {"invoice_due_date_changed", R"({"invoice_id":"I","due_date":"2024-06-01","reason_code":"X"})"},
    {"invoice_voided", R"({"invoice_id":"I","date":"2024-06-01","reason_code":"X"})"},
    {"credit_note_issued",
     R"({"credit_note_id":"N","invoice_id":"I","currency":"CNY","net_minor":"100","tax_minor":"0","issue_date":"2024-05-01","reason_code":"X"})"},
    {"credit_note_voided", R"({"credit_note_id":"N","date":"2024-06-01","reason_code":"X"})"},
    {"invoice_disputed", R"({"dispute_id":"D","invoice_id":"I","amount_minor":"1","reason_code":"X"})"},
    {"dispute_resolved", R"({"dispute_id":"D","invoice_id":"I","outcome":"WITHDRAWN"})"},
    {"invoice_written_off",
     R"({"write_off_id":"W","invoice_id":"I","amount_minor":"1","date":"2024-06-01","kind":"SMALL_DIFFERENCE","reason_code":"X"})"},
    {"write_off_recovered",
     R"({"recovery_id":"R","write_off_id":"W","invoice_id":"I","amount_minor":"1","date":"2024-06-01"})"},
    {"payment_received",
     R"({"payment_id":"P","currency":"CNY","amount_minor":"100","value_date":"2024-06-01","method":"wire","reference":"r","counterparty_customer_id":"C2","allocations":[{"invoice_id":"I","amount_minor":"60"},{"invoice_id":"I","amount_minor":"40"}]})"},
    {"payment_allocated",
     R"({"allocation_id":"A","payment_id":"P","date":"2024-06-01","allocations":[{"invoice_id":"I","amount_minor":"1"}]})"},
    {"payment_unallocated", R"({"allocation_id":"A","credit_note_id":"N","date":"2024-06-01"})"},
    {"payment_reversed", R"({"payment_id":"P","date":"2024-06-01","reason_code":"X"})"},
    {"refund_paid",
     R"({"refund_id":"R","payment_id":"P","currency":"CNY","amount_minor":"1","value_date":"2024-06-01","counterparty_customer_id":"C2"})"},
    {"promise_made",
     R"({"promise_id":"P","invoice_ids":["I","J"],"currency":"CNY","amount_minor":"1","promised_date":"2024-06-01"})"},
    {"promise_withdrawn", R"({"promise_id":"P"})"},
    {"customer_profile_set",
     R"({"name":"N","region":"CN","sales_rep":"R","grade":"A","parent_customer_id":"C0","credit_currency":"CNY","credit_limit_minor":"0","payment_terms_days":30})"},
    {"sales_target_set",
     R"({"region":"CN","period":"2024-Q1","measure":"INVOICED","currency":"CNY","amount_minor":"0"})"},
    {"exchange_rate_published",
     R"({"currency":"USD","base_currency":"CNY","date":"2024-06-01","rate":"7.123456789012"})"},
};

inline std::string account_of(const std::string& name) {
  if (name == "sales_target_set") return "target:CN";
  if (name == "exchange_rate_published") return "fx:USD";
  return "C1";
}

inline std::string event_of(const std::string& name, const std::string& payload) {
  return R"({"event_id":"e1","customer_id":")" + account_of(name) +
         R"(","source":"erp","occurred_at":"2024-05-01T08:00:00Z","correlation_id":"c",")" + name + "\":" + payload +
         "}";
}

}  // namespace daybook::test
