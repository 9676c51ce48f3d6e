// Order-cycle times: statistics and stages over orders.
#include <algorithm>
#include <array>
#include <limits>
#include <map>
#include <optional>

#include "query/cycle.h"
#include "query/cycle_reader.h"
#include "query/percentiles.h"
#include "query/period_groups.h"
#include "query/reports.h"

namespace daybook::query {
namespace {

constexpr std::array<std::int64_t, 18> kHistogramBorders = {3600,    14400,   43200,   86400,    172800,   259200,
                                                            432000,  604800,  864000,  1209600,  1814400,  2592000,
                                                            3888000, 5184000, 7776000, 10368000, 15552000, 31536000};

// What the orders of a row come to.
struct CycleSums {
  std::vector<std::int64_t> seconds;  // Of each order, in no order.
  std::int64_t out_of_order = 0;
  std::vector<Int128> stages;  // Seconds of each stage of the cycle; may be left out where there are none.

  CycleSums& operator+=(CycleSums other) {
    if (seconds.size() < other.seconds.size()) std::swap(seconds, other.seconds);
    for (const std::int64_t one : other.seconds) seconds.push_back(one);
    out_of_order += other.out_of_order;
    stages.resize(std::max(stages.size(), other.stages.size()));
    for (std::size_t i = 0; i < other.stages.size(); ++i) stages[i] += other.stages[i];
    return *this;
  }
  template <typename Visit>
  void for_each_field(const Visit& visit) {
    visit(seconds, out_of_order, stages);
  }
  bool is_sound() const {
    return std::ranges::all_of(seconds, [](std::int64_t one) { return one >= 0; });
  }
};

// The same while orders come. One that went is taken away again.
class CycleSummer {
 public:
  // `sign`: 1, or −1 to take it away.
  template <typename Order>
  void add(const Order& order, const Cycle& cycle, int sign) {
    const std::int64_t seconds = *order.at(cycle.last) - *order.at(cycle.first);
    if (seconds < 0) {
      sums_.out_of_order += sign;
      return;
    }
    seconds_.add(seconds, sign);
    sums_.stages.resize(cycle.stages());
    cycle.for_each_stage(order, [&](std::size_t stage, std::int64_t took) { sums_.stages[stage] += sign * took; });
  }

  // After the last order; nothing where none is left.
  std::optional<CycleSums> take() {
    sums_.seconds = seconds_.take();
    if (sums_.seconds.empty() && sums_.out_of_order == 0) return std::nullopt;
    return std::move(sums_);
  }

 private:
  CycleSums sums_;  // But for its seconds.
  Values seconds_;
};

// How many values are in each part of the histogram, the last one open. Borders are whole hours.
std::array<std::int64_t, kHistogramBorders.size() + 1> histogram_of(const std::vector<std::int64_t>& values) {
  constexpr std::int64_t kHour = 3600;
  constexpr std::int64_t kHours = kHistogramBorders.back() / kHour;
  static const auto kPartOfHour = [] {
    std::array<std::uint8_t, kHours + 1> parts{};
    for (std::size_t hour = 0; hour < parts.size(); ++hour) {
      parts[hour] = static_cast<std::uint8_t>(
          std::ranges::lower_bound(kHistogramBorders, static_cast<std::int64_t>(hour) * kHour) -
          kHistogramBorders.begin());
    }
    return parts;
  }();
  std::array<std::int64_t, kHistogramBorders.size() + 1> counts{};
  for (const std::int64_t seconds : values) {
    const std::int64_t hour = (seconds + kHour - 1) / kHour;
    ++counts[hour > kHours ? kHistogramBorders.size() : kPartOfHour[static_cast<std::size_t>(hour)]];
  }
  return counts;
}

Row cycle_row(std::string_view period, std::string_view group, CycleSums& sums, const Cycle& cycle) {
  const std::size_t n = sums.seconds.size();
  sums.stages.resize(cycle.stages());
  Int128 total = 0;
  std::int64_t least = std::numeric_limits<std::int64_t>::max();
  std::int64_t most = 0;
  for (const std::int64_t seconds : sums.seconds) {
    total += seconds;
    least = std::min(least, seconds);
    most = std::max(most, seconds);
  }
  const auto counts = histogram_of(sums.seconds);
  const auto ranks = percentiles(sums.seconds, {50, 90, 95, 99});
  Row row;
  row.add("period", Value::text(period));
  row.add("group", Value::text(group));
  row.add("n", Value::integer(static_cast<std::int64_t>(n)));
  row.add("total_seconds", Value::integer(total));
  row.add("mean_seconds", mean_seconds(total, n));
  row.add("min_seconds", n == 0 ? Value() : Value::integer(least));
  row.add("max_seconds", n == 0 ? Value() : Value::integer(most));
  row.add("p50_seconds", integer_or_null(ranks[0]));
  row.add("p90_seconds", integer_or_null(ranks[1]));
  row.add("p95_seconds", integer_or_null(ranks[2]));
  row.add("p99_seconds", integer_or_null(ranks[3]));
  row.add("out_of_order", Value::integer(sums.out_of_order));

  std::vector<Row> stages;
  for (std::size_t i = 0; i < sums.stages.size(); ++i) {
    Row& one = stages.emplace_back();
    one.add("from", Value::text(cycle.stage_from(i)));
    one.add("to", Value::text(cycle.stage_to(i)));
    one.add("total_seconds", Value::integer(sums.stages[i]));
    one.add("mean_seconds", mean_seconds(sums.stages[i], n));
  }
  row.add("stages", Value::list_of_rows(std::move(stages)));

  std::vector<Row> histogram;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    const bool open = i == kHistogramBorders.size();
    Row& one = histogram.emplace_back();
    one.add("le_seconds", open ? Value() : Value::integer(kHistogramBorders[i]));
    one.add("count", Value::integer(counts[i]));
  }
  row.add("histogram", Value::list_of_rows(std::move(histogram)));
  return row;
}

// By the period's label and the group's name.
struct CyclePart {
  std::map<std::pair<std::string, std::string>, CycleSums> rows;

