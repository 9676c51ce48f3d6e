// A mapping and its CSV file, a zero byte between them: the import makes valid events, the same each time, or says
// where in the files a fault is.
#include <google/protobuf/stubs/logging.h>

#include <cctype>

#include "events/validate.h"
#include "fuzz/target.h"
#include "tools/import.h"

namespace daybook::fuzz {
namespace {

bool ends_with_place(const std::string& place) {
  const std::size_t colon = place.rfind(':');
  return colon != std::string::npos && colon + 1 < place.size() && std::isdigit(place[colon + 1]) != 0;
}

void read(std::string_view mapping, std::string_view csv) {
  const tools::SourceFile mapping_file{"m.toml", std::string(mapping)};
  const std::vector<tools::SourceFile> files = {{"t.csv", std::string(csv)}};
  const tools::ImportReport report = tools::import_events(mapping_file, files);
  expect(report.events.empty() || report.faults.empty(), "there are no events where there are faults");
  for (const FileFault& fault : report.faults) {
    expect(ends_with_place(fault.place), "a fault has its place");
    expect(fault.place.starts_with("m.toml:") || fault.place.starts_with("t.csv:"), "a fault is in one of the files");
    expect(!fault.message.empty(), "a fault says what is wrong");
  }
  const tools::ImportReport again = tools::import_events(mapping_file, files);
  expect(again.events.size() == report.events.size(), "the same files give the same events");
  for (std::size_t i = 0; i < report.events.size(); ++i) {
    expect(again.events[i].SerializeAsString() == report.events[i].SerializeAsString(),
           "the same files give the same events");
    Arena arena;
    events::Violations violations;
    expect(events::validate(report.events[i], arena, violations).has_value(), "what is imported is valid");
  }
}

}  // namespace
}  // namespace daybook::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const google::protobuf::LogSilencer no_words_about_utf8;
  daybook::fuzz::Input input(data, size);
  const std::string_view mapping = input.until('\0');
  daybook::fuzz::read(mapping, input.rest());
  return 0;
}
