// An invoice, what was applied to it, and the events behind it.
#include <algorithm>
#include <tuple>

#include "domain/figures.h"
#include "query/document_pages.h"
#include "query/document_reader.h"
#include "query/reports.h"

namespace daybook::query {
namespace {

Row page_of(const ShardReader& shard, AccountReader& account, const domain::Invoice& invoice) {
  const Day as_of = shard.question().as_of;
  const domain::InvoiceIssued& issued = *invoice.issued;
  const Currency currency = issued.currency;
  const domain::InvoiceState state = issued.issue_date <= as_of
                                         ? domain::state_on(account.account(), invoice, as_of)
                                         : domain::InvoiceState{};
  const domain::Attributes& attributes = invoice.attributes;

  Row page;
  page.add("customer_id", Value::text(account.name()));
  page.add("invoice_id", Value::text(invoice.ref.id));
  page.add("kind", Value::text(issued.kind == domain::InvoiceKind::kInvoice ? "INVOICE" : "DEBIT_NOTE"));
  page.add("currency", Value::text(currency.code()));
  page.add("net", Value::amount(issued.net_minor, currency));
  page.add("tax", Value::amount(issued.tax_minor.value_or(0), currency));
  page.add("gross", Value::amount(issued.gross_minor(), currency));
  page.add("issue_date", Value::date(issued.issue_date));
  page.add("due_date", Value::date(invoice.last_due + invoice.due_shift(as_of)));
  page.add("void_date", invoice.void_day <= as_of ? Value::date(invoice.void_day) : Value());
  page.add("open", Value::amount(state.open, currency));
  page.add("disputed", Value::amount(state.disputed, currency));
  page.add("over_applied", Value::boolean(state.surplus > 0));
  page.add("order_ids", Value::list_of_texts(issued.order_ids));
  page.add("region", text_or_null(account.region(attributes)));
  page.add("sales_rep", text_or_null(account.sales_rep(attributes)));

  std::vector<Row> instalments;
  const auto due = invoice.due_days(as_of);
  for (std::size_t i = 0; i < invoice.instalments.size(); ++i) {
    Row& one = instalments.emplace_back();
    one.add("number", Value::integer(static_cast<std::int64_t>(i) + 1));
    one.add("due_date", Value::date(due[i]));
    one.add("amount", Value::amount(invoice.instalments[i].amount_minor, currency));
    one.add("open", Value::amount(state.instalments.empty() ? 0 : state.instalments[i].open, currency));
  }
  page.add("instalments", Value::list_of_rows(std::move(instalments)));

  struct Line {
    Day from = 0;
    std::string_view type, id;
    std::string_view source_id;  // The payment or credit note behind it; empty where there is none.
    Int128 minor = 0;
    std::optional<Day> until;
  };
  std::vector<Line> lines;
  for (const domain::Application& application : account.account().applications(invoice)) {
    const domain::Item& item = *application.item;
    const Int128 applied = item.applied(as_of);
    if (applied == 0) continue;
    const char* type = application.source->payment != nullptr ? "payment"
                       : item.own_of_credit_note              ? "credit_note"
                                                              : "credit_allocation";
    lines.push_back({item.from, type, item.allocation_id, application.source->ref.id, applied,
                     item.until == kNever ? std::nullopt : std::optional(item.until)});
  }
  for (const auto& write_off : invoice.write_offs) {
    if (write_off.day > as_of) continue;
    lines.push_back({write_off.day, "write_off", write_off.event->write_off_id, {},
                     write_off.event->amount_minor, std::nullopt});
  }
  for (const auto& recovery : invoice.recoveries) {
    if (!recovery.counts || recovery.day > as_of) continue;
    lines.push_back({recovery.day, "recovery", recovery.event->recovery_id, {},
                     -Int128(recovery.event->amount_minor), std::nullopt});
  }
  std::ranges::stable_sort(lines, {}, [](const Line& line) { return std::tuple(line.from, line.type, line.id); });
  std::vector<Row> applications;
  for (const Line& line : lines) {
    Row& one = applications.emplace_back();
    one.add("type", Value::text(line.type));
    one.add("id", Value::text(line.id));
    one.add("source_id", text_or_null(line.source_id));
    one.add("amount", Value::amount(line.minor, currency));
    one.add("from", Value::date(line.from));
    one.add("until", date_or_null(line.until));
  }
  page.add("applications", Value::list_of_rows(std::move(applications)));
  page.add("events", events_of(shard, account, account.document(invoice.ref)));
  return page;
}

class InvoicePage final : public ReportOf<DocumentPages> {
 public:
  const Description& description() const override {
    static const Description description = [] {
      using namespace fields;
      return Description{
          .name = "invoice",
          .path = "/v1/invoices/{invoice_id}",
          .meaning = "An invoice, what was applied to it, and the events behind it.",
          .parameters = {parameters::customer_id()},
          .head = {text("customer_id"),
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
                   list_of(text("order_ids")),
                   text("region").or_null(),
                   text("sales_rep").or_null(),
                   list("instalments", {integer("number"), date("due_date"), amount("amount"), amount("open")}),
                   list("applications", {text("type"), text("id"), text("source_id").or_null(), amount("amount"),
                                         date("from"), date("until").or_null()}),
                   list_of(event("events"))}};
    }();
    return description;
  }

 protected:
  DocumentPages part_of(const Question& question, const ShardReader& shard) const override {
    DocumentPages pages;
    for_each_invoice(shard, question.subject, [&](AccountReader& account, const domain::Invoice& invoice) {
      pages.by_account[std::string(account.name())] = page_of(shard, account, invoice);
    });
    return pages;
  }

  Answer answer_of(const Question& question, DocumentPages whole, Asker&) const override {
    return only_page(question, std::move(whole), "invoice");
  }
};

}  // namespace

const Report& invoice_report() {
  static const InvoicePage report;
  return report;
}

}  // namespace daybook::query
