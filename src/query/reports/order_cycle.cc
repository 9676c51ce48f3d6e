// Order-cycle times: statistics and stages over orders.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <deque>
#include <limits>
#include <unordered_map>

#include "query/cycle_reader.h"
#include "query/reports.h"

namespace daybook::query {
namespace {

using domain::Milestone;

constexpr std::array<std::int64_t, 18> kHistogramBorders = {
    3600,    14400,   43200,   86400,   172800,  259200,  432000,   604800,   864000,
    1209600, 1814400, 2592000, 3888000, 5184000, 7776000, 10368000, 15552000, 31536000};

std::string_view milestone_name(std::size_t milestone) {
  return domain::milestone_name(static_cast<Milestone>(milestone));
}

// Of texts that cycle_of() reads, but for their order.
std::string cycle_pattern() {
  std::string names;
  for (std::size_t i = 0; i < domain::kMilestoneCount; ++i) {
    if (i > 0) names += "|";
    names += milestone_name(i);
  }
  return fmt::format("^({0})[.][.]({0})$", names);
}

Cycle cycle_of(const Question& question) {
  const std::string text = question.arguments.text("cycle").value_or("");
  const std::size_t dots = text.find("..");
  if (dots != std::string::npos) {
    const auto first = domain::parse_milestone(text.substr(0, dots));
    const auto last = domain::parse_milestone(text.substr(dots + 2));
    if (first && last && *first < *last) {
      return {static_cast<std::size_t>(*first), static_cast<std::size_t>(*last)};
    }
  }
  refuse_parameter("cycle", fmt::format("'{}' is not two milestones in their order, such as "
                                        "placed..delivered or placed..paid",
                                        text));
}

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
  // `at(milestone)`: whether it was reached, and when. `sign`: 1, or −1 to take it away.
  template <typename At>
  void add(const At& at, const Cycle& cycle, int sign) {
    const Instant begin = *at(cycle.first);
    const Instant end = *at(cycle.last);
    if (end < begin) {
      sums_.out_of_order += sign;
      return;
    }
    (sign > 0 ? sums_.seconds : gone_).push_back(end - begin);
    sums_.stages.resize(cycle.stages());
    Instant kept = begin;
    for (std::size_t i = cycle.first + 1; i <= cycle.last; ++i) {
      const MaybeInstant reached = at(i);
      if (!reached || *reached < kept || *reached > end) continue;
      sums_.stages[i - cycle.first - 1] += sign * (*reached - kept);
      kept = *reached;
    }
  }

  // After the last order; nothing where none is left.
  std::optional<CycleSums> take() {
    if (!gone_.empty()) {
      std::ranges::sort(sums_.seconds);
      std::ranges::sort(gone_);
      std::vector<std::int64_t> left;
      std::ranges::set_difference(sums_.seconds, gone_, std::back_inserter(left));
      sums_.seconds = std::move(left);
    }
    if (sums_.seconds.empty() && sums_.out_of_order == 0) return std::nullopt;
    return std::move(sums_);
  }

 private:
  CycleSums sums_;
  std::vector<std::int64_t> gone_;  // Of its seconds.
};

// sum / n with three decimals, as a JSON number; null without orders.
Value mean(Int128 sum, std::size_t n) {
  if (n == 0) return {};
  return Value::mean(divide_rounded(sum * 1000, static_cast<Int128>(n)));
}

// The values at rank ⌈p·n/100⌉ for rising percents; puts `values` into another order.
std::vector<Value> percentiles(std::vector<std::int64_t>& values, std::initializer_list<std::size_t> percents) {
  std::vector<Value> found;
  auto from = values.begin();
  for (const std::size_t percent : percents) {
    if (values.empty()) {
      found.emplace_back();
      continue;
    }
    const std::size_t rank = (percent * values.size() + 99) / 100;
    const auto at = values.begin() + static_cast<std::ptrdiff_t>(rank - 1);
    // What is below the last one found stays there.
    std::nth_element(from, at, values.end());
    from = at;
    found.push_back(Value::integer(*at));
  }
  return found;
}

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
  row.add("mean_seconds", mean(total, n));
  row.add("min_seconds", n == 0 ? Value() : Value::integer(least));
  row.add("max_seconds", n == 0 ? Value() : Value::integer(most));
  row.add("p50_seconds", ranks[0]);
  row.add("p90_seconds", ranks[1]);
  row.add("p95_seconds", ranks[2]);
  row.add("p99_seconds", ranks[3]);
  row.add("out_of_order", Value::integer(sums.out_of_order));

