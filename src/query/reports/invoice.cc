// An invoice, what was applied to it, and the events behind it.
#include <algorithm>
#include <tuple>

#include "domain/figures.h"
#include "query/document_pages.h"
#include "query/document_reader.h"
#include "query/document_rows.h"
#include "query/promises.h"
#include "query/reports.h"

namespace daybook::query {
namespace {

Value instalments_of(const domain::Invoice& invoice, const domain::InvoiceState& state, Day as_of) {
  const Currency currency = invoice.issued->currency;
  std::vector<Row> instalments;
  const auto due = invoice.due_days(as_of);
  for (std::size_t i = 0; i < invoice.instalments.size(); ++i) {
    Row& one = instalments.emplace_back();
    one.add("number", Value::integer(static_cast<std::int64_t>(i) + 1));
    one.add("due_date", Value::date(due[i]));
    one.add("amount", Value::amount(invoice.instalments[i].amount_minor, currency));
    one.add("open", Value::amount(state.instalments.empty() ? 0 : state.instalments[i].open, currency));
  }
  return Value::list_of_rows(std::move(instalments));
}

// Something that settles the invoice, or settled it once.
struct Applied {
  Day from = 0;
  std::string_view type, id;
  std::string_view source_id;  // The payment or credit note behind it; empty where there is none.
  Int128 minor = 0;
  std::optional<Day> until;
  std::string_view ended_by;  // Empty: it did not end.

  auto order() const { return std::tuple(from, type, id); }
};

Applied applied_by(const domain::Application& application, Int128 minor) {
  const domain::Item& item = *application.item;
  const char* type = application.source->payment != nullptr ? "payment"
                     : item.own_of_credit_note              ? "credit_note"
                                                            : "credit_allocation";
  return {item.from,
          type,
          item.allocation_id,
          application.source->ref.id,
          minor,
          item.until == kNever ? std::nullopt : std::optional(item.until),
          {}};
}

// Of one that ended. A refund that takes all that is left ends it before anything else can.
std::string_view ended_by(const domain::Application& application) {
  const domain::Item& item = *application.item;
  if (item.taken(kNever) == item.amount) return "refunded";
  const auto* undone =
      item.unallocated == nullptr ? nullptr : &std::get<domain::PaymentUnallocated>(item.unallocated->event.payload);
  if (undone != nullptr && undone->date == item.until) return "unallocated";
  const bool is_reversed = application.source->payment != nullptr && application.source->ended_day == item.until;
  return is_reversed ? "reversed" : "voided";
}

Value shown(std::vector<Applied> lines, Currency currency, bool have_ended) {
  std::ranges::stable_sort(lines, {}, &Applied::order);
  std::vector<Row> rows;
  for (const Applied& line : lines) {
    Row& one = rows.emplace_back();
    one.add("type", Value::text(line.type));
    one.add("id", Value::text(line.id));
    one.add("source_id", text_or_null(line.source_id));
    one.add("amount", Value::amount(line.minor, currency));
    one.add("from", Value::date(line.from));
    one.add("until", date_or_null(line.until));
    if (have_ended) one.add("ended_by", Value::text(line.ended_by));
  }
  return Value::list_of_rows(std::move(rows));
}

Value applications_of(AccountReader& account, const domain::Invoice& invoice, Day as_of) {
  std::vector<Applied> lines;
  for (const domain::Application& application : account.account().applications(invoice)) {
    const Int128 minor = application.item->applied(as_of);
    if (minor != 0) lines.push_back(applied_by(application, minor));
  }
  for (const auto& write_off : invoice.write_offs) {
    if (write_off.day > as_of) continue;
    lines.push_back({write_off.day,
                     "write_off",
                     write_off.event->write_off_id,
                     {},
                     write_off.event->amount_minor,
                     std::nullopt,
                     {}});
  }
  for (const auto& recovery : invoice.recoveries) {
    if (!recovery.counts || recovery.day > as_of) continue;
    lines.push_back({recovery.day,
                     "recovery",
                     recovery.event->recovery_id,
                     {},
                     -Int128(recovery.event->amount_minor),
                     std::nullopt,
                     {}});
  }
  return shown(std::move(lines), invoice.issued->currency, false);
}

Value past_applications_of(AccountReader& account, const domain::Invoice& invoice, Day as_of) {
  std::vector<Applied> lines;
  for (const domain::Application& application : account.account().applications(invoice)) {
    const domain::Item& item = *application.item;
    if (item.state != domain::ItemState::kCounts || item.until > as_of) continue;
    // What it settled when it ended.
    Applied& line = lines.emplace_back(applied_by(application, item.amount - item.taken(item.until - 1)));
    line.ended_by = ended_by(application);
  }
  return shown(std::move(lines), invoice.issued->currency, true);
}

Row page_of(const ShardReader& shard, AccountReader& account, const domain::Invoice& invoice) {
  const Day as_of = shard.question().as_of;
  const domain::InvoiceState state = invoice_state(shard, account, invoice);
  Row page;
  add_invoice(page, shard, account, invoice, state);
  page.add("order_ids", Value::list_of_texts(invoice.issued->order_ids));
  page.add("instalments", instalments_of(invoice, state, as_of));
  page.add("applications", applications_of(account, invoice, as_of));
  page.add("past_applications", past_applications_of(account, invoice, as_of));
  page.add("events", events_of(shard, account, account.document(invoice.ref)));
  if (tells_story(shard.question())) page.add("promises", promises_naming(shard, account, invoice.ref.id, as_of));
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
          .parameters = page_parameters(),
          .head = page_fields(
              invoice_fields(),
              {list_of(text("order_ids")),
               list("instalments", {integer("number"), date("due_date"), amount("amount"), amount("open")}),
               list("applications", {text("type"), text("id"), text("source_id").or_null(), amount("amount"),
                                     date("from"), date("until").or_null()}),
               list("past_applications", {text("type"), text("id"), text("source_id").or_null(), amount("amount"),
                                          date("from"), date("until"), text("ended_by")}),
               events_field(), list("promises", page_fields(promise_fields(), {events_field()})).where_asked()})};
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
