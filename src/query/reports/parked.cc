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
  Rows rows;
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

std::string topic_name(const ShardReader& shard, std::uint8_t topic) {
  return log::topic_name(shard.topic_prefix(), static_cast<log::Topic>(topic));
}

std::string parked_key(const ShardReader& shard, domain::Position at) {
  return sort_key({topic_name(shard, at.topic), sortable(shard.partition()), sortable(at.offset)});
}

// The shard's first place that may be behind a page with this last key. Topics are numbered in the order of their names.
domain::Position first_behind(const ShardReader& shard, std::string_view after) {
  domain::Position from;
  for (; from.topic < log::kEventTopicCount; ++from.topic) {
    const std::string of_topic = sort_key({topic_name(shard, from.topic), sortable(shard.partition())});
    if (after < of_topic) break;
    if (!after.starts_with(of_topic)) continue;
    from.offset = first_number(after.substr(of_topic.size()));
    break;
  }
  return from;
}

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

  bool goes_in_rounds(const Question&) const override { return true; }

 protected:
  ParkedPart part_of(const Question& question, const ShardReader& shard) const override {
    ParkedPart part{Rows(question.page), {}};
    for_each_parked(shard, first_behind(shard, question.page.after), [&](const ParkedRecord& parked) {
      const std::string key = parked_key(shard, {parked.topic, parked.offset});
      // In the order of their keys.
      if (!part.rows.until().empty() && key >= part.rows.until()) return false;
      part.rows.add(key, [&] {
        auto resolution = resolution_of(shard, parked);
        const auto* known = std::get_if<Resolution>(&resolution);
        if (known == nullptr) part.elsewhere.emplace(key, std::get<NamedEvent>(std::move(resolution)));
        Row row;
        row.add("topic", Value::text(topic_name(shard, parked.topic)));
        row.add("partition", Value::integer(shard.partition()));
        row.add("offset", Value::integer(parked.offset));
        row.add("recorded_at", Value::instant_ms(parked.recorded_ms));
        row.add("reason", Value::text(domain::park_reason_name(parked.reason)));
        row.add("detail", Value::text(parked.detail));
        row.add("bytes", Value::text(to_base64(parked.value.value_or(""))));
        row.add("resolved", Value::boolean(known != nullptr && *known == Resolution::kResolved));
        return row;
      });
      return true;
    });
    return part;
  }

  Answer answer_of(const Question& question, ParkedPart whole, Asker& asker) const override {
    Answer answer;
    answer.rows = std::move(whole.rows);
    const auto for_each_elsewhere = [&](const auto& visit) {
      answer.rows.for_each([&](const std::string& key, Row& row) {
        const auto at = whole.elsewhere.find(key);
        if (at != whole.elsewhere.end()) visit(at->second, row);
      });
    };
    std::vector<NamedEvent> events;
    for_each_elsewhere([&](const NamedEvent& event, Row&) { events.push_back(event); });
    const std::vector<NamedEvent> accepted = ask_accepted(std::move(events), question, asker);
    for_each_elsewhere([&](const NamedEvent& event, Row& row) {
      row.values.back().second = Value::boolean(std::ranges::binary_search(accepted, event));
    });
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
