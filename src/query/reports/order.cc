// An order: lines as they stand, milestones, delays, shipments, invoices, and the events behind it.
#include <algorithm>

#include "domain/figures.h"
#include "query/document_pages.h"
#include "query/document_reader.h"
#include "query/document_rows.h"
#include "query/reports.h"

namespace daybook::query {
namespace {

// Those that took effect by a date.
Value delays_of(const ShardReader& shard, const domain::Order& order, Day as_of) {
  std::vector<Row> delays;
  for (const domain::Order::Moment& moment : order.delays) {
    if (!order.counts(moment.day, as_of)) continue;
    const auto& delayed = std::get<domain::OrderDelayed>(moment.fact->event.payload);
    Row& one = delays.emplace_back();
    one.add("stage", text_or_null(domain::enumerator_name(delayed.stage)));
    one.add("reason_code", Value::text(delayed.reason_code));
    one.add("promised_date", date_or_null(delayed.promised_date));
    one.add("note", text_or_null(delayed.note));
    one.add("event", Value::object(shard.event_row(*moment.fact)));
  }
  return Value::list_of_rows(std::move(delays));
}

Row page_of(const ShardReader& shard, AccountReader& account, const domain::Order& order) {
  const Day as_of = shard.question().as_of;
  const Currency currency = order.placed->currency;
  Row page;
  add_order(page, shard, account, order);

  std::vector<Row> lines;
  for (const domain::LineOnDate& line : order.lines(as_of)) {
    Row& one = lines.emplace_back();
    one.add("line_id", Value::text(line.line_id));
    one.add("sku", Value::text(line.terms->sku));
    one.add("quantity", Value::quantity(line.quantity));
    one.add("remaining_quantity", Value::quantity(line.remaining));
    one.add("dispatched", Value::quantity(line.dispatched));
    one.add("returned", Value::quantity(line.returned));
    one.add("delivered", Value::quantity(line.delivered));
    one.add("net", Value::amount(line.terms->net_minor, currency));
    one.add("tax", Value::amount(line.terms->tax_minor.value_or(0), currency));
  }
  page.add("lines", Value::list_of_rows(std::move(lines)));

  Row milestones;
  const domain::Milestones reached =
      order.placed_day <= as_of ? domain::milestones_on(account.account(), order, as_of) : domain::Milestones{};
  for (std::size_t i = 0; i < domain::kMilestoneCount; ++i) {
    if (!reached[i]) continue;
    milestones.add(std::string(domain::milestone_name(static_cast<domain::Milestone>(i))), Value::instant(*reached[i]));
  }
  page.add("milestones", Value::object(std::move(milestones)));
  page.add("delays", delays_of(shard, order, as_of));

  std::vector<std::string_view> shipment_ids;
  for (const auto& dispatch : order.dispatches) {
    if (order.counts(dispatch.day, as_of)) shipment_ids.push_back(dispatch.event->shipment_id);
  }
  page.add("shipments", Value::list_of_texts(shipment_ids));
  std::vector<std::string_view> invoice_ids;
  for (const domain::Invoice* invoice : account.account().invoices_of(order)) {
    if (invoice->issued->issue_date <= as_of) invoice_ids.push_back(invoice->ref.id);
  }
  std::ranges::sort(invoice_ids);
  page.add("invoices", Value::list_of_texts(invoice_ids));
  page.add("events", events_of(shard, account, account.document(order.ref)));
  return page;
}

class OrderPage final : public ReportOf<DocumentPages> {
 public:
  const Description& description() const override {
    static const Description description = [] {
      using namespace fields;
      Field milestones = object("milestones", {});
      milestones.meaning = "By name, those it has, as instants.";
      return Description{
          .name = "order",
          .path = "/v1/orders/{order_id}",
          .meaning = "An order: lines as they stand, milestones, delays, shipments, invoices, events.",
          .parameters = page_parameters(),
          .head =
              page_fields(order_fields(),
                          {list("lines", {text("line_id"), text("sku"), quantity("quantity"),
                                          quantity("remaining_quantity"), quantity("dispatched"), quantity("returned"),
                                          quantity("delivered"), amount("net"), amount("tax")}),
                           milestones,
                           list("delays", {text("stage").or_null(), text("reason_code"),
                                           date("promised_date").or_null(), text("note").or_null(), event()}),
                           list_of(text("shipments")), list_of(text("invoices")), events_field()})};
    }();
    return description;
  }

 protected:
  DocumentPages part_of(const Question& question, const ShardReader& shard) const override {
    DocumentPages pages;
    for_each_order(shard, question.subject, [&](AccountReader& account, const domain::Order& order) {
      pages.by_account[std::string(account.name())] = page_of(shard, account, order);
    });
    return pages;
  }

  Answer answer_of(const Question& question, DocumentPages whole, Asker&) const override {
    return only_page(question, std::move(whole), "order");
  }
};

}  // namespace

const Report& order_report() {
  static const OrderPage report;
  return report;
}

}  // namespace daybook::query
