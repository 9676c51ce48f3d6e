#include "store/parked.h"

#include "base/bytes.h"
#include "base/hash.h"
#include "store/keys.h"

namespace daybook::store {

std::string ParkedRecord::encode() const {
  std::string bytes;
  ByteWriter out(bytes);
  out.varint(static_cast<std::uint64_t>(recorded_ms));
  out.u8(static_cast<std::uint8_t>(reason));
  out.string(detail);
  out.string(customer_id);
  out.u8(static_cast<std::uint8_t>(key.has_value() | value.has_value() << 1));
  out.string(key.value_or(""));
  out.string(value.value_or(""));
  return bytes;
}

UInt128 ParkedRecord::content_hash() const {
  std::string content(1, static_cast<char>(topic));
  ByteWriter out(content);
  out.u8(static_cast<std::uint8_t>(key.has_value() | value.has_value() << 1));
  out.string(key.value_or(""));
  out.string(value.value_or(""));
  out.string(domain::park_reason_name(reason));
  return hash128(content);
}

Result<ParkedRecord> ParkedRecord::decode(std::string_view key_bytes, std::string_view bytes) {
  ASSIGN_OR_RETURN(const ParkedKey at, ParkedKey::parse(key_bytes));
  ParkedRecord record;
  record.topic = at.topic;
  record.offset = at.offset;
  ByteReader in(bytes);
  record.recorded_ms = static_cast<std::int64_t>(in.varint());
  record.reason = static_cast<domain::ParkReason>(in.u8());
  record.detail = in.string();
  record.customer_id = in.string();
  const std::uint8_t has = in.u8();
  const std::string_view key = in.string();
  const std::string_view value = in.string();
  if (has & 1) record.key = std::string(key);
  if (has & 2) record.value = std::string(value);
  const bool is_reason =
      record.reason >= domain::ParkReason::kNotParseable && record.reason <= domain::ParkReason::kInvalid;
  if (!in.ok() || !in.done() || !is_reason) {
    return unexpected(ErrorCode::kCorrupt, "a parked record holds bytes that no version wrote");
  }
  return record;
}

}  // namespace daybook::store
