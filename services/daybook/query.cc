// daybook query VIEW: the same views over a data folder or a URL.
#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <functional>
#include <limits>
#include <map>
#include <utility>

#include "asking.h"
#include "base/file.h"
#include "command.h"
#include "http/client.h"
#include "offline.h"
#include "query/catalog.h"
#include "query/local_shards.h"
#include "query/path_pattern.h"
#include "query/router.h"
#include "table.h"

namespace daybook::cli {
namespace {

namespace json = boost::json;

struct QueryOptions {
  std::string view;
  bool wants_help = false;
  std::string url;
  std::string format = "table";
  std::vector<std::string> parameters;  // "--as-of", "2024-06-30", …
  // Of tables alone.
  bool everything = false;
  std::string sort;
  std::optional<std::size_t> top;

  bool wants_all_rows() const { return !sort.empty() || top; }
};

bool is_asked_by_name(const query::Description& report) {
  return !report.path.empty() && report.path.find('{') == std::string::npos;
}

// "ageing" -> v1/receivables/ageing, by the report's name; any other as it is: "invoices/INV-7".
std::vector<std::string> segments_of(std::string_view view) {
  static constexpr std::string_view kRoot = "/v1/";
  std::vector<std::string> segments = {"v1"};
  const query::Report* report = query::find_report(view);
  if (report != nullptr && is_asked_by_name(report->description())) {
    view = std::string_view(report->description().path).substr(kRoot.size());
  }
  while (true) {
    const std::size_t slash = view.find('/');
    segments.emplace_back(view.substr(0, slash));
    if (slash == std::string_view::npos) return segments;
    view.remove_prefix(slash + 1);
  }
}

// What a report is asked by on the command line: its name, or its path with the id.
std::string view_name(const query::Description& report) {
  if (is_asked_by_name(report)) return report.name;
  const std::string_view path = std::string_view(report.path).substr(std::string_view("/v1/").size());
  return query::replace_placeholders(path, [](std::string_view name) {
    std::string word(name.ends_with("_id") ? "ID" : name);
    std::ranges::transform(word, word.begin(), [](unsigned char c) { return std::toupper(c); });
    return word;
  });
}

Result<query::ParameterMap> parameters_of(const std::vector<std::string>& words) {
  query::ParameterMap parameters;
  for (std::size_t i = 0; i < words.size(); ++i) {
    std::string name = words[i];
    if (!name.starts_with("--") || name.size() == 2) {
      return unexpected(ErrorCode::kInvalidArgument,
                        fmt::format("'{}': a parameter of the view is --name value", name));
    }
    name = name.substr(2);
    std::string value;
    if (const std::size_t equals = name.find('='); equals != std::string::npos) {
      value = name.substr(equals + 1);
      name.resize(equals);
    } else if (i + 1 < words.size()) {
      value = words[++i];
    } else {
      return unexpected(ErrorCode::kInvalidArgument, fmt::format("--{} needs a value", name));
    }
    std::ranges::replace(name, '-', '_');
    parameters.emplace(name, value);
  }
  return parameters;
}

// How wide the terminal is that is written to; without one there is no limit.
std::size_t columns_on_screen() {
  if (isatty(STDOUT_FILENO) == 0) return std::numeric_limits<std::size_t>::max();
  winsize size{};
  return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

std::string text_at(const json::object& answer, const char* name) {
  const auto* value = answer.if_contains(name);
  return value == nullptr || !value->is_string() ? "" : std::string(value->get_string());
}

// Whether no record of a family was read, as the positions say.
bool has_read_none(const json::object& answer, std::string_view family) {
  for (const json::value& position : answer.at("positions").as_array()) {
    const json::object& at = position.as_object();
    const std::string topic = text_at(at, "topic");
    const bool is_of_it = family.empty() || topic == family || topic.ends_with(fmt::format(".{}.v1", family));
    if (is_of_it && at.at("next_offset").to_number<std::int64_t>() > 0) return false;
  }
  return true;
}

// Without which a view is empty.
std::string_view family_of(std::string_view path) {
  if (path.starts_with("/v1/receivables/")) return "invoices";
  return path.starts_with("/v1/order-cycle") ? "orders" : "";
}

// In place of a table without rows.
std::string nothing_of(const std::string& view, std::string_view path, const query::ParameterMap& parameters,
                       const json::object& answer) {
  const auto given = [&](const char* name) -> std::string {
    const auto found = parameters.find(name);
    return found == parameters.end() ? "" : found->second;
  };
  std::string words;
  if (view == "ageing" || view == "items") {
    words = "nothing open";
  } else if (view == "worklist" || view == "dunning") {
    words = "nothing overdue";
  } else if (!given("from").empty() && !given("to").empty()) {
    words = fmt::format("nothing in {} to {}", given("from"), given("to"));
  } else {
    words = "nothing in " + view;
  }
  if (const std::string as_of = text_at(answer, "as_of"); !as_of.empty()) words += " as of " + as_of;
  if (const std::string known_at = text_at(answer, "known_at"); !known_at.empty()) words += ", known at " + known_at;
  // Why.
  if (const std::string first = text_at(answer, "first_recorded_at"); !first.empty()) {
    words += ": nothing was recorded before " + first;
  } else if (has_read_none(answer, "")) {
    words += ": no event has been read";
  } else if (const std::string_view family = family_of(path); !family.empty() && has_read_none(answer, family)) {
    words += fmt::format(": no event of family {} has been read", family);
  }
  return words;
}

// What is asked for its answer; each time with the parameters given.
using Ask = std::function<Result<query::Rendered>(const query::ParameterMap&)>;

int refused(const query::Rendered& rendered, const QueryOptions& options) {
  say(http::problem_detail(rendered.body).value_or(rendered.body));
  // What stands in a file is no matter of the command's words.
  const bool is_of_a_file =
      options.view == "reconciliation" && rendered.body.find("\"violations\"") != std::string::npos;
  return (rendered.status == 400 && !is_of_a_file) || rendered.status == 404 ? kUsage : kFailed;
}

// A view's description; null where there is none of that name.
const query::Description* description_of(const std::string& view) {
  if (const query::Report* report = query::find_report(view)) return &report->description();
  const auto route = query::find_route(segments_of(view), false);
  return route ? &route->report->description() : nullptr;
}

// The rows of all further pages behind those of the first.
Result<std::optional<query::Rendered>> add_pages(json::object& answer, const std::string& rows_name,
                                                 query::ParameterMap parameters, const Ask& ask) {
  while (true) {
    const std::string token = text_at(answer, "next_page_token");
    if (token.empty()) return std::optional<query::Rendered>();
    parameters.erase("page_token");
    parameters.emplace("page_token", token);
    ASSIGN_OR_RETURN(query::Rendered rendered, ask(parameters));
    if (rendered.status != 200) return std::optional(std::move(rendered));
    json::value page = json::parse(rendered.body);
    for (json::value& row : page.as_object().at(rows_name).as_array())
      answer.at(rows_name).as_array().push_back(std::move(row));
    answer["next_page_token"] = page.as_object().at("next_page_token");
  }
}

int print_tables(const query::Rendered& rendered, const QueryOptions& options, const query::ParameterMap& parameters,
                 const Ask& ask) {
  // What is no report, as the status, is shown field by field.
  static const query::Description kNone;
  const query::Description* described = description_of(options.view);
  const query::Description& report = described == nullptr ? kNone : *described;
  json::value value = json::parse(rendered.body);
  json::object& answer = value.as_object();
  if (!report.rows_name.empty()) {
    if (answer.at(report.rows_name).as_array().empty()) {
      out("{}\n", nothing_of(options.view, report.path, parameters, answer));
      return kDone;
    }
    if (options.wants_all_rows()) {
      const auto failed = add_pages(answer, report.rows_name, parameters, ask);
      if (!failed) return fail(failed.error());
      if (*failed) return refused(**failed, options);
    }
  }
  const std::string more = text_at(answer, "next_page_token");
  const auto text = tables_of(
      std::move(answer), report,
      {.width = columns_on_screen(), .everything = options.everything, .sort = options.sort, .top = options.top});
  if (!text) return fail(text.error());
  out_text(*text);
  if (!more.empty()) say("there is more: --page-token " + more);
  return kDone;
}

// A file is written as it comes: what of it was written stays, and is said not to be all.
int print(const QueryOptions& options, const query::ParameterMap& parameters, const Ask& ask) {
  const auto rendered = ask(parameters);
  if (!rendered) return fail(rendered.error());
  if (rendered->status != 200) return refused(*rendered, options);
  if (options.format == "table") return print_tables(*rendered, options, parameters, ask);
  out("{}{}", rendered->body, options.format == "json" ? "\n" : "");
  try {
    for (bool more = rendered->rest != nullptr; more;) {
      const query::Piece piece = rendered->rest->next();
      more = out_text(piece.bytes) && !piece.is_last;
    }
  } catch (const query::Refusal& refusal) {
    return fail("the answer is not whole: " + refusal.problem.detail);
  }
  return kDone;
}

// Asks an instance, or the data folder by `offline(shards, model, parameters)`.
template <typename Offline>
int ask(const app::Settings& settings, const QueryOptions& options, const std::vector<std::string>& segments,
        std::optional<http::Body> body, const Offline& offline) {
  auto parameters = parameters_of(options.parameters);
  if (!parameters) return fail(parameters.error());
  if (parameters->contains("format")) {
    return fail({ErrorCode::kInvalidArgument,
                 "--format is what HTTP calls it; here it is --output table, json, csv, xlsx or html"});
  }
  if (options.format == "xlsx" && isatty(STDOUT_FILENO) != 0) {
    return fail({ErrorCode::kInvalidArgument, "a workbook is for a file: --output xlsx > report.xlsx"});
  }
  if (options.format != "table" && options.format != "json") parameters->emplace("format", options.format);
  if (options.format != "table" && (options.wants_all_rows() || options.everything)) {
    return fail({ErrorCode::kInvalidArgument, "--sort, --top and --all are for --output table"});
  }
  const query::Description* report = description_of(options.view);
  // People want to know more than programs that ask for a view's rows.
  if (options.format == "table" && report != nullptr && report->parameter("details") != nullptr &&
      !parameters->contains("details")) {
    parameters->emplace("details", "true");
  }
  if (options.wants_all_rows()) {
    if (report == nullptr || report->rows_name.empty()) {
      return fail({ErrorCode::kInvalidArgument, "--sort and --top are for views with rows"});
    }
    if (!parameters->contains("page_size")) parameters->emplace("page_size", "1000");
  }
  if (!options.url.empty()) {
    if (report != nullptr) {
      const auto settled = settle_dates(*parameters, *report, [&] { return today_at(options.url); });
      if (!settled) return fail(settled.error());
    }
    http::Response last;
    const http::Sink to_output{
        [&](const http::Response& head) { return head.status == 200 && is_ours(head, options.format); },
        [](std::string_view bytes) { return out_text(std::string(bytes)); }};
    const bool is_file = options.format == "csv" || options.format == "xlsx";
    const Ask over_http = [&](const query::ParameterMap& with) -> Result<query::Rendered> {
      ASSIGN_OR_RETURN(last, http::ask(options.url, segments, with, body, is_file ? &to_output : nullptr));
      if (!is_ours(last, options.format)) return unexpected(http::not_ours(options.url, last));
      return query::Rendered{last.status, last.content_type, last.body};
    };
    try {
      return print(options, *parameters, over_http);
    } catch (const std::exception&) {
      return fail(http::not_ours(options.url, last));
    }
  }
  const auto model = OfflineModel::open(settings);
  if (!model) return fail(model.error());
  if (report != nullptr) {
    const auto settled =
        settle_dates(*parameters, *report, [&]() -> Result<Day> { return today_of(settings, **model)(); });
    if (!settled) return fail(settled.error());
  }
  const query::LocalShards shards(**model);
  return print(options, *parameters, [&](const query::ParameterMap& with) -> Result<query::Rendered> {
    return offline(shards, **model, with);
  });
}

int unknown_view(const std::string& view) {
  return fail(
      {ErrorCode::kInvalidArgument, fmt::format("there is no view '{}': daybook query --help lists them", view)});
}

int query(const app::Settings& settings, const QueryOptions& options) {
  const std::vector<std::string> segments = segments_of(options.view);
  return ask(settings, options, segments, {},
             [&](const query::ShardSource& shards, const OfflineModel& model, const query::ParameterMap& parameters) {
               return query::begin_answer(shards, today_of(settings, model),
                                          {.segments = segments, .parameters = parameters});
             });
}

void list_parameters(const std::vector<query::Parameter>& parameters) {
  for (const query::Parameter& parameter : parameters) {
    std::string flag = "--" + parameter.name;
    std::ranges::replace(flag, '_', '-');
    std::string words = parameter.meaning;
    if (!parameter.choices.empty()) words += fmt::format(" One of {}.", fmt::join(parameter.choices, ", "));
    if (parameter.required) words += " Required.";
    if (!parameter.fallback.empty()) words += fmt::format(" Default {}.", parameter.fallback);
    out("  {:18} {}\n", flag, words);
  }
}

// What a view means and takes; or, without a view, which there are.
int help(const QueryOptions& options, const std::string& usage) {
  if (options.view.empty()) {
    std::map<std::string, std::string> meanings;
    for (const query::Report* report : query::reports()) {
      const query::Description& of = report->description();
      if (!of.has_body) meanings.emplace(view_name(of), of.meaning);
    }
    out("{}VIEWS:\n", usage);
    for (const auto& [view, meaning] : meanings) out("  {:24} {}\n", view, meaning);
    out("\ndaybook query VIEW --help says what a view takes.\n");
    return kDone;
  }
  const auto route = query::find_route(segments_of(options.view), false);
  if (!route) return unknown_view(options.view);
  const query::Description& report = route->report->description();
  out("daybook query {}: {}\n", view_name(report), report.meaning);
  if (!report.parameters.empty()) out("\nOf this view:\n");
  list_parameters(report.parameters);
  out("\nOf every view:\n");
  std::vector<query::Parameter> common = query::parameters::common();
  // Here that is --output.
  std::erase_if(common, [](const query::Parameter& parameter) { return parameter.name == "format"; });
  list_parameters(common);
  return kDone;
}

int reconcile(const app::Settings& settings, const QueryOptions& options, const std::string& path) {
  auto file = read_file(path);
  if (!file) return fail(file.error());
  return ask(settings, options, {"v1", "receivables", "reconciliation"}, http::Body{"text/csv", *file},
             [&](const query::ShardSource& shards, const OfflineModel& model, const query::ParameterMap& parameters) {
               const std::vector<std::string> segments = {"v1", "receivables", "reconciliation"};
               query::Request request{.segments = segments, .parameters = parameters};
               request.body = *file;
               return query::begin_answer(shards, today_of(settings, model), request);
             });
}

void add_table_flags(CLI::App& command, QueryOptions& options) {
  command.add_option("--sort", options.sort, "a table's rows by this column; --sort=-COLUMN from the most down");
  command.add_option("--top", options.top, "a table's first so many rows")
      ->check(CLI::Range(std::size_t{1}, std::size_t{1'000'000}));
  command.add_flag("--all", options.everything,
                   "columns in which nothing stands, histograms and whole event references as well");
}

}  // namespace

void add_query(CLI::App& app, Run& run) {
  CLI::App* command = app.add_subcommand(
      "query",
      "Ask a view; its parameters follow as flags:\n"
      "  daybook query ageing --as-of 2024-06-30 --group-by region\n"
      "  daybook query sales --from 2024-Q1 --to 2024-Q2 --grain month --url http://127.0.0.1:8080\n"
      "Dates may be periods (2024-11, 2024-Q4, 2024-W05, 2024) or today, yesterday, this- or last-week, -month,\n"
      "-quarter, -year: --from means their first day, every other date their last.");
  auto flags = std::make_shared<SettingFlags>();
  auto options = std::make_shared<QueryOptions>();
  command->add_option("view", options->view, "which view");
  command->set_help_flag();
  command->add_flag("-h,--help", options->wants_help, "say which views there are, and what a view takes");
  command->add_option("--url", options->url, "a running instance; without it --data is read");
  command->add_option("--output", options->format, "table, json, csv, xlsx, or html for a statement to print")
      ->check(CLI::IsMember({"table", "json", "csv", "xlsx", "html"}))
      ->capture_default_str();
  add_table_flags(*command, *options);
  flags->add_to(*command, {"data", "topic_prefix", "today"});
  command->allow_extras();
  command->callback([&run, flags, options, command] {
    options->parameters = command->remaining();
    if (options->wants_help) {
      run = [options, usage = command->help()] { return help(*options, usage); };
      return;
    }
    if (options->view.empty()) throw CLI::RequiredError("view");
    run = [flags, options] {
      const auto settings = flags->read();
      return settings ? query(*settings, *options) : fail(settings.error());
    };
  });
}

void add_reconcile(CLI::App& app, Run& run) {
  CLI::App* command =
      app.add_subcommand("reconcile",
                         "Compare finance's own ledger with ours, line by line:\n"
                         "  daybook reconcile ledger.csv --date 2024-06-30\n"
                         "The file has the columns customer_id, document_id (may be left out or empty: the account),\n"
                         "currency, amount (in major units). Further parameters of the view follow as flags.");
  auto flags = std::make_shared<SettingFlags>();
  auto options = std::make_shared<QueryOptions>();
  auto file = std::make_shared<std::string>();
  auto date = std::make_shared<std::string>();
  command->add_option("file", *file, "a CSV file")->required();
  command->add_option("--date", *date, "the date of both ledgers")->required();
  command->add_option("--url", options->url, "a running instance; without it --data is read");
  command->add_option("--output", options->format, "table, json, csv or xlsx")
      ->check(CLI::IsMember({"table", "json", "csv", "xlsx"}))
      ->capture_default_str();
  add_table_flags(*command, *options);
  flags->add_to(*command, {"data", "topic_prefix", "today"});
  command->allow_extras();
  command->callback([&run, flags, options, file, date, command] {
    options->parameters = command->remaining();
    options->parameters.push_back("--date=" + *date);
    options->view = "reconciliation";
    run = [flags, options, file] {
      const auto settings = flags->read();
      return settings ? reconcile(*settings, *options, *file) : fail(settings.error());
    };
  });
}

}  // namespace daybook::cli
