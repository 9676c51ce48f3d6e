// What made orders slower or faster than in another period: the stages, the mix of groups, and the delays reported.
#include <algorithm>
#include <boost/multiprecision/cpp_int.hpp>
#include <map>
#include <numeric>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "query/cycle.h"
#include "query/cycle_reader.h"
#include "query/period_groups.h"
#include "query/reports.h"

namespace daybook::query {
namespace {

using Fraction = boost::multiprecision::cpp_rational;

// Orders of one period that reached both milestones in their order.
struct CycleTotals {
  std::int64_t n = 0;
  Int128 seconds = 0;
  std::vector<Int128> stages;  // May be left out where there are no orders.

  CycleTotals& operator+=(const CycleTotals& other) {
    n += other.n;
    seconds += other.seconds;
    stages.resize(std::max(stages.size(), other.stages.size()));
    for (std::size_t i = 0; i < other.stages.size(); ++i) stages[i] += other.stages[i];
    return *this;
  }
  Fraction mean() const { return Fraction(seconds) / n; }
  Int128 stage(std::size_t number) const { return number < stages.size() ? stages[number] : 0; }

  template <typename Visit>
  void for_each_field(const Visit& visit) {
    visit(n, seconds, stages);
  }
  // What is multiplied below stays in its numbers.
  bool is_sound() const {
    constexpr Int128 kMost = Int128{1} << 90;
    const auto fits = [](Int128 sum) { return 0 <= sum && sum <= kMost; };
    return 0 <= n && fits(seconds) && stages.size() <= domain::kMilestoneCount && std::ranges::all_of(stages, fits);
  }
};

// The same orders in the period asked about and in the one that it is held against.
struct Compared {
  CycleTotals period;
  CycleTotals baseline;

  Compared& operator+=(const Compared& other) {
    period += other.period;
    baseline += other.baseline;
    return *this;
  }
  bool is_empty() const { return period.n == 0 && baseline.n == 0; }
  // Without orders in one of them there is no change to speak of.
  bool has_both() const { return period.n > 0 && baseline.n > 0; }
  Fraction change() const { return period.mean() - baseline.mean(); }
  Fraction stage_change(std::size_t number) const {
    return Fraction(period.stage(number)) / period.n - Fraction(baseline.stage(number)) / baseline.n;
  }

  template <typename Visit>
  void for_each_field(const Visit& visit) {
    visit(period, baseline);
  }
};

// Delays that were reported of a stage for a reason.
struct Delays {
  std::int64_t events = 0;
  std::int64_t orders = 0;

  template <typename Visit>
  void for_each_field(const Visit& visit) {
    visit(events, orders);
  }
};

struct FactorsPart {
  using Reason = std::pair<std::uint8_t, std::string>;  // Stage and reason code.

  std::map<std::string, Compared> groups;
  std::map<Reason, Delays> reasons;

