#include "query/document_rows.h"

namespace daybook::query {
namespace {

const char* allocation_state(const domain::Item& item, Day as_of) {
  if (item.state == domain::ItemState::kWaiting) return "waiting";
  if (item.from > as_of) return "future";
  if (item.state == domain::ItemState::kCurrencyMismatch || item.state == domain::ItemState::kDoesNotFit) {
    return "rejected";
  }
  if (item.state == domain::ItemState::kNeverInEffect || item.until <= as_of) return "ended";
  return "in_effect";
}

Int128 refunded(const domain::Source& source, Day as_of) {
  Int128 sum = 0;
  for (const domain::Refund& refund : source.refunds) {
    if (refund.in_sequence && refund.event->value_date <= as_of) sum += refund.event->amount_minor;
  }
  return sum;
}

}  // namespace

domain::InvoiceState invoice_state(const ShardReader& shard, AccountReader& account, const domain::Invoice& invoice) {
  const Day as_of = shard.question().as_of;
  return invoice.issued->issue_date <= as_of ? domain::state_on(account.account(), invoice, as_of)
                                             : domain::InvoiceState{};
}

std::vector<Field> invoice_fields() {
  using namespace fields;
  return {text("customer_id"),
          customer_name(),
          text("invoice_id"),
          text("kind"),
          text("currency"),
          amount("net"),
          amount("tax"),
          amount("gross"),
          date("issue_date"),
          date("due_date"),
          date("void_date").or_null(),
          amount("open"),
          amount("disputed"),
          boolean("over_applied"),
          text("region").or_null(),
          text("sales_rep").or_null()};
}

void add_invoice(Row& row, const ShardReader& shard, AccountReader& account, const domain::Invoice& invoice,
                 const domain::InvoiceState& state) {
  const Day as_of = shard.question().as_of;
  const domain::InvoiceIssued& issued = *invoice.issued;
  const Currency currency = issued.currency;
  row.add("customer_id", Value::text(account.name()));
  row.add("invoice_id", Value::text(invoice.ref.id));
  row.add("kind", Value::text(domain::enumerator_name(issued.kind)));
  row.add("currency", Value::text(currency.code()));
  row.add("net", Value::amount(issued.net_minor, currency));
  row.add("tax", Value::amount(issued.tax_minor.value_or(0), currency));
  row.add("gross", Value::amount(issued.gross_minor(), currency));
  row.add("issue_date", Value::date(issued.issue_date));
  row.add("due_date", Value::date(invoice.last_due + invoice.due_shift(as_of)));
  row.add("void_date", invoice.void_day <= as_of ? Value::date(invoice.void_day) : Value());
  row.add("open", Value::amount(state.open, currency));
  row.add("disputed", Value::amount(state.disputed, currency));
  row.add("over_applied", Value::boolean(state.surplus > 0));
  row.add("region", text_or_null(account.region(invoice.attributes)));
  row.add("sales_rep", text_or_null(account.sales_rep(invoice.attributes)));
}

std::vector<Field> payment_fields() {
  using namespace fields;
  return {text("customer_id"),
          customer_name(),
          text("payment_id"),
          text("currency"),
          amount("amount"),
          date("value_date"),
          date("reversed_on").or_null(),
          amount("refunded"),
          amount("unapplied"),
          text("method").or_null(),
          text("reference").or_null(),
          text("counterparty_customer_id").or_null()};
}

void add_payment(Row& row, const ShardReader& shard, AccountReader& account, const domain::Source& payment) {
  const Day as_of = shard.question().as_of;
  const Currency currency = payment.currency;
  row.add("customer_id", Value::text(account.name()));
  row.add("payment_id", Value::text(payment.ref.id));
  row.add("currency", Value::text(currency.code()));
  row.add("amount", Value::amount(payment.amount, currency));
  row.add("value_date", Value::date(payment.day));
  row.add("reversed_on", payment.ended_day <= as_of ? Value::date(payment.ended_day) : Value());
  row.add("refunded", Value::amount(refunded(payment, as_of), currency));
  row.add("unapplied", Value::amount(payment.unapplied(as_of), currency));
  row.add("method", text_or_null(payment.payment->method));
  row.add("reference", text_or_null(payment.payment->reference));
  row.add("counterparty_customer_id", text_or_null(payment.payment->counterparty_customer_id));
}

std::vector<Field> credit_note_fields() {
  using namespace fields;
  return {text("customer_id"),
          customer_name(),
          text("credit_note_id"),
          text("invoice_id").or_null(),
          text("currency"),
          amount("net"),
          amount("tax"),
          amount("amount"),
          date("issue_date"),
          date("void_date").or_null(),
          text("reason_code").or_null(),
          amount("refunded"),
          amount("open"),
          text("region").or_null(),
          text("sales_rep").or_null()};
}

void add_credit_note(Row& row, const ShardReader& shard, AccountReader& account, const domain::Source& note) {
  const Day as_of = shard.question().as_of;
  const Currency currency = note.currency;
  const domain::CreditNoteIssued& issued = *note.credit_note;
  const domain::Attributes attributes = account.account().attributes(note);
  row.add("customer_id", Value::text(account.name()));
  row.add("credit_note_id", Value::text(note.ref.id));
  row.add("invoice_id", text_or_null(issued.invoice_id));
  row.add("currency", Value::text(currency.code()));
  row.add("net", Value::amount(issued.net_minor, currency));
  row.add("tax", Value::amount(issued.tax_minor.value_or(0), currency));
  row.add("amount", Value::amount(note.amount, currency));
  row.add("issue_date", Value::date(note.day));
  row.add("void_date", note.ended_day <= as_of ? Value::date(note.ended_day) : Value());
  row.add("reason_code", text_or_null(issued.reason_code));
  row.add("refunded", Value::amount(refunded(note, as_of), currency));
  row.add("open", Value::amount(note.unapplied(as_of), currency));
  row.add("region", text_or_null(account.region(attributes)));
  row.add("sales_rep", text_or_null(account.sales_rep(attributes)));
}

std::vector<Field> order_fields() {
  using namespace fields;
  return {text("customer_id"),
          customer_name(),
          text("order_id"),
          text("kind"),
          text("currency"),
          text("region").or_null(),
          text("sales_rep").or_null(),
          text("channel").or_null(),
          date("requested_date").or_null(),
          date("first_promise").or_null(),
          date("last_promise").or_null()};
}

void add_order(Row& row, const ShardReader& shard, AccountReader& account, const domain::Order& order) {
  const domain::Attributes attributes = order.attributes();
  const domain::OrderDates dates = domain::dates_on(order, shard.question().as_of);
  row.add("customer_id", Value::text(account.name()));
  row.add("order_id", Value::text(order.ref.id));
  row.add("kind", Value::text(domain::enumerator_name(order.placed->kind)));
  row.add("currency", Value::text(order.placed->currency.code()));
  row.add("region", text_or_null(account.region(attributes)));
  row.add("sales_rep", text_or_null(account.sales_rep(attributes)));
  row.add("channel", text_or_null(order.placed->channel));
  row.add("requested_date", date_or_null(dates.requested));
  row.add("first_promise", date_or_null(dates.first_promise));
  row.add("last_promise", date_or_null(dates.last_promise));
}

Field allocations_field() {
  using namespace fields;
  return list("allocations", {text("allocation_id"), text("invoice_id"), amount("amount"), amount("taken_back"),
                              date("from"), date("until").or_null(), text("state")});
}

Value allocations_of(const domain::Source& source, Day as_of) {
  std::vector<Row> allocations;
  for (const domain::Item& item : source.items) {
    Row& one = allocations.emplace_back();
    one.add("allocation_id", Value::text(item.allocation_id));
    one.add("invoice_id", Value::text(item.invoice_id));
    one.add("amount", Value::amount(item.amount, source.currency));
    one.add("taken_back", Value::amount(item.taken(as_of), source.currency));
    one.add("from", Value::date(item.from));
    one.add("until", item.until == kNever ? Value() : Value::date(item.until));
    one.add("state", Value::text(allocation_state(item, as_of)));
  }
  return Value::list_of_rows(std::move(allocations));
}

}  // namespace daybook::query
