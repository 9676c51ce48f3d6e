// Records that are no valid events: kept whole, never dropped.
#include "query/reports/parked.h"

#include <algorithm>

#include "base/base64.h"
#include "query/anomalies.h"
#include "query/coordinator.h"
#include "query/reports.h"

namespace daybook::query {
namespace {

// --- whether they were told again -------------------------------------------------------------

struct ResolutionPart {
  std::vector<NamedEvent> accepted;

  void add(ResolutionPart other) { std::ranges::move(other.accepted, std::back_inserter(accepted)); }
  template <typename Visit>
  void for_each_field(const Visit& visit) {
    visit(accepted);
  }
};

class ResolutionReport final : public ReportOf<ResolutionPart> {
 public:
  const Description& description() const override {
    static const Description description = {
        .name = "resolution", .path = {}, .meaning = "Which of some events were accepted in the documents they name."};
    return description;
  }

  ResolutionPart part_of(const Question& question, const ShardReader& shard) const override {
    auto events = query::decode<std::vector<NamedEvent>>(question.enclosed);
    if (!events) return {};
    return {accepted_of(shard, *std::move(events))};
  }

  Answer answer_of(const Question&, ResolutionPart, Asker&) const override { return {}; }

  static std::vector<NamedEvent> accepted_in(std::unique_ptr<Partial> gathered) {
    return taken(std::move(gathered)).accepted;
  }
};

// Those that were accepted, rising. Each account's shard is asked once.
std::vector<NamedEvent> ask_accepted(std::vector<NamedEvent> events, const Question& question, Asker& asker) {
  std::ranges::sort(events);
  std::vector<NamedEvent> accepted;
  Question asked = question.of_same_moment(resolution_report().description().name);
  for (auto begin = events.begin(); begin != events.end();) {
    const auto end = std::find_if(begin, events.end(),
                                  [&](const NamedEvent& event) { return event.customer_id != begin->customer_id; });
    asked.enclosed = query::encode(std::vector<NamedEvent>(begin, end));
    std::ranges::move(ResolutionReport::accepted_in(asker.ask_account(begin->customer_id, resolution_report(), asked)),
                      std::back_inserter(accepted));
    begin = end;
  }
  return accepted;
}

// --- how many were not ------------------------------------------------------------------------

struct UnresolvedPart {
  std::int64_t open = 0;
  std::vector<NamedEvent> elsewhere;  // One a record, of accounts of other shards.

  void add(UnresolvedPart other) {
    open += other.open;
    std::ranges::move(other.elsewhere, std::back_inserter(elsewhere));
  }
  template <typename Visit>
  void for_each_field(const Visit& visit) {
    visit(open, elsewhere);
  }
};

class UnresolvedReport final : public ReportOf<UnresolvedPart> {
 public:
  const Description& description() const override {
    static const Description description = {
        .name = "unresolved", .path = {}, .meaning = "Parked records of which nothing was told again."};
    return description;
  }

  UnresolvedPart part_of(const Question&, const ShardReader& shard) const override {
    UnresolvedPart part;
    for_each_parked(shard, [&](const ParkedRecord& parked) {
      auto resolution = resolution_of(shard, parked);
      if (auto* event = std::get_if<NamedEvent>(&resolution)) {
        part.elsewhere.push_back(std::move(*event));
      } else if (std::get<Resolution>(resolution) == Resolution::kOpen) {
        ++part.open;
      }
    });
    return part;
  }

  Answer answer_of(const Question&, UnresolvedPart, Asker&) const override { return {}; }

  static UnresolvedPart part_in(std::unique_ptr<Partial> gathered) { return taken(std::move(gathered)); }
};

// --- the list ---------------------------------------------------------------------------------

struct ParkedPart {
  Rows rows;  // A page and one row, which tells that there are more.
  // By the keys of rows: the events that would resolve them, where other shards have to be asked.
  std::map<std::string, NamedEvent> elsewhere;

