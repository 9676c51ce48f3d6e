// Records that are parked, as stored: under their place in the log (ParkedKey).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/int128.h"
#include "base/result.h"
#include "domain/park_reason.h"

namespace daybook::store {

// A parked record, as stored and shown.
struct ParkedRecord {
  std::uint8_t topic = 0;
  std::int64_t offset = 0;
  std::int64_t recorded_ms = 0;
  domain::ParkReason reason{};
  std::string detail;
  std::string customer_id;
  std::optional<std::string> key;
  std::optional<std::string> value;

  std::string encode() const;  // Without topic and offset: they are the key.
  // What it adds to the digest: a hash of topic, key, bytes and reason.
  UInt128 content_hash() const;
  static Result<ParkedRecord> decode(std::string_view key, std::string_view bytes);
};

}  // namespace daybook::store
