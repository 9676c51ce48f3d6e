// Open orders: which were not delivered yet, what they wait for and since when, and how long that mostly takes.
#include <map>
#include <optional>
#include <set>

#include "query/cycle.h"
#include "query/cycle_reader.h"
#include "query/percentiles.h"
#include "query/reports.h"
#include "query/reports/stage_times.h"

namespace daybook::query {
namespace {

using domain::Milestone;

// Stages that ended on so many days, the question's as_of the last of them, say how long a stage takes.
constexpr Day kYardstickDays = 365;

constexpr auto kDelivered = static_cast<std::size_t>(Milestone::kDelivered);

bool is_open(const auto& order) { return order.remains() && !order.at(kDelivered); }

Value milestone(std::size_t number) { return Value::text(domain::milestone_name(static_cast<Milestone>(number))); }

// But for how long its stage takes, which is known once all shards have answered.
Row open_row(const CycleReader::Listed& order, const ShardReader& shard) {
  const Day as_of = shard.question().as_of;
  const std::size_t last = last_milestone(order.state.milestones);
  const Instant since = *order.state.milestones[last];
  Row row = Row::with_room(open_orders_report().description().row.size());
  row.add("customer_id", Value::text(order.customer_id));
  row.add("order_id", Value::text(order.order_id));
  row.add("kind", Value::text(domain::order_kind_name(static_cast<std::uint8_t>(order.kind))));
  row.add("region", text_or_null(order.region));
  row.add("last_milestone", milestone(last));
  row.add("waiting_for", milestone(last + 1));
  row.add("waiting_since", Value::instant(since));
  row.add("days_waiting", Value::integer(as_of - shard.rules().zone.day_of(since)));
  row.add("promised_date", date_or_null(promised_date(order.state.dates)));
  row.add("late", Value::boolean(is_late(order.state.dates, as_of)));
  return row;
}

// The milestone that a row waits for.
std::optional<std::size_t> waited_for(const Row& row) {
  for (const auto& [name, value] : row.values) {
    if (name != "waiting_for") continue;
    const auto known = domain::parse_milestone(value.to_text());
    return known ? std::optional(static_cast<std::size_t>(*known)) : std::nullopt;
  }
  return std::nullopt;
}

std::set<std::size_t> waited_for(Rows& rows) {
  std::set<std::size_t> ends;
  rows.for_each([&](const Row& row) {
    if (const auto end = waited_for(row)) ends.insert(*end);
  });
  return ends;
}

// By the milestone waited for: how long it took nine of ten orders.
using StageTimes = std::map<std::size_t, std::int64_t>;

class OpenOrders final : public ReportOf<RowsPart> {
 public:
  const Description& description() const override {
    static const Description description = [] {
      using namespace fields;
      return Description{
          .name = "open-orders",
          .path = "/v1/order-cycle/open",
          .meaning =
              "Orders that are not delivered yet: what each waits for, since when, and how long that mostly takes.",
          .parameters = parameters::order_filters(),
          .rows_name = "orders",
          .row = {text("customer_id"), text("order_id"), text("kind"), text("region").or_null(), text("last_milestone"),
                  text("waiting_for"), instant("waiting_since"), integer("days_waiting"),
                  date("promised_date").or_null(), boolean("late"), integer("stage_p90_seconds").or_null(),
                  customer_name()}};
    }();
    return description;
  }

  bool goes_in_rounds(const Question&) const override { return true; }
  void prepare_rounds(Question& question, Asker& asker) const override {
    std::set<std::size_t> ends;
    for (std::size_t end = 1; end <= kDelivered; ++end) ends.insert(end);
    question.enclosed = query::encode(stage_p90(question, ends, asker));
  }

 protected:
  RowsPart part_of(const Question& question, const ShardReader& shard) const override {
    const Grouping grouping = Grouping::of(question);
    RowsPart part{Rows(question.page)};
    CycleReader(shard, grouping)
        .list(
            part.rows, [](const auto& order) { return is_open(order); },
            [&](const CycleReader::Listed& order) {
              part.rows.add(sort_key({order.customer_id, order.order_id}), [&] { return open_row(order, shard); });
            });
    return part;
  }

  Answer answer_of(const Question& question, RowsPart whole, Asker& asker) const override {
    Answer answer;
    answer.rows = std::move(whole.rows);
    const StageTimes p90 = question.enclosed.empty()
                               ? stage_p90(question, waited_for(answer.rows), asker)
                               : query::decode<StageTimes>(question.enclosed).value_or(StageTimes());
    answer.rows.for_each([&](Row& row) {
      const auto end = waited_for(row);
      const auto at = end ? p90.find(*end) : p90.end();
      row.add("stage_p90_seconds", at == p90.end() ? Value() : Value::integer(at->second));
    });
    return answer;
  }

 private:
  // Of all orders that the question's scope shows. Its filters choose rows, and leave what stands in each as it is.
  static StageTimes stage_p90(const Question& question, const std::set<std::size_t>& ends, Asker& asker) {
    if (ends.empty()) return {};
    Question asked = question.of_same_moment(stage_times_report().description().name);
    asked.enclosed =
        query::encode(StagesWanted{question.as_of - kYardstickDays + 1, question.as_of, {ends.begin(), ends.end()}});
    StageTimes p90;
    for (auto& [end, seconds] : stage_times_in(asker.gather(stage_times_report(), asked))) {
      if (const auto found = percentiles(seconds, {90}).front()) p90[end] = *found;
    }
    return p90;
  }
};

}  // namespace

const Report& open_orders_report() {
  static const OpenOrders report;
  return report;
}

}  // namespace daybook::query