  void add(FactorsPart other) {
    groups.merge(other.groups);
    for (const auto& [group, compared] : other.groups) groups[group] += compared;
    for (const auto& [reason, delays] : other.reasons) {
      Delays& sums = reasons[reason];
      sums.events += delays.events;
      sums.orders += delays.orders;
    }
  }
  template <typename Visit>
  void for_each_field(const Visit& visit) {
    visit(groups, reasons);
  }
  bool is_sound() const {
    constexpr auto kLast = static_cast<std::uint8_t>(domain::DelayStage::kInvoice);
    return std::ranges::all_of(reasons, [](const auto& reason) { return reason.first.first <= kLast; });
  }
};

// In thousandths, rounded half away from zero.
Int128 rounded(const Fraction& exact) {
  using Integer = boost::multiprecision::cpp_int;
  const Integer denominator = boost::multiprecision::denominator(exact);
  const Integer numerator = boost::multiprecision::numerator(exact) * 1000;
  const Integer magnitude = (abs(numerator) * 2 + denominator) / (denominator * 2);
  const auto number = static_cast<Int128>(magnitude);
  return numerator < 0 ? -number : number;
}

// The parts rounded so that they add up to the whole, itself rounded: each like any figure; what is then too much, or
// lacks, is taken from those that were moved farthest that way, the first of equals first, a thousandth each.
std::vector<Int128> rounded_parts(Int128 whole, const std::vector<Fraction>& parts) {
  std::vector<Int128> shown;
  for (const Fraction& part : parts) shown.push_back(rounded(part));
  const Int128 excess = std::accumulate(shown.begin(), shown.end(), Int128{0}) - whole;
  if (excess == 0) return shown;
  const int sign = excess > 0 ? 1 : -1;
  std::vector<std::pair<Fraction, std::size_t>> moved;
  for (std::size_t i = 0; i < parts.size(); ++i) moved.emplace_back(sign * (Fraction(shown[i]) - parts[i] * 1000), i);
  std::ranges::stable_sort(moved, std::ranges::greater(),
                           [](const auto& part) -> const Fraction& { return part.first; });
  // There are so many: each was moved by half a thousandth at most.
  for (std::size_t i = 0; i < static_cast<std::size_t>(sign * excess); ++i) shown[moved[i].second] -= sign;
  return shown;
}

Value shown_change(const Compared& compared, Int128 thousandths) {
  return compared.has_both() ? Value::mean(thousandths) : Value();
}

Row factors_row(std::string_view group, const Compared& compared, const Cycle& cycle) {
  const auto mean = [](Int128 seconds, const CycleTotals& of) {
    return mean_seconds(seconds, static_cast<std::size_t>(of.n));
  };
  const auto& [period, baseline] = compared;
  std::vector<Int128> changes(cycle.stages());
  Int128 change = 0;
  if (compared.has_both()) {
    change = rounded(compared.change());
    std::vector<Fraction> parts;
    for (std::size_t i = 0; i < cycle.stages(); ++i) parts.push_back(compared.stage_change(i));
    changes = rounded_parts(change, parts);
  }
  Row row;
  row.add("group", Value::text(group));
  row.add("n", Value::integer(period.n));
  row.add("baseline_n", Value::integer(baseline.n));
  row.add("mean_seconds", mean(period.seconds, period));
  row.add("baseline_mean_seconds", mean(baseline.seconds, baseline));
  row.add("change_seconds", shown_change(compared, change));
  std::vector<Row> stages;
  for (std::size_t i = 0; i < cycle.stages(); ++i) {
    Row& one = stages.emplace_back();
    one.add("from", Value::text(cycle.stage_from(i)));
    one.add("to", Value::text(cycle.stage_to(i)));
    one.add("mean_seconds", mean(period.stage(i), period));
    one.add("baseline_mean_seconds", mean(baseline.stage(i), baseline));
    one.add("change_seconds", shown_change(compared, changes[i]));
  }
  row.add("stages", Value::list_of_rows(std::move(stages)));
  return row;
}

// The change of all orders' mean, split by groups: what their own orders took longer, and that groups which take longer
// had a larger share of the orders. A group that was not there took as long as all did.
class Mix {
 public:
  explicit Mix(const std::map<std::string, Compared>& groups) : groups_(groups) {
    for (const auto& [group, compared] : groups) all_ += compared;
  }

  Row row() const {
    Row row;
    if (!all_.has_both()) {
      row.add("within_seconds", Value());
      row.add("mix_seconds", Value());
      row.add("groups", Value::list_of_rows({}));
      return row;
    }
    const Fraction own = within();
    const auto whole = rounded_parts(rounded(all_.change()), {own, all_.change() - own});
    std::vector<Fraction> own_parts;
    std::vector<Fraction> mix_parts;
    for (const auto& [group, compared] : groups_) {
      own_parts.push_back(within(compared));
      mix_parts.push_back(mix(compared));
    }
    const auto own_shown = rounded_parts(whole[0], own_parts);
    const auto mix_shown = rounded_parts(whole[1], mix_parts);
    std::vector<Row> rows;
    for (const auto& [group, compared] : groups_) {
      Row& one = rows.emplace_back();
      one.add("group", Value::text(group));
      one.add("within_seconds", Value::mean(own_shown[rows.size() - 1]));
      one.add("mix_seconds", Value::mean(mix_shown[rows.size() - 1]));
    }
    row.add("within_seconds", Value::mean(whole[0]));
    row.add("mix_seconds", Value::mean(whole[1]));
    row.add("groups", Value::list_of_rows(std::move(rows)));
    return row;
  }

