// daybook statements: a statement of account for every customer of whom something is owed, as files of a folder.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>

#include "asking.h"
#include "base/file.h"
#include "command.h"
#include "query/catalog.h"
#include "query/local_shards.h"
#include "query/statement_sender.h"
#include "query/value.h"
#include "statement_files.h"

namespace daybook::cli {
namespace {

namespace json = boost::json;

struct StatementOptions {
  std::string from;
  std::string to;
  std::string known_at;
  std::string state = "open";
  std::string into;
  std::string format = "html";
  std::string lang = "en";
  std::string url;
  std::string sender_file;
};

constexpr const char* kIndexName = "index.csv";

// How long an instance is given to fold what its log has.
constexpr std::chrono::seconds kFoldPatience{30};
constexpr std::chrono::milliseconds kFoldPause{100};

std::string text_of(const json::value& value) { return value.is_null() ? "" : std::string(value.as_string()); }

// Who answers: an instance, or a data folder as of opening it.
class Source {
 public:
  static Result<std::unique_ptr<Source>> open(const app::Settings& settings, const std::string& url) {
    auto source = std::unique_ptr<Source>(new Source(settings, url));
    if (url.empty()) {
      ASSIGN_OR_RETURN(source->model_, OfflineModel::open(source->settings_));
    }
    return source;
  }

  // Whether nothing that is folded meanwhile shows in its answers.
  bool stands_still() const { return model_ != nullptr; }

  Result<Day> today() const { return model_ == nullptr ? today_at(url_) : today_of(settings_, *model_)(); }

  // The body of a 200. `format`: "json", "csv" or "html". A refusal is an error: kInvalidArgument where it is the
  // parameters'.
  Result<std::string> ask(const std::vector<std::string>& segments, query::ParameterMap parameters,
                          const std::string& format) const {
    if (format != "json") parameters.emplace("format", format);
    query::Rendered answer;
    if (model_ == nullptr) {
      ASSIGN_OR_RETURN(const http::Response said, http::ask(url_, segments, parameters, {}));
      if (!is_ours(said, format)) return unexpected(http::not_ours(url_, said));
      answer = {said.status, said.content_type, said.body};
    } else {
      answer = query::answer(query::LocalShards(*model_), today_of(settings_, *model_),
                             {.segments = segments, .parameters = parameters});
    }
    if (answer.status == 200) return std::move(answer.body);
    return unexpected(answer.status == 400 ? ErrorCode::kInvalidArgument : ErrorCode::kUnavailable,
                      http::problem_detail(answer.body).value_or(answer.body));
  }

  Result<json::object> ask_json(const std::vector<std::string>& segments, const query::ParameterMap& parameters) const {
    ASSIGN_OR_RETURN(const std::string body, ask(segments, parameters, "json"));
    return json::parse(body).as_object();
  }

 private:
  Source(const app::Settings& settings, std::string url) : settings_(settings), url_(std::move(url)) {}

