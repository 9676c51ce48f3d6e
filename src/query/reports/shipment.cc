// A shipment: what left in it for each order and what came back of that, and the events behind it.
#include <algorithm>

#include "query/document_pages.h"
#include "query/document_reader.h"
#include "query/reports.h"

namespace daybook::query {
namespace {

// What of an order left in one dispatch, and what of it came back by a date.
Value lines_of(const domain::Order& order, std::size_t dispatch, Day as_of) {
  const domain::OrderLines& numbered = order.by_number();
  std::vector<const domain::OrderLine*> terms(numbered.count());
  for (std::size_t i = 0; i <= order.changes_by(as_of); ++i) {
    for (const domain::OrderLines::State& state : numbered.changed(i)) terms[state.line] = state.terms;
  }
  std::vector<Int128> returned(numbered.count());
  for (std::size_t i = 0; i < order.returns.size() && order.counts(order.returns[i].day, as_of); ++i) {
    if (order.returns[i].dispatch != dispatch) continue;
    for (const domain::OrderLines::Move& move : numbered.returned(i)) returned[move.line] += move.quantity;
  }
  std::vector<Row> lines;
  const std::span<const domain::ShipmentLine> told = order.dispatches[dispatch].event->lines;
  const std::span<const domain::OrderLines::Move> moved = numbered.dispatched(dispatch);
  for (std::size_t i = 0; i < told.size(); ++i) {
    const domain::OrderLine* known = terms[moved[i].line];
    Row& one = lines.emplace_back();
    one.add("line_id", Value::text(told[i].line_id));
    one.add("sku", known == nullptr ? Value() : Value::text(known->sku));
    one.add("quantity", Value::quantity(moved[i].quantity));
    one.add("returned", Value::quantity(returned[moved[i].line]));
  }
  return Value::list_of_rows(std::move(lines));
}

Row part_of_order(const domain::Order& order, std::size_t number, Day as_of) {
  const domain::Order::Dispatch& dispatch = order.dispatches[number];
  const domain::ShipmentDispatched& told = *dispatch.event;
  const domain::Order::Proof* proof = dispatch.proof == domain::Order::kNone ? nullptr : &order.proofs[dispatch.proof];
  if (proof != nullptr && !order.counts(proof->day, as_of)) proof = nullptr;
  Row part;
  part.add("order_id", Value::text(order.ref.id));
  part.add("warehouse", text_or_null(told.warehouse));
  part.add("carrier", text_or_null(told.carrier));
  part.add("dispatched_at", Value::instant(dispatch.fact->event.occurred_at));
  part.add("delivered_at", proof == nullptr ? Value() : Value::instant(proof->fact->event.occurred_at));
  part.add("signed_by", proof == nullptr
                            ? Value()
                            : text_or_null(std::get<domain::ShipmentDelivered>(proof->fact->event.payload).signed_by));
  part.add("freight", told.freight_minor ? Value::amount(*told.freight_minor, told.currency) : Value());
  part.add("currency", told.currency ? Value::text(told.currency.code()) : Value());
  part.add("lines", lines_of(order, number, as_of));
  return part;
}

// Null: it is said of no shipment.
const std::string_view* shipment_of(const domain::Payload& payload) {
  return std::visit(
      [](const auto& event) -> const std::string_view* {
        if constexpr (requires { event.shipment_id; }) return &event.shipment_id;
        return nullptr;
      },
      payload);
}

Row page_of(const ShardReader& shard, AccountReader& account, std::string_view shipment_id,
            const std::vector<const domain::Order*>& orders) {
  const Day as_of = shard.question().as_of;
  Row page;
  page.add("customer_id", Value::text(account.name()));
  page.add("shipment_id", Value::text(shipment_id));
  std::vector<Row> parts;
  std::vector<const domain::Fact*> facts;
  for (const domain::Order* order : orders) {
    for (std::size_t i = 0; i < order->dispatches.size(); ++i) {
      if (order->dispatches[i].event->shipment_id == shipment_id) parts.push_back(part_of_order(*order, i, as_of));
    }
    for (const domain::Fact& fact : account.document(order->ref).facts) {
      const std::string_view* shipment = shipment_of(fact.event.payload);
      if (shipment != nullptr && *shipment == shipment_id) facts.push_back(&fact);
    }
  }
  page.add("orders", Value::list_of_rows(std::move(parts)));
  page.add("events", events_of(shard, account, std::move(facts)));
  return page;
}

class ShipmentPage final : public ReportOf<DocumentPages> {
 public:
  const Description& description() const override {
    static const Description description = [] {
      using namespace fields;
      return Description{
          .name = "shipment",
          .path = "/v1/shipments/{shipment_id}",
          .meaning = "A shipment: what left in it for each order, what came back of that, events.",
          .parameters = page_parameters(),
          .head = {text("customer_id"), customer_name(), text("shipment_id"),
                   list("orders", {text("order_id"), text("warehouse").or_null(), text("carrier").or_null(),
                                   instant("dispatched_at"), instant("delivered_at").or_null(),
                                   text("signed_by").or_null(), amount("freight").or_null(), text("currency").or_null(),
                                   list("lines", {text("line_id"), text("sku").or_null(), quantity("quantity"),
                                                  quantity("returned")})}),
                   events_field()}};
    }();
    return description;
  }

 protected:
  DocumentPages part_of(const Question& question, const ShardReader& shard) const override {
    DocumentPages pages;
    for_each_shipment(
        shard, question.subject, [&](AccountReader& account, const std::vector<const domain::Order*>& orders) {
          pages.by_account[std::string(account.name())] = page_of(shard, account, question.subject, orders);
        });
    return pages;
  }

  Answer answer_of(const Question& question, DocumentPages whole, Asker&) const override {
    return only_page(question, std::move(whole), "shipment");
  }
};

}  // namespace

const Report& shipment_report() {
  static const ShipmentPage report;
  return report;
}

}  // namespace daybook::query
