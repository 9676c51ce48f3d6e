// The shipments of a shard, by account and id.
#include <algorithm>
#include <map>

#include "query/document_lists.h"
#include "query/reports.h"

namespace daybook::query {
namespace {

// What left for all orders of an account under one shipment's id.
struct Shipment {
  Instant dispatched_at = 0;  // The first.
  Day day = 0;                // Its business date.
  std::vector<std::string> order_ids;
  bool passes = false;  // Any part of it does.
  bool all_came_back = true;
  bool all_arrived = true;  // But for what came back whole without proof.

  void add(const domain::Order& order, const domain::Order::Dispatch& dispatch, Day as_of) {
    const Instant at = dispatch.fact->event.occurred_at;
    if (order_ids.empty() || at < dispatched_at) {
      dispatched_at = at;
      day = dispatch.day;
    }
    order_ids.emplace_back(order.ref.id);
    const bool came_back = dispatch.whole_return != domain::Order::kNone &&
                           order.counts(order.returns[dispatch.whole_return].day, as_of);
    const bool arrived =
        dispatch.proof != domain::Order::kNone && order.counts(order.proofs[dispatch.proof].day, as_of);
    all_came_back &= came_back;
    all_arrived &= arrived || came_back;
  }

  const char* state() const {
    if (all_came_back) return "returned";
    return all_arrived ? "delivered" : "on_the_way";
  }
};

class Shipments final : public ReportOf<RowsPart> {
 public:
  const Description& description() const override {
    static const Description description = [] {
      using namespace fields;
      return Description{
          .name = "shipments",
          .path = "/v1/shipments",
          .meaning = "Shipments that left, by account and id, each with its state.",
          .parameters = list_parameters(
              {"returned", "delivered", "on_the_way"},
              {parameters::customer_id(),
               {"warehouse", Parameter::Type::kText, "A part of it left from this warehouse; unassigned for none."},
               parameters::currency()}),
          .rows_name = "shipments",
          .row = {text("customer_id"), customer_name(), text("shipment_id"), instant("dispatched_at"),
                  list_of(text("order_ids")), text("state")}};
    }();
    return description;
  }

  void settle(Question& question) const override { check_list(question); }

  bool goes_in_rounds(const Question&) const override { return true; }

 protected:
  RowsPart part_of(const Question& question, const ShardReader& shard) const override {
    const ListWanted wanted = ListWanted::of(question);
    const Grouping grouping = Grouping::of(question);
    RowsPart part{Rows(question.page)};
    const auto any = [](AccountNumber) { return true; };
    for_each_listed_account(shard, part.rows, any, [&](ListedAccount& account) {
      for (auto& [id, shipment] : shipments_of(account, grouping, question.as_of)) {
        const char* const state = shipment.state();
        if (!shipment.passes || !wanted.takes(shipment.day) || !wanted.takes_state(state)) continue;
        part.rows.add(sort_key({account.name(), id}), [&] {
          Row row;
          row.add("customer_id", Value::text(account.name()));
          row.add("shipment_id", Value::text(id));
          row.add("dispatched_at", Value::instant(shipment.dispatched_at));
          row.add("order_ids", Value::list_of_texts(shipment.order_ids));
          row.add("state", Value::text(state));
          return row;
        });
      }
    });
    return part;
  }

  Answer answer_of(const Question&, RowsPart whole, Asker&) const override {
    Answer answer;
    answer.rows = std::move(whole.rows);
    return answer;
  }

 private:
  // Those that left by a date, of orders that may be seen.
  static std::map<std::string, Shipment> shipments_of(ListedAccount& account, const Grouping& grouping, Day as_of) {
    std::map<std::string, Shipment> shipments;
    account.for_each_of_all(domain::DocumentKind::kOrder, [&](AccountReader& reader, std::string_view id) {
      const domain::Order* order = reader.account().order(id);
      if (order == nullptr) return;
      const domain::Attributes attributes = order->attributes();
      if (!grouping.passes(reader.region(attributes), reader.sales_rep(attributes))) return;
      for (const domain::Order::Dispatch& dispatch : order->dispatches) {
        if (!order->counts(dispatch.day, as_of)) continue;
        Shipment& shipment = shipments[std::string(dispatch.event->shipment_id)];
        shipment.add(*order, dispatch, as_of);
        shipment.passes |= passes(grouping.filters.warehouse, dispatch.event->warehouse) &&
                           grouping.passes(dispatch.event->currency);
      }
    });
    return shipments;
  }
};

}  // namespace

const Report& shipments_report() {
  static const Shipments report;
  return report;
}

}  // namespace daybook::query
