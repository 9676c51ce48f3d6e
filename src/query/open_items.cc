#include "query/open_items.h"

#include "domain/figures.h"
#include "query/answer.h"

namespace daybook::query {
namespace {

using domain::DocumentKind;
using domain::DocumentRef;

void add_invoice(AccountReader& customer, DocumentRef ref, Day as_of, std::vector<OpenItem>& items) {
  domain::AccountState& account = customer.account();
  const domain::Invoice* invoice = account.invoice(ref.id);
  if (invoice == nullptr || invoice->issued->issue_date > as_of) return;
  const domain::InvoiceState state = domain::state_on(account, *invoice, as_of);
  OpenItem item;
  item.document_id = invoice->ref.id;
  item.date = invoice->issued->issue_date;
  item.currency = invoice->issued->currency;
  item.attributes = invoice->attributes;
  item.over_applied = state.surplus > 0;
  item.kind = invoice->issued->kind == domain::InvoiceKind::kInvoice ? "INVOICE" : "DEBIT_NOTE";
  for (const domain::OpenInstalment& instalment : state.instalments) {
    if (instalment.open == 0) continue;
    item.instalment = instalment.number;
    item.due_date = instalment.due_date;
    item.amount = instalment.amount;
    item.open = instalment.open;
    item.disputed = instalment.disputed;
    items.push_back(item);
  }
  if (state.surplus > 0) {
    item.kind = "SURPLUS";
    item.instalment = 0;
    item.due_date.reset();
    item.amount = item.open = -state.surplus;
    item.disputed = 0;
    items.push_back(item);
  }
}

// A refund outside any source's sequence.
void add_refund(const domain::Fact& fact, const domain::Attributes& attributes, Day as_of,
                std::vector<OpenItem>& items) {
  const auto& refund = std::get<domain::RefundPaid>(fact.event.payload);
  if (refund.value_date > as_of) return;
  OpenItem item;
  item.document_id = refund.refund_id;
  item.kind = "REFUND";
  item.source_id = refund.payment_id.empty() ? refund.credit_note_id : refund.payment_id;
  item.date = refund.value_date;
  item.currency = refund.currency;
  item.attributes = attributes;
  item.amount = item.open = refund.amount_minor;
  items.push_back(item);
}

void add_source(AccountReader& customer, DocumentRef ref, Day as_of, std::vector<OpenItem>& items) {
  domain::AccountState& account = customer.account();
  const domain::Source* source = account.source(ref);
  if (source == nullptr) {
    for (const domain::Fact& fact : customer.document(ref).facts) {
      const auto* refund = std::get_if<domain::RefundPaid>(&fact.event.payload);
      if (refund != nullptr && account.admits(fact)) add_refund(fact, {{}, {}, refund->value_date}, as_of, items);
    }
    return;
  }
  OpenItem item;
  item.document_id = source->ref.id;
  item.kind = source->payment != nullptr ? "PAYMENT" : "CREDIT_NOTE";
  item.date = source->day;
  item.currency = source->currency;
  item.attributes = account.attributes(*source);
  item.amount = -source->amount;
  item.open = -source->unapplied(as_of);
  if (item.open != 0) items.push_back(item);
  for (const domain::Refund& refund : source->refunds) {
    if (!refund.in_sequence) add_refund(*refund.fact, item.attributes, as_of, items);
  }
}

}  // namespace

std::vector<OpenItem> open_items(AccountReader& customer, std::span<const DocumentRef> documents, Day as_of) {
  std::vector<OpenItem> items;
  for (const DocumentRef& ref : documents) {
    if (ref.kind == DocumentKind::kInvoice) {
      add_invoice(customer, ref, as_of, items);
    } else if (ref.kind == DocumentKind::kCreditNote || ref.kind == DocumentKind::kPayment) {
      add_source(customer, ref, as_of, items);
    } else if (ref.kind == DocumentKind::kRefund) {
      for (const domain::Fact& fact : customer.document(ref).facts) {
        if (!customer.account().admits(fact)) continue;
        const auto& refund = std::get<domain::RefundPaid>(fact.event.payload);
        add_refund(fact, {{}, {}, refund.value_date}, as_of, items);
      }
    }
  }
  return items;
}

Row item_row(const OpenItem& item, AccountReader& customer, Day aged_on) {
  const bool has_document = item.kind != kOnAccount;
  Row row;
  row.add("customer_id", Value::text(customer.name()));
  row.add("document_id", has_document ? Value::text(item.document_id) : Value());
  row.add("kind", Value::text(item.kind));
  row.add("instalment", item.instalment == 0 ? Value() : Value::integer(item.instalment));
  row.add("issue_date", Value::date(item.date));
  row.add("due_date", item.due_date ? Value::date(*item.due_date) : Value());
  row.add("days_overdue", item.due_date ? Value::integer(aged_on - *item.due_date) : Value());
  row.add("currency", Value::text(item.currency.code()));
  row.add("amount", Value::amount(item.amount, item.currency));
  row.add("open", Value::amount(item.open, item.currency));
  row.add("disputed", Value::amount(item.disputed, item.currency));
  row.add("region", has_document ? text_or_null(customer.region(item.attributes)) : Value());
  row.add("sales_rep", has_document ? text_or_null(customer.sales_rep(item.attributes)) : Value());
  row.add("over_applied", Value::boolean(item.over_applied));
  return row;
}

const std::vector<Field>& item_fields() {
  using namespace fields;
  static const std::vector<Field> all = {text("customer_id"),
                                         text("document_id").or_null(),
                                         text("kind"),
                                         integer("instalment").or_null(),
                                         date("issue_date"),
                                         date("due_date").or_null(),
                                         integer("days_overdue").or_null(),
                                         text("currency"),
                                         amount("amount"),
                                         amount("open"),
                                         amount("disputed"),
                                         text("region").or_null(),
                                         text("sales_rep").or_null(),
                                         boolean("over_applied"),
                                         customer_name()};
  return all;
}

std::string item_key(const OpenItem& item, std::string_view customer_id) {
  return sort_key({customer_id, item.currency.code(), sortable(item.due_date.value_or(item.date)), item.kind,
                   item.document_id, sortable(item.instalment), item.source_id});
}

}  // namespace daybook::query