 private:
  Fraction before(const Compared& group) const {
    return group.baseline.n > 0 ? group.baseline.mean() : all_.baseline.mean();
  }
  Fraction within(const Compared& group) const {
    return (Fraction(group.period.seconds) - group.period.n * before(group)) / all_.period.n;
  }
  Fraction mix(const Compared& group) const {
    return (Fraction(group.period.n) / all_.period.n - Fraction(group.baseline.n) / all_.baseline.n) * before(group);
  }
  // Of all groups. Those that were equally large are summed first: the fewer denominators meet.
  Fraction within() const {
    std::map<std::int64_t, Fraction> by_size;
    for (const auto& [name, group] : groups_) by_size[group.baseline.n] += group.period.n * before(group);
    Fraction as_before;
    for (const auto& [size, seconds] : by_size) as_before += seconds;
    return (Fraction(all_.period.seconds) - as_before) / all_.period.n;
  }

  const std::map<std::string, Compared>& groups_;
  Compared all_;
};

// One shard, while it is asked.
class FactorsOf {
 public:
  FactorsOf(const ShardReader& shard, const Grouping& grouping, const Cycle& cycle, FactorsPart& part)
      : shard_(shard), grouping_(grouping), cycle_(cycle), part_(part) {}

  void add_totals(const LabelledPeriod& span, CycleTotals Compared::* to) {
    CycleReader orders = reader(span);
    PeriodGroups<CycleTotals> sums(Period{.from = span.from, .to = span.to});
    const auto choose = [&](const auto& order) { return day_in(span, order); };
    orders.for_each(choose, [&](const auto& order, Day day, std::uint32_t group, int sign) {
      const std::int64_t seconds = *order.at(cycle_.last) - *order.at(cycle_.first);
      if (seconds < 0) return;
      CycleTotals& at = sums.at(group, day);
      at.n += sign;
      at.seconds += sign * seconds;
      at.stages.resize(cycle_.stages());
      cycle_.for_each_stage(order, [&](std::size_t stage, std::int64_t took) { at.stages[stage] += sign * took; });
    });
    sums.for_each([&](const std::string&, std::uint32_t group, const CycleTotals& each) {
      if (each.n > 0) part_.groups[orders.name(group)].*to = each;
    });
  }

  // Of the orders of a period, those out of order among them.
  void add_reasons(const LabelledPeriod& span) {
    const auto choose = [&](const auto& order) { return day_in(span, order); };
    reader(span).for_each_delayed(
        choose, [&](const std::vector<domain::CycleDelays>& delays, int sign) { add_reasons_of(delays, sign); });
    std::erase_if(part_.reasons, [](const auto& reason) { return reason.second.events == 0; });
  }

 private:
  CycleReader reader(const LabelledPeriod& span) const {
    return {shard_, grouping_, CycleReader::Reached{cycle_.last, cycle_.last, span.from, span.to}};
  }
  std::optional<Day> day_in(const LabelledPeriod& span, const auto& order) const {
    const std::optional<Day> day = cycle_.day_of(order, shard_.rules().zone);
    return day && span.holds(*day) ? day : std::nullopt;
  }

  void add_reasons_of(const std::vector<domain::CycleDelays>& of_one, int sign) {
    std::set<std::pair<domain::DelayStage, std::string_view>> of_order;
    for (const domain::CycleDelays& delays : of_one) {
      if (delays.counts_from > shard_.question().as_of) break;
      const FactorsPart::Reason reason(static_cast<std::uint8_t>(delays.stage), delays.reason_code);
      const auto [at, is_new] = part_.reasons.try_emplace(reason);
      if (is_new) take_memory(sizeof *at + at->first.second.capacity() + kNodeBytes);
      at->second.events += sign * delays.events;
      if (of_order.emplace(delays.stage, delays.reason_code).second) at->second.orders += sign;
    }
  }

