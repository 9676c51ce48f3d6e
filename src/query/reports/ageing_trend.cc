// How the ageing came about: the same figures at the end of each period of a span.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <vector>

#include "base/period_label.h"
#include "query/period.h"
#include "query/reports.h"
#include "query/reports/ageing.h"

namespace daybook::query {
namespace {

// A year of days; more would be asked of every account for each of them.
constexpr std::size_t kPeriodsMax = 400;

// The last days of a question's periods, the last at `to`; no more than one beyond those that there may be.
std::vector<Day> period_ends(const Period& span) {
  std::vector<Day> ends;
  for (Day day = span.from; day <= span.to && ends.size() <= kPeriodsMax; day = ends.back() + 1) {
    ends.push_back(std::min(parse_period_label(span.label(day))->to, span.to));
  }
  return ends;
}

// An ageing for each period.
struct TrendPart {
  std::vector<AgeingPart> periods;

  void add(TrendPart other) {
    periods.resize(std::max(periods.size(), other.periods.size()));
    for (std::size_t i = 0; i < other.periods.size(); ++i) periods[i].add(std::move(other.periods[i]));
  }
  template <typename Visit>
  void for_each_field(const Visit& visit) {
    visit(periods);
  }
};

Row front_of(const std::string& label, Day as_of) {
  Row front;
  front.add("period", Value::text(label));
  front.add("as_of", Value::date(as_of));
  return front;
}

// Fields of an ageing behind those of its period.
std::vector<Field> with_period(std::vector<Field> more, const std::vector<Field>& of_ageing) {
  std::vector<Field> all = {fields::text("period"), fields::date("as_of")};
  std::ranges::move(more, std::back_inserter(all));
  std::ranges::copy(of_ageing, std::back_inserter(all));
  return all;
}

class AgeingTrend final : public ReportOf<TrendPart> {
 public:
  const Description& description() const override {
    static const Description description = [] {
      using namespace fields;
      Description of{.name = "ageing-trend",
                     .path = "/v1/receivables/ageing/trend",
                     .meaning = "The ageing at the end of each period, the last at `to`.",
                     .parameters = {parameters::from(), parameters::to(), parameters::grain("month")},
                     .rows_name = "rows",
                     .row = with_period({text("group")}, ageing_fields()),
                     .head = {date("from"), date("to"), text("grain"), text("basis"), text("credits"), text("group_by"),
                              list_of(text("buckets"))},
                     .tail = {list("totals", with_period({}, ageing_fields())),
                              list("base_totals", with_period({}, base_total_fields())).where_asked()}};
      of.row.push_back(customer_name_of_group());
      std::ranges::move(ageing_parameters("none"), std::back_inserter(of.parameters));
      return of;
    }();
    return description;
  }

  void settle(Question& question) const override {
    Period::settle_as_of(question);
    Grouping::check(question);
    if (period_ends(Period::of(question)).size() > kPeriodsMax) {
      refuse_parameter("grain", fmt::format("from..to has more than {} periods of it", kPeriodsMax));
    }
  }

  std::optional<RatesWanted> rates(const Question& question) const override {
    if (!question.arguments.currency("base_currency")) return std::nullopt;
    const std::vector<Day> ends = period_ends(Period::of(question));
    return RatesWanted{ends.front(), ends.back()};
  }

 protected:
  TrendPart part_of(const Question& question, const ShardReader& shard) const override {
    const Grouping grouping = Grouping::of(question);
    const std::vector<Day> ends = period_ends(Period::of(question));
    std::vector<Ageing> ageings;
    for (const Day end : ends) ageings.push_back(Ageing::of(question, end));
    std::vector<GroupedSums<AgeingSums>> sums;
    sums.reserve(ends.size());
    for (const Ageing& ageing : ageings) sums.emplace_back(AgeingSums(ageing.buckets));
    shard.receivables_on(ends, grouping, ageings.front().detail(grouping),
                         [&](std::size_t i, const ReceivableRow& row, const GroupCursor& group) {
                           ageings[i].add(sums[i].at(group, Currency::from_number(row.currency)), row);
                         });
    TrendPart part;
    for (GroupedSums<AgeingSums>& of_one : sums) part.periods.push_back({of_one.take()});
    return part;
  }

  Answer answer_of(const Question& question, TrendPart whole, Asker&) const override {
    const Period span = Period::of(question);
    Answer answer;
    answer.rows = Rows(question.page);
    answer.columns = ageing_columns(front_of("", span.to), {question.arguments.days("buckets")});
    answer.head.add("from", Value::date(span.from));
    answer.head.add("to", Value::date(span.to));
    answer.head.add("grain", Value::text(question.arguments.choice("grain")));
    write_ageing_head(question, answer.head);
    std::vector<Row> totals;
    std::vector<Row> base_totals;
    const std::vector<Day> ends = period_ends(span);
    whole.periods.resize(ends.size());
    for (std::size_t i = 0; i < ends.size(); ++i) {
      AgeingTotals of_period;
      write_ageing(question, ends[i], whole.periods[i], sortable(ends[i]), front_of(span.label(ends[i]), ends[i]),
                   answer.rows, of_period);
      std::ranges::move(of_period.by_currency, std::back_inserter(totals));
      if (of_period.in_base) base_totals.push_back(*std::move(of_period.in_base));
    }
    answer.tail.add("totals", Value::list_of_rows(std::move(totals)));
    if (question.arguments.currency("base_currency")) {
      answer.tail.add("base_totals", Value::list_of_rows(std::move(base_totals)));
    }
    return answer;
  }
};

}  // namespace

const Report& ageing_trend_report() {
  static const AgeingTrend report;
  return report;
}

}  // namespace daybook::query
