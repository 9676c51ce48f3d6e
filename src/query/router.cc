#include "query/router.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/accept.h"
#include "base/bytes.h"
#include "base/hash.h"
#include "query/catalog.h"
#include "query/coordinator.h"
#include "query/file_answer.h"
#include "query/question_memory.h"
#include "query/standing.h"

namespace daybook::query {
namespace {

// As often a question is asked of other shards in place of those that went away meanwhile.
constexpr int kAttemptsMax = 3;

enum class Format { kJson, kCsv, kXlsx, kHtml };

constexpr std::string_view kXlsxType = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

const char* content_type(Format format) {
  switch (format) {
    case Format::kJson: return "application/json";
    case Format::kCsv: return "text/csv; charset=utf-8";
    case Format::kXlsx: return kXlsxType.data();
    case Format::kHtml: return "text/html; charset=utf-8";
  }
  return "";
}

Format read_format(const Description& description, Parameters& parameters, std::string_view accept) {
  if (!parameters.text("format")) {
    // JSON also for who takes none of them.
    constexpr std::array kFormats = {Format::kJson, Format::kCsv, Format::kXlsx, Format::kHtml};
    constexpr std::array<std::string_view, kFormats.size()> kTypes = {"application/json", "text/csv", kXlsxType,
                                                                      "text/html"};
    const auto offers = std::span(kTypes).first(kTypes.size() - (description.has_page ? 0 : 1));
    return kFormats[preferred(parse_accept(accept), offers).value_or(0)];
  }
  const std::string given = parameters.one_of("format", {"json", "csv", "xlsx", "html"}, "json");
  if (given == "html" && !description.has_page) {
    refuse_parameter("format", "html is for statements; this answer is json, csv or xlsx");
  }
  if (given == "xlsx") return Format::kXlsx;
  return given == "csv" ? Format::kCsv : given == "html" ? Format::kHtml : Format::kJson;
}

FileForm read_file_form(Format format, Parameters& parameters) {
  const std::string separator = parameters.one_of("separator", {",", ";", "tab"}, ",");
  return {.is_workbook = format == Format::kXlsx,
          .separator = separator == "tab" ? '\t' : separator[0],
          .has_mark = parameters.one_of("bom", {"true", "false"}, "false") == "true"};
}

std::string to_hex_text(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) text += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return text;
}

std::optional<std::string> from_hex_text(std::string_view text) {
  if (text.size() % 2 != 0) return std::nullopt;
  std::string bytes;
  for (std::size_t i = 0; i < text.size(); i += 2) {
    int byte = 0;
    for (const char c : text.substr(i, 2)) {
      const auto digit = std::string_view("0123456789abcdef").find(c);
      if (digit == std::string_view::npos) return std::nullopt;
      byte = byte * 16 + static_cast<int>(digit);
    }
    bytes += static_cast<char>(byte);
  }
  return bytes;
}

// What tells the pages of one answer: the request but for what may differ from page to page, and the as_of that it was
// answered for, over midnight too. The key of the last row follows.
class PageTokens {
 public:
  PageTokens(std::string_view path, const ParameterMap& parameters) {
    std::string bytes(path);
    for (const auto& [name, value] : parameters) {
      if (name == "page_token" || name == "min_position" || name == "wait_ms" || name == "page_size") continue;
      bytes += sort_key({name, value});
    }
    ByteWriter(fingerprint_).big64(hash64(bytes));
  }

  std::string make(Day as_of, std::string_view last_key) const {
    return to_hex_text(fingerprint_ + sortable(as_of) + std::string(last_key));
  }
  void read(std::string_view text, Question& question) const {
    const auto token = from_hex_text(text);
    if (!token || token->size() < kHeadBytes || !token->starts_with(fingerprint_)) refuse_token();
    question.as_of = first_day(std::string_view(*token).substr(fingerprint_.size()));
    if (question.as_of < kFirstDate || question.as_of > kLastDate) refuse_token();
    question.page.after = token->substr(kHeadBytes);
  }

 private:
  static constexpr std::size_t kHeadBytes = 16;
  [[noreturn]] static void refuse_token() { refuse_parameter("page_token", "belongs to another request"); }