  const ShardReader& shard_;
  const Grouping& grouping_;
  const Cycle& cycle_;
  FactorsPart& part_;
};

class Factors final : public ReportOf<FactorsPart> {
 public:
  const Description& description() const override {
    static const Description description = [] {
      using namespace fields;
      Description of{
          .name = "factors",
          .path = "/v1/order-cycle/factors",
          .meaning = "What made orders slower or faster than in another period: stages, groups, and reasons of delay.",
          .parameters = {parameters::period("period", "The period that is asked about.", true),
                         parameters::period("baseline", "The period that it is held against.", true),
                         parameters::cycle()},
          .rows_name = "rows",
          .row = {text("group"), integer("n"), integer("baseline_n"), number("mean_seconds").or_null(),
                  number("baseline_mean_seconds").or_null(), number("change_seconds").or_null(),
                  list("stages", {text("from"), text("to"), number("mean_seconds").or_null(),
                                  number("baseline_mean_seconds").or_null(), number("change_seconds").or_null()}),
                  customer_name_of_group()},
          .head = {text("cycle"), text("period"), text("baseline")},
          .tail = {
              object("mix", {number("within_seconds").or_null(), number("mix_seconds").or_null(),
                             list("groups", {text("group"), number("within_seconds"), number("mix_seconds"),
                                             customer_name_of_group()})}),
              list("reasons", {text("stage").or_null(), text("reason_code"), integer("events"), integer("orders")})}};
      std::ranges::move(parameters::order_grouping(), std::back_inserter(of.parameters));
      return of;
    }();
    return description;
  }

  void settle(Question& question) const override {
    period_named(question, "period");
    period_named(question, "baseline");
    Cycle::of(question);
    Grouping::check(question);
  }

 protected:
  FactorsPart part_of(const Question& question, const ShardReader& shard) const override {
    const Grouping grouping = Grouping::of(question);
    const Cycle cycle = Cycle::of(question);
    const LabelledPeriod period = *period_named(question, "period");
    FactorsPart part;
    FactorsOf of_shard(shard, grouping, cycle, part);
    of_shard.add_totals(period, &Compared::period);
    of_shard.add_totals(*period_named(question, "baseline"), &Compared::baseline);
    of_shard.add_reasons(period);
    return part;
  }

  Answer answer_of(const Question& question, FactorsPart whole, Asker&) const override {
    const Cycle cycle = Cycle::of(question);
    std::erase_if(whole.groups, [](const auto& group) { return group.second.is_empty(); });
    Answer answer;
    answer.head.add("cycle", Value::text(cycle.name()));
    answer.head.add("period", Value::text(*question.arguments.text("period")));
    answer.head.add("baseline", Value::text(*question.arguments.text("baseline")));
    answer.rows = Rows(question.page);
    for (const auto& [group, compared] : whole.groups) {
      answer.rows.add(sort_key({group}), [&] { return factors_row(group, compared, cycle); });
    }
    answer.tail.add("mix", Value::object(Mix(whole.groups).row()));
    std::vector<Row> reasons;
    for (const auto& [reason, delays] : whole.reasons) {
      Row& one = reasons.emplace_back();
      one.add("stage", text_or_null(domain::enumerator_name(static_cast<domain::DelayStage>(reason.first))));
      one.add("reason_code", Value::text(reason.second));
      one.add("events", Value::integer(delays.events));
      one.add("orders", Value::integer(delays.orders));
    }
    answer.tail.add("reasons", Value::list_of_rows(std::move(reasons)));
    return answer;
  }
};

}  // namespace

const Report& factors_report() {
  static const Factors report;
  return report;
}

}  // namespace daybook::query
