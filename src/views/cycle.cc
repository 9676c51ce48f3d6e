// Order-cycle times: statistics and stages over order rows.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/bytes.h"
#include "store/keys.h"
#include "views/period.h"
#include "views/views.h"

namespace daybook::views {
namespace {

using domain::Milestone;

constexpr std::array<std::int64_t, 18> kHistogramBorders = {
    3600,    14400,   43200,   86400,   172800,  259200,  432000,   604800,   864000,
    1209600, 1814400, 2592000, 3888000, 5184000, 7776000, 10368000, 15552000, 31536000};

struct Cycle {
  std::size_t first = 0;
  std::size_t last = 0;
};

Cycle read_cycle(Parameters& parameters) {
  const std::string text = parameters.text("cycle", "placed..delivered");
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

struct CycleSums {
  std::vector<std::int64_t> seconds;
  std::int64_t out_of_order = 0;
  std::vector<Int128> stages;  // Seconds of each stage of the cycle.

  void add(const domain::Milestones& milestones, const Cycle& cycle) {
    const Instant begin = *milestones[cycle.first];
    const Instant end = *milestones[cycle.last];
    if (end < begin) {
      ++out_of_order;
      return;
    }
    seconds.push_back(end - begin);
    stages.resize(cycle.last - cycle.first);
    Instant kept = begin;
    for (std::size_t i = cycle.first + 1; i <= cycle.last; ++i) {
      if (!milestones[i] || *milestones[i] < kept || *milestones[i] > end) continue;
      stages[i - cycle.first - 1] += *milestones[i] - kept;
      kept = *milestones[i];
    }
  }
};

// sum / n with three decimals, as a JSON number; null without orders.
Value mean(Int128 sum, std::size_t n) {
  if (n == 0) return {};
  return Value::json(format_fixed(divide_rounded(sum * 1000, static_cast<Int128>(n)), 3));
}

// The value at rank ⌈p·n/100⌉ of sorted values.
Value percentile(const std::vector<std::int64_t>& sorted, std::size_t percent) {
  if (sorted.empty()) return {};
  return Value::number(sorted[(percent * sorted.size() + 99) / 100 - 1]);
}

Row cycle_row(std::string period, std::string_view group, CycleSums& sums, const Cycle& cycle) {
  std::ranges::sort(sums.seconds);
  const std::size_t n = sums.seconds.size();
  sums.stages.resize(cycle.last - cycle.first);
  Int128 total = 0;
  for (const std::int64_t seconds : sums.seconds) total += seconds;
  Row row;
  row.add("period", Value::text(period));
  row.add("group", Value::text(group));
  row.add("n", Value::number(static_cast<std::int64_t>(n)));
  row.add("total_seconds", Value::json(to_string(total)));
  row.add("mean_seconds", mean(total, n));
  row.add("min_seconds", n == 0 ? Value() : Value::number(sums.seconds.front()));
  row.add("max_seconds", n == 0 ? Value() : Value::number(sums.seconds.back()));
  row.add("p50_seconds", percentile(sums.seconds, 50));
  row.add("p90_seconds", percentile(sums.seconds, 90));
  row.add("p95_seconds", percentile(sums.seconds, 95));
  row.add("p99_seconds", percentile(sums.seconds, 99));
  row.add("out_of_order", Value::number(sums.out_of_order));

  JsonWriter stages;
  stages.begin_array();
  for (std::size_t i = 0; i < sums.stages.size(); ++i) {
    stages.begin_object();
    stages.field("from", domain::milestone_name(static_cast<Milestone>(cycle.first + i)));
    stages.field("to", domain::milestone_name(static_cast<Milestone>(cycle.first + i + 1)));
    stages.field("total_seconds", Value::json(to_string(sums.stages[i])));
    stages.field("mean_seconds", mean(sums.stages[i], n));
    stages.end_object();
  }
  stages.end_array();
  row.add("stages", Value::json(stages.take()));

  JsonWriter histogram;
  histogram.begin_array();
  std::size_t below = 0;
  for (std::size_t i = 0; i <= kHistogramBorders.size(); ++i) {
    const bool open = i == kHistogramBorders.size();
    const std::size_t up_to =
        open ? n
             : static_cast<std::size_t>(std::ranges::upper_bound(sums.seconds, kHistogramBorders[i]) -
                                        sums.seconds.begin());
    histogram.begin_object();
    histogram.field("le_seconds", open ? Value() : Value::number(kHistogramBorders[i]));
    histogram.field("count", static_cast<std::int64_t>(up_to - below));
    histogram.end_object();
    below = up_to;
  }
  histogram.end_array();
  row.add("histogram", Value::json(histogram.take()));
  return row;
}

}  // namespace

Answer order_cycle(Question& question) {
  Parameters& parameters = question.parameters();
  const Day as_of = question.as_of();
  const Period period = read_period(parameters, Grain::kMonth);
  const Cycle cycle = read_cycle(parameters);
  const std::string group_by = parameters.one_of(
      "group_by",
      {"none", "region", "sales_rep", "grade", "warehouse", "customer", "kind", "channel"}, "none");
  const auto level = parameters.integer("level", 1, 6);
  if (level && group_by != "region") refuse_parameter("level", "needs group_by=region");
  const Filters filters = question.filters(
      {"region", "sales_rep", "grade", "warehouse", "customer_id", "kind", "channel"});

  // By first day of the period, then group.
  std::map<std::pair<std::string, std::string>, CycleSums> rows;
  const auto scope = question.scope(filters);
  for (const ShardPicture* shard : scope.shards) {
    std::unique_ptr<CustomerContext> customer;
    const std::string prefix = scope.customer
                                   ? store::cells_prefix(store::kCycleRow, *scope.customer)
                                   : std::string(1, store::kCycleRow);
    const auto add = [&](std::string_view key, const domain::CycleRow& row) {
      const domain::CycleChange* change = nullptr;
      for (const domain::CycleChange& candidate : row.changes) {
        if (candidate.counts_from <= as_of) change = &candidate;
      }
      if (change == nullptr || !change->milestones[cycle.first] || !change->milestones[cycle.last]) {
        return;
      }
      const Day day = question.rules().zone.day_of(*change->milestones[cycle.last]);
      if (!period.holds(day)) return;
      const store::LabelId id = ByteReader(key.substr(1)).big32();
      if (customer == nullptr || customer->id() != id) {
        customer = question.new_customer(*shard, id);
      }
      const std::string_view region = customer->region(row.attributes);
      const std::string_view rep = customer->sales_rep(row.attributes);
      const std::string_view grade = customer->grade(row.attributes.file_day);
      const std::string_view kind = domain::order_kind_name(static_cast<std::uint8_t>(row.kind));
      if (!passes_region(filters.region, region) || !passes(filters.sales_rep, rep) ||
          !passes(filters.grade, grade) || !passes(filters.warehouse, change->warehouse) ||
          !passes(filters.kind, kind) || !passes(filters.channel, row.channel)) {
        return;
      }
      std::string group;
      if (group_by == "region") {
        group = group_name(cut_region(region, static_cast<int>(level.value_or(0))));
      } else if (group_by == "sales_rep") {
        group = group_name(rep);
      } else if (group_by == "grade") {
        group = group_name(grade);
      } else if (group_by == "warehouse") {
        group = group_name(change->warehouse);
      } else if (group_by == "customer") {
        group = customer->name();
      } else if (group_by == "kind") {
        group = kind;
      } else if (group_by == "channel") {
        group = group_name(row.channel);
      }
      rows[{period.label(day), group}].add(change->milestones, cycle);
    };
    std::optional<Error> error;
    const auto scanned = shard->reads->scan(
        store::Table::kCells, prefix, "", [&](std::string_view key, std::string_view value) {
          const auto row = store::decode_cycle_row(value);
          if (!row) {
            error = row.error();
            return false;
          }
          add(key, *row);
          return true;
        });
    if (!scanned) refuse(scanned.error());
    if (error) refuse(*error);
  }

  Answer answer;
  answer.head.add("cycle", Value::text(fmt::format(
                               "{}..{}", domain::milestone_name(static_cast<Milestone>(cycle.first)),
                               domain::milestone_name(static_cast<Milestone>(cycle.last)))));
  answer.rows_name = "rows";
  CycleSums none;
  answer.columns = column_names(cycle_row("", "", none, cycle));
  for (auto& [at, sums] : rows) {
    answer.rows.push_back(
        {sort_key({at.first, at.second}), cycle_row(at.first, at.second, sums, cycle)});
  }
  return answer;
}

}  // namespace daybook::views
