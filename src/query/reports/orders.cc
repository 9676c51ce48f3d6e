// The orders of a shard, by account and id.
#include <algorithm>
#include <optional>

#include "query/cycle.h"
#include "query/cycle_reader.h"
#include "query/document_lists.h"
#include "query/document_rows.h"
#include "query/reports.h"

namespace daybook::query {
namespace {

using domain::Milestone;

const char* state_of(const auto& order, Day as_of) {
  if (order.at(Milestone::kDelivered)) return "complete";
  if (!order.remains()) return "cancelled";
  return is_late(order.dates(), as_of) ? "late" : "open";
}

Row row_of(const ShardReader& shard, AccountReader& account, const domain::Order& order,
           const domain::Milestones& milestones, std::string_view state) {
  const Day as_of = shard.question().as_of;
  Row row = Row::with_room(orders_report().description().row.size());
  add_order(row, shard, account, order);
  row.add("placed_at", Value::instant(order.placed_fact->event.occurred_at));
  row.add("ordered", Value::amount(order.by_number().value(order.changes_by(as_of)).net, order.placed->currency));
  row.add("last_milestone", Value::text(domain::milestone_name(static_cast<Milestone>(last_milestone(milestones)))));
  row.add("late", Value::boolean(state == "late"));
  row.add("state", Value::text(state));
  return row;
}

// Whether a line as it stands is of a sku, those cut to 0 included.
bool has_sku(const domain::Order& order, const std::optional<std::string>& sku, Day as_of) {
  return !sku || std::ranges::any_of(order.lines(as_of),
                                     [&](const domain::LineOnDate& line) { return passes(sku, line.terms->sku); });
}

class Orders final : public DocumentList {
 public:
  const Description& description() const override {
    static const Description description = [] {
      using namespace fields;
      Description of{
          .name = "orders",
          .path = "/v1/orders",
          .meaning = "Orders that were placed, by account and id, each with its state.",
          .parameters = list_parameters(
              {"complete", "cancelled", "late", "open"},
              {parameters::region(), parameters::sales_rep(), parameters::customer_id(), parameters::currency(),
               parameters::choice("kind", {"STANDARD", "SAMPLE"}, "", "This kind of order."), parameters::channel(),
               line_sku_parameter()}),
          .rows_name = "orders",
          .row = order_fields()};
      for (const Field& field :
           {instant("placed_at"), amount("ordered"), text("last_milestone"), boolean("late"), text("state")}) {
        of.row.push_back(field);
      }
      return of;
    }();
    return description;
  }

 protected:
  RowsPart part_of(const Question& question, const ShardReader& shard) const override {
    const ListWanted wanted = ListWanted::of(question);
    const Grouping grouping = Grouping::of(question);
    const BusinessZone& zone = shard.rules().zone;
    const Day as_of = question.as_of;
    RowsPart part{Rows(question.page)};
    Candidates candidates(shard, ListedBy::kLine, wanted, grouping);
    const auto chosen = [&](const auto& order) {
      if (!wanted.state.empty() && wanted.state != state_of(order, as_of)) return false;
      return (!wanted.from && !wanted.to) || wanted.takes(zone.day_of(*order.at(Milestone::kPlaced)));
    };
    const auto take = [&](const CycleReader::Listed& listed) {
      std::string key = sort_key({listed.customer_id, listed.order_id});
      const Day placed = zone.day_of(*listed.state.milestones[static_cast<std::size_t>(Milestone::kPlaced)]);
      if (!part.rows.may_hold(key) || !candidates.may_stand_on(placed)) return;
      // Of its own: what is read of many orders of an account would stay until the last.
      AccountReader account = shard.account(listed.account.id());
      const domain::Order& order = *account.account().order(listed.order_id);
      if (!grouping.passes(order.placed->currency) || !has_sku(order, grouping.filters.sku, as_of)) return;
      const char* const state = state_of(StoredOrder(account.id(), listed.state), as_of);
      part.rows.add(std::move(key), [&] { return row_of(shard, account, order, listed.state.milestones, state); });
    };
    const auto may_have = [&](AccountNumber id) { return candidates.may_have(id); };
    std::optional<CycleReader::Reached> placed;
    if (wanted.from || wanted.to) {
      constexpr auto kPlaced = static_cast<std::size_t>(Milestone::kPlaced);
      placed = {kPlaced, kPlaced, wanted.from.value_or(kFirstDate), wanted.to.value_or(kLastDate)};
    }
    CycleReader(shard, grouping, placed).list(part.rows, chosen, take, may_have);
    return part;
  }
};

}  // namespace

const Report& orders_report() {
  static const Orders report;
  return report;
}

}  // namespace daybook::query
