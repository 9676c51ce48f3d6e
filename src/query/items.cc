// Open items: what the cells of the ageing are made of, one row an instalment or credit.
#include <algorithm>

#include "domain/figures.h"
#include "query/receivables.h"
#include "query/views.h"

namespace daybook::query {
namespace {

using domain::DocumentKind;
using domain::DocumentRef;

void add_invoice(CustomerContext& customer, DocumentRef ref, Day as_of, std::vector<OpenItem>& items) {
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

void add_source(CustomerContext& customer, DocumentRef ref, Day as_of, std::vector<OpenItem>& items) {
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

std::vector<OpenItem> open_items(CustomerContext& customer, std::span<const DocumentRef> documents,
                                 Day as_of) {
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

Row item_row(const OpenItem& item, CustomerContext& customer, Day aged_on) {
  Row row;
  row.add("customer_id", Value::text(customer.name()));
  row.add("document_id", Value::text(item.document_id));
  row.add("kind", Value::text(item.kind));
  row.add("instalment", item.instalment == 0 ? Value() : Value::integer(item.instalment));
  row.add("issue_date", Value::date(item.date));
  row.add("due_date", item.due_date ? Value::date(*item.due_date) : Value());
  row.add("days_overdue", item.due_date ? Value::integer(aged_on - *item.due_date) : Value());
  row.add("currency", Value::text(item.currency.code()));
  row.add("amount", Value::amount(item.amount, item.currency));
  row.add("open", Value::amount(item.open, item.currency));
  row.add("disputed", Value::amount(item.disputed, item.currency));
  row.add("region", text_or_null(customer.region(item.attributes)));
  row.add("sales_rep", text_or_null(customer.sales_rep(item.attributes)));
  row.add("over_applied", Value::boolean(item.over_applied));
  return row;
}

std::string item_key(const OpenItem& item, std::string_view customer_id) {
  return sort_key({customer_id, item.currency.code(), sortable(item.due_date.value_or(item.date)),
                   item.kind, item.document_id, sortable(item.instalment), item.source_id});
}

Answer receivable_items(Question& question) {
  Parameters& parameters = question.parameters();
  const Day as_of = question.as_of();
  const Day aged_on = parameters.date("aged_on").value_or(as_of);
  const std::string basis = parameters.one_of("basis", {"due_date", "issue_date"}, "due_date");
  const auto bucket = parameters.text("bucket");
  // not_due, "31-60", "121+": first and last age.
  std::int64_t age_min = std::numeric_limits<std::int64_t>::min();
  std::int64_t age_max = std::numeric_limits<std::int64_t>::max();
  if (bucket && *bucket == "not_due") {
    age_max = 0;
  } else if (bucket) {
    const bool open_ended = bucket->ends_with('+');
    const std::size_t dash = bucket->find('-');
    const auto days = [&](std::string_view text) -> std::int64_t {
      std::int64_t value = 0;
      if (text.empty() || text.size() > 6) refuse_parameter("bucket", "is not_due, 31-60 or 121+");
      for (const char c : text) {
        if (c < '0' || c > '9') refuse_parameter("bucket", "is not_due, 31-60 or 121+");
        value = value * 10 + (c - '0');
      }
      return value;
    };
    const std::string_view text = *bucket;
    age_min = days(text.substr(0, open_ended ? text.size() - 1 : dash));
    if (!open_ended) {
      age_max = days(dash == std::string::npos ? std::string_view() : text.substr(dash + 1));
    }
    if (age_min < 1 || age_max < age_min) refuse_parameter("bucket", "is not_due, 31-60 or 121+");
  }
  const Filters filters = question.filters({"region", "sales_rep", "customer_id", "currency"});

  Answer answer = question.list("items", {"customer_id", "document_id",  "kind",      "instalment", "issue_date",
                                          "due_date",    "days_overdue", "currency",  "amount",     "open",
                                          "disputed",    "region",       "sales_rep", "over_applied"});
  answer.head.add("aged_on", Value::date(aged_on));
  const auto scope = question.scope(filters);
  const Recalled recalled = recall_receivables(scope.shards, scope.customer, as_of);
  for (const ShardSnapshot* shard : scope.shards) {
    const auto ids = scope.customer ? std::vector<store::LabelId>{*scope.customer}
                                    : shard->labels->customers_after("", SIZE_MAX);
    const OpenDays open = open_days(*shard, scope.customer, as_of);
    for (const store::LabelId id : ids) {
      const std::span<const Day> days = open.of(id);
      if (days.empty()) continue;
      CustomerContext customer = question.customer(*shard, id);
      // In the order of their names: once the page is full those behind it are passed over.
      if (!answer.rows.may_hold(sort_key({customer.name()}))) continue;
      for (const OpenItem& item : open_items(customer, customer.opened_on(days), as_of)) {
        if (filters.currency && item.currency != *filters.currency) continue;
        if (!passes_region(filters.region, customer.region(item.attributes))) continue;
        if (!passes(filters.sales_rep, customer.sales_rep(item.attributes))) continue;
        if (bucket) {
          if (!item.due_date) continue;
          const std::int64_t age = aged_on - (basis == "due_date" ? *item.due_date : item.date);
          if (age < age_min || age > age_max) continue;
        }
        answer.rows.add(item_key(item, customer.name()), [&] { return item_row(item, customer, aged_on); });
      }
    }
  }
  return answer;
}

}  // namespace daybook::query
