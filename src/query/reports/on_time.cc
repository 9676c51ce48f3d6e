// On time, in full: what became of orders by the date on which their customers wanted them, or were promised them.
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "query/cycle_reader.h"
#include "query/period_groups.h"
#include "query/reports.h"

namespace daybook::query {
namespace {

// How many orders.
struct OnTimeSums {
  std::int64_t early = 0;
  std::int64_t on_day = 0;
  std::int64_t late = 0;
  std::int64_t open_late = 0;  // Of those that are late.
  std::int64_t pending = 0;
  std::int64_t no_date = 0;
  std::int64_t in_full = 0;
  std::int64_t otif = 0;

  std::int64_t due() const { return early + on_day + late; }
  bool is_zero() const { return due() == 0 && pending == 0 && no_date == 0; }
  OnTimeSums& operator+=(const OnTimeSums& other) {
    early += other.early;
    on_day += other.on_day;
    late += other.late;
    open_late += other.open_late;
    pending += other.pending;
    no_date += other.no_date;
    in_full += other.in_full;
    otif += other.otif;
    return *this;
  }
  template <typename Visit>
  void for_each_field(const Visit& visit) {
    visit(early, on_day, late, open_late, pending, no_date, in_full, otif);
  }
};

// By the period's label and the group's name.
struct OnTimePart {
  std::map<std::pair<std::string, std::string>, OnTimeSums> rows;

  void add(const OnTimePart& other) {
    for (const auto& [at, sums] : other.rows) rows[at] += sums;
  }
  template <typename Visit>
  void for_each_field(const Visit& visit) {
    visit(rows);
  }
};

std::optional<Day> promised(const domain::OrderDates& dates, std::string_view promise) {
  if (promise == "first") return dates.first_promise;
  if (promise == "last") return dates.last_promise;
  return dates.requested;
}

// Counts an order that is not wholly cancelled, `sign` times. No `due`: it has no such date; no `delivered`: it is open.
void count(OnTimeSums& sums, std::optional<Day> due, std::optional<Day> delivered, bool in_full, Day as_of, int sign) {
  if (!due) {
    sums.no_date += sign;
    return;
  }
  if (!delivered && *due >= as_of) {
    sums.pending += sign;
    return;
  }
  const bool late = !delivered || *delivered > *due;
  if (late) {
    sums.late += sign;
    if (!delivered) sums.open_late += sign;
  } else {
    (*delivered < *due ? sums.early : sums.on_day) += sign;
  }
  if (!in_full) return;
  sums.in_full += sign;
  if (!late) sums.otif += sign;
}

Row on_time_row(std::string_view period, std::string_view group, const OnTimeSums& sums) {
  Row row;
  row.add("period", Value::text(period));
  row.add("group", Value::text(group));
  row.add("due", Value::integer(sums.due()));
  row.add("early", Value::integer(sums.early));
  row.add("on_day", Value::integer(sums.on_day));
  row.add("late", Value::integer(sums.late));
  row.add("open_late", Value::integer(sums.open_late));
  row.add("pending", Value::integer(sums.pending));
  row.add("no_date", Value::integer(sums.no_date));
  row.add("in_full", Value::integer(sums.in_full));
  row.add("otif", Value::integer(sums.otif));
  row.add("on_time_rate", Value::rate(sums.early + sums.on_day, sums.due()));
  row.add("in_full_rate", Value::rate(sums.in_full, sums.due()));
  row.add("otif_rate", Value::rate(sums.otif, sums.due()));
  return row;
}

class OnTime final : public ReportOf<OnTimePart> {
 public:
  const Description& description() const override {
    static const Description description = [] {
      using namespace fields;
      Description of{
          .name = "on-time",
          .path = "/v1/order-cycle/on-time",
          .meaning = "How many orders came by the date wanted or promised, and in full.",
          .parameters = {parameters::from(), parameters::to(),
                         parameters::choice("promise", {"requested", "first", "last"}, "requested",
                                            "Against the requested date, the first promise or the last one."),
                         parameters::grain("month")},
          .rows_name = "rows",
          .row = {text("period"), text("group"), integer("due"), integer("early"), integer("on_day"), integer("late"),
                  integer("open_late"), integer("pending"), integer("no_date"), integer("in_full"), integer("otif"),
                  rate("on_time_rate").or_null(), rate("in_full_rate").or_null(), rate("otif_rate").or_null(),
                  customer_name_of_group()},
          .head = {text("promise")}};
      std::ranges::move(parameters::order_grouping(), std::back_inserter(of.parameters));
      return of;
    }();
    return description;
  }

  void settle(Question& question) const override {
    Period::check(question);
    Grouping::check(question);
  }

 protected:
  OnTimePart part_of(const Question& question, const ShardReader& shard) const override {
    const Grouping grouping = Grouping::of(question);
    const Period period = Period::of(question);
    const std::string promise = question.arguments.choice("promise");
    const BusinessZone& zone = shard.rules().zone;
    // The day under which an order stands; nothing: it does not stand in the period.
    const auto day_of = [&](const auto& order) -> std::optional<Day> {
      if (!order.remains()) return std::nullopt;
      const std::optional<Day> due = promised(order.dates(), promise);
      const Day day = due ? *due : zone.day_of(*order.at(domain::Milestone::kPlaced));
      return period.holds(day) ? std::optional(day) : std::nullopt;
    };
    CycleReader orders(shard, grouping);
    PeriodGroups<OnTimeSums> sums(period);
    orders.for_each(day_of, [&](const auto& order, Day day, std::uint32_t group, int sign) {
      const MaybeInstant delivered = order.at(domain::Milestone::kDelivered);
      count(sums.at(group, day), promised(order.dates(), promise),
            delivered ? std::optional(zone.day_of(*delivered)) : std::nullopt, order.is_in_full(), question.as_of,
            sign);
    });
    OnTimePart part;
    sums.for_each([&](std::string label, std::uint32_t group, const OnTimeSums& each) {
      if (!each.is_zero()) part.rows[{std::move(label), orders.name(group)}] = each;
    });
    return part;
  }

  Answer answer_of(const Question& question, OnTimePart whole, Asker&) const override {
    Answer answer;
    answer.rows = Rows(question.page);
    answer.head.add("promise", Value::text(question.arguments.choice("promise")));
    for (const auto& [at, sums] : whole.rows) {
      answer.rows.add(sort_key({at.first, at.second}), [&] { return on_time_row(at.first, at.second, sums); });
    }
    return answer;
  }
};

}  // namespace

const Report& on_time_report() {
  static const OnTime report;
  return report;
}

}  // namespace daybook::query
