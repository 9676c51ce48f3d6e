// What crosses between processes: questions, and the partials of every report. The first byte says which.
#include <algorithm>
#include <vector>

#include "fuzz/target.h"
#include "query/catalog.h"
#include "query/codec.h"
#include "query/shard_query.h"

namespace daybook::fuzz {
namespace {

// What is read is written so that it is read again, the same.
template <typename T>
void read(std::string_view bytes) {
  const Exact exact(bytes);
  const auto value = query::decode<T>(exact.view());
  if (!value) return;
  const std::string written = query::encode(*value);
  const auto again = query::decode<T>(written);
  expect(again.has_value(), "what is written can be read");
  expect(query::encode(*again) == written, "and is the same");
}

void read(const query::Report& report, std::string_view bytes) {
  const Exact exact(bytes);
  const auto partial = report.decode(exact.view());
  if (partial == nullptr) return;
  const std::string written = partial->encode();
  const auto again = report.decode(written);
  expect(again != nullptr, "a partial that is written can be read");
  expect(again->encode() == written, "and is the same");
}

}  // namespace
}  // namespace daybook::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace daybook;
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data + 1), size - 1);
  static const std::vector<const query::Report*> reports = [] {
    std::vector<const query::Report*> all(query::reports().begin(), query::reports().end());
    for (const char* name : {"customer-names", "promises", "rates", "resolution", "stage-times", "unresolved"})
      all.push_back(query::find_report(name));
    return all;
  }();
  if (data[0] == 0) {
    fuzz::read<query::Question>(bytes);
  } else if (data[0] == 1) {
    fuzz::read<query::ShardHead>(bytes);
  } else {
    fuzz::read(*reports[data[0] % reports.size()], bytes);
  }
  return 0;
}
