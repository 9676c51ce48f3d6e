#include "app/openapi.h"

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <boost/json/value_from.hpp>
#include <initializer_list>
#include <string_view>
#include <vector>

#include "query/collections.h"
#include "query/views.h"

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
json::object one_of(std::initializer_list<std::string_view> values) {
  json::array names;
  for (const auto& value : values) names.emplace_back(value);
  return {{"type", "string"}, {"enum", std::move(names)}};
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

json::object ageing_columns(bool with_group) {
  json::object row = object({{"currency", text()},
                             {"not_due", amount()},
                             {"buckets", list(amount())},
                             {"gross_open", amount()},
                             {"disputed", amount()},
                             {"gross_open_undisputed", amount()},
                             {"unapplied_cash", amount()},
                             {"open_credits", amount()},
                             {"balance", amount()},
                             {"items", integer()},
                             {"proof", object({{"ledger_balance", amount()}, {"difference", amount()}})}});
  if (with_group) row["properties"].get_object()["group"] = text();
  return row;
}

json::object bridge_columns(bool with_group) {
  json::object row = object({{"currency", text()},
                             {"opening", amount()},
                             {"invoices", amount()},
                             {"credit_notes", amount()},
                             {"cash", amount()},
                             {"reversals", amount()},
                             {"refunds", amount()},
                             {"write_offs", amount()},
                             {"recoveries", amount()},
                             {"voids", amount()},
                             {"transfers", amount()},
                             {"closing", amount()},
                             {"proof", object({{"open_balance", amount()}, {"difference", amount()}})}});
  if (with_group) row["properties"].get_object()["group"] = text();
  return row;
}

json::object ratio_columns() {
  const auto ratio = [] { return nullable(typed("string", "To 2 decimals; null where its denominator is not above 0.")); };
  return object(
      {{"group", text()},
       {"currency", text()},
       {"dso", object({{"value", ratio()}, {"closing_balance", amount()}, {"sales", amount()}, {"days", integer()}})},
       {"countback_dso", object({{"value", ratio()}, {"more_than", boolean()}, {"closing_balance", amount()}})},
       {"best_possible_dso", object({{"value", ratio()}, {"not_due", amount()}, {"sales", amount()}, {"days", integer()}})},
       {"average_days_delinquent", object({{"value", ratio()},
                                           {"overdue", amount()},
                                           {"sales", amount()},
                                           {"days", integer()}})},
       {"collection_effectiveness", object({{"value", ratio()},
                                            {"opening", amount()},
                                            {"sales", amount()},
                                            {"closing", amount()},
                                            {"closing_not_due", amount()}})},
       {"collection_rate", object({{"value", ratio()}, {"collected", amount()}, {"sales", amount()}})},
       {"days_to_pay", object({{"value", ratio()}, {"settled", amount()}})},
       {"share_over_90", object({{"value", ratio()}, {"over_90", amount()}, {"gross_open", amount()}})},
       {"share_top_10", object({{"value", ratio()}, {"top_10", amount()}, {"gross_open", amount()}})}});
}

json::object sales_columns(bool with_group) {
  json::object row = object({{"currency", text()},
                             {"ordered", amount()},
                             {"shipped", amount()},
                             {"invoiced", amount()},
                             {"collected", amount()},
                             {"freight", amount()},
                             {"orders", integer()},
                             {"shipments", integer()},
                             {"invoices", integer()},
                             {"ordered_quantity", text()},
                             {"shipped_quantity", text()}});
  if (with_group) {
    row["properties"].get_object()["period"] = text();
    row["properties"].get_object()["group"] =
        json::object{{"description", "By name of each grouping; empty when not grouped."},
                     {"type", json::array{"object", "string"}}};
  }
  return row;
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
  all["AgeingRow"] = ageing_columns(true);
  all["AgeingTotal"] = ageing_columns(false);
  json::object base_total = ageing_columns(false);
  base_total["properties"].get_object().erase("proof");
  base_total["properties"].get_object()["unconverted"] = list(text());
  all["AgeingBaseTotal"] = std::move(base_total);
  all["Entry"] = object({{"customer_id", text()},
                         {"currency", text()},
                         {"document_id", text()},
                         {"type", text()},
                         {"effective_date", date()},
                         {"amount", amount()},
                         {"region", nullable(text())},
                         {"sales_rep", nullable(text())},
                         {"event", ref("Event")}});
  all["BridgeRow"] = bridge_columns(true);
  all["BridgeTotal"] = bridge_columns(false);
  all["RestatementRow"] = object({{"customer_id", text()},
                                  {"currency", text()},
                                  {"document_id", text()},
                                  {"effective_date", date()},
                                  {"amount", amount()},
                                  {"event", ref("Event")}});
  all["RatioRow"] = ratio_columns();
  all["Statement"] = object({{"currency", text()},
                             {"brought_forward", amount()},
                             {"entries", list(object({{"date", date()},
                                                      {"type", text()},
                                                      {"document_id", text()},
                                                      {"amount", amount()},
                                                      {"running_balance", amount()},
                                                      {"event", ref("Event")}}))},
                             {"carried_forward", amount()},
                             {"ageing", ref("AgeingTotal")}});
  all["Item"] = object({{"customer_id", text()},
                        {"document_id", text()},
                        {"kind", text()},
                        {"instalment", nullable(integer())},
                        {"issue_date", date()},
                        {"due_date", nullable(date())},
                        {"days_overdue", nullable(integer())},
                        {"currency", text()},
                        {"amount", amount()},
                        {"open", amount()},
                        {"disputed", amount()},
                        {"region", nullable(text())},
                        {"sales_rep", nullable(text())},
                        {"over_applied", boolean()}});
  all["Stage"] = object({{"from", text()},
                         {"to", text()},
                         {"total_seconds", integer()},
                         {"mean_seconds", nullable(number())}});
  all["CycleRow"] = object(
      {{"period", text()},
       {"group", text()},
       {"n", integer()},
       {"total_seconds", integer()},
       {"mean_seconds", nullable(number())},
       {"min_seconds", nullable(integer())},
       {"max_seconds", nullable(integer())},
       {"p50_seconds", nullable(integer())},
       {"p90_seconds", nullable(integer())},
       {"p95_seconds", nullable(integer())},
       {"p99_seconds", nullable(integer())},
       {"out_of_order", integer()},
       {"stages", list(ref("Stage"))},
       {"histogram", list(object({{"le_seconds", nullable(integer())}, {"count", integer()}}))}});
  all["SalesRow"] = sales_columns(true);
  all["SalesTotal"] = sales_columns(false);
  all["Profile"] = object({{"name", nullable(text())},
                           {"region", nullable(text())},
                           {"sales_rep", nullable(text())},
                           {"grade", nullable(text())},
                           {"parent_customer_id", nullable(text())},
                           {"credit_currency", nullable(text())},
                           {"credit_limit", nullable(amount())},
                           {"payment_terms_days", nullable(integer())}});
  all["Customer"] = object({{"customer_id", text()},
                            {"name", nullable(text())},
                            {"region", nullable(text())},
                            {"sales_rep", nullable(text())},
                            {"grade", nullable(text())},
                            {"parent_customer_id", nullable(text())},
                            {"balances", list(object({{"currency", text()}, {"balance", amount()}}))},
                            {"credit", ref("Credit")}});
  all["Credit"] = object({{"credit_currency", nullable(text())},
                          {"credit_limit", nullable(amount())},
                          {"exposure", nullable(amount())},
                          {"parts", list(object({{"currency", text()},
                                                 {"balance", amount()},
                                                 {"dispatched_not_invoiced", amount()},
                                                 {"open_orders", amount()}}))},
                          {"unconverted", list(text())},
                          {"state", one_of({"over_limit", "overdue", "no_limit", "ok"})}});
  all["Promise"] = object({{"promise_id", text()},
                           {"currency", text()},
                           {"amount", amount()},
                           {"promised_date", date()},
                           {"fulfilled", amount()},
                           {"state", one_of({"open", "kept", "partly_kept", "broken", "withdrawn"})}});
  all["WorklistRow"] = object({{"rank", nullable(integer())},
                               {"customer_id", text()},
                               {"currency", text()},
                               {"score", nullable(amount())},
                               {"overdue", amount()},
                               {"disputed_overdue", amount()},
                               {"oldest_days_overdue", integer()},
                               {"promises", list(ref("Promise"))}});
  all["DunningRow"] = object({{"customer_id", text()},
                              {"currency", text()},
                              {"level", integer()},
                              {"amount", amount()},
                              {"oldest_days_overdue", integer()},
                              {"items", list(object({{"document_id", text()},
                                                     {"instalment", integer()},
                                                     {"due_date", date()},
                                                     {"days_overdue", integer()},
                                                     {"amount", amount()}}))}});
  all["Anomaly"] = object({{"kind", text()},
                           {"state", text()},
                           {"customer_id", text()},
                           {"document_id", text()},
                           {"detail", text()},
                           {"event", ref("Event")}});
  all["ParkedRecord"] = object({{"topic", text()},
                                {"partition", integer()},
                                {"offset", integer()},
                                {"recorded_at", time()},
                                {"reason", text()},
                                {"detail", text()},
                                {"bytes", typed("string", "The record's value, base64.")},
                                {"resolved", typed("boolean", "An event with its event_id was accepted, in the document that it names.")}});
  return all;
}

// --- parameters -------------------------------------------------------------------------------

struct Parameter {
  const char* name;
  json::object schema;
  const char* description;
  bool required = false;
};

Parameter group_by(std::initializer_list<std::string_view> values, const char* fallback) {
  json::object schema = one_of(values);
  schema["default"] = fallback;
  return {"group_by", std::move(schema), "What rows are grouped by."};
}

std::vector<Parameter> common() {
  return {{"as_of", date(), "Only what has taken effect by the end of this date counts; default today."},
          {"known_at", text(),
           "Only records with recorded time up to this instant count; a bare date means its end. Default everything "
           "read."},
          {"attributes", {{"type", "string"}, {"enum", json::array{"as_was", "as_now"}}, {"default", "as_was"}},
           "Which customer file gives what a document lacks: the one in force then, or the last."},
          {"min_position", text(), "topic:partition:offset[,…]: waits until these records are folded."},
          {"wait_ms", {{"type", "integer"}, {"minimum", 0}, {"maximum", 60000}, {"default", 5000}},
           "How long to wait for min_position; then 503."},
          {"page_size", {{"type", "integer"}, {"minimum", 1}, {"maximum", 1000}, {"default", 100}},
           "Rows a page."},
          {"page_token", text(), "next_page_token of the page before."},
          {"format", {{"type", "string"}, {"enum", json::array{"json", "csv"}}, {"default", "json"}},
           "csv where rows are returned; likewise Accept: text/csv."}};
}

const Parameter kRegion{"region", text(), "This region and all below it; unassigned for none."};
const Parameter kRep{"sales_rep", text(), "This sales rep; unassigned for none."};
const Parameter kCustomer{"customer_id", text(), "This account."};
const Parameter kCurrency{"currency", text(), "This ISO 4217 currency."};
const Parameter kLevel{"level", {{"type", "integer"}, {"minimum", 1}, {"maximum", 6}},
                       "With group_by=region: paths are cut to so many parts."};
const Parameter kFrom{"from", date(), "First day.", true};
const Parameter kTo{"to", date(), "Last day.", true};
const Parameter kGrain{"grain",
                       {{"type", "string"}, {"enum", json::array{"day", "week", "month", "quarter", "year"}}},
                       "Length of the periods."};
const Parameter kMinimum{"minimum", text(),
                         "In major units of each row's currency: items of which less is open and undisputed are left "
                         "out."};
const Parameter kAgedOn{"aged_on", date(), "The date ages are measured from; default as_of."};
const Parameter kBasis{"basis",
                       {{"type", "string"}, {"enum", json::array{"due_date", "issue_date"}}, {"default", "due_date"}},
                       "What ages are counted from."};
const Parameter kKind{"kind", text(), "STANDARD or SAMPLE; unassigned for none."};
const Parameter kChannel{"channel", text(), "This channel; unassigned for none."};

// --- paths ------------------------------------------------------------------------------------

json::object problem(const char* description) {
  return {{"description", description},
          {"content", {{"application/problem+json", {{"schema", ref("Problem")}}}}}};
}

// What every view answers beside its own fields.
json::object answer_schema(Fields fields) {
  json::object schema = object({{"as_of", date()},
                                {"known_at", nullable(time())},
                                {"positions", list(ref("Position"))},
                                {"newest_recorded_at", nullable(time())},
                                {"waiting", integer()},
                                {"parked", integer()}});
  for (const auto& [name, field] : fields) schema["properties"].get_object()[name] = field;
  return schema;
}

// What an answer is besides JSON.
enum class Also { kNothing, kCsv, kCsvAndHtml };

json::object view(const char* summary, std::vector<Parameter> own, json::object schema, Also also,
                  const char* path_parameter = nullptr) {
  json::array parameters;
  const auto add = [&](const Parameter& parameter, const char* in) {
    parameters.push_back(json::object{{"name", parameter.name},
                                      {"in", in},
                                      {"required", parameter.required},
                                      {"description", parameter.description},
                                      {"schema", parameter.schema}});
  };
  if (path_parameter != nullptr) {
    add({path_parameter, text(), "The id, percent-encoded.", true}, "path");
  }
  for (const Parameter& parameter : own) add(parameter, "query");
  for (Parameter parameter : common()) {
    if (also == Also::kCsvAndHtml && parameter.name == std::string_view("format")) {
      parameter.schema["enum"].get_array().emplace_back("html");
    }
    add(parameter, "query");
  }
  json::object content{{"application/json", {{"schema", std::move(schema)}}}};
  if (also != Also::kNothing) content["text/csv"] = json::object{{"schema", text()}};
  if (also == Also::kCsvAndHtml) content["text/html"] = json::object{{"schema", text()}};
  json::object responses{{"200", {{"description", "The answer."}, {"content", std::move(content)}}},
                         {"400", problem("A parameter is unknown or out of range; it is named.")},
                         {"421", problem("Asked under a name that is not served.")},
                         {"503", problem("min_position was not folded in time, or the store failed.")}};
  if (path_parameter != nullptr) {
    responses["404"] = problem("There is none.");
    responses["409"] = problem("Several accounts have this id: say which with customer_id.");
  }
  return {{"get", {{"summary", summary}, {"parameters", std::move(parameters)}, {"responses", std::move(responses)}}}};
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

// The one view that is asked with a body.
json::object reconciliation() {
  json::object asked = view(
      "Finance's own ledger against ours, line by line, with the entries a difference may be.",
      {{"date", date(), "The date of both ledgers; it is the answer's as_of.", true}},
      answer_schema({{"date", date()},
                     {"lines", list(object({{"customer_id", text()},
                                            {"document_id", nullable(text())},
                                            {"currency", text()},
                                            {"theirs", nullable(amount())},
                                            {"ours", nullable(amount())},
                                            {"difference", amount()},
                                            {"state", text()},
                                            {"explained_by", list(ref("Event"))}}))},
                     {"next_page_token", nullable(text())}}),
      Also::kCsv);
  json::object post = std::move(asked["get"].get_object());
  post["requestBody"] = json::object{
      {"required", true},
      {"content",
       {{"text/csv",
         {{"schema", typed("string", "Columns customer_id, document_id (optional), currency, amount in major units.")}}}}}};
  json::object& responses = post["responses"].get_object();
  responses["403"] = problem("A page of another site has sent it.");
  responses["413"] = problem("Too many rows or bytes.");
  responses["415"] = problem("Another content type than text/csv.");
  responses["429"] = problem("Bodies of other requests take all the memory there is for them.");
  return {{"post", std::move(post)}};
}

std::string make() {
  json::object paths;
  paths["/v1/events"] = publish();
  paths["/v1/receivables/ageing"] = view(
      "Receivables by age, with the proof against the ledger.",
      {kAgedOn, kBasis,
       {"buckets", text(), "Limits in days, rising; default 30,60,90,120."},
       group_by({"customer", "parent_customer", "region", "sales_rep", "currency", "none"}, "customer"),
       kLevel, kRegion, kRep, kCustomer, kCurrency,
       {"base_currency", text(), "Adds totals in this currency, at the last rates on or before as_of."}},
      answer_schema({{"aged_on", date()},
                     {"basis", text()},
                     {"group_by", text()},
                     {"buckets", list(text())},
                     {"rows", list(ref("AgeingRow"))},
                     {"totals", list(ref("AgeingTotal"))},
                     {"base_totals", ref("AgeingBaseTotal")},
                     {"next_page_token", nullable(text())}}),
      Also::kCsv);
  paths["/v1/receivables/items"] =
      view("Open items: what the ageing is made of.",
           {kAgedOn, kBasis, {"bucket", text(), "not_due, 31-60, 121+ …: open instalments of this age."},
            kRegion, kRep, kCustomer, kCurrency},
           answer_schema({{"aged_on", date()}, {"items", list(ref("Item"))}, {"next_page_token", nullable(text())}}),
           Also::kCsv);
  const Parameter by_receivables =
      group_by({"customer", "parent_customer", "region", "sales_rep", "currency", "none"}, "none");
  paths["/v1/receivables/entries"] = view(
      "Entries of the ledger, each with the event behind it.",
      {kFrom, kTo,
       {"type",
        {{"type", "string"},
         {"enum", json::array{"invoices", "credit_notes", "cash", "reversals", "refunds", "write_offs", "recoveries",
                              "voids", "transfers"}}},
        "Of this column of the bridge."},
       kRegion, kRep, kCustomer, kCurrency},
      answer_schema({{"entries", list(ref("Entry"))}, {"next_page_token", nullable(text())}}), Also::kCsv);
  paths["/v1/receivables/bridge"] =
      view("From the opening to the closing balance, with the proof against what is open.",
           {kFrom, kTo, by_receivables, kLevel, kRegion, kRep, kCustomer, kCurrency},
           answer_schema({{"from", date()},
                          {"to", date()},
                          {"group_by", text()},
                          {"rows", list(ref("BridgeRow"))},
                          {"totals", list(ref("BridgeTotal"))},
                          {"next_page_token", nullable(text())}}),
           Also::kCsv);
  paths["/v1/receivables/restatement"] =
      view("Entries that count at one knowledge and not at another.",
           {{"known_from", text(), "The earlier instant, or a date, which means its end.", true},
            {"known_to", text(), "The later one.", true}, kRegion, kRep, kCustomer, kCurrency},
           answer_schema({{"known_from", time()},
                          {"known_to", time()},
                          {"rows", list(ref("RestatementRow"))},
                          {"totals", list(object({{"currency", text()},
                                                  {"balance_from", amount()},
                                                  {"balance_to", amount()},
                                                  {"change", amount()}}))},
                          {"next_page_token", nullable(text())}}),
           Also::kCsv);
  paths["/v1/receivables/ratios"] =
      view("Days sales outstanding and its kin, each with its inputs.",
           {kFrom, kTo, kAgedOn, by_receivables, kLevel, kRegion, kRep, kCustomer, kCurrency},
           answer_schema({{"from", date()},
                          {"to", date()},
                          {"aged_on", date()},
                          {"group_by", text()},
                          {"rows", list(ref("RatioRow"))},
                          {"next_page_token", nullable(text())}}),
           Also::kCsv);
  paths["/v1/receivables/worklist"] =
      view("Whom to call first: what is overdue and undisputed, by amount times days.",
           {kAgedOn,
            {"grace_days", {{"type", "integer"}, {"minimum", 0}, {"maximum", 3650}, {"default", query::kGraceDays}},
             "For so long after its date a promise may still be kept."},
            {"base_currency", text(), "Scores in this currency, ranked over all."},
            kMinimum, kRegion, kRep, kCustomer, kCurrency},
           answer_schema({{"aged_on", date()}, {"rows", list(ref("WorklistRow"))}, {"next_page_token", nullable(text())}}),
           Also::kCsv);
  paths["/v1/receivables/dunning"] =
      view("What to remind of: a proposal an account and currency, with its open undisputed items.",
           {kAgedOn, {"levels", text(), "Days overdue from which each level begins, rising; default 1,15,30,60."},
            kMinimum, kRegion, kRep, kCustomer, kCurrency},
           answer_schema({{"aged_on", date()}, {"rows", list(ref("DunningRow"))}, {"next_page_token", nullable(text())}}),
           Also::kCsv);
  paths["/v1/receivables/reconciliation"] = reconciliation();
  paths["/v1/customers/{customer_id}/statement"] =
      view("Statement of account; also as a page to print.",
           {kFrom, kTo, kCurrency,
            {"lang", {{"type", "string"}, {"enum", json::array{"en", "zh"}}, {"default", "en"}}, "Of the page."}},
           answer_schema({{"customer_id", text()}, {"from", date()}, {"to", date()}, {"currencies", list(ref("Statement"))}}),
           Also::kCsvAndHtml, "customer_id");
  paths["/v1/order-cycle"] = view(
      "How long orders take between two milestones, and in which stage.",
      {kFrom, kTo, kGrain, {"cycle", text(), "Two milestones in their order; default placed..delivered."},
       group_by({"none", "region", "sales_rep", "grade", "warehouse", "customer", "kind", "channel"}, "none"),
       kLevel, kRegion, kRep, {"grade", text(), "Grade by the file on the placed date."},
       {"warehouse", text(), "Warehouse of the first dispatch."}, kCustomer, kKind, kChannel},
      answer_schema({{"cycle", text()}, {"rows", list(ref("CycleRow"))}, {"next_page_token", nullable(text())}}),
      Also::kCsv);
  paths["/v1/sales"] = view(
      "What was ordered, shipped, invoiced and collected.",
      {kFrom, kTo, kGrain,
       {"group_by", text(), "One or more of region, sales_rep, customer, sku, channel, kind; or none."},
       {"measure",
        {{"type", "string"},
         {"enum", json::array{"ordered", "shipped", "invoiced", "collected", "freight", "orders", "shipments", "invoices"}}},
        "This one alone."},
       kLevel, kRegion, kRep, kCustomer, kCurrency, {"sku", text(), "This sku; unassigned for none."}, kChannel,
       kKind},
      answer_schema({{"rows", list(ref("SalesRow"))},
                     {"totals", list(ref("SalesTotal"))},
                     {"next_page_token", nullable(text())}}),
      Also::kCsv);
  paths["/v1/customers"] =
      view("All accounts, with their balances and credit.", {kRegion, kRep, kCustomer, {"grade", text(), "This grade."}},
           answer_schema({{"customers", list(ref("Customer"))}, {"next_page_token", nullable(text())}}), Also::kCsv);
  paths["/v1/customers/{customer_id}"] =
      view("A customer: file, balances, credit, open items, promises.", {},
           answer_schema({{"customer_id", text()},
                          {"profile", json::object{{"anyOf", json::array{ref("Profile"), typed("null")}}}},
                          {"history", list(object({{"from", date()}, {"profile", ref("Profile")}}))},
                          {"balances", list(object({{"currency", text()},
                                                    {"gross_open", amount()},
                                                    {"disputed", amount()},
                                                    {"unapplied_cash", amount()},
                                                    {"open_credits", amount()},
                                                    {"balance", amount()}}))},
                          {"credit", ref("Credit")},
                          {"items", list(ref("Item"))},
                          {"promises", list(ref("Promise"))},
                          {"events", list(ref("Event"))}}),
           Also::kNothing, "customer_id");
  paths["/v1/invoices/{invoice_id}"] =
      view("An invoice, what was applied to it, and the events behind it.", {kCustomer},
           answer_schema({{"customer_id", text()},
                          {"invoice_id", text()},
                          {"kind", text()},
                          {"currency", text()},
                          {"net", amount()},
                          {"tax", amount()},
                          {"gross", amount()},
                          {"issue_date", date()},
                          {"due_date", date()},
                          {"void_date", nullable(date())},
                          {"open", amount()},
                          {"disputed", amount()},
                          {"over_applied", boolean()},
                          {"order_ids", list(text())},
                          {"region", nullable(text())},
                          {"sales_rep", nullable(text())},
                          {"instalments", list(object({{"number", integer()},
                                                       {"due_date", date()},
                                                       {"amount", amount()},
                                                       {"open", amount()}}))},
                          {"applications", list(object({{"type", text()},
                                                        {"id", text()},
                                                        {"source_id", nullable(text())},
                                                        {"amount", amount()},
                                                        {"from", date()},
                                                        {"until", nullable(date())}}))},
                          {"events", list(ref("Event"))}}),
           Also::kNothing, "invoice_id");
  paths["/v1/payments/{payment_id}"] =
      view("A payment, its allocations, and the events behind it.", {kCustomer},
           answer_schema({{"customer_id", text()},
                          {"payment_id", text()},
                          {"currency", text()},
                          {"amount", amount()},
                          {"value_date", date()},
                          {"reversed_on", nullable(date())},
                          {"refunded", amount()},
                          {"unapplied", amount()},
                          {"method", nullable(text())},
                          {"reference", nullable(text())},
                          {"counterparty_customer_id", nullable(text())},
                          {"allocations", list(object({{"allocation_id", text()},
                                                       {"invoice_id", text()},
                                                       {"amount", amount()},
                                                       {"taken_back", amount()},
                                                       {"from", date()},
                                                       {"until", nullable(date())},
                                                       {"state", text()}}))},
                          {"events", list(ref("Event"))}}),
           Also::kNothing, "payment_id");
  paths["/v1/orders/{order_id}"] =
      view("An order: lines as they stand, milestones, shipments, invoices, events.", {kCustomer},
           answer_schema({{"customer_id", text()},
                          {"order_id", text()},
                          {"kind", text()},
                          {"currency", text()},
                          {"region", nullable(text())},
                          {"sales_rep", nullable(text())},
                          {"channel", nullable(text())},
                          {"requested_date", nullable(date())},
                          {"first_promise", nullable(date())},
                          {"last_promise", nullable(date())},
                          {"lines", list(object({{"line_id", text()},
                                                 {"sku", text()},
                                                 {"quantity", text()},
                                                 {"remaining_quantity", text()},
                                                 {"dispatched", text()},
                                                 {"returned", text()},
                                                 {"delivered", text()},
                                                 {"net", amount()},
                                                 {"tax", amount()}}))},
                          {"milestones", typed("object", "By name, those it has, as instants.")},
                          {"shipments", list(text())},
                          {"invoices", list(text())},
                          {"events", list(ref("Event"))}}),
           Also::kNothing, "order_id");
  paths["/v1/anomalies"] =
      view("What does not add up, at the record it is about.",
           {{"kind", {{"type", "string"}, {"enum", json::value_from(query::anomaly_kinds())}}, "This kind alone."},
            {"state",
             {{"type", "string"}, {"enum", json::array{"open", "cleared", "all"}}, {"default", "open"}},
             "Those open at as_of, those that were open before and are no longer, or both."},
            kCustomer},
           answer_schema({{"anomalies", list(ref("Anomaly"))}, {"next_page_token", nullable(text())}}), Also::kCsv);
  json::object parked = view("Records that are no valid events: kept whole, never dropped.", {},
                             answer_schema({{"next_page_token", nullable(text())}}), Also::kCsv);
  parked["get"]
      .at("responses").at("200").at("content").at("application/json").at("schema").at("properties")
      .get_object()["parked"] = list(ref("ParkedRecord"));
  paths["/v1/parked"] = std::move(parked);
  paths["/v1/status"] = plain(
      "How far the log is folded, and what was counted.", "application/json",
      object({{"positions", list(object({{"topic", text()},
                                         {"partition", integer()},
                                         {"next_offset", integer()},
                                         {"end_offset", nullable(integer())},
                                         {"lag", nullable(integer())}}))},
              {"ends_seen_at", nullable(time())},
              {"rates", object({{"records_since_start", integer()}, {"records_per_second", integer()}})},
              {"newest_recorded_at", nullable(time())},
              {"accepted", integer()},
              {"duplicates", integer()},
              {"conflicts", integer()},
              {"parked", integer()},
              {"waiting", integer()},
              {"digest", text()},
              {"build", text()},
              {"business_time_zone", text()},
              {"today", date()},
              {"partitions", integer()},
              {"log", text()},
              {"recorded_as_told", boolean()},
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
