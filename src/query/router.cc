#include "query/router.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/bytes.h"
#include "base/hash.h"
#include "query/catalog.h"
#include "query/coordinator.h"
#include "query/question_memory.h"
#include "query/workbook.h"

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
    if (accept.starts_with("text/csv")) return Format::kCsv;
    if (accept.starts_with(kXlsxType)) return Format::kXlsx;
    return accept.starts_with("text/html") && description.has_page ? Format::kHtml : Format::kJson;
  }
  const std::string given = parameters.one_of("format", {"json", "csv", "xlsx", "html"}, "json");
  if (given == "html" && !description.has_page) {
    refuse_parameter("format", "html is for statements; this answer is json, csv or xlsx");
  }
  if (given == "xlsx") return Format::kXlsx;
  return given == "csv" ? Format::kCsv : given == "html" ? Format::kHtml : Format::kJson;
}

// How a file is written that is for a spreadsheet in another language.
struct CsvForm {
  char separator = ',';
  bool has_mark = false;  // Of byte order, by which some see that it is UTF-8.
};

CsvForm read_csv_form(Parameters& parameters) {
  const std::string separator = parameters.one_of("separator", {",", ";", "tab"}, ",");
  return {.separator = separator == "tab" ? '\t' : separator[0],
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
  CsvForm csv;
  Wait wait;
};

Asked read(const Description& description, const Route& route, const ShardSource& source, const Today& today,
           const Request& request, const PageTokens& tokens) {
  Parameters parameters(request.parameters);
  Asked asked;
  asked.format = read_format(description, parameters, request.accept);
  asked.csv = read_csv_form(parameters);
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

// What the text of an answer takes while it is written: twice its size, as it moves when it outgrows its place.
class GrowingText {
 public:
  void grew_to(std::size_t bytes) {
    if (bytes <= taken_) return;
    take_memory(bytes);
    taken_ += bytes;
  }

 private:
  std::size_t taken_ = 0;
};

// How far the shards have read that answered.
struct Standing {
  std::vector<Row> positions;
  Value newest_recorded_at;
  std::int64_t waiting = 0;
  std::int64_t parked = 0;
  std::optional<std::int64_t> first_recorded_ms;  // Of all that they have read; nothing: they have read nothing.
};

Standing standing_of(const std::vector<ShardHead>& heads, std::string_view topic_prefix) {
  Standing standing;
  std::int64_t newest = 0;
  for (const ShardHead& head : heads) {
    newest = std::max(newest, head.newest_recorded_ms);
    standing.waiting += head.waiting;
    standing.parked += head.parked;
    if (head.first_recorded_ms < 0) continue;
    standing.first_recorded_ms = std::min(standing.first_recorded_ms.value_or(head.first_recorded_ms), head.first_recorded_ms);
  }
  if (newest != 0) standing.newest_recorded_at = Value::instant_ms(newest);
  for (const log::Topic topic : log::kEventTopics) {
    const std::string name = log::topic_name(topic_prefix, topic);
    for (const ShardHead& head : heads) {
      Row position;
      position.add("topic", Value::text(name));
      position.add("partition", Value::integer(head.partition));
      position.add("next_offset", Value::integer(head.next_offsets[static_cast<std::size_t>(topic)]));
      standing.positions.push_back(std::move(position));
    }
  }
  return standing;
}

std::string to_json(const Description& description, const Question& question, Answer answer, Coordinator& coordinator,
                    std::string_view topic_prefix, const PageTokens& tokens) {
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
    json.field("next_page_token",
               page.more ? Value::text(tokens.make(question.as_of, page.rows.back().key)) : Value());
  }
  for (const auto& [name, value] : answer.tail.values) json.field(name, value);

  const Standing standing = standing_of(coordinator.heads(), topic_prefix);
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

// Objects that are null have their columns all the same.
void fill(Row& row, const std::vector<std::string>& columns) {
  for (auto& [name, value] : row.values) {
    if (value.kind() != Value::Kind::kNull) continue;
    Row empty;
    for (const std::string& column : columns) {
      if (column.starts_with(name + '.')) empty.add(column.substr(name.size() + 1), Value());
    }
    if (!empty.values.empty()) value = Value::object(std::move(empty));
  }
}

std::vector<std::string> columns_of(const Description& description, const Answer& answer) {
  if (!answer.columns && description.row.empty()) refuse(406, "No rows", "this answer has no rows to give as a table");
  return answer.columns ? *answer.columns : description.columns();
}

std::string to_csv(const Description& description, Answer answer, const CsvForm& form) {
  std::string csv = form.has_mark ? "\xEF\xBB\xBF" : "";
  const std::vector<std::string> columns = columns_of(description, answer);
  append_csv_header(csv, columns, form.separator);
  GrowingText text;
  for (SortedRow& row : answer.rows.take().rows) {
    const std::size_t bytes = bytes_of(row.row);
    fill(row.row, columns);
    append_csv(csv, row.row, form.separator);
    text.grew_to(csv.size());
    give_back_memory(bytes);
    row.row = Row();
  }
  return csv;
}

// What was asked, and what the rows add up to.
WorkbookCover cover_of(const Description& description, const Question& question, const ParameterMap& given,
                       const Answer& answer, std::size_t rows, const Standing& standing) {
  WorkbookCover cover{description.name, description.meaning, question.today, {}};
  Row& facts = cover.facts;
  facts.add("asked_on", Value::date(question.today));
  facts.add("as_of", Value::date(question.as_of));
  facts.add("known_at", question.known_at_ms ? Value::instant_ms(*question.known_at_ms) : Value());
  if (!question.subject.empty()) facts.add("of", Value::text(question.subject));
  for (const auto& [name, value] : given) {
    const bool is_said = name == "as_of" || name == "known_at" || name == "format" || name == "page_token" || name == "wait_ms";
    if (!is_said) facts.add("asked: " + name, Value::text(value));
  }
  for (const auto& [name, value] : answer.head.values) facts.add(name, value);
  facts.add("rows", Value::integer(rows));
  for (const auto& [name, value] : answer.tail.values) facts.add(name, value);
  facts.add("newest_recorded_at", standing.newest_recorded_at);
  facts.add("waiting", Value::integer(standing.waiting));
  facts.add("parked_records", Value::integer(standing.parked));
  facts.add("positions", Value::list_of_rows(standing.positions));
  return cover;
}

std::string to_xlsx(const Description& description, const Question& question, const Request& request, Answer answer,
                    Coordinator& coordinator, std::string_view topic_prefix) {
  const std::vector<std::string> columns = columns_of(description, answer);
  std::vector<SortedRow> rows = answer.rows.take().rows;
  Workbook workbook(description.rows_name.empty() ? description.name : description.rows_name, columns);
  const Standing standing = standing_of(coordinator.heads(), topic_prefix);
  workbook.write_cover(cover_of(description, question, request.parameters, answer, rows.size(), standing));
  for (SortedRow& row : rows) {
    refuse_once_given_up(request.stop);
    const std::size_t bytes = bytes_of(row.row);
    fill(row.row, columns);
    workbook.write(row.row);
    give_back_memory(bytes);
    row.row = Row();
  }
  std::string bytes = workbook.finish();
  take_memory(bytes.size());
  return bytes;
}

Rendered answer(const Route& route, std::string_view path, const ShardSource& source, const Today& today,
                const Request& request, QuestionMemory& memory) {
  const Report& report = *route.report;
  const Description& description = report.description();
  const PageTokens tokens(path, request.parameters);
  auto [question, format, csv, wait] = read(description, route, source, today, request, tokens);
  Coordinator coordinator(source, question.known_at_ms, request.stop);
  coordinator.require(wait);
  if (request.body) report.take_body(question, *request.body, source.partition_count(), request.stop, memory);
  Answer answer = coordinator.answer(report, question);
  switch (format) {
    case Format::kJson:
      return {200, content_type(format),
              to_json(description, question, std::move(answer), coordinator, source.topic_prefix(), tokens)};
    case Format::kCsv: return {200, content_type(format), to_csv(description, std::move(answer), csv)};
    case Format::kXlsx:
      return {200, content_type(format),
              to_xlsx(description, question, request, std::move(answer), coordinator, source.topic_prefix())};
    case Format::kHtml: return {200, content_type(format), answer.page()};
  }
  return {};
}

}  // namespace

bool is_report(const std::vector<std::string>& segments) { return find_route(segments, false).has_value(); }

Rendered render(const Problem& problem) {
  return {problem.status, "application/problem+json", problem.to_json()};
}

Rendered answer(const ShardSource& source, const Today& today, const Request& request) {
  std::string path;
  for (const std::string& segment : request.segments) path += "/" + segment;
  const auto route = find_route(request.segments, request.body.has_value());
  if (!route) return render({404, "Not found", "there is nothing at " + path});
  for (int attempts = 1;; ++attempts) {
    const auto memory = std::make_shared<QuestionMemory>(request.memory);
    try {
      const QuestionMemory::Work work(memory.get());
      Rendered rendered = answer(*route, path, source, today, request, *memory);
      memory->keep(rendered.body.size());
      rendered.memory = memory;
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

}  // namespace daybook::query
