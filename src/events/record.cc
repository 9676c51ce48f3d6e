#include "events/record.h"

#include <fmt/format.h>
#include <google/protobuf/descriptor.h>

#include <array>

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

std::string join(const Violations& violations) {
  std::string text;
  for (const Violation& violation : violations.kept()) {
    if (!text.empty()) text += "; ";
    if (text.size() > 1000) return text + "…";
    text += violation.field.empty() ? violation.message : violation.field + ": " + violation.message;
  }
  return text;
}

}  // namespace

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

bool parse(std::string_view value, v1::Event& message) {
  const auto bytes = strip_frame(value);
  return bytes && message.ParseFromArray(bytes->data(), static_cast<int>(bytes->size()));
}

std::optional<domain::DocumentRef> named_document(const v1::Event& message) {
  using Kind = domain::DocumentKind;
  // The first that a payload has: a credit note also names its invoice, a refund its source.
  static constexpr std::array<std::pair<const char*, Kind>, 6> kIds = {{{"order_id", Kind::kOrder},
                                                                        {"credit_note_id", Kind::kCreditNote},
                                                                        {"payment_id", Kind::kPayment},
                                                                        {"invoice_id", Kind::kInvoice},
                                                                        {"refund_id", Kind::kRefund},
                                                                        {"promise_id", Kind::kPromise}}};
  switch (message.payload_case()) {
    case v1::Event::PAYLOAD_NOT_SET: return std::nullopt;
    case v1::Event::kCustomerProfileSet: return domain::DocumentRef{Kind::kCustomer, ""};
    case v1::Event::kSalesTargetSet: return domain::DocumentRef{Kind::kTarget, ""};
    case v1::Event::kExchangeRatePublished: return domain::DocumentRef{Kind::kRate, ""};
    default: break;
  }
  const auto* reflection = message.GetReflection();
  const auto* field = reflection->GetOneofFieldDescriptor(message, message.GetDescriptor()->FindOneofByName("payload"));
  const auto& payload = reflection->GetMessage(message, field);
  for (const auto& [name, kind] : kIds) {
    const auto* id = payload.GetDescriptor()->FindFieldByName(name);
    if (id == nullptr || id->is_repeated()) continue;
    std::string unused;
    const std::string& text = payload.GetReflection()->GetStringReference(payload, id, &unused);
    if (!text.empty()) return domain::DocumentRef{kind, text};
  }
  return std::nullopt;
}

std::variant<domain::Event, Unfit> RecordReader::read(const log::Record& record) {
  std::variant<domain::Event, Unfit> read;
  if (auto unfit = fill(std::get<domain::Event>(read), record)) read = *std::move(unfit);
  return read;
}

std::optional<Unfit> RecordReader::fill(domain::Event& event, const log::Record& record) {
  if (!record.value) return Unfit{domain::ParkReason::kNotParseable, "the record has no value", ""};
  const auto bytes = strip_frame(*record.value);
  if (!bytes) return Unfit{domain::ParkReason::kNotParseable, "the Confluent frame is cut off", ""};
  wire::Event message;
  if (!wire::parse(*bytes, lists_, message)) {
    return Unfit{domain::ParkReason::kNotParseable, "the value is not a daybook.events.v1.Event", ""};
  }
  const std::string_view customer = message.customer_id();
  const auto unfit = [&](domain::ParkReason reason, std::string detail) -> std::optional<Unfit> {
    return Unfit{reason, std::move(detail), std::string(customer)};
  };
  const bool has_payload = message.payload_case() != v1::Event::PAYLOAD_NOT_SET;
  if (!has_payload && message.has_unknown_fields()) {
    return unfit(domain::ParkReason::kUnknownEventType,
                 "no payload that this version knows; a rebuild after an upgrade folds it");
  }
  if (has_payload) {
    const log::Topic topic = topic_of(message.payload_case());
    if (topic != record.topic) {
      return unfit(domain::ParkReason::kWrongTopic,
                   fmt::format("belongs to the topic of {}, not of {}", log::topic_family(topic),
                               log::topic_family(record.topic)));
    }
  }
  if (!record.key) return unfit(domain::ParkReason::kWrongKey, "the record has no key");
  if (*record.key != customer) {
    return unfit(domain::ParkReason::kWrongKey, "the record's key is not the event's customer_id");
  }
  if (const auto partition = log::partition_of(*record.key, partition_count_); partition != record.partition) {
    return unfit(domain::ParkReason::kWrongPartition,
                 fmt::format("the key belongs to partition {}, not {}", partition, record.partition));
  }
  violations_.clear();
  if (!validate(message, lists_, violations_, event)) return unfit(domain::ParkReason::kInvalid, join(violations_));
  if (bytes->size() > kEventBytesMax) {
    return unfit(domain::ParkReason::kInvalid,
                 fmt::format("the event is {} bytes encoded; at most {} are allowed", bytes->size(), kEventBytesMax));
  }
  return std::nullopt;
}

}  // namespace daybook::events
