// The shipments of a shard, by account and id.
#include <algorithm>
#include <functional>
#include <map>
#include <set>
#include <unordered_set>

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
    const bool came_back =
        dispatch.whole_return != domain::Order::kNone && order.counts(order.returns[dispatch.whole_return].day, as_of);
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

class Shipments final : public DocumentList {
 public:
  const Description& description() const override {
    static const Description description = [] {
      using namespace fields;
      return Description{.name = "shipments",
                         .path = "/v1/shipments",
                         .meaning = "Shipments that left, by account and id, each with its state.",
                         .parameters = list_parameters({"returned", "delivered", "on_the_way"},
                                                       {parameters::customer_id(),
                                                        {"warehouse", Parameter::Type::kText,
                                                         "A part of it left from this warehouse; unassigned for none."},
                                                        parameters::currency(),
                                                        line_sku_parameter()}),
                         .rows_name = "shipments",
                         .row = {text("customer_id"), customer_name(), text("shipment_id"), instant("dispatched_at"),
                                 list_of(text("order_ids")), text("state")}};
    }();
    return description;
  }

 protected:
  RowsPart part_of(const Question& question, const ShardReader& shard) const override {
    const ListWanted wanted = ListWanted::of(question);
    const Grouping grouping = Grouping::of(question);
    RowsPart part{Rows(question.page)};
    Candidates candidates(shard, ListedBy::kDispatch, wanted, grouping);
    const bool returned = wanted.state == "returned";
    const std::unordered_set<AccountNumber> with_returns =
        returned ? accounts_with_ended(shard, domain::DocumentKind::kOrder) : std::unordered_set<AccountNumber>();
    const auto may_have = [&](AccountNumber id) {
      return (!returned || with_returns.contains(id)) && candidates.may_have(id);
    };
    for_each_listed_account(shard, part.rows, may_have, [&](ListedAccount& account) {
      for (auto& [id, shipment] : shipments_of(account, candidates, wanted, grouping, question.as_of)) {
        const char* const state = shipment.state();
        if (!shipment.passes || !wanted.takes(shipment.day) || !wanted.takes_state(state)) continue;
        part.rows.add(sort_key({account.name(), id}), [&] {
          Row row = Row::with_room(description().row.size());
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

 private:
  using ById = std::map<std::string, Shipment, std::less<>>;

  // Those that left by a date, of orders that may be seen.
  static ById shipments_of(ListedAccount& account, Candidates& candidates, const ListWanted& wanted,
                           const Grouping& grouping, Day as_of) {
    ById shipments;
    const auto for_each_dispatch = [&](AccountReader& reader, std::string_view order_id, const auto& visit) {
      const domain::Order* order = reader.account().order(order_id);
      if (order == nullptr) return;
      const domain::Attributes attributes = order->attributes();
      if (!grouping.passes(reader.region(attributes), reader.sales_rep(attributes))) return;
      for (const domain::Order::Dispatch& dispatch : order->dispatches) {
        if (order->counts(dispatch.day, as_of)) visit(*order, dispatch);
      }
    };
    const auto add = [&](const domain::Order& order, const domain::Order::Dispatch& dispatch) {
      Shipment& shipment = shipments[std::string(dispatch.event->shipment_id)];
      shipment.add(order, dispatch, as_of);
      shipment.passes |= passes(grouping.filters.warehouse, dispatch.event->warehouse) &&
                         grouping.passes(dispatch.event->currency) &&
                         has_sku(order, dispatch, grouping.filters.sku, as_of);
    };
    const bool returned = wanted.state == "returned";
    if (!returned && !candidates.tells() && !grouping.filters.warehouse && !grouping.filters.sku) {
      account.for_each_of_all(domain::DocumentKind::kOrder, candidates,
                              [&](AccountReader& reader, std::string_view id) { for_each_dispatch(reader, id, add); });
      return shipments;
    }
    // Of a few orders, what left for them; and of that all that left for others too.
    std::set<std::string, std::less<>> ids;
    const auto find = [&](AccountReader& reader, std::string_view order_id) {
      for_each_dispatch(reader, order_id, [&](const domain::Order&, const domain::Order::Dispatch& dispatch) {
        if (!returned || dispatch.whole_return != domain::Order::kNone) ids.emplace(dispatch.event->shipment_id);
      });
    };
    if (returned) {
      account.for_each_ended_of_all(domain::DocumentKind::kOrder, find);
    } else {
      account.for_each_of_all(domain::DocumentKind::kOrder, candidates, find);
    }
    for (const std::string& id : ids) {
      account.for_each_order_of(id, [&](AccountReader& reader, std::string_view order_id) {
        for_each_dispatch(reader, order_id, [&](const domain::Order& order, const domain::Order::Dispatch& dispatch) {
          if (dispatch.event->shipment_id == id) add(order, dispatch);
        });
      });
    }
    return shipments;
  }

  // Whether a line of a dispatch is of a sku, by the terms as they stand; one without has none.
  static bool has_sku(const domain::Order& order, const domain::Order::Dispatch& dispatch,
                      const std::optional<std::string>& sku, Day as_of) {
    if (!sku) return true;
    const domain::OrderLines& numbered = order.by_number();
    std::vector<const domain::OrderLine*> terms(numbered.count());
    for (std::size_t i = 0; i <= order.changes_by(as_of); ++i) {
      for (const domain::OrderLines::State& state : numbered.changed(i)) terms[state.line] = state.terms;
    }
    const auto number = static_cast<std::size_t>(&dispatch - order.dispatches.data());
    return std::ranges::any_of(numbered.dispatched(number), [&](const domain::OrderLines::Move& move) {
      return passes(sku, terms[move.line] == nullptr ? std::string_view() : terms[move.line]->sku);
    });
  }
};

}  // namespace

const Report& shipments_report() {
  static const Shipments report;
  return report;
}

}  // namespace daybook::query
