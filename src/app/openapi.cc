#include "app/openapi.h"

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <boost/json/value_from.hpp>
#include <algorithm>
#include <initializer_list>
#include <string_view>
#include <vector>

#include "query/catalog.h"

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
json::object amount() {
  return typed("string", "Decimal in the currency's own decimals, such as 1234.50.");
}
json::object nullable(json::object schema) {
  schema["type"] = json::array{schema["type"], "null"};
  return schema;
}
json::object ref(const char* name) {
  return {{"$ref", std::string("#/components/schemas/") + name}};
}
json::object list(json::object items) { return {{"type", "array"}, {"items", std::move(items)}}; }

using Fields = std::initializer_list<std::pair<const char*, json::object>>;
json::object object(Fields fields) {
  json::object properties;
  for (const auto& [name, schema] : fields) properties[name] = schema;
  return {{"type", "object"}, {"properties", std::move(properties)}};
}

json::object schemas() {
  json::object all;
  all["Event"] = object({{"event_id", nullable(text())},
                         {"type", nullable(text())},
                         {"topic", text()},
                         {"partition", integer()},
                         {"offset", integer()},
                         {"recorded_at", time()},
                         {"occurred_at", nullable(time())}});
  all["Position"] = object({{"topic", text()}, {"partition", integer()}, {"next_offset", integer()}});
  all["Problem"] = object(
      {{"type", text()},
       {"title", text()},
       {"status", integer()},
       {"detail", text()},
       {"violations", list(object({{"index", integer()}, {"field", text()}, {"message", text()}}))},
       {"violation_count", integer()},
       {"accounts", list(text())}});
  return all;
}

// --- fields and parameters of reports -----------------------------------------------------------

json::object schema_of(const query::Field& field);

json::object object_of(const std::vector<query::Field>& fields) {
  json::object properties;
  for (const query::Field& field : fields) properties[field.name] = schema_of(field);
  return {{"type", "object"}, {"properties", std::move(properties)}};
}

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
      case Type::kObject: return field.fields.empty() ? typed("object") : object_of(field.fields);
    }
    return {};
  };
  json::object schema = one();
  if (field.is_list) schema = list(std::move(schema));
  if (!field.meaning.empty()) schema["description"] = field.meaning;
  return field.may_be_null ? nullable(std::move(schema)) : schema;
}

json::object schema_of(const query::Parameter& parameter) {
  using Type = query::Parameter::Type;
  json::object schema;
  switch (parameter.type) {
    case Type::kText:
    case Type::kInstant:
    case Type::kDecimal:
    case Type::kCurrency:
    case Type::kChoices:
    case Type::kRisingDays:
      schema = text();
      break;
    case Type::kDate:
      schema = date();
      break;
    case Type::kInteger:
      schema = integer();
      schema["minimum"] = parameter.least;
      schema["maximum"] = parameter.most;
      break;
    case Type::kChoice:
      schema = text();
      schema["enum"] = json::value_from(parameter.choices);
      break;
  }
  if (parameter.fallback.empty()) return schema;
  schema["default"] = parameter.type == Type::kInteger ? json::value(std::stoll(parameter.fallback))
                                                       : json::value(parameter.fallback);
  return schema;
}

json::object described(const query::Parameter& parameter) {
  std::string meaning = parameter.meaning;
  if (parameter.type == query::Parameter::Type::kChoices) {
    meaning += " By comma, of ";
    for (const std::string& choice : parameter.choices) meaning += choice + ", ";
    meaning += "or none.";
  }
  return {{"name", parameter.name},
          {"in", "query"},
          {"required", parameter.required},
          {"description", std::move(meaning)},
          {"schema", schema_of(parameter)}};
}

// --- paths ------------------------------------------------------------------------------------

json::object problem(const char* description) {
  return {{"description", description},
          {"content", {{"application/problem+json", {{"schema", ref("Problem")}}}}}};
}

// Of a report: what every answer has, and its own.
json::object answer_schema(const query::Description& report) {
  std::vector<query::Field> fields = {query::fields::date("as_of"), query::fields::instant("known_at").or_null()};
  std::ranges::copy(report.head, std::back_inserter(fields));
  if (!report.rows_name.empty()) {
    fields.push_back(query::fields::list(report.rows_name, report.row));
    fields.push_back(query::fields::text("next_page_token").or_null());
  }
  std::ranges::copy(report.tail, std::back_inserter(fields));
  fields.push_back(query::fields::instant("newest_recorded_at").or_null());
  fields.push_back(query::fields::integer("waiting"));
  json::object schema = object_of(fields);
  json::object& properties = schema["properties"].get_object();
  properties["positions"] = list(ref("Position"));
  if (!properties.contains("parked")) properties["parked"] = integer();
  return schema;
}

