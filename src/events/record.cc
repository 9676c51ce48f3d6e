#include "events/record.h"

#include <fmt/format.h>

namespace daybook::events {
namespace {

// A base-128 varint off the front of `bytes`; nothing when it is cut off or too long.
std::optional<std::uint64_t> take_varint(std::string_view& bytes) {
  std::uint64_t value = 0;
  for (int shift = 0; shift < 64 && !bytes.empty(); shift += 7) {
    const auto byte = static_cast<std::uint8_t>(bytes.front());
    bytes.remove_prefix(1);
    value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
    if (byte < 0x80) return value;
  }
  return std::nullopt;
}

google::protobuf::ArenaOptions arena_options() {
  google::protobuf::ArenaOptions options;
  options.start_block_size = 64 * 1024;
  options.max_block_size = 1024 * 1024;
  return options;
}

std::string join(const std::vector<Violation>& violations) {
  std::string text;
  for (const Violation& violation : violations) {
    if (!text.empty()) text += "; ";
    if (text.size() > 1000) return text + "…";
    text += violation.field.empty() ? violation.message
                                    : violation.field + ": " + violation.message;
  }
  return text;
}

}  // namespace

std::string_view park_reason_name(ParkReason reason) {
  switch (reason) {
    case ParkReason::kNotParseable: return "not_parseable";
    case ParkReason::kUnknownEventType: return "unknown_event_type";
    case ParkReason::kWrongTopic: return "wrong_topic";
    case ParkReason::kWrongKey: return "wrong_key";
    case ParkReason::kWrongPartition: return "wrong_partition";
    case ParkReason::kInvalid: return "invalid";
  }
  return "";
}

std::optional<std::string_view> strip_frame(std::string_view value) {
  if (value.empty() || value.front() != '\0') return value;
  if (value.size() < 6) return std::nullopt;
  value.remove_prefix(5);
  // The array's length and entries are zigzag varints; one entry 0 is written as a lone 0.
  const auto length = take_varint(value);
  if (!length || *length % 2 != 0) return std::nullopt;
  for (std::uint64_t i = 0; i < *length / 2; ++i) {
    if (!take_varint(value)) return std::nullopt;
  }
  return value;
}

RecordReader::RecordReader(std::int32_t partition_count)
    : partition_count_(partition_count), messages_(arena_options()) {}

void RecordReader::reset() {
  messages_.Reset();
  lists_.reset();
}

const v1::Event* RecordReader::parse(std::string_view value) {
  const auto bytes = strip_frame(value);
  if (!bytes) return nullptr;
  auto* message = google::protobuf::Arena::CreateMessage<v1::Event>(&messages_);
  if (!message->ParseFromArray(bytes->data(), static_cast<int>(bytes->size()))) return nullptr;
  return message;
}

std::variant<domain::Event, Unfit> RecordReader::read(const log::Record& record) {
  if (!record.value) return Unfit{ParkReason::kNotParseable, "the record has no value", ""};
  const auto bytes = strip_frame(*record.value);
  if (!bytes) return Unfit{ParkReason::kNotParseable, "the Confluent frame is cut off", ""};
  const v1::Event* message = parse(*record.value);
  if (message == nullptr) {
    return Unfit{ParkReason::kNotParseable, "the value is not a daybook.events.v1.Event", ""};
  }
  const std::string& customer = message->customer_id();
  const bool has_payload = message->payload_case() != v1::Event::PAYLOAD_NOT_SET;
  if (!has_payload && !message->GetReflection()->GetUnknownFields(*message).empty()) {
    return Unfit{ParkReason::kUnknownEventType,
                 "no payload that this version knows; a rebuild after an upgrade folds it", customer};
  }
  violations_.clear();
  const auto event = validate(*message, lists_, violations_);
  if (has_payload) {
    const log::Topic topic = topic_of(message->payload_case());
    if (topic != record.topic) {
      return Unfit{ParkReason::kWrongTopic,
                   fmt::format("belongs to the topic of {}, not of {}", log::topic_family(topic),
                               log::topic_family(record.topic)),
                   customer};
    }
  }
  if (!record.key) return Unfit{ParkReason::kWrongKey, "the record has no key", customer};
  if (*record.key != customer) {
    return Unfit{ParkReason::kWrongKey, "the record's key is not the event's customer_id", customer};
  }
  if (const auto partition = log::partition_of(*record.key, partition_count_);
      partition != record.partition) {
    return Unfit{ParkReason::kWrongPartition,
                 fmt::format("the key belongs to partition {}, not {}", partition, record.partition),
                 customer};
  }
  if (!event) return Unfit{ParkReason::kInvalid, join(violations_), customer};
  if (bytes->size() > kEventBytesMax) {
    return Unfit{ParkReason::kInvalid,
                 fmt::format("the event is {} bytes encoded; at most {} are allowed", bytes->size(),
                             kEventBytesMax),
                 customer};
  }
  return *event;
}

}  // namespace daybook::events