  void add(CyclePart other) {
    rows.merge(other.rows);
    for (auto& [at, sums] : other.rows) rows[at] += std::move(sums);
  }
  template <typename Visit>
  void for_each_field(const Visit& visit) {
    visit(rows);
  }
};

class OrderCycle final : public ReportOf<CyclePart> {
 public:
  const Description& description() const override {
    static const Description description = [] {
      using namespace fields;
      Description of{
          .name = "order-cycle",
          .path = "/v1/order-cycle",
          .meaning = "How long orders take between two milestones, and in which stage.",
          .parameters = {parameters::from(), parameters::to(), parameters::grain("month"), parameters::cycle()},
          .rows_name = "rows",
          .row = {text("period"), text("group"), integer("n"), integer("total_seconds"),
                  number("mean_seconds").or_null(), integer("min_seconds").or_null(), integer("max_seconds").or_null(),
                  integer("p50_seconds").or_null(), integer("p90_seconds").or_null(), integer("p95_seconds").or_null(),
                  integer("p99_seconds").or_null(), integer("out_of_order"),
                  list("stages",
                       {text("from"), text("to"), integer("total_seconds"), number("mean_seconds").or_null()}),
                  list("histogram", {integer("le_seconds").or_null(), integer("count")}), customer_name_of_group()},
          .head = {text("cycle")}};
      std::ranges::move(parameters::order_grouping(), std::back_inserter(of.parameters));
      return of;
    }();
    return description;
  }

  void settle(Question& question) const override {
    Period::check(question);
    Cycle::of(question);
    Grouping::check(question);
  }

 protected:
  CyclePart part_of(const Question& question, const ShardReader& shard) const override {
    const Grouping grouping = Grouping::of(question);
    const Period period = Period::of(question);
    const Cycle cycle = Cycle::of(question);
    // Of those that reached both milestones: the day of the later one.
    const auto end_of = [&](const auto& order) -> std::optional<Day> {
      const std::optional<Day> day = cycle.day_of(order, shard.rules().zone);
      return day && period.holds(*day) ? day : std::nullopt;
    };
    CycleReader orders(shard, grouping, CycleReader::Reached{cycle.last, cycle.last, period.from, period.to});
    PeriodGroups<CycleSummer> sums(period);
    orders.for_each(end_of, [&](const auto& order, Day day, std::uint32_t group, int sign) {
      sums.at(group, day).add(order, cycle, sign);
    });
    CyclePart part;
    sums.for_each([&](std::string label, std::uint32_t group, CycleSummer& summer) {
      if (auto whole = summer.take()) part.rows[{std::move(label), orders.name(group)}] = *std::move(whole);
    });
    return part;
  }

  Answer answer_of(const Question& question, CyclePart whole, Asker&) const override {
    const Cycle cycle = Cycle::of(question);
    Answer answer;
    answer.rows = Rows(question.page);
    answer.head.add("cycle", Value::text(cycle.name()));
    for (auto& entry : whole.rows) {
      const auto& [label, group] = entry.first;
      answer.rows.add(sort_key({label, group}), [&] { return cycle_row(label, group, entry.second, cycle); });
    }
    return answer;
  }
};

}  // namespace

const Report& order_cycle_report() {
  static const OrderCycle report;
  return report;
}

}  // namespace daybook::query
