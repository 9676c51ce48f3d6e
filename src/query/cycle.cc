// Order-cycle times: statistics and stages over order rows.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <unordered_map>

#include "base/bytes.h"
#include "base/hash.h"
#include "evaluation/contribution.h"
#include "store/keys.h"
#include "query/period.h"
#include "query/known_at.h"
#include "query/views.h"

namespace daybook::query {
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

// What the orders of a row come to. A row of the index that went is taken away again.
struct CycleSums {
  std::vector<std::int64_t> seconds;
  std::vector<std::int64_t> gone;  // Of `seconds`.
  std::int64_t out_of_order = 0;
  std::vector<Int128> stages;  // Seconds of each stage of the cycle.

  // `at(milestone)`: whether it was reached, and when. `sign`: 1, or −1 to take it away.
  template <typename At>
  void add(const At& at, const Cycle& cycle, int sign) {
    const Instant begin = *at(cycle.first);
    const Instant end = *at(cycle.last);
    if (end < begin) {
      out_of_order += sign;
      return;
    }
    (sign > 0 ? seconds : gone).push_back(end - begin);
    stages.resize(cycle.last - cycle.first);
    Instant kept = begin;
    for (std::size_t i = cycle.first + 1; i <= cycle.last; ++i) {
      const MaybeInstant reached = at(i);
      if (!reached || *reached < kept || *reached > end) continue;
      stages[i - cycle.first - 1] += sign * (*reached - kept);
      kept = *reached;
    }
  }

