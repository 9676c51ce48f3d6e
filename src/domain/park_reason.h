// Why a record of the log is no event of the book.
#pragma once

#include <cstdint>
#include <string_view>

namespace daybook::domain {

// Why a record is parked. Of several the first holds. Stored and shown: never renumber.
enum class ParkReason : std::uint8_t {
  kNotParseable = 1,      // No value, a truncated frame, bytes that are no Event, invalid UTF-8.
  kUnknownEventType = 2,  // No known payload, but an unknown field: a newer publisher.
  kWrongTopic = 3,
  kWrongKey = 4,
  kWrongPartition = 5,
  kInvalid = 6,  // Fails validation; `detail` lists the violations.
};

inline constexpr std::string_view park_reason_name(ParkReason reason) {
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

}  // namespace daybook::domain