  const app::Settings settings_;
  const std::string url_;
  std::unique_ptr<OfflineModel> model_;
};

// The moment of which an instance answers the same from now on: that of the newest record that it has folded, once all
// is folded that its log had by then. Nothing where it has folded none.
Result<std::optional<std::string>> moment_of(const Source& source) {
  ASSIGN_OR_RETURN(json::object status, source.ask_json({"v1", "status"}, {}));
  if (status.at("newest_recorded_at").is_null()) return std::optional<std::string>();
  const std::string moment = text_of(status.at("newest_recorded_at"));
  // The instance looks at the log's ends now and then: the second look from here on has begun after that record.
  std::string seen = text_of(status.at("ends_seen_at"));
  int looks = 0;
  std::optional<json::array> goals;
  const auto has_folded = [&] {
    const json::array& now = status.at("positions").as_array();
    const auto number = [](const json::value& value) { return value.is_null() ? -1 : value.to_number<std::int64_t>(); };
    for (std::size_t i = 0; i < goals->size(); ++i) {
      const std::int64_t end = number(goals->at(i).at("end_offset"));
      if (end < 0 || number(now.at(i).at("next_offset")) < end) return false;
    }
    return true;
  };
  const auto deadline = std::chrono::steady_clock::now() + kFoldPatience;
  while (!goals || !has_folded()) {
    if (std::chrono::steady_clock::now() > deadline) {
      return unexpected(ErrorCode::kUnavailable,
                        "the instance is behind its log, and its answers would not be of one moment: try again, or say "
                        "of which moment by --known-at");
    }
    std::this_thread::sleep_for(kFoldPause);
    ASSIGN_OR_RETURN(status, source.ask_json({"v1", "status"}, {}));
    const std::string looked = text_of(status.at("ends_seen_at"));
    if (goals || looked == seen) continue;
    seen = looked;
    if (++looks == 2) goals = status.at("positions").as_array();
  }
  return std::optional(moment);
}

// What the list of files says of a customer in one currency.
struct Figures {
  std::string currency;
  Int128 balance = 0;
  Int128 overdue = 0;
};
struct Customer {
  std::string name;
  std::vector<Figures> figures;  // Of currencies of which something is open.
};
using Customers = std::map<std::string, Customer>;

// Decimal text in the currency's own decimals as minor units.
Int128 minor_of(const json::value& amount) {
  const std::string text = text_of(amount);
  Int128 minor = 0;
  for (const char c : text) {
    if (c >= '0' && c <= '9') minor = minor * 10 + (c - '0');
  }
  return text.starts_with('-') ? -minor : minor;
}

// Calls visit(row) for all rows of a view.
Result<void> for_each_row(const Source& source, const std::vector<std::string>& segments, const char* rows_name,
                          query::ParameterMap parameters, const std::function<void(const json::object&)>& visit) {
  parameters.emplace("page_size", "1000");
  while (true) {
    ASSIGN_OR_RETURN(const json::object page, source.ask_json(segments, parameters));
    for (const json::value& row : page.at(rows_name).as_array()) visit(row.as_object());
    const json::value& next = page.at("next_page_token");
    if (next.is_null()) return {};
    parameters.erase("page_token");
    parameters.emplace("page_token", text_of(next));
  }
}

// What all questions of one run have in common.
struct Span {
  std::string from;
  std::string to;
  std::string known_at;  // Empty: it is not said.
};

// Those of whom something is open on the day; with "all" every other customer as well.
Result<Customers> customers_of(const Source& source, const StatementOptions& options, const Span& span,
                               const query::ParameterMap& known) {
  Customers open;
  query::ParameterMap at = known;
  at.emplace("as_of", span.to);
  query::ParameterMap ageing = at;
  ageing.emplace("group_by", "customer");
  RETURN_IF_ERROR(for_each_row(source, {"v1", "receivables", "ageing"}, "rows", ageing, [&](const json::object& row) {
    Customer& customer = open[text_of(row.at("group"))];
    customer.name = text_of(row.at("customer_name"));
    customer.figures.push_back({text_of(row.at("currency")), minor_of(row.at("balance")),
                                minor_of(row.at("gross_open")) - minor_of(row.at("not_due"))});
  }));
  if (options.state == "overdue") {
    std::erase_if(open, [](const auto& entry) {
      return std::ranges::all_of(entry.second.figures, [](const Figures& one) { return one.overdue == 0; });
    });
  }
  if (options.state == "all") {
    RETURN_IF_ERROR(for_each_row(source, {"v1", "customers"}, "customers", at, [&](const json::object& row) {
      open[text_of(row.at("customer_id"))].name = text_of(row.at("name"));
    }));
  }
  return open;
}

// The folder, made where it is not there.
class Folder {
 public:
  // Takes the list of an earlier run away: one that is there speaks of the files beside it.
  static Result<Folder> open(const std::string& path) {
    std::error_code error;
    std::filesystem::create_directories(path, error);
    if (error) return system_error("make", path, error.value());
    ASSIGN_OR_RETURN(File directory, File::open(path, O_RDONLY | O_DIRECTORY));
    const std::string index = path + "/" + kIndexName;
    if (::unlink(index.c_str()) != 0 && errno != ENOENT) return system_error("remove", index, errno);
    return Folder(path, std::move(directory));
  }

