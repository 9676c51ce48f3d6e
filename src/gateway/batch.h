// Events on their way into the log: read, validated, encoded, and held until the log has them.
#pragma once

#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/arena.h"
#include "base/problem.h"
#include "daybook/events/v1/event.pb.h"
#include "events/json_reader.h"
#include "events/validate.h"
#include "log/log.h"

namespace daybook::gateway {

// Events of one request. What cannot be read or is not valid becomes faults, each with the index of
// its event. Time and memory go with the body's bytes, whatever they say. Used by one thread at a time.
class Batch {
 public:
  // Reading ends early, as with a fault, once nobody waits for it.
  explicit Batch(std::stop_token stop = {}) : stop_(std::move(stop)) {}
  Batch(const Batch&) = delete;
  Batch& operator=(const Batch&) = delete;

  // Each takes a whole body, on an empty batch only. False, and nothing is to be published, when there
  // are more than `events_max`.
  // One event or an array of them. A byte order mark in front of JSON does not count.
  bool add_json(std::string text, std::size_t events_max);
  // One event a line; blank lines do not count.
  bool add_lines(std::string lines, std::size_t events_max);
  // The events of an EventBatch, whose bytes are published as they came.
  bool add_protobuf(std::string bytes, std::size_t events_max);

  // Events read so far, fit or not.
  std::size_t size() const { return size_; }
  const Faults& faults() const { return faults_; }

  // To be appended; the views point into this batch and hold until it changes. No faults so far.
  std::vector<log::NewRecord> records() const;
  // In the order of records().
  std::string_view event_id(std::size_t index) const { return entries_[index].event_id; }
  log::Topic topic(std::size_t index) const { return entries_[index].topic; }

 private:
  struct Entry {
    std::string_view event_id;
    std::string_view customer_id;
    log::Topic topic{};
    // Its encoded form in bytes_.
    std::size_t begin = 0;
    std::size_t length = 0;
  };

  // Encodes an event that the reader has read; false, and nothing is added, when it is not valid.
  bool add_read(const events::wire::Event& event);
  // Adds the event that a part of the reader's text is, or its faults.
  void add_text(events::JsonReader& reader, std::string_view json);
  // The same of one that the reader gave up on.
  void judge(std::string_view json);
  void add_encoded(std::size_t begin, std::size_t length);
  void add_entry(std::string_view event_id, std::string_view customer_id, events::v1::Event::PayloadCase payload,
                 std::size_t begin, std::size_t length);
  void take_violations();
  bool was_given_up();
  void fault(std::string field, std::string message);

  const std::stop_token stop_;
  // The ids of events, and the lists of the one at hand.
  Arena ids_;
  Arena lists_;
  events::Violations violations_;
  std::string bytes_;
  std::vector<Entry> entries_;
  Faults faults_;
  std::size_t size_ = 0;
};

}  // namespace daybook::gateway
