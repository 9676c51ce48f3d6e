#include "query/log_record.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/base64.h"
#include "events/record.h"
#include "query/anomalies.h"
#include "query/event_content.h"
#include "query/known_at.h"
#include "query/question_memory.h"
#include "store/document_codec.h"
#include "store/keys.h"

namespace daybook::query {
namespace {

constexpr std::string_view kParked = "parked";

// What became of a record.
struct Outcome {
  std::string_view state;
  std::string customer_id;
  std::string detail;
  std::int64_t recorded_ms = 0;
};

class RecordFinder {
 public:
  RecordFinder(const ShardReader& reader, log::Topic topic, std::int64_t offset)
      : reader_(reader), shard_(reader.shard()), topic_(topic), at_{static_cast<std::uint8_t>(topic), offset} {}

  // Nothing where the shard knows of no such record, or it may not be seen.
  std::optional<Row> find() {
    if (at_.offset >= shard_.state.topics[at_.topic].next_offset) return std::nullopt;
    const auto record = reader_.record(topic_, at_.offset);
    if (!record) return std::nullopt;
    const auto outcome = outcome_of(*record);
    const bool is_known =
        outcome && (shard_.known_at == nullptr || outcome->recorded_ms <= shard_.known_at->recorded_ms());
    if (!is_known || !sees(*outcome)) return std::nullopt;
    return row_of(*record, *outcome);
  }

 private:
  std::optional<Outcome> outcome_of(const log::KeptRecord& record) const {
    const std::string key = store::ParkedKey{at_.topic, at_.offset}.bytes();
    if (const auto bytes = value_or_refuse(shard_.reads->get(store::Table::kMeta, key))) {
      ParkedRecord parked = value_or_refuse(ParkedRecord::decode(key, *bytes));
      return Outcome{kParked, std::move(parked.customer_id),
                     fmt::format("{}: {}", domain::park_reason_name(parked.reason), parked.detail), parked.recorded_ms};
    }
    events::RecordReader events(reader_.partition_count());
    const auto read = events.read(record.view());
    const auto* event = std::get_if<domain::Event>(&read);
    if (event == nullptr) refuse_otherwise();
    return outcome_of(*event, record.timestamp_ms);
  }

  Outcome outcome_of(const domain::Event& event, std::int64_t timestamp_ms) const {
    const domain::DocumentRef ref = domain::document_of(event.payload);
    const auto customer = shard_.find_customer(event.customer_id);
    if (!customer) refuse_otherwise();
    const auto bytes =
        value_or_refuse(shard_.reads->get(store::Table::kDocuments, store::DocumentKey{*customer, ref}.bytes()));
    if (!bytes) refuse_otherwise();
    Arena arena;
    const domain::Document document = value_or_refuse(store::decode_document(ref, *bytes, bytes->size(), arena));
    Outcome outcome;
    outcome.customer_id = event.customer_id;
    if (const auto fact = std::ranges::find(document.facts, at_, &domain::Fact::at); fact != document.facts.end()) {
      outcome.state = "accepted";
      outcome.recorded_ms = fact->recorded_ms;
      return outcome;
    }
    ByteBuffer memory;
    store::Repeat repeat = store::find_repeat_below(*bytes, at_, store::encode_event(event, memory));
    if (repeat.verdict == store::Verdict::kNew) refuse_otherwise();
    const bool is_conflict = repeat.verdict == store::Verdict::kConflict;
    outcome.state = is_conflict ? "conflict" : "duplicate";
    outcome.detail = is_conflict ? std::move(repeat.detail)
                                 : fmt::format("repeats {}:{}:{}", topic_name(), reader_.partition(), repeat.of.offset);
    // The shard keeps the recorded time of what stands: that of a repeat is the log's, but never before.
    outcome.recorded_ms = std::max(timestamp_ms, repeat.recorded_ms);
    return outcome;
  }

  Row row_of(const log::KeptRecord& record, const Outcome& outcome) const {
    events::v1::Event message;
    const bool is_message = record.value && events::parse(*record.value, message);
    EventRef event{reader_.partition(), at_, outcome.recorded_ms, {}};
    Row row;
    Row ref = reader_.event_row(event);
    Value content;
    if (is_message) {
      content = content_of(message);
      name(ref, message);
    }
    row.add("event", Value::object(std::move(ref)));
    row.add("customer_id", text_or_null(outcome.customer_id));
    row.add("state", Value::text(outcome.state));
    row.add("detail", text_or_null(outcome.detail));
    row.add("content", std::move(content));
    row.add("bytes", record.value ? Value::text(to_base64(*record.value)) : Value());
    take_memory(bytes_of(row));
    return row;
  }

  // As the message names itself, as far as it does.
  static void name(Row& ref, const events::v1::Event& message) {
    const std::int64_t occurred_at = message.occurred_at().seconds();
    const bool has_occurred = message.has_occurred_at() && occurred_at >= kInstantMin && occurred_at <= kInstantMax;
    const auto* payload = message.GetDescriptor()->FindFieldByNumber(message.payload_case());
    for (auto& [name, value] : ref.values) {
      if (name == "event_id") value = text_or_null(message.event_id());
      if (name == "type" && payload != nullptr) value = Value::text(payload->name());
      if (name == "occurred_at" && has_occurred) value = Value::instant(occurred_at);
    }
  }

  // Parked records are of a place in the log, not of the account that they name.
  bool sees(const Outcome& outcome) const {
    if (reader_.question().scope.sees_everything()) return true;
    return outcome.state != kParked && reader_.find_account(outcome.customer_id) != nullptr;
  }

  std::string topic_name() const { return log::topic_name(reader_.topic_prefix(), topic_); }

  [[noreturn]] void refuse_otherwise() const {
    refuse(503, "Store not available",
           fmt::format("shard {} does not know what became of {}:{}:{}, which it has read", reader_.partition(),
                       topic_name(), reader_.partition(), at_.offset));
  }

  const ShardReader& reader_;
  const ShardSnapshot& shard_;
  const log::Topic topic_;
  const domain::Position at_;
};

}  // namespace

std::optional<Row> log_record(const ShardReader& shard, std::string_view topic_name, std::int64_t offset) {
  const auto topic = log::parse_topic_name(shard.topic_prefix(), topic_name);
  if (!topic || *topic == log::Topic::kDeadLetter) return std::nullopt;
  return RecordFinder(shard, *topic, offset).find();
}

}  // namespace daybook::query