  // The whole file is there afterwards, or, where it fails, none of it.
  Result<void> write(const std::string& name, std::string_view bytes) {
    const std::string path = path_ + "/" + name;
    const std::string draft = path + ".new";
    const auto written = [&]() -> Result<void> {
      ASSIGN_OR_RETURN(File file, File::open(draft, O_WRONLY | O_CREAT | O_TRUNC));
      RETURN_IF_ERROR(file.write_at(bytes, 0));
      if (::rename(draft.c_str(), path.c_str()) != 0) return system_error("rename", draft, errno);
      return {};
    }();
    if (!written) ::unlink(draft.c_str());
    return written;
  }

  // The list, once all that it lists is on the disk.
  Result<void> finish(std::string_view index) {
    if (::syncfs(directory_.descriptor()) != 0) return system_error("sync", path_, errno);
    const auto written = write_file_durably(path_, kIndexName, index);
    if (!written) ::unlink((path_ + "/" + kIndexName + ".new").c_str());
    return written;
  }

 private:
  Folder(std::string path, File directory) : path_(std::move(path)), directory_(std::move(directory)) {}

  std::string path_;
  File directory_;
};

// As CSV: a line a customer and currency, and one for a customer of whom nothing is open.
class Index {
 public:
  Index() {
    query::append_csv_header(csv_, {"customer_id", "customer_name", "file", "currency", "balance", "overdue"}, ',');
  }

  void add(const std::string& customer_id, const Customer& customer, const std::string& file) {
    if (customer.figures.empty()) return add_line(customer_id, customer, file, nullptr);
    for (const Figures& one : customer.figures) add_line(customer_id, customer, file, &one);
  }
  const std::string& text() const { return csv_; }

 private:
  void add_line(const std::string& customer_id, const Customer& customer, const std::string& file,
                const Figures* figures) {
    const auto currency = figures == nullptr ? std::nullopt : Currency::parse(figures->currency);
    query::Row row;
    row.add("customer_id", query::Value::text(customer_id));
    row.add("customer_name", query::text_or_null(customer.name));
    row.add("file", query::Value::text(file));
    row.add("currency", currency ? query::Value::text(figures->currency) : query::Value());
    row.add("balance", currency ? query::Value::amount(figures->balance, *currency) : query::Value());
    row.add("overdue", currency ? query::Value::amount(figures->overdue, *currency) : query::Value());
    query::append_csv(csv_, row, ',');
  }

