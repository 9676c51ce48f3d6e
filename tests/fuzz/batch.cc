// Bodies of events: a list, lines, or length-prefixed bytes, by the first byte. A body is published whole or not at
// all; what it holds is the same in all three forms.
#include <google/protobuf/stubs/logging.h>

#include "events/json.h"
#include "events/record.h"
#include "fuzz/target.h"
#include "gateway/batch.h"

namespace daybook::fuzz {
namespace {

using gateway::Batch;

constexpr std::size_t kEventsMax = 1'000;

enum class Form { kJson, kLines, kProtobuf };

bool add(Batch& batch, Form form, std::string body) {
  switch (form) {
    case Form::kJson: return batch.add_json(std::move(body), kEventsMax);
    case Form::kLines: return batch.add_lines(std::move(body), kEventsMax);
    case Form::kProtobuf: break;
  }
  return batch.add_protobuf(std::move(body), kEventsMax);
}

// Of a batch without faults.
std::vector<std::string> values_of(const Batch& batch) {
  std::vector<std::string> values;
  for (const log::NewRecord& record : batch.records()) values.emplace_back(*record.value);
  return values;
}

void expect_fit(const Batch& batch) {
  const auto records = batch.records();
  expect(records.size() == batch.size(), "every event of a body without faults is a record");
  for (std::size_t i = 0; i < records.size(); ++i) {
    constexpr std::int32_t kPartitions = 3;
    log::Record record;
    record.topic = records[i].topic;
    record.key = records[i].key;
    record.value = records[i].value;
    record.partition = log::partition_of(*record.key, kPartitions);
    events::RecordReader reader(kPartitions);
    const auto read = reader.read(record);
    const auto* event = std::get_if<domain::Event>(&read);
    expect(event != nullptr, "what is published is fit");
    expect(event->event_id.text() == batch.event_id(i), "an answer names the event's own id");
  }
}

void expect_same_in(Form form, const std::string& body, const std::vector<std::string>& values) {
  Batch batch;
  expect(add(batch, form, body) && batch.faults().empty(), "a body is as good in another form");
  expect(values_of(batch) == values, "a body says the same in another form");
}

void read(Form form, std::string_view body) {
  Batch batch;
  if (!add(batch, form, std::string(body))) {
    expect(batch.size() == kEventsMax, "a body is refused for too many events alone");
    return;
  }
  for (const Fault& fault : batch.faults().kept) {
    expect(fault.index >= 0 && fault.index <= static_cast<std::int64_t>(batch.size()), "a fault names its event");
    expect(!fault.message.empty(), "a fault says what is wrong");
  }
  if (!batch.faults().empty()) return;
  expect_fit(batch);
  const std::vector<std::string> values = values_of(batch);
  std::string json = "[";
  std::string lines;
  std::string bytes;
  for (const std::string& value : values) {
    events::v1::Event event;
    expect(event.ParseFromString(value), "what is published is an event");
    // JSON knows neither of these.
    if (event.occurred_at().nanos() != 0) return;
    events::v1::Event known = event;
    known.DiscardUnknownFields();
    if (known.SerializeAsString() != value) return;
    const std::string text = events::to_json(event);
    json += (json.size() > 1 ? "," : "") + text;
    lines += text + "\n";
    events::v1::EventBatch one;
    *one.add_events() = event;
    bytes += one.SerializeAsString();
  }
  expect_same_in(Form::kJson, json + "]", values);
  expect_same_in(Form::kLines, lines, values);
  expect_same_in(Form::kProtobuf, bytes, values);
}

}  // namespace
}  // namespace daybook::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace daybook::fuzz;
  static const google::protobuf::LogSilencer no_words_about_utf8;
  Input input(data, size);
  const auto form = static_cast<Form>(input.byte() % 3);
  read(form, input.rest());
  expect_linear(input.rest(), [&](std::string text) {
    Batch batch;
    add(batch, form, std::move(text));
  });
  return 0;
}