  std::string fingerprint_;
};

// A request, read as a question.
struct Asked {
  Question question;
  Format format = Format::kJson;
  FileForm file;
  Wait wait;
};

Asked read(const Description& description, const Route& route, const ShardSource& source, const Today& today,
           const Request& request, const PageTokens& tokens) {
  Parameters parameters(request.parameters);
  Asked asked;
  asked.format = read_format(description, parameters, request.accept);
  asked.file = read_file_form(asked.format, parameters);
  Question& question = asked.question;
  question.report = description.name;
  question.subject = route.subject;
  question.scope = request.scope;
  question.today = today();
  const auto as_of = parameters.date("as_of");
  question.as_of_given = as_of.has_value();
  question.as_of = as_of.value_or(question.today);
  question.file_choice = parameters.one_of("attributes", {"as_was", "as_now"}, "as_was") == "as_now"
                             ? FileChoice::kAsNow
                             : FileChoice::kAsWas;
  question.known_at_ms = parameters.instant_ms("known_at", source.rules().zone);
  const auto page_size = parameters.integer("page_size", 1, 1'000);
  const bool is_whole = asked.format == Format::kCsv || asked.format == Format::kXlsx || description.is_whole;
  if (page_size || !is_whole) question.page.count = static_cast<std::size_t>(page_size.value_or(100));
  if (const auto token = parameters.text("page_token")) tokens.read(*token, question);
  asked.wait = read_wait(source, parameters);
  if (const Wait::Position* missing = first_missing(source, asked.wait)) refuse_unfolded(asked.wait, *missing);
  question.arguments = Arguments(description, request.parameters, source.rules().zone);
  return asked;
}

std::string to_json(const Description& description, const Question& question, Answer answer, Coordinator& coordinator,
                    const PageTokens& tokens) {
  JsonWriter json;
  json.begin_object();
  json.field("as_of", Value::date(question.as_of));
  json.field("known_at", question.known_at_ms ? Value::instant_ms(*question.known_at_ms) : Value());
  for (const auto& [name, value] : answer.head.values) json.field(name, value);
  if (!description.rows_name.empty()) {
    Rows::Page page = answer.rows.take();
    json.key(description.rows_name);
    json.begin_array();
    GrowingText text;
    for (SortedRow& row : page.rows) {
      write_json(row.row, json);
      text.grew_to(json.size());
      // What is written need not be there twice.
      give_back_memory(bytes_of(row.row));
      row.row = Row();
    }
    json.end_array();
    json.field("next_page_token", page.more ? Value::text(tokens.make(question.as_of, page.rows.back().key)) : Value());
  }
  for (const auto& [name, value] : answer.tail.values) json.field(name, value);

  const Standing standing = Standing::of(coordinator.heads(), coordinator.topic_prefix());
  json.field("positions", Value::list_of_rows(standing.positions));
  json.field("newest_recorded_at", standing.newest_recorded_at);
  // Why there is nothing in it.
  if (standing.first_recorded_ms && question.known_at_ms && *question.known_at_ms < *standing.first_recorded_ms) {
    json.field("first_recorded_at", Value::instant_ms(*standing.first_recorded_ms));
  }
  json.field("waiting", standing.waiting);
  // The list of that name has its place.
  if (description.rows_name != "parked") json.field("parked", standing.parked);
  json.end_object();
  return json.take();
}

Rendered answer(const Route& route, std::string_view path, const ShardSource& source, const Today& today,
                const Request& request, const std::shared_ptr<QuestionMemory>& memory) {
  const Report& report = *route.report;
  const Description& description = report.description();
  const PageTokens tokens(path, request.parameters);
  auto [question, format, form, wait] = read(description, route, source, today, request, tokens);
  const bool is_file = format == Format::kCsv || format == Format::kXlsx;
  auto coordinator = std::make_unique<Coordinator>(source, question.known_at_ms, request.stop,
                                                   is_file && !question.page.count ? Lasting::kFile : Lasting::kAnswer);
  coordinator->require(wait);
  if (request.body) report.take_body(question, *request.body, source.partition_count(), request.stop, *memory);
  coordinator->settle(report, question);
  Rendered rendered{200, content_type(format), {}};
  if (is_file) {
    Piece first = begin_file(
        {report, std::move(question), form, request.parameters, std::move(coordinator), request.memory, memory},
        rendered.rest);
    rendered.body = std::move(first.bytes);
    rendered.memory = std::move(first.memory);
    return rendered;
  }
  Answer answer = coordinator->answer(report, question);
  rendered.body =
      format == Format::kJson ? to_json(description, question, std::move(answer), *coordinator, tokens) : answer.page();
  memory->keep(rendered.body.size());
  rendered.memory = memory;
  return rendered;
}

// `use(rendered)`: what may be refused of it as well.
template <typename Use>
Rendered answered(const ShardSource& source, const Today& today, const Request& request, const Use& use) {
  std::string path;
  for (const std::string& segment : request.segments) path += "/" + segment;
  const auto route = find_route(request.segments, request.body.has_value());
  if (!route) return render({404, "Not found", "there is nothing at " + path});
  for (int attempts = 1;; ++attempts) {
    const auto memory = std::make_shared<QuestionMemory>(request.memory);
    try {
      const QuestionMemory::Work work(memory.get());
      Rendered rendered = answer(*route, path, source, today, request, memory);
      use(rendered);
      return rendered;
    } catch (const AskAgain& refusal) {
      memory->keep(0);
      if (attempts == kAttemptsMax) return render(refusal.problem);
    } catch (const Refusal& refusal) {
      memory->keep(0);
      return render(refusal.problem);
    }
  }
}

// All that follows, too.
void append_rest(Rendered& rendered) {
  while (const auto rest = std::exchange(rendered.rest, nullptr)) {
    try {
      Piece piece = rest->next();
      piece.memory.reset();
      rendered.memory->keep(rendered.body.size() + piece.bytes.size());
      rendered.body += piece.bytes;
      if (!piece.is_last) rendered.rest = rest;
    } catch (const Refusal& refusal) {
      // What there is of it leaves no room for the rest: it is too much as a whole.
      if (asks_too_much(refusal.problem)) rendered.memory->refuse_as_too_much();
      throw;
    }
  }
}

}  // namespace

bool is_report(const std::vector<std::string>& segments) { return find_route(segments, false).has_value(); }

Rendered render(const Problem& problem) { return {problem.status, "application/problem+json", problem.to_json()}; }

Rendered begin_answer(const ShardSource& source, const Today& today, const Request& request) {
  return answered(source, today, request, [](Rendered&) {});
}

Rendered answer(const ShardSource& source, const Today& today, const Request& request) {
  return answered(source, today, request, append_rest);
}

}  // namespace daybook::query