  std::string csv_;
};

Result<Span> span_of(const Source& source, const StatementOptions& options) {
  query::ParameterMap dates = {{"from", options.from}, {"to", options.to}, {"known_at", options.known_at}};
  RETURN_IF_ERROR(settle_dates(dates, query::find_report("bridge")->description(), [&] { return source.today(); }));
  const Span span{dates.find("from")->second, dates.find("to")->second, dates.find("known_at")->second};
  for (const auto& [name, date] : {std::pair("from", span.from), std::pair("to", span.to)}) {
    if (!parse_date(date)) {
      return unexpected(ErrorCode::kInvalidArgument,
                        fmt::format("--{}: '{}' is no date, such as 2024-06-30, and no period", name, date));
    }
  }
  if (*parse_date(span.from) > *parse_date(span.to)) {
    return unexpected(ErrorCode::kInvalidArgument, fmt::format("--from {} is after --to {}", span.from, span.to));
  }
  return span;
}

Result<std::string> statement_of(const Source& source, const std::string& customer_id, const Span& span,
                                 const StatementOptions& options, const query::ParameterMap& known,
                                 const query::StatementSender& sender) {
  query::ParameterMap parameters = known;
  parameters.emplace("from", span.from);
  parameters.emplace("to", span.to);
  parameters.emplace("lang", options.lang);
  ASSIGN_OR_RETURN(std::string text,
                   source.ask({"v1", "customers", customer_id, "statement"}, parameters, options.format));
  if (options.format != "html") return text;
  auto page = query::with_sender(text, sender);
  if (!page) return unexpected(ErrorCode::kInternal, "the page of the statement is not of this version of Daybook");
  return *std::move(page);
}

Result<std::string> write_statements(const app::Settings& settings, const StatementOptions& options) {
  query::StatementSender sender;
  if (!options.sender_file.empty()) {
    ASSIGN_OR_RETURN(sender, read_sender(options.sender_file));
  }
  ASSIGN_OR_RETURN(const auto source, Source::open(settings, options.url));
  ASSIGN_OR_RETURN(const Span span, span_of(*source, options));
  std::optional<std::string> moment;
  bool has_records = true;
  if (!span.known_at.empty()) {
    moment = span.known_at;
  } else if (!source->stands_still()) {
    ASSIGN_OR_RETURN(moment, moment_of(*source));
    has_records = moment.has_value();
  }
  query::ParameterMap known;
  if (moment) known.emplace("known_at", *moment);
  Customers customers;
  if (has_records) {
    ASSIGN_OR_RETURN(customers, customers_of(*source, options, span, known));
  }

  ASSIGN_OR_RETURN(Folder folder, Folder::open(options.into));
  const bool shows_progress = isatty(STDERR_FILENO) != 0;
  Index index;
  std::size_t count = 0;
  for (const auto& [customer_id, customer] : customers) {
    const std::string file = statement_file_name(customer_id, options.format);
    ASSIGN_OR_RETURN(const std::string text, statement_of(*source, customer_id, span, options, known, sender));
    RETURN_IF_ERROR(folder.write(file, text));
    index.add(customer_id, customer, file);
    if (shows_progress) tell("\r{} of {} statements ", ++count, customers.size());
  }
  if (shows_progress) tell("\r\033[K");
  RETURN_IF_ERROR(folder.finish(index.text()));
  return fmt::format("{} statement{} and {} in {}{}", customers.size(), customers.size() == 1 ? "" : "s", kIndexName,
                     options.into, moment ? ", as known at " + *moment : "");
}

int statements(const app::Settings& settings, const StatementOptions& options) {
  const auto done = [&]() -> Result<std::string> {
    try {
      return write_statements(settings, options);
    } catch (const std::exception&) {
      if (options.url.empty()) throw;
      return unexpected(ErrorCode::kUnavailable,
                        fmt::format("what {} answers is not what an instance of this version does", options.url));
    }
  }();
  if (!done) return fail(done.error());
  out("{}\n", *done);
  return kDone;
}

}  // namespace

void add_statements(CLI::App& app, Run& run) {
  CLI::App* command = app.add_subcommand(
      "statements",
      "Write a statement of account for each customer, to print or to send, and a list of them:\n"
      "  daybook statements --from 2024-11 --to 2024-11 --state overdue --into statements\n"
      "All are of one moment. The folder then has index.csv: customer, file, currency, balance, overdue.");
  auto flags = std::make_shared<SettingFlags>();
  auto options = std::make_shared<StatementOptions>();
  command->add_option("--from", options->from, "the first day, or the period that begins with it")->required();
  command->add_option("--to", options->to, "the last day, or the period that ends with it")->required();
  command->add_option("--into", options->into, "the folder; made where it is not there")->required();
  command
      ->add_option("--state", options->state,
                   "of whom: overdue (something is on the last day), open (something is), or all")
      ->check(CLI::IsMember({"overdue", "open", "all"}))
      ->capture_default_str();
  command->add_option("--format", options->format, "html, a page to print, or csv")
      ->check(CLI::IsMember({"html", "csv"}))
      ->capture_default_str();
  command->add_option("--lang", options->lang, "of the pages: en or zh")
      ->check(CLI::IsMember({"en", "zh"}))
      ->capture_default_str();
  command->add_option("--settings", options->sender_file, "a TOML file that says in [sender] who sends them");
  command->add_option("--known-at", options->known_at, "as known at this instant or at the end of this day");
  command->add_option("--url", options->url, "a running instance; without it --data is read");
  flags->add_to(*command, {"data", "topic_prefix", "today"});
  command->callback([&run, flags, options] {
    run = [flags, options] {
      const auto settings = flags->read();
      return settings ? statements(*settings, *options) : fail(settings.error());
    };
  });
}

}  // namespace daybook::cli
