#include "store/anomalies.h"

#include "base/bytes.h"
#include "store/keys.h"

namespace daybook::store {

namespace {

// What key and value hold besides texts is shorter.
constexpr std::size_t kNumbersMax = 40;

}  // namespace

AnomalyRow encode_anomaly(LabelId customer, domain::DocumentRef emitter,
                          const domain::Anomaly& anomaly) {
  AnomalyRow row;
  row.key.reserve(kNumbersMax + anomaly.document_id.size() + emitter.id.size());
  ByteWriter key(row.key);
  key.u8(kAnomalyPrefix);
  key.u8(static_cast<std::uint8_t>(anomaly.kind));
  key.big32(customer);
  key.string(anomaly.document_id);
  key.u8(static_cast<std::uint8_t>(emitter.kind));
  key.string(emitter.id);
  key.u8(anomaly.at.topic);
  key.big64(static_cast<std::uint64_t>(anomaly.at.offset));
  key.big32(ordered(anomaly.from));
  key.big32(ordered(anomaly.until));
  const std::string event_id = anomaly.event_id.text();
  row.value.reserve(kNumbersMax + event_id.size() + anomaly.detail.size());
  ByteWriter value(row.value);
  value.varint(static_cast<std::uint64_t>(anomaly.recorded_ms));
  value.string(event_id);
  value.zigzag(anomaly.occurred_at);
  value.u8(anomaly.type);
  value.varint(anomaly.while_overdrawn.number());
  value.string(anomaly.detail);
  return row;
}

Result<StoredAnomaly> decode_anomaly(std::string_view key_bytes, std::string_view value_bytes) {
  StoredAnomaly stored;
  domain::Anomaly& anomaly = stored.anomaly;
  ByteReader key(key_bytes);
  key.u8();
  anomaly.kind = static_cast<domain::AnomalyKind>(key.u8());
  stored.customer = key.big32();
  anomaly.document_id = key.string();
  key.u8();
  key.string();
  anomaly.at.topic = key.u8();
  anomaly.at.offset = static_cast<std::int64_t>(key.big64());
  anomaly.from = day_of_ordered(key.big32());
  anomaly.until = day_of_ordered(key.big32());
  ByteReader value(value_bytes);
  anomaly.recorded_ms = static_cast<std::int64_t>(value.varint());
  anomaly.event_id = value.string();
  anomaly.occurred_at = value.zigzag();
  anomaly.type = value.u8();
  anomaly.while_overdrawn = Currency::from_number(static_cast<std::uint16_t>(value.varint()));
  anomaly.detail = value.string();
  if (!key.ok() || !value.ok()) {
    return unexpected(ErrorCode::kCorrupt, "an anomaly holds bytes that no version wrote");
  }
  return stored;
}

}  // namespace daybook::store