  void add(ParkedPart other) {
    rows.add_all(std::move(other.rows));
    elsewhere.merge(std::move(other.elsewhere));
  }
  template <typename Visit>
  void for_each_field(const Visit& visit) {
    visit(rows, elsewhere);
  }
};

class Parked final : public ReportOf<ParkedPart> {
 public:
  const Description& description() const override {
    static const Description description = [] {
      using namespace fields;
      return Description{.name = "parked",
                         .path = "/v1/parked",
                         .meaning = "Records that are no valid events: kept whole, never dropped.",
                         .rows_name = "parked",
                         .row = {text("topic"),
                                 integer("partition"),
                                 integer("offset"),
                                 instant("recorded_at"),
                                 text("reason"),
                                 text("detail"),
                                 text("bytes", "The record's value, base64."),
                                 {"resolved",
                                  Field::Type::kBoolean,
                                  {},
                                  false,
                                  false,
                                  "An event with its event_id was accepted, in the document that it names."}}};
    }();
    return description;
  }

 protected:
  ParkedPart part_of(const Question& question, const ShardReader& shard) const override {
    PageCut cut = question.page;
    if (cut.count) ++*cut.count;
    ParkedPart part{Rows(std::move(cut)), {}};
    for_each_parked(shard, [&](const ParkedRecord& parked) {
      const std::string topic = log::topic_name(shard.topic_prefix(), static_cast<log::Topic>(parked.topic));
      const std::string key = sort_key({topic, sortable(shard.partition()), sortable(parked.offset)});
      part.rows.add(key, [&] {
        auto resolution = resolution_of(shard, parked);
        const auto* known = std::get_if<Resolution>(&resolution);
        if (known == nullptr) part.elsewhere.emplace(key, std::get<NamedEvent>(std::move(resolution)));
        Row row;
        row.add("topic", Value::text(topic));
        row.add("partition", Value::integer(shard.partition()));
        row.add("offset", Value::integer(parked.offset));
        row.add("recorded_at", Value::instant_ms(parked.recorded_ms));
        row.add("reason", Value::text(domain::park_reason_name(parked.reason)));
        row.add("detail", Value::text(parked.detail));
        row.add("bytes", Value::text(to_base64(parked.value.value_or(""))));
        row.add("resolved", Value::boolean(known != nullptr && *known == Resolution::kResolved));
        return row;
      });
    });
    return part;
  }

  Answer answer_of(const Question& question, ParkedPart whole, Asker& asker) const override {
    Rows::Page page = whole.rows.take();
    std::vector<NamedEvent> events;
    for (const SortedRow& sorted : page.rows) {
      const auto at = whole.elsewhere.find(sorted.key);
      if (at != whole.elsewhere.end()) events.push_back(at->second);
    }
    const std::vector<NamedEvent> accepted = ask_accepted(std::move(events), question, asker);
    Answer answer;
    answer.rows = Rows(question.page);
    for (SortedRow& sorted : page.rows) {
      const auto at = whole.elsewhere.find(sorted.key);
      if (at != whole.elsewhere.end()) {
        const bool resolved = std::ranges::binary_search(accepted, at->second);
        sorted.row.values.back().second = Value::boolean(resolved);
      }
      answer.rows.add(std::move(sorted.key), [&] { return std::move(sorted.row); });
    }
    return answer;
  }
};

}  // namespace

const Report& parked_report() {
  static const Parked report;
  return report;
}

const Report& resolution_report() {
  static const ResolutionReport report;
  return report;
}

const Report& unresolved_report() {
  static const UnresolvedReport report;
  return report;
}

std::int64_t unresolved_parked(const ShardSource& source, const std::stop_token& stop) {
  Question question;
  question.report = unresolved_report().description().name;
  question.scope = AccessScope::everything();
  Coordinator coordinator(source, std::nullopt, stop);
  UnresolvedPart part = UnresolvedReport::part_in(coordinator.gather(unresolved_report(), question));
  const auto asked = static_cast<std::int64_t>(part.elsewhere.size());
  const std::vector<NamedEvent> accepted = ask_accepted(std::move(part.elsewhere), question, coordinator);
  return part.open + asked - static_cast<std::int64_t>(accepted.size());
}

}  // namespace daybook::query
