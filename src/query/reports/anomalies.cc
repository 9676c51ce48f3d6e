// What does not add up, at the record it is about.
#include "query/reports/anomalies.h"

#include "query/anomalies.h"
#include "query/coordinator.h"
#include "query/reports.h"
#include "query/reports/rates.h"

namespace daybook::query {
namespace {

struct AnomaliesPart {
  Rows rows;
  std::map<std::string, std::int64_t> counts;  // By kind, where no rows are wanted.

  void add(AnomaliesPart other) {
    rows.add_all(std::move(other.rows));
    for (const auto& [kind, count] : other.counts) counts[kind] += count;
  }
  template <typename Visit>
  void for_each_field(const Visit& visit) {
    visit(rows, counts);
  }
};

class Anomalies final : public ReportOf<AnomaliesPart> {
 public:
  const Description& description() const override {
    static const Description description = [] {
      using namespace fields;
      return Description{
          .name = "anomalies",
          .path = "/v1/anomalies",
          .meaning = "What does not add up, at the record it is about.",
          .parameters = {parameters::choice("kind", anomaly_kinds(), {}, "This kind alone."),
                         parameters::choice(
                             "state", {"open", "cleared", "all"}, "open",
                             "Those open at as_of, those that were open before and are no longer, or both."),
                         parameters::customer_id()},
          .rows_name = "anomalies",
          .row = {text("kind"), text("state"), text("customer_id"), text("document_id"), text("detail"), event(),
                  customer_name()}};
    }();
    return description;
  }

  std::optional<RatesWanted> rates(const Question& question) const override {
    if (!wanted_by(question).takes_credit()) return std::nullopt;
    return RatesWanted{question.as_of, question.as_of};
  }

  // What names an account may be parked in any shard.
  std::optional<std::string> account(const Question&) const override { return std::nullopt; }

  static std::map<std::string, std::int64_t> counts_in(std::unique_ptr<Partial> gathered) {
    return taken(std::move(gathered)).counts;
  }

  // Of an earlier knowledge all accounts are evaluated for each.
  bool goes_in_rounds(const Question& question) const override { return !question.known_at_ms; }

 protected:
  AnomaliesPart part_of(const Question& question, const ShardReader& shard) const override {
    AnomaliesPart part{Rows(question.page), {}};
    const auto visit = [&](const AnomalyKey& by, const FoundAnomaly& found) {
      part.rows.add(sort_key({by.kind, by.customer_id, by.document_id}), [&] {
        Row row = Row::with_room(description().row.size());
        row.add("kind", Value::text(by.kind));
        row.add("state", Value::text(found.is_open ? "open" : "cleared"));
        row.add("customer_id", Value::text(by.customer_id));
        row.add("document_id", Value::text(by.document_id));
        row.add("detail", Value::text(found.detail));
        row.add("event", Value::object(shard.event_row(found.event())));
        return row;
      });
    };
    part.counts = find_anomalies(shard, wanted_by(question), part.rows, visit);
    return part;
  }

  Answer answer_of(const Question&, AnomaliesPart whole, Asker&) const override {
    Answer answer;
    answer.rows = std::move(whole.rows);
    return answer;
  }

 private:
  static AnomaliesWanted wanted_by(const Question& question) {
    const std::string state = question.arguments.choice("state");
    return {.kind = question.arguments.text("kind"), .open = state != "cleared", .cleared = state != "open"};
  }
};

}  // namespace

const Report& anomalies_report() {
  static const Anomalies report;
  return report;
}

namespace {

Question about_open_anomalies(const ShardSource& source, Day today) {
  const Report& report = anomalies_report();
  Question question;
  question.report = report.description().name;
  question.today = question.as_of = today;
  question.scope = AccessScope::everything();
  question.page.count = 0;
  question.arguments = Arguments(report.description(), {}, source.rules().zone);
  return question;
}

std::map<std::string, std::int64_t> with_those_of_none(std::map<std::string, std::int64_t> counts) {
  for (const std::string& kind : anomaly_kinds()) counts.try_emplace(kind, 0);
  return counts;
}

}  // namespace

std::map<std::string, std::int64_t> open_anomalies(const ShardSource& source, Day today, const std::stop_token& stop) {
  const Report& report = anomalies_report();
  Question question = about_open_anomalies(source, today);
  Coordinator coordinator(source, std::nullopt, stop);
  question.rates = coordinator.rates(question, *report.rates(question));
  return with_those_of_none(Anomalies::counts_in(coordinator.gather(report, question)));
}

std::map<std::string, std::int64_t> open_anomalies_of(std::span<const std::int32_t> partitions,
                                                      const ShardSource& source, Day today,
                                                      const std::stop_token& stop) {
  const Question question = about_open_anomalies(source, today);
  std::map<std::string, std::int64_t> counts;
  for (const std::int32_t partition : partitions) {
    ShardReply reply = source.open(partition, std::nullopt)->ask(anomalies_report(), question, stop);
    for (const auto& [kind, count] : Anomalies::counts_in(std::move(reply.partial))) counts[kind] += count;
  }
  counts = with_those_of_none(std::move(counts));
  std::erase_if(counts, [](const auto& each) { return AnomaliesWanted{.kind = each.first}.takes_credit(); });
  return counts;
}

}  // namespace daybook::query