json::object operation(const query::Description& report) {
  json::array parameters;
  const std::size_t brace = report.path.find('{');
  const bool has_subject = brace != std::string::npos;
  if (has_subject) {
    parameters.push_back(json::object{{"name", report.path.substr(brace + 1, report.path.find('}') - brace - 1)},
                                      {"in", "path"},
                                      {"required", true},
                                      {"description", "The id, percent-encoded."},
                                      {"schema", text()}});
  }
  for (const query::Parameter& parameter : report.parameters) parameters.push_back(described(parameter));
  for (query::Parameter parameter : query::parameters::common()) {
    if (parameter.name == "format" && !report.has_page) std::erase(parameter.choices, "html");
    parameters.push_back(described(parameter));
  }
  json::object content{{"application/json", {{"schema", answer_schema(report)}}}};
  if (!report.row.empty()) content["text/csv"] = json::object{{"schema", text()}};
  if (report.has_page) content["text/html"] = json::object{{"schema", text()}};
  json::object responses{{"200", {{"description", "The answer."}, {"content", std::move(content)}}},
                         {"400", problem("A parameter is unknown or out of range; it is named.")},
                         {"421", problem("Asked under a name that is not served.")},
                         {"503", problem("min_position was not folded in time, or the store failed.")}};
  if (has_subject) {
    responses["404"] = problem("There is none.");
    responses["409"] = problem("Several accounts have this id: say which with customer_id.");
  }
  json::object operation{{"operationId", report.name},
                         {"summary", report.meaning},
                         {"parameters", std::move(parameters)}};
  if (report.has_body) {
    operation["requestBody"] = json::object{
        {"required", true},
        {"content",
         {{"text/csv",
           {{"schema", typed("string", "Columns customer_id, document_id (optional), currency, amount in major units.")}}}}}};
    responses["403"] = problem("A page of another site has sent it.");
    responses["413"] = problem("Too many rows or bytes.");
    responses["415"] = problem("Another content type than text/csv.");
    responses["429"] = problem("Bodies of other requests take all the memory there is for them.");
  }
  operation["responses"] = std::move(responses);
  return {{report.has_body ? "post" : "get", std::move(operation)}};
}

json::object plain(const char* summary, const char* type, json::object schema) {
  return {{"get",
           {{"summary", summary},
            {"responses",
             {{"200", {{"description", "The answer."}, {"content", {{type, {{"schema", std::move(schema)}}}}}}},
              {"503", problem("Not ready; says why.")}}}}}};
}

json::object publish() {
  const json::object one = {
      {"type", "object"},
      {"description", "An event as docs/publishing.md describes: the envelope and one payload."}};
  return {
      {"post",
       {{"summary", "Publish events: answered once the log has them durably."},
        {"requestBody",
         {{"required", true},
          {"content",
           {{"application/json", {{"schema", {{"oneOf", json::array{one, list(one)}}}}}},
            {"application/x-ndjson", {{"schema", text()}}},
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
          {"413", problem("Too many events or bytes.")},
          {"415", problem("Another content type than the three.")},
          {"421", problem("Asked under a name that is not served.")},
          {"429", problem("Bodies of other requests take all the memory there is for them; nothing was published.")},
          {"503", problem("The log is away; part may be in it: send all of it again.")}}}}}};
}

std::string make() {
  json::object paths;
  paths["/v1/events"] = publish();
  for (const query::Report* report : query::reports()) {
    paths[report->description().path] = operation(report->description());
  }
  paths["/v1/status"] = plain(
      "How far the log is folded, and what was counted.", "application/json",
      object({{"positions", list(object({{"topic", text()},
                                         {"partition", integer()},
                                         {"next_offset", nullable(integer())},
                                         {"end_offset", nullable(integer())},
                                         {"lag", nullable(integer())}}))},
              {"ends_seen_at", nullable(time())},
              {"rates", object({{"records_since_start", nullable(integer())}, {"records_per_second", nullable(integer())}})},
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
  paths["/"] = plain("A page of links for browsers.", "text/html", text());
  paths["/healthz"] = plain("The process is alive.", "text/plain", text());
  paths["/readyz"] = plain("Everything up to the log's end at start is folded, the proof holds, and no disk is in trouble.",
                           "text/plain", text());
  paths["/metrics"] = plain("Counters and gauges for Prometheus.", "text/plain", text());
  paths["/openapi.json"] = plain("This description.", "application/json", typed("object"));

  return json::serialize(json::object{
      {"openapi", "3.1.0"},
      {"info",
       {{"title", "Daybook"},
        {"version", DAYBOOK_VERSION},
        {"description", "Orders and receivables from a log of events: who owes what and how late, how long "
                        "orders take, what each region sells."}}},
      {"paths", std::move(paths)},
      {"components", {{"schemas", schemas()}}}});
}

}  // namespace

const std::string& openapi() {
  static const std::string text = make();
  return text;
}

}  // namespace daybook::app