  std::vector<Row> stages;
  for (std::size_t i = 0; i < sums.stages.size(); ++i) {
    Row& one = stages.emplace_back();
    one.add("from", Value::text(milestone_name(cycle.first + i)));
    one.add("to", Value::text(milestone_name(cycle.first + i + 1)));
    one.add("total_seconds", Value::integer(sums.stages[i]));
    one.add("mean_seconds", mean(sums.stages[i], n));
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

// Sums by group and period; remembers where neighbours went.
class CycleRows {
 public:
  explicit CycleRows(const Period& period) : period_(period) {
    for (Day day = period_.from; day <= period_.to; ++day) {
      const Day start = period_.grain == Grain::kNone ? period_.from : period_start(period_.grain, day);
      if (starts_.empty() || starts_.back() != start) starts_.push_back(start);
      places_.push_back(static_cast<std::uint32_t>(starts_.size() - 1));
    }
  }

  // `day` lies in the period asked for.
  CycleSummer& at(std::uint32_t group_number, Day day) {
    if (group_number >= groups_.size()) groups_.resize(group_number + 1);
    Group& group = groups_[group_number];
    const std::uint32_t place = places_[static_cast<std::size_t>(day - period_.from)];
    if (group.last == nullptr || group.last_place != place) {
      const auto [at, is_new] = group.periods.try_emplace(place);
      // The summer becomes sums of about its size.
      if (is_new) take_memory(2 * (sizeof *at + kNodeBytes));
      group.last = &at->second;
      group.last_place = place;
    }
    return *group.last;
  }

  CyclePart take(const CycleReader& names) {
    CyclePart part;
    for (std::uint32_t i = 0; i < groups_.size(); ++i) {
      for (auto& [place, summer] : groups_[i].periods) {
        if (auto sums = summer.take()) {
          part.rows[{period_.label(std::max(starts_[place], period_.from)), names.name(i)}] = *std::move(sums);
        }
      }
    }
    return part;
  }

 private:
  struct Group {
    std::unordered_map<std::uint32_t, CycleSummer> periods;  // By place of their start.
    std::uint32_t last_place = 0;
    CycleSummer* last = nullptr;
  };

  const Period period_;
  std::vector<Day> starts_;
  std::vector<std::uint32_t> places_;  // By day: which of the starts.
  std::deque<Group> groups_;           // By number.
};

class OrderCycle final : public ReportOf<CyclePart> {
 public:
  const Description& description() const override {
    static const Description description = [] {
      using namespace fields;
      return Description{
          .name = "order-cycle",
          .path = "/v1/order-cycle",
          .meaning = "How long orders take between two milestones, and in which stage.",
          .parameters = {parameters::from(),
                         parameters::to(),
                         parameters::grain("month"),
                         {.name = "cycle",
                          .meaning = "Two milestones in their order.",
                          .fallback = "placed..delivered",
                          .pattern = cycle_pattern(),
                          .example = "placed..paid"},
                         parameters::group_by({"none", "region", "sales_rep", "grade", "warehouse", "customer", "kind",
                                               "channel"},
                                              "none"),
                         parameters::level(),
                         parameters::region(),
                         parameters::sales_rep(),
                         {"grade", Parameter::Type::kText, "Grade by the file on the placed date."},
                         {"warehouse", Parameter::Type::kText, "Warehouse of the first dispatch."},
                         parameters::customer_id(),
                         parameters::kind(),
                         parameters::channel()},
          .rows_name = "rows",
          .row = {text("period"),
                  text("group"),
                  integer("n"),
                  integer("total_seconds"),
                  number("mean_seconds").or_null(),
                  integer("min_seconds").or_null(),
                  integer("max_seconds").or_null(),
                  integer("p50_seconds").or_null(),
                  integer("p90_seconds").or_null(),
                  integer("p95_seconds").or_null(),
                  integer("p99_seconds").or_null(),
                  integer("out_of_order"),
                  list("stages",
                       {text("from"), text("to"), integer("total_seconds"), number("mean_seconds").or_null()}),
                  list("histogram", {integer("le_seconds").or_null(), integer("count")})},
          .head = {text("cycle")}};
    }();
    return description;
  }

  void settle(Question& question) const override {
    Period::check(question);
    cycle_of(question);
    Grouping::check(question);
  }

 protected:
  CyclePart part_of(const Question& question, const ShardReader& shard) const override {
    const Grouping grouping = Grouping::of(question);
    const Period period = Period::of(question);
    const Cycle cycle = cycle_of(question);
    CycleReader orders(shard, grouping, period, cycle);
    CycleRows rows(period);
    orders.for_each([&](std::uint32_t group, Day day, const auto& at, int sign) {
      rows.at(group, day).add(at, cycle, sign);
    });
    return rows.take(orders);
  }

  Answer answer_of(const Question& question, CyclePart whole, Asker&) const override {
    const Cycle cycle = cycle_of(question);
    Answer answer;
    answer.rows = Rows(question.page);
    answer.head.add("cycle",
                    Value::text(fmt::format("{}..{}", milestone_name(cycle.first), milestone_name(cycle.last))));
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
