// A payment, its allocations, and the events behind it.
#include "domain/figures.h"
#include "query/document_pages.h"
#include "query/document_reader.h"
#include "query/reports.h"

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

Row page_of(const ShardReader& shard, AccountReader& account, const domain::Source& payment) {
  const Day as_of = shard.question().as_of;
  const Currency currency = payment.currency;
  Int128 refunded = 0;
  for (const domain::Refund& refund : payment.refunds) {
    if (refund.in_sequence && refund.event->value_date <= as_of) refunded += refund.event->amount_minor;
  }
  Row page;
  page.add("customer_id", Value::text(account.name()));
  page.add("payment_id", Value::text(payment.ref.id));
  page.add("currency", Value::text(currency.code()));
  page.add("amount", Value::amount(payment.amount, currency));
  page.add("value_date", Value::date(payment.day));
  page.add("reversed_on", payment.ended_day <= as_of ? Value::date(payment.ended_day) : Value());
  page.add("refunded", Value::amount(refunded, currency));
  page.add("unapplied", Value::amount(payment.unapplied(as_of), currency));
  page.add("method", text_or_null(payment.payment->method));
  page.add("reference", text_or_null(payment.payment->reference));
  page.add("counterparty_customer_id", text_or_null(payment.payment->counterparty_customer_id));
  std::vector<Row> allocations;
  for (const domain::Item& item : payment.items) {
    Row& one = allocations.emplace_back();
    one.add("allocation_id", Value::text(item.allocation_id));
    one.add("invoice_id", Value::text(item.invoice_id));
    one.add("amount", Value::amount(item.amount, currency));
    one.add("taken_back", Value::amount(item.taken(as_of), currency));
    one.add("from", Value::date(item.from));
    one.add("until", item.until == kNever ? Value() : Value::date(item.until));
    one.add("state", Value::text(allocation_state(item, as_of)));
  }
  page.add("allocations", Value::list_of_rows(std::move(allocations)));
  page.add("events", events_of(shard, account, account.document(payment.ref)));
  return page;
}

class PaymentPage final : public ReportOf<DocumentPages> {
 public:
  const Description& description() const override {
    static const Description description = [] {
      using namespace fields;
      return Description{
          .name = "payment",
          .path = "/v1/payments/{payment_id}",
          .meaning = "A payment, its allocations, and the events behind it.",
          .parameters = {parameters::customer_id()},
          .head = {text("customer_id"),
                   text("payment_id"),
                   text("currency"),
                   amount("amount"),
                   date("value_date"),
                   date("reversed_on").or_null(),
                   amount("refunded"),
                   amount("unapplied"),
                   text("method").or_null(),
                   text("reference").or_null(),
                   text("counterparty_customer_id").or_null(),
                   list("allocations",
                        {text("allocation_id"), text("invoice_id"), amount("amount"), amount("taken_back"),
                         date("from"), date("until").or_null(), text("state")}),
                   list_of(event("events"))}};
    }();
    return description;
  }

 protected:
  DocumentPages part_of(const Question& question, const ShardReader& shard) const override {
    DocumentPages pages;
    for_each_payment(shard, question.subject, [&](AccountReader& account, const domain::Source& payment) {
      pages.by_account[std::string(account.name())] = page_of(shard, account, payment);
    });
    return pages;
  }

  Answer answer_of(const Question& question, DocumentPages whole, Asker&) const override {
    return only_page(question, std::move(whole), "payment");
  }
};

}  // namespace

const Report& payment_report() {
  static const PaymentPage report;
  return report;
}

}  // namespace daybook::query
