#include "store/anomalies.h"

#include "base/bytes.h"
#include "store/keys.h"

namespace daybook::store {

namespace {

// What a value holds besides texts is shorter.
constexpr std::size_t kNumbersMax = 40;

}  // namespace

AnomalyRow encode_anomaly(LabelId customer, domain::DocumentRef emitter, const domain::Anomaly& anomaly) {
  AnomalyRow row;
  row.key = AnomalyKey{.kind = anomaly.kind,
                       .customer = customer,
                       .document_id = anomaly.document_id,
                       .emitter = emitter,
                       .at = anomaly.at,
                       .from = anomaly.from,
                       .until = anomaly.until}
                .bytes();
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
  ASSIGN_OR_RETURN(const AnomalyKey key, AnomalyKey::parse(key_bytes));
  StoredAnomaly stored;
  stored.customer = key.customer;
  domain::Anomaly& anomaly = stored.anomaly;
  anomaly.kind = key.kind;
  anomaly.document_id = key.document_id;
  anomaly.at = key.at;
  anomaly.from = key.from;
  anomaly.until = key.until;
  ByteReader value(value_bytes);
  anomaly.recorded_ms = static_cast<std::int64_t>(value.varint());
  anomaly.event_id = value.string();
  anomaly.occurred_at = value.zigzag();
  anomaly.type = value.u8();
  const auto currency = Currency::known(value.varint());
  anomaly.while_overdrawn = currency.value_or(Currency());
  anomaly.detail = value.string();
  if (!value.ok() || !value.done() || !currency || anomaly.type >= domain::kPayloadCount) {
    return unexpected(ErrorCode::kCorrupt, "an anomaly holds bytes that no version wrote");
  }
  return stored;
}

}  // namespace daybook::store
