#include "app/openapi.h"

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <boost/json/value_from.hpp>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "events/schema.h"
#include "query/catalog.h"
#include "query/change_note.h"
#include "query/path_pattern.h"

namespace daybook::app {
namespace {

namespace json = boost::json;

// --- schemas ----------------------------------------------------------------------------------

json::object typed(const char* type, const char* description = nullptr) {
  json::object schema{{"type", type}};
  if (description != nullptr) schema["description"] = description;
  return schema;
}
json::object text() { return typed("string"); }
json::object number() { return typed("number"); }
json::object integer() { return typed("integer"); }
json::object boolean() { return typed("boolean"); }
json::object date() { return {{"type", "string"}, {"format", "date"}}; }
json::object time() { return {{"type", "string"}, {"format", "date-time"}}; }
json::object amount() { return typed("string", "Decimal in the currency's own decimals, such as 1234.50."); }
json::object nullable(json::object schema) {
  schema["type"] = json::array{schema["type"], "null"};
  return schema;
}
json::object schema_ref(const std::string& name) { return {{"$ref", "#/components/schemas/" + name}}; }
json::object list(json::object items) { return {{"type", "array"}, {"items", std::move(items)}}; }

struct Property {
  std::string name;
  json::object schema;
  bool may_be_absent = false;
};
// It has these and no others.
json::object object(std::vector<Property> fields) {
  json::object properties;
  json::array required;
  for (Property& field : fields) {
    if (!field.may_be_absent) required.emplace_back(field.name);
    properties[field.name] = std::move(field.schema);
  }
  json::object schema{{"type", "object"}, {"properties", std::move(properties)}};
  if (!required.empty()) schema["required"] = std::move(required);
  schema["additionalProperties"] = false;
  return schema;
}

// --- fields and parameters of reports -----------------------------------------------------------

json::object schema_of(const query::Field& field);

json::object object_of(const std::vector<query::Field>& fields) {
  std::vector<Property> properties;
  for (const query::Field& field : fields) properties.push_back({field.name, schema_of(field), field.may_be_absent});
  return object(std::move(properties));
}

// Names that the question gives.
json::object object_of_texts() { return {{"type", "object"}, {"additionalProperties", text()}}; }

json::object schema_of(const query::Field& field) {
  using Type = query::Field::Type;
  const auto one = [&]() -> json::object {
    switch (field.type) {
      case Type::kText: return text();
      case Type::kBoolean: return boolean();
      case Type::kInteger: return integer();
      case Type::kNumber: return number();
      case Type::kAmount: return amount();
      case Type::kQuantity: return typed("string", "Decimal with up to 6 digits behind the point.");
      case Type::kRatio: return typed("string", "To 2 decimals; null where its denominator is not above 0.");
      case Type::kRate: return typed("string", "A share, to 4 decimals; null of nothing.");
      case Type::kDate: return date();
      case Type::kInstant: return time();
      case Type::kObject: return field.fields.empty() ? object_of_texts() : object_of(field.fields);
      case Type::kEvent: return {{"$ref", "#/components/schemas/Event"}};
      case Type::kMessage: return {{"type", "object"}};
    }
    return {};
  };
  json::object schema = one();
  if (field.is_list) schema = list(std::move(schema));
  if (!field.meaning.empty()) schema["description"] = field.meaning;
  return field.may_be_null ? nullable(std::move(schema)) : schema;
}

json::object pattern(std::string expression, json::array examples) {
  json::object schema = text();
  schema["pattern"] = std::move(expression);
  schema["examples"] = std::move(examples);
  return schema;
}

json::object schema_of(const query::Parameter& parameter) {
  using Type = query::Parameter::Type;
  switch (parameter.type) {
    case Type::kText: return parameter.pattern.empty() ? text() : pattern(parameter.pattern, {parameter.example});
    case Type::kDate: return date();
    case Type::kInstant: return {{"anyOf", json::array{date(), time()}}};
    case Type::kInteger: {
      json::object schema = integer();
      schema["minimum"] = parameter.least;
      schema["maximum"] = parameter.most;
      return schema;
    }
    case Type::kDecimal: return pattern("^[0-9]{1,12}([.][0-9]{1,6})?$", {"0", "12.5"});
    case Type::kCurrency: return pattern("^[A-Z]{3}$", {"CNY", "EUR", "JPY"});
    case Type::kChoice: {
      json::object schema = text();
      schema["enum"] = json::value_from(parameter.choices);
      return schema;
    }
    case Type::kChoices: {
      json::object one = text();
      one["enum"] = json::value_from(parameter.choices);
      json::object some = list(std::move(one));
      some["minItems"] = 1;
      some["uniqueItems"] = true;
      return {{"oneOf", json::array{std::move(some), json::object{{"const", "none"}}}}};
    }
    case Type::kRisingDays: {
      json::object days = integer();
      days["minimum"] = 1;
      days["maximum"] = query::kDaysMax;
      json::object schema = list(std::move(days));
      schema["minItems"] = 1;
      schema["maxItems"] = query::kRisingDaysMax;
      schema["uniqueItems"] = true;
      return schema;
    }
  }
  return {};
}

// As its schema has it.
json::value fallback_of(const query::Parameter& parameter) {
  if (parameter.type == query::Parameter::Type::kInteger) return std::stoll(parameter.fallback);
  if (parameter.type == query::Parameter::Type::kRisingDays) return json::parse("[" + parameter.fallback + "]");
  return json::value(parameter.fallback);
}

json::object described(const query::Parameter& parameter) {
  using Type = query::Parameter::Type;
  json::object schema = schema_of(parameter);
  if (!parameter.fallback.empty()) schema["default"] = fallback_of(parameter);
  std::string meaning = parameter.meaning;
  if (parameter.type == Type::kDate) meaning += " From 1900-01-01 to 2199-12-31.";
  json::object described{
      {"name", parameter.name}, {"in", "query"}, {"required", parameter.required}, {"description", std::move(meaning)}};
  if (parameter.type == Type::kChoices || parameter.type == Type::kRisingDays) {  // By comma.
    described["style"] = "form";
    described["explode"] = false;
  }
  json::object examples;
  if (parameter.type == Type::kDate) {
    examples["a_day"] = json::object{{"value", parameter.name.ends_with("from") ? "2024-01-01" : "2024-06-30"}};
  } else if (parameter.type == Type::kInstant) {
    examples["the_end_of_a_day"] = json::object{{"value", "2024-06-30"}};
    examples["an_instant"] = json::object{{"value", "2024-06-30T18:00:00+08:00"}};
  } else if (!parameter.example.empty()) {
    examples["one"] = json::object{{"value", parameter.example}};
  }
  if (!examples.empty()) described["examples"] = std::move(examples);
  described["schema"] = std::move(schema);
  return described;
}

// --- paths ------------------------------------------------------------------------------------

json::object problem(const char* description) {
  return {{"description", description},
          {"content", {{"application/problem+json", {{"schema", schema_ref("Problem")}}}}}};
}

// What HTTP itself may make of any request; beside what the operation answers.
json::object refused_by_http() {
  return problem(
      "405 another method (Allow names it), 408 sent too slowly, 413 a body too large, 414 and 431 a target or header "
      "too long, 417 and 501 what is not supported, 500 a fault of ours.");
}

// Of the schema of its rows.
std::string row_name(const query::Description& report) { return report.name + ".row"; }

// Of a report: what every answer has, and its own.
json::object answer_schema(const query::Description& report) {
  std::vector<query::Field> fields = {query::fields::date("as_of"), query::fields::instant("known_at").or_null()};
  std::ranges::copy(report.head, std::back_inserter(fields));
  if (!report.rows_name.empty()) {
    fields.push_back(query::fields::list(report.rows_name, report.row));
    fields.push_back(query::fields::text("next_page_token").or_null());
  }
  std::ranges::copy(report.tail, std::back_inserter(fields));
  fields.push_back(query::fields::list("positions", {}));
  fields.push_back(query::fields::instant("newest_recorded_at").or_null());
  // What is asked for by its id was not known then: it is not found.
  if (report.path.find('{') == std::string::npos) {
    fields.push_back(query::fields::instant("first_recorded_at").where_asked());
    fields.back().meaning = "Of an answer that is empty, as known_at is before it.";
  }
  fields.push_back(query::fields::integer("waiting"));
  if (report.rows_name != "parked") fields.push_back(query::fields::integer("parked"));
  json::object schema = object_of(fields);
  json::object& properties = schema["properties"].get_object();
  if (!report.rows_name.empty()) properties[report.rows_name] = list(schema_ref(row_name(report)));
  properties["positions"] = list(schema_ref("Position"));
  return schema;
}

// One in braces of its path.
json::object subject(std::string_view name) {
  json::object schema{{"type", "string"}, {"minLength", 1}};
  if (name == "partition" || name == "offset") schema = {{"type", "integer"}, {"minimum", 0}};
  return {{"name", name},
          {"in", "path"},
          {"required", true},
          {"description", "Percent-encoded."},
          {"schema", std::move(schema)}};
}

json::object operation(const query::Description& report) {
  json::array parameters;
  const std::vector<std::string_view> subjects = query::placeholders(report.path);
  for (const std::string_view name : subjects) parameters.push_back(subject(name));
  for (const query::Parameter& parameter : report.parameters) parameters.push_back(described(parameter));
  for (query::Parameter parameter : query::parameters::common()) {
    if (parameter.name == "format" && !report.has_page) std::erase(parameter.choices, "html");
    if (parameter.name == "format" && report.row.empty()) {
      std::erase_if(parameter.choices, [](const std::string& choice) { return choice == "csv" || choice == "xlsx"; });
    }
    if ((parameter.name == "separator" || parameter.name == "bom") && report.row.empty()) continue;
    parameters.push_back(described(parameter));
  }
  json::object content{{"application/json", {{"schema", answer_schema(report)}}}};
  if (!report.row.empty()) {
    json::object rows = list(schema_ref(row_name(report)));
    rows["description"] =
        "A line of the fields' names, nested ones with a point, ages under their labels; then one a row.";
    content["text/csv"] = json::object{{"schema", std::move(rows)}};
    content["application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"] =
        json::object{{"schema", typed("string", "A workbook: a cover sheet, and the rows under the same names.")}};
  }
  if (report.has_page) content["text/html"] = json::object{{"schema", text()}};
  json::object responses{
      {"200", {{"description", "The answer."}, {"content", std::move(content)}}},
      {"400",
       problem("A parameter is unknown, missing or out of range, and violations name it; or more is asked for than "
               "there is memory for.")},
      {"421", problem("Asked under a name that is not served.")},
      {"503", problem("min_position was not folded in time, others take the memory that there is for answers, or a "
                      "store is in trouble: try again.")},
      {"default", refused_by_http()}};
  if (report.row.empty()) responses["406"] = problem("It has no rows to give as CSV.");
  if (!subjects.empty()) responses["404"] = problem("There is none.");
  if (subjects.size() == 1) {
    responses["409"] = problem("Several accounts have this id: say which with customer_id.");
  }
  json::object operation{
      {"operationId", report.name}, {"summary", report.meaning}, {"parameters", std::move(parameters)}};
  if (report.has_body) {
    operation["requestBody"] = json::object{
        {"required", true},
        {"content",
         {{"text/csv",
           {{"schema",
             typed("string", "Columns customer_id, document_id (optional), currency, amount in major units.")}}}}}};
    responses["403"] = problem("A page of another site has sent it.");
    responses["413"] = problem("Too many rows or bytes.");
    responses["415"] = problem("Another content type than text/csv.");
    responses["429"] = problem("Bodies of other requests take all the memory there is for them.");
  }
  operation["responses"] = std::move(responses);
  return {{report.has_body ? "post" : "get", std::move(operation)}};
}

json::object plain(const char* id, const char* summary, const char* type, json::object schema) {
  return {{"get",
           {{"operationId", id},
            {"summary", summary},
            {"responses",
             {{"200", {{"description", "The answer."}, {"content", {{type, {{"schema", std::move(schema)}}}}}}},
              {"400", problem("It has no parameters.")},
              {"421", problem("Asked under a name that is not served.")},
              {"503", problem("Not ready, and says why; or too many requests wait.")},
              {"default", refused_by_http()}}}}}};
}

json::object publish() {
  json::object some = list(schema_ref("Event"));
  some["maxItems"] = 10'000;
  return {
      {"post",
       {{"operationId", "publish"},
        {"summary", "Publish events: answered once the log has them durably."},
        {"requestBody",
         {{"required", true},
          {"content",
           {{"application/json", {{"schema", {{"oneOf", json::array{schema_ref("Event"), std::move(some)}}}}}},
            {"application/x-ndjson", {{"schema", typed("string", "An Event a line.")}}},
            {"application/x-protobuf", {{"schema", typed("string", "A daybook.events.v1.EventBatch.")}}}}}}},
        {"responses",
         {{"200",
           {{"description", "All are in the log."},
            {"content",
             {{"application/json",
               {{"schema", object({{"accepted", integer()},
                                   {"results", list(object({{"event_id", text()},
                                                            {"topic", text()},
                                                            {"partition", integer()},
                                                            {"offset", integer()},
                                                            {"recorded_at", time()}}))}})}}}}}}},
          {"400", problem("Not valid, and nothing was published; violations say where, the first 100 of "
                          "violation_count.")},
          {"403", problem("A page of another site has sent it.")},
          {"404", problem("Where the services run apart: another takes events.")},
          {"413", problem("Too many events or bytes.")},
          {"415", problem("Another content type than the three.")},
          {"421", problem("Asked under a name that is not served.")},
          {"429", problem("Bodies of other requests take all the memory there is for them; nothing was published.")},
          {"503", problem("The log is away; part may be in it: send all of it again.")},
          {"default", refused_by_http()}}}}}};
}

json::object changes() {
  json::object path =
      plain("changes", "A stream of what changes: a note of each commit, which may be of several that came at once.",
            "text/event-stream",
            typed("string",
                  "Server-sent events. `commit`: a Change as its data. `resync`: anything may have changed, as what "
                  "changed is not "
                  "known: this one reads too slowly, comes again (nothing is told again), or another holder of a shard "
                  "is asked. "
                  "A comment each 15 s."));
  json::object& get = path["get"].get_object();
  get["parameters"] =
      json::array{json::object{{"name", "Last-Event-ID"},
                               {"in", "header"},
                               {"required", false},
                               {"description", "Of a stream that broke: the new one begins with a resync."},
                               {"schema", text()}}};
  json::object& responses = get["responses"].get_object();
  responses["404"] = problem("Where the services run apart: another has it.");
  responses["503"] = problem("As many streams are open as the setting streams_max lets: try again later.");
  return path;
}

json::object schemas() {
  json::object all = events::event_schemas();
  json::object reports = text();
  json::array names;
  for (const query::Report* report : query::reports()) names.emplace_back(report->description().name);
  reports["enum"] = std::move(names);
  json::object customers = list(text());
  customers["maxItems"] = query::ChangedCustomers::kNamedMax;
  all["Change"] =
      object({{"partition", integer()},
              {"positions", list(schema_ref("Position"))},
              {"newest_recorded_at", nullable(time())},
              {"reports", list(std::move(reports))},
              {"customers", {{"oneOf", json::array{std::move(customers), json::object{{"const", "many"}}}}}}});
  for (const query::Report* report : query::reports()) {
    if (!report->description().row.empty()) all[row_name(report->description())] = object_of(report->description().row);
  }
  all["Position"] = object({{"topic", text()}, {"partition", integer()}, {"next_offset", integer()}});
  all["Problem"] =
      object({{"type", text()},
              {"title", text()},
              {"status", integer()},
              {"detail", text()},
              {"violations", list(object({{"index", integer()}, {"field", text()}, {"message", text()}})), true},
              {"violation_count", integer(), true},
              {"accounts", list(text()), true}});
  return all;
}

std::string make() {
  json::object paths;
  paths["/v1/events"] = publish();
  for (const query::Report* report : query::reports()) {
    paths[report->description().path] = operation(report->description());
  }
  paths["/v1/status"] = plain("status", "How far the log is folded, and what was counted.", "application/json",
                              object({{"positions", list(object({{"topic", text()},
                                                                 {"partition", integer()},
                                                                 {"next_offset", nullable(integer())},
                                                                 {"end_offset", nullable(integer())},
                                                                 {"lag", nullable(integer())}}))},
                                      {"ends_seen_at", nullable(time())},
                                      {"rates", object({{"records_since_start", nullable(integer())},
                                                        {"records_per_second", nullable(integer())}})},
                                      {"newest_recorded_at", nullable(time())},
                                      {"accepted", nullable(integer())},
                                      {"duplicates", nullable(integer())},
                                      {"conflicts", nullable(integer())},
                                      {"parked", nullable(integer())},
                                      {"waiting", nullable(integer())},
                                      {"digest", nullable(text())},
                                      {"build", text()},
                                      {"business_time_zone", nullable(text())},
                                      {"today", nullable(date())},
                                      {"partitions", nullable(integer())},
                                      {"shards", nullable(typed("string", "Those that it tells of, such as 0-3,6."))},
                                      {"log", text()},
                                      {"recorded_as_told", boolean()},
                                      {"unprotected", boolean()},
                                      {"trouble", nullable(text())}}));
  paths["/v1/changes"] = changes();
  paths["/"] = plain("page", "The dashboard, for browsers; what it loads is below /assets/.", "text/html", text());
  paths["/healthz"] = plain("healthz", "The process is alive.", "text/plain", text());
  paths["/readyz"] =
      plain("readyz", "Everything up to the log's end at start is folded, the proof holds, and no disk is in trouble.",
            "text/plain", text());
  paths["/metrics"] = plain("metrics", "Counters and gauges for Prometheus.", "text/plain", text());
  paths["/openapi.json"] = plain("openapi", "This description.", "application/json", typed("object"));

  json::object all{{"openapi", "3.1.0"}};
  all["info"] = json::object{{"title", "Daybook"},
                             {"version", DAYBOOK_VERSION},
                             {"description",
                              "Orders and receivables from a log of events: who owes what and how late, how long "
                              "orders take, what each region sells. "
                              "It asks for no credentials: it serves the loopback alone, or stands behind a proxy that "
                              "keeps others out. What is "
                              "refused is answered with problem details, RFC 9457."},
                             {"license", json::object{{"name", "Apache 2.0"}, {"identifier", "Apache-2.0"}}}};
  all["servers"] = json::array{json::object{{"url", "/"}}};
  json::array security;
  security.push_back(json::object());  // None is needed.
  all["security"] = std::move(security);
  all["paths"] = std::move(paths);
  all["components"] = json::object{{"schemas", schemas()}, {"securitySchemes", json::object()}};
  return json::serialize(all);
}

}  // namespace

const std::string& openapi() {
  static const std::string text = make();
  return text;
}

}  // namespace daybook::app
