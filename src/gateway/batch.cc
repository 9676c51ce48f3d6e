#include "gateway/batch.h"

#include <fmt/format.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>

#include <algorithm>

#include "base/ensure.h"
#include "base/text.h"
#include "events/json.h"

namespace daybook::gateway {
namespace {

using google::protobuf::internal::WireFormatLite;
using google::protobuf::io::CodedInputStream;

// EventBatch.events.
constexpr std::uint32_t kEventsTag = 1 << 3 | WireFormatLite::WIRETYPE_LENGTH_DELIMITED;

}  // namespace

void Batch::fault(std::string field, std::string message) {
  faults_.add({static_cast<std::int64_t>(size_), std::move(field), std::move(message)});
}

void Batch::take_violations() {
  for (const events::Violation& violation : violations_.kept()) fault(violation.field, violation.message);
  faults_.count += violations_.count() - violations_.kept().size();
  violations_.clear();
}

void Batch::add_entry(std::string_view event_id, std::string_view customer_id, events::v1::Event::PayloadCase payload,
                      std::size_t begin, std::size_t length) {
  entries_.push_back({ids_.copy(event_id), ids_.copy(customer_id), events::topic_of(payload), begin, length});
}

bool Batch::add_read(const events::wire::Event& event) {
  domain::Event typed;
  const bool valid = events::validate(event, lists_, violations_, typed);
  const std::size_t length = valid ? event.byte_size() : 0;
  violations_.clear();
  if (!valid || length > events::kEventBytesMax) return false;
  const std::size_t begin = bytes_.size();
  add_entry(event.event_id(), event.customer_id(), event.payload_case(), begin, length);
  bytes_.resize(begin + length);
  event.write(bytes_.data() + begin);
  lists_.reset();
  ++size_;
  return true;
}

void Batch::judge(std::string_view json) {
  events::v1::Event event;
  if (events::read_event(json, event, violations_)) {
    const std::string bytes = event.SerializeAsString();
    add_entry(event.event_id(), event.customer_id(), event.payload_case(), bytes_.size(), bytes.size());
    bytes_ += bytes;
  }
  take_violations();
  lists_.reset();
  ++size_;
}

bool Batch::was_given_up() {
  if (!stop_.stop_requested()) return false;
  fault("", "was not read to its end: nobody waits for it any more");
  return true;
}

bool Batch::add_json(std::string text, std::size_t events_max) {
  ENSURE(size_ == 0, "a body is a batch's own");
  if (auto wrong = encoding_fault(text)) return fault("", *std::move(wrong)), true;
  events::JsonReader reader(std::move(text));
  const std::string_view json = without_byte_order_mark(reader.text());
  events::JsonList list(json);
  if (!list.is_list()) {
    add_text(reader, json);
    return true;
  }
  while (const auto event = list.next()) {
    if (size_ == events_max) return false;
    if (was_given_up()) return true;
    add_text(reader, *event);
  }
  // An entry that runs to the end of the text has its own.
  if (!list.ended_well() && faults_.empty()) {
    fault("", "is not JSON: the list does not end, or something follows it");
  }
  return true;
}

void Batch::add_text(events::JsonReader& reader, std::string_view json) {
  events::wire::Event event;
  if (!reader.read(json, lists_, event) || !add_read(event)) judge(json);
}

bool Batch::add_lines(std::string text, std::size_t events_max) {
  ENSURE(size_ == 0, "a body is a batch's own");
  if (auto wrong = encoding_fault(text)) return fault("", *std::move(wrong)), true;
  events::JsonReader reader(std::move(text));
  for (std::string_view lines = without_byte_order_mark(reader.text()); !lines.empty();) {
    const std::size_t end = std::min(lines.find('\n'), lines.size());
    const std::string_view line = lines.substr(0, end);
    lines.remove_prefix(std::min(end + 1, lines.size()));
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    if (size_ == events_max) return false;
    if (was_given_up()) return true;
    add_text(reader, line);
  }
  return true;
}

bool Batch::add_protobuf(std::string bytes, std::size_t events_max) {
  ENSURE(size_ == 0, "a body is a batch's own");
  bytes_ = std::move(bytes);
  CodedInputStream in(reinterpret_cast<const std::uint8_t*>(bytes_.data()), static_cast<int>(bytes_.size()));
  while (const std::uint32_t tag = in.ReadTag()) {
    if (tag != kEventsTag) {
      if (WireFormatLite::SkipField(&in, tag)) continue;
      break;
    }
    std::uint32_t length = 0;
    if (!in.ReadVarint32(&length)) break;
    const auto begin = static_cast<std::size_t>(in.CurrentPosition());
    if (length > bytes_.size() - begin) break;
    in.Skip(static_cast<int>(length));
    if (size_ == events_max) return false;
    if (was_given_up()) return true;
    add_encoded(begin, length);
  }
  if (!in.ConsumedEntireMessage() || static_cast<std::size_t>(in.CurrentPosition()) < bytes_.size()) {
    fault("", "the body is not a daybook.events.v1.EventBatch, or is cut off here");
  }
  return true;
}

void Batch::add_encoded(std::size_t begin, std::size_t length) {
  events::wire::Event event;
  domain::Event typed;
  if (length > events::kEventBytesMax) {
    fault("", fmt::format("is {} bytes encoded; at most {} are allowed", length, events::kEventBytesMax));
  } else if (!events::wire::parse(std::string_view(bytes_).substr(begin, length), lists_, event)) {
    fault("", std::string(events::kNoEvent));
  } else if (events::validate(event, lists_, violations_, typed)) {
    add_entry(event.event_id(), event.customer_id(), event.payload_case(), begin, length);
  }
  take_violations();
  lists_.reset();
  ++size_;
}

std::vector<log::NewRecord> Batch::records() const {
  std::vector<log::NewRecord> records;
  records.reserve(entries_.size());
  for (const Entry& entry : entries_) {
    records.push_back(
        {entry.topic, entry.customer_id, std::string_view(bytes_).substr(entry.begin, entry.length), std::nullopt, {}});
  }
  return records;
}

}  // namespace daybook::gateway
