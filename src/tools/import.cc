#include "tools/import.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/object.hpp>
#include <unordered_map>

#include "base/hash.h"
#include "events/json.h"
#include "tools/import/date_pattern.h"
#include "tools/import/plan.h"

namespace daybook::tools {
namespace {

namespace json = boost::json;

// One [[events]] of the mapping.
struct EventPlan {
  const Input* input = nullptr;
  bool once_per_key = false;
  std::optional<Node> when;
  Plan id;
  // All fields but event_id.
  Plan event;
  std::string payload;
};

class Importer {
 public:
  Importer(const SourceFile& mapping, const std::vector<SourceFile>& csv) : mapping_(mapping), csv_(csv) {}

  ImportReport run() {
    if (read_mapping()) {
      for (const EventPlan& plan : plans_) make_events(plan);
    }
    if (!report_.faults.empty()) {
      report_.events.clear();
      if (report_.faults.size() > kFileFaultsMax) report_.faults.resize(kFileFaultsMax);
    }
    std::ranges::stable_sort(report_.events, {},
                             [](const events::v1::Event& event) { return event.occurred_at().seconds(); });
    return std::move(report_);
  }

 private:
  void fault(const toml::node& node, std::string message) {
    report_.faults.push_back({place_of(mapping_.name, node), std::move(message)});
  }

  // False when there are faults.
  bool read_mapping() {
    try {
      table_ = toml::parse(mapping_.content, mapping_.name);
    } catch (const toml::parse_error& error) {
      report_.faults.push_back(
          {fmt::format("{}:{}:{}", mapping_.name, error.source().begin.line, error.source().begin.column),
           std::string(error.description())});
      return false;
    }
    for (const auto& [key, node] : table_) read_setting(key.str(), node);
    if (name_.empty()) fault(table_, "name = \"…\" is required: event ids depend on it");
    if (report_.faults.empty()) read_inputs();
    if (report_.faults.empty()) read_events();
    return report_.faults.empty();
  }

  void read_setting(std::string_view key, const toml::node& node) {
    const auto text = node.value_exact<std::string>();
    if (key == "name" && text) {
      name_ = *text;
    } else if (key == "zone" && text) {
      names_.zone = *text;
      if (!BusinessZone::find(*text)) fault(node, fmt::format("'{}' is no IANA time zone", *text));
    } else if (key == "time" && text) {
      const auto seconds = parse_time_of_day(*text);
      if (!seconds) fault(node, fmt::format("'{}' is no time of day hh:mm", *text));
      names_.seconds_of_day = seconds.value_or(0);
    } else if (key == "values" && node.is_table()) {
      read_values(*node.as_table());
    } else if (!(key == "inputs" && node.is_table()) && !(key == "events" && node.is_array_of_tables())) {
      fault(node,
            fmt::format("'{}' is not known here: name, zone, time, [inputs.NAME], [values.NAME], [[events]]", key));
    }
  }

  void read_values(const toml::table& tables) {
    for (const auto& [name, node] : tables) {
      ValueTable& values = values_[std::string(name.str())];
      if (!node.is_table()) {
        fault(node, "must be a table of texts");
        continue;
      }
      for (const auto& [from, to] : *node.as_table()) {
        const auto text = to.value_exact<std::string>();
        if (!text) fault(to, "must be a text");
        values[std::string(from.str())] = text.value_or("");
      }
    }
  }

  // A text, or a list of texts.
  std::vector<std::string> texts(const toml::node& node) {
    std::vector<std::string> given;
    if (const auto text = node.value_exact<std::string>()) given.push_back(*text);
    if (const toml::array* items = node.as_array()) {
      for (const toml::node& item : *items) given.push_back(item.value_exact<std::string>().value_or(""));
    }
    if (given.empty() || std::ranges::find(given, "") != given.end()) fault(node, "must be a text or a list of texts");
    return given;
  }

  void read_inputs() {
    const toml::table* inputs = table_["inputs"].as_table();
    if (inputs == nullptr) return fault(table_, "[inputs.NAME] is required: which files there are");
    std::vector<InputOptions> all;
    for (const auto& [name, node] : *inputs) {
      if (!node.is_table()) {
        fault(node, "must be a table");
        continue;
      }
      const InputOptions& options = all.emplace_back(input_options(*node.as_table()));
      if (!report_.faults.empty()) continue;
      const std::string key(name.str());
      inputs_[key] = Input::read(key, options, place_of(mapping_.name, node), csv_, report_.faults);
    }
    for (const SourceFile& file : csv_) {
      const bool used = std::ranges::any_of(all, [&](const InputOptions& o) { return fits(o, file.name); });
      if (!used && report_.faults.empty())
        report_.faults.push_back({file.name + ":1:1", "no input of the mapping takes this file"});
    }
  }

