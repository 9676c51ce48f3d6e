// The text of an event: the quick reader finds what the thorough one finds, and what is valid comes back from its own
// JSON and from its bytes.
#include <google/protobuf/stubs/logging.h>

#include <algorithm>

#include "events/json.h"
#include "events/json_reader.h"
#include "events/validate.h"
#include "fuzz/target.h"

namespace daybook::fuzz {
namespace {

void read(std::string_view text) {
  events::v1::Event message;
  events::Violations faults;
  const bool fit = events::read_event(Exact(text).view(), message, faults);
  expect(fit == faults.empty(), "an event is read, or there is a violation");
  expect(std::ranges::none_of(faults.kept(), [](const auto& fault) { return fault.message.empty(); }),
         "a violation says what is wrong");
  if (fit) {
    events::v1::Event again;
    expect(events::read_event(events::to_json(message), again, faults), "an event's JSON is an event");
    expect(again.SerializeAsString() == message.SerializeAsString(), "an event comes back from JSON");
    expect(again.ParseFromString(message.SerializeAsString()), "an event comes back from bytes");
  }

  events::JsonReader reader{std::string(text)};
  Arena lists;
  events::wire::Event event;
  if (!reader.read(reader.text(), lists, event)) return;
  std::string written(event.byte_size(), '\0');
  event.write(written.data());
  expect(written == message.SerializeAsString(), "both readers find the same");
  events::Violations found;
  domain::Event typed;
  expect(events::validate(event, lists, found, typed) == fit, "both readings are as valid");
  expect(std::ranges::equal(found.kept(), faults.kept(),
                            [](const auto& a, const auto& b) { return a.field == b.field && a.message == b.message; }),
         "both readings have the same violations");
}

}  // namespace
}  // namespace daybook::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace daybook;
  static const google::protobuf::LogSilencer no_words_about_utf8;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  fuzz::read(text);
  fuzz::expect_linear(text, [](std::string_view much) {
    events::v1::Event message;
    events::Violations faults;
    events::read_event(much, message, faults);
  });
  return 0;
}
