// The fields of every event, listed once: for the store, and for who shows events that it keeps.
#pragma once

#include "domain/event_types.h"

namespace daybook::store {

// fields_of(archive, payload) lists the fields of each payload once, for writing and reading alike, but for the
// document's own id, which is not stored, and a claimed id, which stands in front of them (find_repeat() compares it
// in place). Names are those of the .proto files. The order is stored: append only.

template <typename A>
void fields_of(A& a, domain::OrderPlaced& e) {
  a("kind", e.kind), a("region", e.region), a("sales_rep", e.sales_rep), a("channel", e.channel),
      a("currency", e.currency), a("requested_date", e.requested_date), a("lines", e.lines);
}
template <typename A>
void fields_of(A& a, domain::OrderConfirmed& e) {
  a("promised_date", e.promised_date);
}
template <typename A>
void fields_of(A& a, domain::OrderChanged& e) {
  a("lines", e.lines), a("requested_date", e.requested_date);
}
template <typename A>
void fields_of(A& a, domain::OrderDelayed& e) {
  a("stage", e.stage), a("reason_code", e.reason_code), a("promised_date", e.promised_date), a("note", e.note);
}
template <typename A>
void fields_of(A&, domain::OrderReady&) {}
template <typename A>
void fields_of(A& a, domain::OrderCancelled& e) {
  a("line_ids", e.line_ids), a("reason_code", e.reason_code);
}
template <typename A>
void fields_of(A& a, domain::ShipmentDispatched& e) {
  a("warehouse", e.warehouse), a("carrier", e.carrier), a("lines", e.lines), a("freight_minor", e.freight_minor),
      a("currency", e.currency);
}
template <typename A>
void fields_of(A& a, domain::ShipmentDelivered& e) {
  a("shipment_id", e.shipment_id), a("signed_by", e.signed_by);
}
template <typename A>
void fields_of(A& a, domain::ShipmentReturned& e) {
  a("shipment_id", e.shipment_id), a("lines", e.lines), a("reason_code", e.reason_code),
      a("to_be_resent", e.to_be_resent);
}
template <typename A>
void fields_of(A& a, domain::InvoiceIssued& e) {
  a("kind", e.kind), a("order_ids", e.order_ids), a("region", e.region), a("sales_rep", e.sales_rep),
      a("currency", e.currency), a("net_minor", e.net_minor), a("tax_minor", e.tax_minor),
      a("issue_date", e.issue_date), a("due_date", e.due_date), a("instalments", e.instalments);
}
template <typename A>
void fields_of(A&, domain::InvoiceDelivered&) {}
template <typename A>
void fields_of(A& a, domain::InvoiceDueDateChanged& e) {
  a("due_date", e.due_date), a("reason_code", e.reason_code);
}
template <typename A>
void fields_of(A& a, domain::InvoiceVoided& e) {
  a("date", e.date), a("reason_code", e.reason_code);
}
template <typename A>
void fields_of(A& a, domain::CreditNoteIssued& e) {
  a("invoice_id", e.invoice_id), a("currency", e.currency), a("net_minor", e.net_minor), a("tax_minor", e.tax_minor),
      a("issue_date", e.issue_date), a("reason_code", e.reason_code);
}
template <typename A>
void fields_of(A& a, domain::CreditNoteVoided& e) {
  a("date", e.date), a("reason_code", e.reason_code);
}
template <typename A>
void fields_of(A& a, domain::InvoiceDisputed& e) {
  a("amount_minor", e.amount_minor), a("reason_code", e.reason_code);
}
template <typename A>
void fields_of(A& a, domain::DisputeResolved& e) {
  a("outcome", e.outcome);
}
template <typename A>
void fields_of(A& a, domain::InvoiceWrittenOff& e) {
  a("amount_minor", e.amount_minor), a("date", e.date), a("kind", e.kind), a("reason_code", e.reason_code);
}
template <typename A>
void fields_of(A& a, domain::WriteOffRecovered& e) {
  a("write_off_id", e.write_off_id), a("amount_minor", e.amount_minor), a("date", e.date);
}
template <typename A>
void fields_of(A& a, domain::PaymentReceived& e) {
  a("currency", e.currency), a("amount_minor", e.amount_minor), a("value_date", e.value_date), a("method", e.method),
      a("reference", e.reference), a("counterparty_customer_id", e.counterparty_customer_id),
      a("allocations", e.allocations);
}
template <typename A>
void fields_of(A& a, domain::PaymentAllocated& e) {
  a("date", e.date), a("allocations", e.allocations);
}
template <typename A>
void fields_of(A& a, domain::PaymentUnallocated& e) {
  a("date", e.date);
}
template <typename A>
void fields_of(A& a, domain::PaymentReversed& e) {
  a("date", e.date), a("reason_code", e.reason_code);
}
template <typename A>
void fields_of(A& a, domain::RefundPaid& e) {
  a("currency", e.currency), a("amount_minor", e.amount_minor), a("value_date", e.value_date),
      a("counterparty_customer_id", e.counterparty_customer_id);
}
template <typename A>
void fields_of(A& a, domain::PromiseMade& e) {
  a("invoice_ids", e.invoice_ids), a("currency", e.currency), a("amount_minor", e.amount_minor),
      a("promised_date", e.promised_date);
}
template <typename A>
void fields_of(A&, domain::PromiseWithdrawn&) {}
template <typename A>
void fields_of(A& a, domain::CustomerProfileSet& e) {
  a("name", e.name), a("region", e.region), a("sales_rep", e.sales_rep), a("grade", e.grade),
      a("parent_customer_id", e.parent_customer_id), a("credit_currency", e.credit_currency),
      a("credit_limit_minor", e.credit_limit_minor), a("payment_terms_days", e.payment_terms_days);
}
template <typename A>
void fields_of(A& a, domain::SalesTargetSet& e) {
  a("region", e.region), a("sales_rep", e.sales_rep), a("period", e.period), a("measure", e.measure),
      a("currency", e.currency), a("amount_minor", e.amount_minor);
}
template <typename A>
void fields_of(A& a, domain::ExchangeRatePublished& e) {
  a("currency", e.currency), a("base_currency", e.base_currency), a("date", e.date), a("rate", e.rate);
}

template <typename A>
void fields_of(A& a, domain::OrderLine& e) {
  a("line_id", e.line_id), a("sku", e.sku), a("quantity", e.quantity), a("net_minor", e.net_minor),
      a("tax_minor", e.tax_minor);
}
template <typename A>
void fields_of(A& a, domain::ShipmentLine& e) {
  a("line_id", e.line_id), a("quantity", e.quantity);
}
template <typename A>
void fields_of(A& a, domain::Instalment& e) {
  a("due_date", e.due_date), a("amount_minor", e.amount_minor);
}
template <typename A>
void fields_of(A& a, domain::Allocation& e) {
  a("invoice_id", e.invoice_id), a("amount_minor", e.amount_minor);
}

// The claimed id, then the other fields.
template <typename A, typename P>
void stored_fields_of(A& archive, P& payload) {
  constexpr auto& type = domain::kEventType<P>;
  if constexpr (type.kClaims == domain::Claims::kItsId) archive(type.claimed_name, payload.*type.claimed);
  fields_of(archive, payload);
}

}  // namespace daybook::store
