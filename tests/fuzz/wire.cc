// Bytes of an event: our reader and the protobuf library accept the same, find the same in them and write the same;
// what is valid is the same event as JSON, as a record of the log and as a fact of a document.
#include <google/protobuf/stubs/logging.h>

#include <algorithm>

#include "events/json.h"
#include "events/record.h"
#include "events/validate.h"
#include "events/wire_messages.h"
#include "fuzz/target.h"
#include "store/document_codec.h"

namespace daybook::fuzz {
namespace {

bool same(const events::Violations& one, const events::Violations& other) {
  return one.count() == other.count() && std::ranges::equal(one.kept(), other.kept(), [](const auto& a, const auto& b) {
           return a.field == b.field && a.message == b.message;
         });
}

// As JSON has it: without unknown fields, and times to the second.
events::v1::Event as_told(events::v1::Event message) {
  message.DiscardUnknownFields();
  if (message.has_occurred_at()) message.mutable_occurred_at()->set_nanos(0);
  return message;
}

void expect_same_as_json(const events::v1::Event& message) {
  events::v1::Event again;
  events::Violations violations;
  expect(events::read_event(events::to_json(message), again, violations), "an event's JSON is an event");
  expect(again.SerializeAsString() == as_told(message).SerializeAsString(), "an event comes back from JSON");
}

// Of both forms: as it was sent and behind a schema registry's frame.
void expect_fit(std::string_view bytes, const domain::Event& event) {
  constexpr std::int32_t kPartitions = 7;
  log::Record record;
  record.topic = events::topic_of(event.payload);
  record.key = event.customer_id;
  record.partition = log::partition_of(event.customer_id, kPartitions);
  const std::string framed = std::string(6, '\0') + std::string(bytes);
  for (const std::string_view value : {bytes, std::string_view(framed)}) {
    record.value = value;
    events::RecordReader reader(kPartitions);
    const auto read = reader.read(record);
    expect(std::holds_alternative<domain::Event>(read), "a valid event is fit in its place");
  }
}

void expect_same_as_fact(const domain::Event& event) {
  ByteBuffer memory;
  const store::EncodedEvent encoded = store::encode_event(event, memory);
  std::string document;
  store::append_fact(document, {0, 1}, 2, encoded);
  Arena arena;
  const auto decoded = store::decode_document(domain::document_of(event.payload), document, document.size(), arena);
  expect(decoded && decoded->facts.size() == 1, "a document holds what was appended");
  ByteBuffer again;
  expect(store::encode_event(decoded->facts[0].event, again).bytes == encoded.bytes, "a fact comes back");
  expect(store::find_repeat(document, nullptr, 0, encoded) == store::Verdict::kDuplicate, "an event repeats itself");
}

void read(std::string_view bytes) {
  const Exact exact(bytes);
  Arena arena;
  events::wire::Event event;
  events::v1::Event message;
  const bool parses = message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
  expect(events::wire::parse(exact.view(), arena, event) == parses, "both readers accept the same");
  if (!parses) return;
  expect(event.has_unknown_fields() == !message.GetReflection()->GetUnknownFields(message).empty(),
         "both readers find unknown fields");
  events::v1::Event known = message;
  known.DiscardUnknownFields();
  std::string written(event.byte_size(), '\0');
  expect(event.write(written.data()) == written.data() + written.size(), "an event is as long as it says");
  expect(written == known.SerializeAsString(), "both write the same");

  events::Violations found;
  domain::Event typed;
  const bool valid = events::validate(event, arena, found, typed);
  expect(valid == found.empty(), "an event is valid, or there is a violation");
  events::Violations others;
  expect(events::validate(message, arena, others).has_value() == valid && same(found, others),
         "both readings have the same violations");
  if (!valid) return;
  expect_same_as_json(message);
  expect_fit(exact.view(), typed);
  expect_same_as_fact(typed);
}

}  // namespace
}  // namespace daybook::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const google::protobuf::LogSilencer no_words_about_utf8;
  daybook::fuzz::read({reinterpret_cast<const char*>(data), size});
  return 0;
}
