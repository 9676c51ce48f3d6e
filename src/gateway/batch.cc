#include "gateway/batch.h"

#include <fmt/format.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>

#include <algorithm>

#include "base/ensure.h"
#include "events/json.h"

namespace daybook::gateway {
namespace {

using google::protobuf::internal::WireFormatLite;
using google::protobuf::io::CodedInputStream;

// EventBatch.events.
constexpr std::uint32_t kEventsTag = 1 << 3 | WireFormatLite::WIRETYPE_LENGTH_DELIMITED;

}  // namespace

events::v1::Event* Batch::new_event() {
  return google::protobuf::Arena::CreateMessage<events::v1::Event>(&messages_);
}

void Batch::fault(std::string field, std::string message) {
  faults_.push_back({static_cast<std::int64_t>(size_), std::move(field), std::move(message)});
}

void Batch::take(const events::v1::Event& event, bool fit) {
  for (events::Violation& violation : violations_) {
    fault(std::move(violation.field), std::move(violation.message));
  }
  violations_.clear();
  ++size_;
  if (!fit) return;
  const std::size_t length = event.ByteSizeLong();
  entries_.push_back({event.event_id(), event.customer_id(), events::topic_of(event.payload_case()),
                      bytes_.size(), length});
  bytes_.resize(bytes_.size() + length);
  event.SerializeWithCachedSizesToArray(
      reinterpret_cast<std::uint8_t*>(bytes_.data() + bytes_.size() - length));
}

void Batch::add_json(std::string_view text) {
  events::v1::Event* event = new_event();
  take(*event, events::read_event(text, *event, violations_));
}

void Batch::add_json(const boost::json::value& value) {
  events::v1::Event* event = new_event();
  take(*event, events::read_event(value, *event, violations_));
}

bool Batch::add_lines(std::string_view lines, std::size_t events_max) {
  while (!lines.empty()) {
    const std::size_t end = std::min(lines.find('\n'), lines.size());
    const std::string_view line = lines.substr(0, end);
    lines.remove_prefix(std::min(end + 1, lines.size()));
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    if (size_ == events_max) return false;
    add_json(line);
  }
  return true;
}

bool Batch::add_protobuf(std::string bytes, std::size_t events_max) {
  ENSURE(size_ == 0, "the bytes of a protobuf body are the batch's own");
  bytes_ = std::move(bytes);
  CodedInputStream in(reinterpret_cast<const std::uint8_t*>(bytes_.data()),
                      static_cast<int>(bytes_.size()));
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
    add_encoded(begin, length);
  }
  if (!in.ConsumedEntireMessage() ||
      static_cast<std::size_t>(in.CurrentPosition()) < bytes_.size()) {
    fault("", "the body is not a daybook.events.v1.EventBatch, or is cut off here");
  }
  return true;
}

void Batch::add_encoded(std::size_t begin, std::size_t length) {
  events::wire::Event event;
  if (length > events::kEventBytesMax) {
    fault("", fmt::format("is {} bytes encoded; at most {} are allowed", length,
                          events::kEventBytesMax));
  } else if (!events::wire::parse(std::string_view(bytes_).substr(begin, length), lists_, event)) {
    fault("", std::string(events::kNoEvent));
  } else if (events::validate(event, lists_, violations_)) {
    entries_.push_back({ids_.copy(event.event_id()), ids_.copy(event.customer_id()),
                        events::topic_of(event.payload_case()), begin, length});
  }
  for (events::Violation& violation : violations_) {
    fault(std::move(violation.field), std::move(violation.message));
  }
  violations_.clear();
  lists_.reset();
  ++size_;
}

std::vector<log::NewRecord> Batch::records() const {
  std::vector<log::NewRecord> records;
  records.reserve(entries_.size());
  for (const Entry& entry : entries_) {
    records.push_back({entry.topic,
                       entry.customer_id,
                       std::string_view(bytes_).substr(entry.begin, entry.length),
                       std::nullopt,
                       {}});
  }
  return records;
}

}  // namespace daybook::gateway
