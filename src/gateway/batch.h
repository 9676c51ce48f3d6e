// Events on their way into the log: read, validated, encoded, and held until the log has them.
#pragma once

#include <google/protobuf/arena.h>

#include <boost/json/value.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/arena.h"
#include "daybook/events/v1/event.pb.h"
#include "events/validate.h"
#include "http/problem.h"
#include "log/log.h"

namespace daybook::gateway {

// Events of one request. What cannot be read or is not valid becomes faults, each with the index of
// its event. Used by one thread at a time.
class Batch {
 public:
  Batch() = default;
  Batch(const Batch&) = delete;
  Batch& operator=(const Batch&) = delete;

  // One event.
  void add_json(std::string_view text);
  void add_json(const boost::json::value& value);
  // One event a line; blank lines do not count. False as for add_protobuf().
  bool add_lines(std::string_view lines, std::size_t events_max);
  // The events of an EventBatch, whose bytes are published as they came; on an empty batch only.
  // False, and nothing is to be published, when there are more than `events_max`.
  bool add_protobuf(std::string bytes, std::size_t events_max);

  // Events read so far, fit or not.
  std::size_t size() const { return size_; }
  const std::vector<http::Fault>& faults() const { return faults_; }

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

  events::v1::Event* new_event();
  // Takes the event that read_event() said is fit, or its violations.
  void take(const events::v1::Event& event, bool fit);
  void add_encoded(std::size_t begin, std::size_t length);
  void fault(std::string field, std::string message);

  google::protobuf::Arena messages_;
  // The ids of events that came encoded, and the lists of the one at hand.
  Arena ids_;
  Arena lists_;
  std::vector<events::Violation> violations_;
  std::string bytes_;
  std::vector<Entry> entries_;
  std::vector<http::Fault> faults_;
  std::size_t size_ = 0;
};

}  // namespace daybook::gateway
