// daybook query VIEW: the same views over a data folder or a URL.
#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <limits>
#include <map>
#include <utility>

#include "base/file.h"
#include "command.h"
#include "http/client.h"
#include "offline.h"
#include "query/catalog.h"
#include "query/local_shards.h"
#include "query/router.h"

namespace daybook::cli {
namespace {

namespace json = boost::json;

struct QueryOptions {
  std::string view;
  bool wants_help = false;
  std::string url;
  std::string format = "table";
  std::vector<std::string> parameters;  // "--as-of", "2024-06-30", …
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
  std::string name = report.path.substr(std::string_view("/v1/").size());
  const std::size_t brace = name.find('{');
  return name.replace(brace, name.find('}') - brace + 1, "ID");
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

std::string cell_text(const json::value& value) {
  if (value.is_null()) return "";
  if (value.is_string()) return std::string(value.get_string());
  // Means have three decimals; serialize() would write 6.5E5.
  if (value.is_double()) return fmt::format("{:.3f}", value.get_double());
  return json::serialize(value);
}

// Columns on screen: by characters, not bytes; wide East Asian ones count twice.
std::size_t width_of(std::string_view text) {
  std::size_t width = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if ((byte & 0xC0) == 0x80) continue;
    width += byte >= 0xE3 ? 2 : 1;
  }
  return width;
}

// Lists within a row (stages, histograms) have no place in a table; --output json has them.
void flatten(const json::object& object, const std::string& prefix,
             std::vector<std::pair<std::string, std::string>>& to) {
  for (const auto& member : object) {
    const std::string name = prefix + std::string(member.key());
    if (member.value().is_object()) {
      flatten(member.value().get_object(), name + ".", to);
    } else if (!member.value().is_array()) {
      to.emplace_back(name, cell_text(member.value()));
    }
  }
}

bool looks_numeric(std::string_view text) {
  return text.empty() || (text.find_first_not_of("-0123456789.") == std::string_view::npos);
}

// How wide the terminal is that is written to; without one there is no limit.
std::size_t columns_on_screen() {
  if (isatty(STDOUT_FILENO) == 0) return std::numeric_limits<std::size_t>::max();
  winsize size{};
  return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

// The columns of each part of a table that is too wide for the screen: each begins with the first two,
// which mostly say what a row is of.
std::vector<std::vector<std::size_t>> parts_of(const std::vector<std::size_t>& widths, std::size_t columns) {
  constexpr std::size_t kRepeated = 2;
  std::vector<std::vector<std::size_t>> parts(1);
  std::size_t width = 0;
  for (std::size_t i = 0; i < widths.size(); ++i) {
    if (width + widths[i] > columns && parts.back().size() > kRepeated) {
      parts.push_back({0, 1});
      width = widths[0] + widths[1] + 4;
    }
    parts.back().push_back(i);
    width += widths[i] + 2;
  }
  return parts;
}

void print_table(const json::array& rows) {
  std::vector<std::string> names;
  std::vector<std::vector<std::string>> lines;
  for (const json::value& row : rows) {
    std::vector<std::pair<std::string, std::string>> cells;
    flatten(row.as_object(), "", cells);
    if (names.empty()) {
      for (const auto& cell : cells) names.push_back(cell.first);
    }
    std::vector<std::string> line;
    for (auto& cell : cells) line.push_back(std::move(cell.second));
    line.resize(names.size());
    lines.push_back(std::move(line));
  }
  std::vector<std::size_t> widths;
  std::vector<bool> right;
  for (std::size_t i = 0; i < names.size(); ++i) {
    std::size_t width = width_of(names[i]);
    bool numeric = true;
    for (const auto& line : lines) {
      width = std::max(width, width_of(line[i]));
      numeric = numeric && looks_numeric(line[i]);
    }
    widths.push_back(width);
    right.push_back(numeric);
  }
  const auto print = [&](const std::vector<std::string>& line, const std::vector<std::size_t>& part) {
    std::string text;
    for (const std::size_t i : part) {
      const std::string pad(widths[i] - width_of(line[i]), ' ');
      text += right[i] ? pad + line[i] : line[i] + pad;
      text += "  ";
    }
    text.erase(text.find_last_not_of(' ') + 1);
    out("{}\n", text);
  };
  bool first = true;
  for (const auto& part : parts_of(widths, columns_on_screen())) {
    if (!std::exchange(first, false)) out("\n");
    print(names, part);
    for (const auto& line : lines) print(line, part);
  }
}

// Buckets become columns under their labels.
void spread_buckets(json::object& answer, json::array& rows) {
  const auto* labels = answer.if_contains("buckets");
  if (labels == nullptr || !labels->is_array()) return;
  for (json::value& row : rows) {
    json::object spread;
    for (auto& member : row.as_object()) {
      if (member.key() != "buckets") {
        spread[member.key()] = member.value();
        continue;
      }
      for (std::size_t i = 0; i < labels->get_array().size(); ++i) {
        spread[labels->get_array()[i].as_string()] = member.value().as_array().at(i);
      }
    }
    row = std::move(spread);
  }
}

// In place of a table without rows.
std::string nothing_of(const std::string& view, const query::ParameterMap& parameters,
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
  const auto* as_of = answer.if_contains("as_of");
  if (as_of != nullptr) words += " as of " + cell_text(*as_of);
  const auto* known_at = answer.if_contains("known_at");
  if (known_at != nullptr && !known_at->is_null()) words += ", known at " + cell_text(*known_at);
  return words;
}

// The list of a view's answer; empty where it is none.
std::string rows_name_of(const std::string& view) {
  if (view == "reconciliation") return query::find_report(view)->description().rows_name;
  const auto route = query::find_route(segments_of(view), false);
  return route ? route->report->description().rows_name : "";
}

void print_answer(const std::string& body, const std::string& view,
                  const query::ParameterMap& parameters) {
  json::value value = json::parse(body);
  json::object& answer = value.get_object();
  const std::string rows_name = rows_name_of(view);
  if (!rows_name.empty()) {
    json::array& rows = answer.at(rows_name).as_array();
    if (rows.empty()) {
      out("{}\n", nothing_of(view, parameters, answer));
      return;
    }
    spread_buckets(answer, rows);
    print_table(rows);
    if (auto* totals = answer.if_contains("totals"); totals != nullptr && !totals->as_array().empty()) {
      out("\ntotals\n");
      spread_buckets(answer, totals->get_array());
      print_table(totals->get_array());
    }
    if (const auto* next = answer.if_contains("next_page_token"); next != nullptr && next->is_string()) {
      say("there is more: --page-token " + std::string(next->get_string()));
    }
    return;
  }
  for (const auto& member : answer) {
    if (member.key() == "positions") continue;
    if (member.value().is_array() && !member.value().get_array().empty() &&
        member.value().get_array().front().is_object()) {
      out("\n{}\n", std::string(member.key()));
      print_table(member.value().get_array());
    } else {
      const bool empty = member.value().is_array() && member.value().get_array().empty();
      out("{:22} {}\n", std::string(member.key()), empty ? "none" : cell_text(member.value()));
    }
  }
}

query::Today today_of(const app::Settings& settings, const OfflineModel& model) {
  return [&] {
    if (settings.today) return *settings.today;
    return model.rules().zone.day_of(std::chrono::duration_cast<std::chrono::seconds>(
                                         std::chrono::system_clock::now().time_since_epoch())
                                         .count());
  };
}

int print(const query::Rendered& rendered, const QueryOptions& options,
          const query::ParameterMap& parameters) {
  if (rendered.status != 200) {
    say(http::problem_detail(rendered.body).value_or(rendered.body));
    // What stands in a file is no matter of the command's words.
    const bool is_of_a_file = options.view == "reconciliation" && rendered.body.find("\"violations\"") != std::string::npos;
    return (rendered.status == 400 && !is_of_a_file) || rendered.status == 404 ? kUsage : kFailed;
  }
  if (options.format == "table") {
    print_answer(rendered.body, options.view, parameters);
  } else {
    out("{}{}", rendered.body, options.format == "json" ? "\n" : "");
  }
  return kDone;
}

// Whether an instance may have answered so, asked for `format`.
bool is_ours(const http::Response& answer, const std::string& format) {
  if (answer.status != 200) return http::problem_detail(answer.body).has_value();
  if (format == "csv") return answer.content_type.starts_with("text/csv");
  if (format == "html") return answer.body.find("<meta name=generator content=Daybook>") != std::string::npos;
  boost::system::error_code error;
  const json::value value = json::parse(answer.body, error);
  return !error && value.is_object() && value.get_object().contains("positions");
}

// Asks an instance, or the data folder by `offline(model, parameters)`.
template <typename Offline>
int ask(const app::Settings& settings, const QueryOptions& options, const std::vector<std::string>& segments,
        std::optional<http::Body> body, const Offline& offline) {
  auto parameters = parameters_of(options.parameters);
  if (!parameters) return fail(parameters.error());
  if (parameters->contains("format")) {
    return fail({ErrorCode::kInvalidArgument, "--format is what HTTP calls it; here it is --output table, json, csv or html"});
  }
  if (options.format == "csv" || options.format == "html") parameters->emplace("format", options.format);
  if (!options.url.empty()) {
    auto answer = http::ask(options.url, segments, *parameters, std::move(body));
    if (!answer) return fail(answer.error());
    if (!is_ours(*answer, options.format)) return fail(http::not_ours(options.url, *answer));
    try {
      return print({answer->status, answer->content_type, answer->body}, options, *parameters);
    } catch (const std::exception&) {
      return fail(http::not_ours(options.url, *answer));
    }
  }
  const auto model = OfflineModel::open(settings);
  if (!model) return fail(model.error());
  return print(offline(**model, *parameters), options, *parameters);
}

int query(const app::Settings& settings, const QueryOptions& options) {
  const std::vector<std::string> segments = segments_of(options.view);
  return ask(settings, options, segments, {}, [&](const OfflineModel& model, const query::ParameterMap& parameters) {
    return query::answer(query::LocalShards(model), today_of(settings, model),
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

int unknown_view(const std::string& view) {
  return fail({ErrorCode::kInvalidArgument, fmt::format("there is no view '{}': daybook query --help lists them", view)});
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
             [&](const OfflineModel& model, const query::ParameterMap& parameters) {
               const std::vector<std::string> segments = {"v1", "receivables", "reconciliation"};
               query::Request request{.segments = segments, .parameters = parameters};
               request.body = *file;
               return query::answer(query::LocalShards(model), today_of(settings, model), request);
             });
}

}  // namespace

void add_query(CLI::App& app, Run& run) {
  CLI::App* command = app.add_subcommand(
      "query",
      "Ask a view; its parameters follow as flags:\n"
      "  daybook query ageing --as-of 2024-06-30 --group-by region\n"
      "  daybook query sales --from 2024-01-01 --to 2024-12-31 --grain month --url http://127.0.0.1:8080");
  auto flags = std::make_shared<SettingFlags>();
  auto options = std::make_shared<QueryOptions>();
  command->add_option("view", options->view, "which view");
  command->set_help_flag();
  command->add_flag("-h,--help", options->wants_help, "say which views there are, and what a view takes");
  command->add_option("--url", options->url, "a running instance; without it --data is read");
  command->add_option("--output", options->format, "table, json, csv, or html for a statement to print")
      ->check(CLI::IsMember({"table", "json", "csv", "html"}))
      ->capture_default_str();
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
  CLI::App* command = app.add_subcommand(
      "reconcile",
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
  command->add_option("--output", options->format, "table, json or csv")
      ->check(CLI::IsMember({"table", "json", "csv"}))
      ->capture_default_str();
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