  // Before the sums are read.
  void settle() {
    if (gone.empty()) return;
    std::ranges::sort(seconds);
    std::ranges::sort(gone);
    std::vector<std::int64_t> left;
    std::ranges::set_difference(seconds, gone, std::back_inserter(left));
    seconds = std::move(left);
    gone.clear();
  }
  bool is_empty() const { return seconds.empty() && out_of_order == 0; }
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

Row cycle_row(std::string period, std::string_view group, CycleSums& sums, const Cycle& cycle) {
  const std::size_t n = sums.seconds.size();
  sums.stages.resize(cycle.last - cycle.first);
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
    one.add("from", Value::text(domain::milestone_name(static_cast<Milestone>(cycle.first + i))));
    one.add("to", Value::text(domain::milestone_name(static_cast<Milestone>(cycle.first + i + 1))));
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

// Which orders are asked for, and by what they are grouped.
struct CycleQuestion {
  Day as_of = 0;
  Period period;
  Cycle cycle;
  std::string group_by;
  int level = 0;
  Filters filters;
  const BusinessZone* zone = nullptr;

  // Whether all orders are asked for, in one group.
  bool is_plain() const {
    return group_by == "none" && !filters.region && !filters.sales_rep && !filters.grade &&
           !filters.warehouse && !filters.kind && !filters.channel;
  }

  bool asks_warehouse() const { return group_by == "warehouse" || filters.warehouse; }
  // Whether an order's own attributes do not say all that is asked.
  bool asks_file(const domain::Attributes& own) const {
    return group_by == "grade" || filters.grade ||
           (own.region.empty() && (group_by == "region" || filters.region)) ||
           (own.sales_rep.empty() && (group_by == "sales_rep" || filters.sales_rep));
  }

  // The group of an order that passes the filters.
  std::optional<std::string> group(const index::CycleGroup& order, std::string_view warehouse,
                                   CustomerContext& customer) const {
    const std::string_view region = customer.region(order.attributes);
    const std::string_view rep = customer.sales_rep(order.attributes);
    const std::string_view grade = customer.grade(order.attributes.file_day);
    const std::string_view kind = domain::order_kind_name(static_cast<std::uint8_t>(order.kind));
    if (!passes_region(filters.region, region) || !passes(filters.sales_rep, rep) ||
        !passes(filters.grade, grade) || !passes(filters.warehouse, warehouse) ||
        !passes(filters.kind, kind) || !passes(filters.channel, order.channel)) {
      return std::nullopt;
    }
    if (group_by == "region") return group_name(cut_region(region, level));
    if (group_by == "sales_rep") return group_name(rep);
    if (group_by == "grade") return group_name(grade);
    if (group_by == "warehouse") return group_name(warehouse);
    if (group_by == "customer") return std::string(customer.name());
    if (group_by == "kind") return std::string(kind);
    if (group_by == "channel") return group_name(order.channel);
    return "";
  }
};

// Sums by group and period; remembers where neighbours went.
class CycleRows {
 public:
  explicit CycleRows(const CycleQuestion& question) : period_(question.period) {
    for (Day day = period_.from; day <= period_.to; ++day) {
      const Day start = period_.grain == Grain::kNone ? period_.from : period_start(period_.grain, day);
      if (starts_.empty() || starts_.back() != start) starts_.push_back(start);
      places_.push_back(static_cast<std::uint32_t>(starts_.size() - 1));
    }
  }

  struct Group {
    std::unordered_map<std::uint32_t, CycleSums> periods;  // By place of their start.
    std::uint32_t last_place = 0;
    CycleSums* last = nullptr;
  };
  // Stays where it is.
  Group* group(const std::string& name) { return &groups_[name]; }
  // `day` lies in the period asked for.
  CycleSums& sums(Group& group, Day day) {
    const std::uint32_t place = places_[static_cast<std::size_t>(day - period_.from)];
    if (group.last == nullptr || group.last_place != place) {
      group.last = &group.periods[place];
      group.last_place = place;
    }
    return *group.last;
  }

  // Calls visit(period's label, group's name, sums) for rows that have an order.
  template <typename Visit>
  void for_each(const Visit& visit) {
    for (auto& [name, group] : groups_) {
      for (auto& [place, sums] : group.periods) {
        sums.settle();
        if (!sums.is_empty()) visit(period_.label(std::max(starts_[place], period_.from)), name, sums);
      }
    }
  }

 private:
  Period period_;
  std::vector<Day> starts_;
  std::vector<std::uint32_t> places_;  // By day: which of the starts.
  std::map<std::string, Group> groups_;
};

// Takes the orders of one shard.
class CycleScan {
 public:
  CycleScan(Question& question, const CycleQuestion& asked, const ShardSnapshot& shard, CycleRows& rows)
      : question_(question), asked_(asked), shard_(shard), rows_(rows) {
    if (asked_.is_plain()) plain_ = rows_.group("");
  }

  void scan_pages(std::optional<store::LabelId> customer) {
    if (shard_.known_at != nullptr) {
      shard_.known_at->for_each_contribution(
          shard_, customer, [&](store::LabelId id, domain::DocumentRef, evaluation::Contribution& contribution) {
            if (!contribution.cycle_row().empty()) take_stored(id, contribution.cycle_row(), 1);
          });
      return;
    }
    const std::string prefix = customer ? store::cells_prefix(store::kCycleRow, *customer)
                                        : std::string(1, store::kCycleRow);
    using Next = store::Reads::Next;
    const auto take = [&](std::string_view bytes, std::string_view value) -> Result<Next> {
      ASSIGN_OR_RETURN(const store::CycleRowKey key, store::CycleRowKey::parse(bytes));
      RETURN_IF_ERROR(store::check_labels(*shard_.labels, key.customer, {}));
      ASSIGN_OR_RETURN(const domain::CycleRow row, store::decode_cycle_row(value));
      take_row(key.customer, row, 1);
      return Next::kGoOn;
    };
    const auto scanned = shard_.reads->scan(store::Table::kCells, prefix, "", take);
    if (!scanned) refuse(scanned.error());
  }

  void scan_image() {
    const auto& part = shard_.index->cycles;
    // Days begin at most a day from their UTC midnight.
    const Instant from = (static_cast<Instant>(asked_.period.from) - 2) * 86'400;
    const Instant to = (static_cast<Instant>(asked_.period.to) + 3) * 86'400;
    for (const auto& month : part.table->months()) {
      for (const index::OtherCycle& other : month->others) take_stored(other.customer, other.bytes, 1);
      if (month->last[asked_.cycle.last] < from || month->first[asked_.cycle.last] > to) continue;
      const bool settled = month->settled <= asked_.as_of;
      for (const index::PlainCycle& row : month->rows) {
        settled ? take<true>(row, 1) : take<false>(row, 1);
      }
    }
    part.tail.for_each([&](const index::CycleRowChange& change) {
      if (const auto* row = std::get_if<index::PlainCycle>(&change.row)) {
        take<false>(*row, change.sign);
      } else {
        const auto& other = std::get<index::OtherCycle>(change.row);
        take_stored(other.customer, other.bytes, change.sign);
      }
    });
  }

 private:
  // A row as stored.
  void take_stored(store::LabelId customer, std::string_view bytes, int sign) {
    take_row(customer, value_or_refuse(store::decode_cycle_row(bytes)), sign);
  }

  void take_row(store::LabelId customer, const domain::CycleRow& row, int sign) {
    const domain::CycleChange* change = nullptr;
    for (const domain::CycleChange& candidate : row.changes) {
      if (candidate.counts_from <= asked_.as_of) change = &candidate;
    }
    if (change == nullptr) return;
    take_at([&](std::size_t milestone) { return change->milestones[milestone]; }, sign, [&] {
      return find_group({row.attributes, row.kind, row.channel}, change->warehouse, customer);
    });
  }

  // A row of the index; `Settled`: all of it counts on the day asked for.
  template <bool Settled>
  void take(const index::PlainCycle& row, int sign) {
    const auto at = [&](std::size_t milestone) -> MaybeInstant {
      if (!row.has(milestone)) return {};
      if (!Settled && row.counts_from(milestone) > asked_.as_of) return {};
      return row.at(milestone);
    };
    take_at(at, sign, [&] {
      const bool dispatched = at(static_cast<std::size_t>(Milestone::kFirstDispatched)).has_value();
      return known_group(row, dispatched ? row.warehouse : kNotDispatched);
    });
  }

  // Where rows of one group, warehouse and, as far as it matters, customer and file go.
  CycleRows::Group* known_group(const index::PlainCycle& row, index::TextId warehouse) {
    auto known = groups_.find(row.group);
    if (known == groups_.end()) {
      known = groups_.emplace(row.group, index::cycle_group(shard_.dictionary->text(row.group))).first;
    }
    index::CycleGroup& group = known->second;
    const bool by_file = asked_.asks_file(group.attributes);
    std::array<std::uint32_t, 4> key = {row.group, asked_.asks_warehouse() ? warehouse : 0,
                                        by_file || asked_.group_by == "customer" ? row.customer : 0, 0};
    if (by_file) {
      group.attributes.file_day = asked_.zone->day_of(row.placed);
      const index::FileVersions& files = shard_.index->files->of(row.customer);
      const index::FileVersion* file = files.on(group.attributes.file_day);
      // Any day may be a file's first.
      key[3] = static_cast<std::uint32_t>(file == nullptr ? std::numeric_limits<Day>::min() : file->from);
    }
    const auto [found, is_new] = known_.try_emplace(key, nullptr);
    if (is_new) {
      found->second = find_group(
          group, warehouse == kNotDispatched ? std::string_view() : shard_.dictionary->text(warehouse),
          row.customer);
    }
    return found->second;
  }

  template <typename At, typename FindGroup>
  void take_at(const At& at, int sign, const FindGroup& find) {
    const MaybeInstant end = at(asked_.cycle.last);
    if (!end || !at(asked_.cycle.first)) return;
    const Day day = asked_.zone->day_of(*end);
    if (!asked_.period.holds(day)) return;
    CycleRows::Group* group = plain_ != nullptr ? plain_ : find();
    if (group != nullptr) rows_.sums(*group, day).add(at, asked_.cycle, sign);
  }

  // Null: it does not pass.
  CycleRows::Group* find_group(const index::CycleGroup& order, std::string_view warehouse,
                               store::LabelId customer) {
    if (customer_ == nullptr || customer_->id() != customer) {
      customer_ = question_.new_customer(shard_, customer);
    }
    const auto name = asked_.group(order, warehouse, *customer_);
    return name ? rows_.group(*name) : nullptr;
  }

  struct KeyHash {
    std::size_t operator()(const std::array<std::uint32_t, 4>& key) const {
      return hash64({reinterpret_cast<const char*>(key.data()), sizeof key});
    }
  };

  Question& question_;
  const CycleQuestion& asked_;
  const ShardSnapshot& shard_;
  CycleRows& rows_;
  CycleRows::Group* plain_ = nullptr;  // Where all go.
  std::unique_ptr<CustomerContext> customer_;
  static constexpr index::TextId kNotDispatched = std::numeric_limits<index::TextId>::max();
  std::unordered_map<index::TextId, index::CycleGroup> groups_;
  // By group, warehouse, customer and first day of the file's version: where rows of the index go.
  std::unordered_map<std::array<std::uint32_t, 4>, CycleRows::Group*, KeyHash> known_;
};

}  // namespace

Answer order_cycle(Question& question) {
  Parameters& parameters = question.parameters();
  CycleQuestion asked;
  asked.as_of = question.as_of();
  asked.period = read_period(parameters, Grain::kMonth);
  asked.cycle = read_cycle(parameters);
  asked.group_by = parameters.one_of(
      "group_by",
      {"none", "region", "sales_rep", "grade", "warehouse", "customer", "kind", "channel"}, "none");
  const auto level = parameters.integer("level", 1, 6);
  if (level && asked.group_by != "region") refuse_parameter("level", "needs group_by=region");
  asked.level = static_cast<int>(level.value_or(0));
  asked.filters = question.filters(
      {"region", "sales_rep", "grade", "warehouse", "customer_id", "kind", "channel"});
  asked.zone = &question.rules().zone;
  const Cycle& cycle = asked.cycle;

  CycleRows rows(asked);
  const auto scope = question.scope(asked.filters);
  for (const ShardSnapshot* shard : scope.shards) {
    CycleScan scan(question, asked, *shard, rows);
    if (shard->index != nullptr && shard->index->cycles.table != nullptr && !scope.customer) {
      scan.scan_image();
    } else {
      scan.scan_pages(scope.customer);
    }
  }

  CycleSums none;
  Answer answer = question.list("rows", column_names(cycle_row("", "", none, cycle)));
  answer.head.add("cycle", Value::text(fmt::format(
                               "{}..{}", domain::milestone_name(static_cast<Milestone>(cycle.first)),
                               domain::milestone_name(static_cast<Milestone>(cycle.last)))));
  rows.for_each([&](const std::string& label, const std::string& group, CycleSums& sums) {
    answer.rows.add(sort_key({label, group}), [&] { return cycle_row(label, group, sums, cycle); });
  });
  return answer;
}

}  // namespace daybook::query
