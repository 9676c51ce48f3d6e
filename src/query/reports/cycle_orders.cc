// What a figure of order-cycle times is made of: its orders, each with its way from one milestone to the other.
#include <algorithm>
#include <optional>

#include "query/cycle.h"
#include "query/cycle_reader.h"
#include "query/reports.h"

namespace daybook::query {
namespace {

struct CycleOrdersPart {
  Rows rows;
  // Over all pages, as the figure has them.
  std::int64_t n = 0;
  Int128 total_seconds = 0;
  std::int64_t out_of_order = 0;

  void add(CycleOrdersPart other) {
    rows.add_all(std::move(other.rows));
    n += other.n;
    total_seconds += other.total_seconds;
    out_of_order += other.out_of_order;
  }
  template <typename Visit>
  void for_each_field(const Visit& visit) {
    visit(rows, n, total_seconds, out_of_order);
  }
};

Row order_row(const CycleReader::Listed& order, const Cycle& cycle) {
  const Instant from = *order.state.milestones[cycle.first];
  const Instant to = *order.state.milestones[cycle.last];
  Row row = Row::with_room(cycle_orders_report().description().row.size());
  row.add("customer_id", Value::text(order.customer_id));
  row.add("order_id", Value::text(order.order_id));
  row.add("region", text_or_null(order.region));
  row.add("from_instant", Value::instant(from));
  row.add("to_instant", Value::instant(to));
  row.add("seconds", Value::integer(to - from));
  row.add("out_of_order", Value::boolean(to < from));
  return row;
}

class CycleOrders final : public ReportOf<CycleOrdersPart> {
 public:
  const Description& description() const override {
    static const Description description = [] {
      using namespace fields;
      Description of{.name = "cycle-orders",
                     .path = "/v1/order-cycle/orders",
                     .meaning = "The orders that a figure of order-cycle times is made of.",
                     .parameters = {parameters::from(), parameters::to(), parameters::cycle(),
                                    parameters::period("period", "Of these days only those of this period.", false)},
                     .rows_name = "orders",
                     .row = {text("customer_id"), text("order_id"), text("region").or_null(), instant("from_instant"),
                             instant("to_instant"), integer("seconds"), boolean("out_of_order"), customer_name()},
                     .head = {text("cycle")},
                     .tail = {object("totals", {integer("n"), integer("total_seconds"), integer("out_of_order")})}};
      std::ranges::move(parameters::order_filters(), std::back_inserter(of.parameters));
      return of;
    }();
    return description;
  }

  void settle(Question& question) const override {
    Period::check(question);
    Cycle::of(question);
    period_named(question, "period");
  }

  bool goes_in_rounds(const Question&) const override { return true; }

 protected:
  CycleOrdersPart part_of(const Question& question, const ShardReader& shard) const override {
    CycleOrdersPart part{Rows(question.page)};
    const Period span = Period::part_of(question);
    if (span.to < span.from) return part;
    const Grouping grouping = Grouping::of(question);
    const Cycle cycle = Cycle::of(question);
    const auto stands = [&](const auto& order) {
      const std::optional<Day> day = cycle.day_of(order, shard.rules().zone);
      return day && span.holds(*day);
    };
    CycleReader orders(shard, grouping, CycleReader::Reached{cycle.last, cycle.last, span.from, span.to});
    const auto choose = [&](const auto& order) { return stands(order) ? std::optional(true) : std::nullopt; };
    if (!question.page.is_round)
      orders.for_each(choose, [&](const auto& order, bool, std::uint32_t, int sign) {
        const std::int64_t seconds = *order.at(cycle.last) - *order.at(cycle.first);
        if (seconds < 0) {
          part.out_of_order += sign;
        } else {
          part.n += sign;
          part.total_seconds += sign * seconds;
        }
      });
    orders.list(part.rows, stands, [&](const CycleReader::Listed& order) {
      part.rows.add(sort_key({order.customer_id, order.order_id}), [&] { return order_row(order, cycle); });
    });
    return part;
  }

  Answer answer_of(const Question& question, CycleOrdersPart whole, Asker&) const override {
    Answer answer;
    answer.rows = std::move(whole.rows);
    answer.head.add("cycle", Value::text(Cycle::of(question).name()));
    Row totals;
    totals.add("n", Value::integer(whole.n));
    totals.add("total_seconds", Value::integer(whole.total_seconds));
    totals.add("out_of_order", Value::integer(whole.out_of_order));
    answer.tail.add("totals", Value::object(std::move(totals)));
    return answer;
  }
};

}  // namespace

const Report& cycle_orders_report() {
  static const CycleOrders report;
  return report;
}

}  // namespace daybook::query