  InputOptions input_options(const toml::table& table) {
    InputOptions options;
    for (const auto& [key, node] : table) {
      if (key == "files") {
        options.files = texts(node);
      } else if (key == "key") {
        options.key = texts(node);
      } else if (key == "delimiter" && node.value_exact<std::string>().value_or("").size() == 1) {
        options.csv.delimiter = node.value_exact<std::string>()->front();
      } else if (key == "trim" && node.is_boolean()) {
        options.csv.trim = *node.value_exact<bool>();
      } else {
        fault(node, fmt::format("'{}' is not known here, or its value is not: files, key, delimiter (one sign), "
                                "trim (true or false)",
                                std::string(key.str())));
      }
    }
    if (options.files.empty()) fault(table, "files = \"…\" is required");
    return options;
  }

  void read_events() {
    const toml::array* plans = table_["events"].as_array();
    if (plans == nullptr) return fault(table_, "[[events]] is required: what the rows become");
    for (const toml::node& node : *plans) read_event(*node.as_table());
  }

  void read_event(const toml::table& table) {
    EventPlan plan;
    const auto rows_of = table["for"].value_exact<std::string>().value_or("");
    const auto input = inputs_.find(rows_of);
    if (input == inputs_.end()) return fault(table, "for = \"INPUT\" is required: whose rows become events");
    plan.input = input->second.get();
    plan.once_per_key = table["once_per_key"].value_exact<bool>().value_or(false);
    if (plan.once_per_key && plan.input->key_columns() == 0) {
      return fault(table, fmt::format("once_per_key needs a key of '{}'", rows_of));
    }
    const ScopeInputs scope = {plan.input};
    PlanCompiler compiler(mapping_.name, names_, report_.faults);
    if (const auto* when = table.get("when")) plan.when = compiler.condition(*when, scope);
    if (const auto* id = table.get("id")) {
      plan.id = compiler.text(*id, scope);
    } else {
      fault(table, "id = \"…\" is required: what tells this event from the others of its kind");
    }
    const auto& type = *events::v1::Event::descriptor();
    for (const auto& [key, value] : table) {
      const auto* field = type.FindFieldByName(std::string(key.str()));
      if (field != nullptr && field->real_containing_oneof() != nullptr) plan.payload = field->name();
    }
    plan.event = compiler.object(table, type, scope, {"for", "once_per_key", "when", "id"});
    plans_.push_back(std::move(plan));
  }

  void make_events(const EventPlan& plan) {
    const std::vector<Row> rows = plan.once_per_key ? plan.input->first_rows() : plan.input->rows();
    for (const Row& row : rows) {
      if (report_.faults.size() >= kFileFaultsMax) return;
      make_event(plan, {.row = row});
    }
  }

  void make_event(const EventPlan& plan, const Scope& scope) {
    Evaluator evaluator(names_);
    const auto fail = [&] { report_.faults.push_back(evaluator.fault()); };
    if (plan.when) {
      const auto counts = evaluator.holds(*plan.when, scope);
      if (!counts) return fail();
      if (!*counts) return;
    }
    const auto id = evaluator.evaluate(plan.id.text, scope);
    if (!id) return fail();
    auto built = build(plan.event, scope, evaluator, "", nullptr);
    if (!built) return fail();
    json::object event = built->is_object() ? std::move(built->get_object()) : json::object();
    const UInt128 event_id = hash128(fmt::format("{}\x1F{}\x1F{}", name_, plan.payload, id->text()));
    event["event_id"] = to_hex(event_id);
    const auto [first, is_new] = seen_.emplace(to_hex(event_id), scope.row);
    if (!is_new) {
      report_.faults.push_back({scope.row.place(), fmt::format("{} '{}' is also made from {}", plan.payload, id->text(),
                                                               first->second.place())});
      return;
    }
    events::Violations violations;
    if (events::read_event(event, report_.events.emplace_back(), violations)) return;
    report_.events.pop_back();
    Places places;
    build(plan.event, scope, evaluator, "", &places);
    for (const events::Violation& violation : violations.kept()) {
      const auto cell = std::ranges::find(places, violation.field, &Places::value_type::first);
      report_.faults.push_back(
          {cell == places.end() ? scope.row.place() : cell->second, violation.field + ": " + violation.message});
    }
  }

  const SourceFile& mapping_;
  const std::vector<SourceFile>& csv_;
  ImportReport report_;
  toml::table table_;
  std::string name_;
  std::map<std::string, std::unique_ptr<const Input>, std::less<>> inputs_;
  std::map<std::string, ValueTable, std::less<>> values_;
  Names names_{.inputs = &inputs_, .tables = &values_};
  std::vector<EventPlan> plans_;
  // The rows that event ids were made from.
  std::unordered_map<std::string, Row> seen_;
};

}  // namespace

ImportReport import_events(const SourceFile& mapping, const std::vector<SourceFile>& csv) {
  return Importer(mapping, csv).run();
}

}  // namespace daybook::tools
