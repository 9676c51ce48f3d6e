// Questions over HTTP to a small book: the target of a request line up to a line break, then a ledger to reconcile with,
// if there is one. A target says the same however it is escaped; a question has an answer that parses, in JSON and CSV
// alike, or a problem that says what is wrong with it.
#include <boost/json/parse.hpp>

#include "base/csv.h"
#include "fuzz/target.h"
#include "http/target.h"
#include "support/book.h"
#include "support/hostile.h"
#include "support/payloads.h"

namespace daybook::fuzz {
namespace {

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += kDigits[byte >> 4];
    out += kDigits[byte & 15];
  }
  return out;
}

std::string target_of(const http::Request& request) {
  std::string target;
  for (const std::string& segment : request.segments) target += "/" + escaped(segment);
  if (target.empty()) target = "/";
  char separator = '?';
  for (const auto& [name, value] : request.parameters) {
    target += std::exchange(separator, '&') + escaped(name) + "=" + escaped(value);
  }
  return target;
}

class World {
 public:
  World() {
    for (const auto& [name, payload] : test::kPayloads) book_.send(test::event_of(name, payload));
    for (const auto& record : test::Hostile(1).records(200)) {
      book_.send_record(record.topic, record.key, record.value, {});
    }
    book_.settle();
  }

  void ask(const std::vector<std::string>& segments, query::ParameterMap parameters, const std::string& ledger) {
    // Nothing more is folded, however long it is waited for.
    if (parameters.contains("min_position")) {
      parameters.erase("wait_ms");
      parameters.emplace("wait_ms", "0");
    }
    const bool reconciles = !ledger.empty();
    std::string path;
    for (const std::string& segment : segments) path += (path.empty() ? "" : "/") + segment;
    const auto answer = [&] { return reconciles ? book_.reconcile(parameters, ledger) : book_.get(path, parameters); };
    const query::Rendered first = answer();
    look_at(first);
    if (parameters.contains("format") || parameters.contains("cursor")) return;
    parameters.emplace("format", "csv");
    const query::Rendered csv = answer();
    look_at(csv);
    expect(csv.status == first.status || (csv.status == 406 && first.status == 200),
           "a question has an answer in CSV where it has one in JSON, if that is rows");
  }

 private:
  static void look_at(const query::Rendered& rendered) {
    const int status = rendered.status;
    const bool is_late = status == 503 && rendered.body.find("\"Not folded yet\"") != std::string::npos;
    expect(
        status == 200 || status == 400 || status == 404 || status == 406 || status == 409 || status == 413 || is_late,
        "an answer, or what is wrong with the question");
    if (rendered.content_type.starts_with("text/csv")) {
      std::vector<FileFault> faults;
      expect(CsvFile::parse("answer", rendered.body, {}, faults) != nullptr, "an answer in CSV is CSV");
      return;
    }
    if (rendered.content_type.starts_with("text/html")) return;
    boost::system::error_code fault;
    const auto json = boost::json::parse(rendered.body, fault);
    expect(!fault && json.is_object(), "an answer in JSON is JSON");
    if (status == 200) return;
    expect(!json.as_object().at("detail").as_string().empty(), "a problem says what is wrong");
  }

  test::Book book_;
};

void read(std::string_view target, const std::string& ledger) {
  http::Request request;
  const auto fault = http::read_target(target, request);
  if (fault) {
    expect(!fault->empty(), "a fault says what is wrong");
    return;
  }
  http::Request again;
  expect(!http::read_target(target_of(request), again), "a target is as good escaped");
  expect(again.segments == request.segments && again.parameters == request.parameters,
         "a target says the same escaped");
  static World world;
  world.ask(request.segments, request.parameters, ledger);
}

}  // namespace
}  // namespace daybook::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  daybook::fuzz::Input input(data, size);
  const std::string_view target = input.until('\n');
  daybook::fuzz::read(target, std::string(input.rest()));
  return 0;
}
