// What a record of the log is: a valid event, or unfit and why.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/arena.h"
#include "domain/document.h"
#include "domain/event.h"
#include "domain/park_reason.h"
#include "events/validate.h"
#include "log/log.h"

namespace daybook::events {

struct Unfit {
  domain::ParkReason reason{};
  // For people.
  std::string detail;
  // The customer_id that the event names; empty when it names none.
  std::string customer_id;
};

// The bytes of the Event behind an optional Confluent frame (0x00, 4-byte schema id, message-index
// array). Nothing when the frame is truncated.
std::optional<std::string_view> strip_frame(std::string_view value);

// Parses a record's value, whatever its place in the log; false when it does not parse. For showing and
// retrying parked records.
bool parse(std::string_view value, v1::Event& message);

// The document of its account that an event names, be it valid or not; nothing where it names none. The id is
// that of `message`.
std::optional<domain::DocumentRef> named_document(const v1::Event& message);

// Judges records, one thread at a time. Events point into their records, and stay valid until reset().
class RecordReader {
 public:
  // `partition_count`: what keys are partitioned by.
  explicit RecordReader(std::int32_t partition_count) : partition_count_(partition_count) {}

  std::variant<domain::Event, Unfit> read(const log::Record& record);

  // Gives back the memory of all events read.
  void reset() { lists_.reset(); }

 private:
  // Fills in the event, a new one, or says why not.
  std::optional<Unfit> fill(domain::Event& event, const log::Record& record);

  std::int32_t partition_count_;
  Arena lists_;
  Violations violations_;
};

}  // namespace daybook::events
