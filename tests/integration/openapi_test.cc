// The OpenAPI text and the views say the same: paths, parameters, and the fields of every answer.
#include "app/openapi.h"

#include <algorithm>
#include <set>

#include "query/catalog.h"
#include "support/paths.h"
#include "support/story.h"

namespace daybook::test {
namespace {

namespace json = boost::json;

const json::object& description() {
  static const json::value all = json::parse(app::openapi());
  return all.as_object();
}

struct View {
  std::string path;  // "v1/orders/O".
  std::string declared;
  json::array parameters;
  json::value schema;
  bool has_csv = false;
};

// Every GET of a view.
std::vector<View> views_declared() {
  std::vector<View> views;
  for (const auto& [path, item] : description().at("paths").as_object()) {
    const auto* get = item.as_object().if_contains("get");
    // Answered by the instance itself.
    if (get == nullptr || !path.starts_with("/v1/") || path == "/v1/status" || path == "/v1/changes") continue;
    View view;
    view.declared = std::string(path);
    const std::map<std::string_view, std::string> ids = {{"customer_id", "C"}, {"invoice_id", "I"},
                                                         {"payment_id", "P"},  {"credit_note_id", "N"},
                                                         {"shipment_id", "S"}, {"order_id", "O"}};
    const auto subjects = query::placeholders(view.declared);
    const auto id = subjects.empty() ? ids.end() : ids.find(subjects.front());
    view.path = filled_path(view.declared.substr(1), id == ids.end() ? "" : id->second, log::partition_of("C", 3));
    view.parameters = get->at("parameters").as_array();
    const auto& content = get->at("responses").at("200").at("content").as_object();
    view.schema = content.at("application/json").at("schema");
    view.has_csv = content.contains("text/csv");
    views.push_back(std::move(view));
  }
  return views;
}

// A Daybook that has something to say under every path.
void tell_everything(Story& story) {
  story.profile("2024-01-01", R"("name":"n","region":"CN/South","sales_rep":"r","grade":"A",)"
                              R"("credit_currency":"CNY","credit_limit_minor":5,"payment_terms_days":30)");
  story.order("O", "2024-05-01", {{"1", "10", 1000}}, R"(,"channel":"web","requested_date":"2024-05-09")");
  story.confirm("2024-05-02");
  story.put("order_delayed", "2024-05-03", R"("order_id":"O","stage":"DISPATCH","reason_code":"no_truck")");
  story.ship("S", "2024-05-03", {{"1", "10"}}, R"(,"warehouse":"W","freight_minor":5,"currency":"CNY")");
  story.deliver("S", "2024-05-04");
  story.order("Q", "2024-05-04", {{"1", "10", 1000}}, R"(,"requested_date":"2024-05-09")");
  story.invoice("I", 1000, "2024-05-05", R"(,"order_ids":["O"])");
  story.invoice("J", 1000, "2024-05-05", "", "EUR");
  story.pay("P", 300, "2024-05-06", {{"I", "200"}, {"missing", "1"}});
  story.credit("N", 50, "2024-05-07", "I");
  story.allocate("A", "P", "2024-05-08", {{"I", "1"}});
  story.unallocate("A", "P", "2024-05-09");
  story.put("promise_made", "2024-05-08",
            R"("promise_id":"M","invoice_ids":["I"],"currency":"CNY","amount_minor":5,"promised_date":"2024-06-01")");
  story.put("invoice_disputed", "2024-05-10",
            R"("dispute_id":"D","invoice_id":"I","amount_minor":5,"reason_code":"damaged")");
  story.book.append(log::Topic::kOrders, "C", "\xFF", log::partition_of("C", 3));
}

query::ParameterMap required(const View& view) {
  query::ParameterMap parameters;
  for (const auto& parameter : view.parameters) {
    if (parameter.at("in").as_string() != "query" || !parameter.at("required").as_bool()) continue;
    const std::string name(parameter.at("name").as_string());
    // Everything is recorded in November 2023.
    parameters.emplace(name, name == "from"                           ? "2024-01-01"
                             : name == "known_from"                   ? "2023-01-01"
                             : name == "period" || name == "baseline" ? "2024-05"
                             : name == "q"                            ? "n"
                                                                      : "2024-12-31");
  }
  return parameters;
}

const json::value& resolved(const json::value& schema) {
  const auto* ref = schema.as_object().if_contains("$ref");
  if (ref == nullptr) return schema;
  const std::string name = std::string(ref->as_string()).substr(std::string("#/components/schemas/").size());
  return description().at("components").at("schemas").at(name);
}

// Of a parameter: its own, or where there are several the first.
const json::object& schema_of(const json::value& parameter) {
  const auto& schema = parameter.at("schema").as_object();
  for (const char* word : {"anyOf", "oneOf"}) {
    if (const auto* several = schema.if_contains(word)) return several->at(0).as_object();
  }
  return schema;
}

bool has_type(const json::value& schema, std::string_view type) {
  const auto& types = schema.at("type");
  if (types.is_string()) return types.as_string() == type;
  for (const auto& one : types.as_array()) {
    if (one.as_string() == type) return true;
  }
  return false;
}

// Checks `value` against the schema; notes every field that was seen under its path.
void check(const json::value& declared, const json::value& value, const std::string& at, std::set<std::string>& seen) {
  const json::value& schema = resolved(declared);
  const char* type = value.is_null()     ? "null"
                     : value.is_string() ? "string"
                     : value.is_bool()   ? "boolean"
                     : value.is_object() ? "object"
                     : value.is_array()  ? "array"
                     : value.is_double() ? "number"
                                         : "integer";
  if (const auto* any = schema.as_object().if_contains("anyOf")) {
    if (value.is_null()) return;
    // Of numbers that may be texts too, one fits.
    const auto& several = any->as_array();
    const auto fits = std::ranges::find_if(several, [&](const json::value& one) {
      return resolved(one).as_object().contains("type") && has_type(resolved(one), type);
    });
    return check(fits == several.end() ? several.front() : *fits, value, at, seen);
  }
  EXPECT_TRUE(has_type(schema, type) || (value.is_int64() && has_type(schema, "number"))) << at << " is " << type;
  if (const auto* array = value.if_array()) {
    for (const auto& item : *array) check(schema.at("items"), item, at + "[]", seen);
  }
  const auto* properties = schema.as_object().if_contains("properties");
  if (const auto* object = value.if_object(); object != nullptr && properties != nullptr) {
    // Of some the question says which they have.
    if (const auto* required = schema.as_object().if_contains("required")) {
      for (const auto& name : required->as_array()) {
        EXPECT_TRUE(object->contains(name.as_string())) << at << "." << name.as_string() << " is not there";
      }
    }
    for (const auto& [name, member] : *object) {
      const auto* known = properties->as_object().if_contains(name);
      const std::string path = at + "." + std::string(name);
      EXPECT_NE(known, nullptr) << path << " is not declared";
      seen.insert(path);
      if (known != nullptr) check(*known, member, path, seen);
    }
  }
}

// Every field that the schema declares, by path; not those of events, which none has all of.
void list_fields(const json::value& declared, const std::string& at, std::set<std::string>& fields) {
  if (at.ends_with(".content")) return;
  const json::value& schema = resolved(declared);
  const auto& object = schema.as_object();
  if (const auto* any = object.if_contains("anyOf")) return list_fields(any->at(0), at, fields);
  if (const auto* items = object.if_contains("items")) list_fields(*items, at + "[]", fields);
  if (const auto* properties = object.if_contains("properties")) {
    for (const auto& [name, member] : properties->as_object()) {
      fields.insert(at + "." + std::string(name));
      list_fields(member, at + "." + std::string(name), fields);
    }
  }
}

TEST(OpenApi, EveryPathIsAnsweredAndFieldsAreTheDeclaredOnes) {
  Story story;
  tell_everything(story);
  const auto declared = views_declared();
  EXPECT_EQ(declared.size(), 33U);
  for (const View& view : declared) {
    std::set<std::string> seen;
    std::set<std::string> fields;
    list_fields(view.schema, "", fields);
    // Quantities stand in rows by sku alone, names of customers in those by customer. Everything is recorded later than
    // at that known_at.
    for (const auto& [name, value] : std::vector<std::pair<std::string, std::string>>{{"page_size", "100"},
                                                                                      {"group_by", "sku"},
                                                                                      {"group_by", "customer"},
                                                                                      {"base_currency", "CNY"},
                                                                                      {"measure", "ordered"},
                                                                                      {"compare", "previous_period"},
                                                                                      {"expand", "story"},
                                                                                      {"details", "true"},
                                                                                      {"known_at", "2023-01-01"}}) {
      query::ParameterMap parameters = required(view);
      const bool has_it = std::ranges::any_of(
          view.parameters, [&](const json::value& parameter) { return parameter.at("name").as_string() == name; });
      if (!has_it || (value == "sku" && view.declared != "/v1/sales")) continue;
      if (name == "known_at" && view.declared.find('{') != std::string::npos) continue;
      parameters.emplace(name, value);
      if (name == "compare") parameters.emplace("group_by", "sku");
      const auto rendered = story.book.get(view.path, parameters);
      ASSERT_EQ(rendered.status, 200) << view.path << ": " << rendered.body;
      check(view.schema, json::parse(rendered.body), "", seen);
    }
    for (const std::string& field : fields) {
      EXPECT_TRUE(seen.contains(field)) << view.declared << " declares " << field << ", which no answer has";
    }
  }
}

// Of a list of an answer.
void expect_names(const std::vector<query::Field>& fields, bool groups_by_customer, const std::string& at) {
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const query::Field& field = fields[i];
    expect_names(field.fields, groups_by_customer, at + "." + field.name);
    const bool is_group = field.name == "group" && groups_by_customer;
    if (field.name != "customer_id" && !is_group) continue;
    // Last, or right behind the id.
    const bool is_behind = i + 1 < fields.size() && fields[i + 1].name == "customer_name";
    const query::Field& name = is_behind ? fields[i + 1] : fields.back();
    EXPECT_EQ(name.name, "customer_name") << at;
    EXPECT_TRUE(name.may_be_null) << at;
    EXPECT_EQ(name.may_be_absent, is_group) << at;
  }
}

TEST(OpenApi, WhereACustomerStandsTheNameDoes) {
  for (const query::Report* report : query::reports()) {
    const query::Description& of = report->description();
    const query::Parameter* by = of.parameter("group_by");
    const bool groups_by_customer = by != nullptr && std::ranges::count(by->choices, "customer") == 1;
    // There it is called otherwise.
    if (of.name != "customers") expect_names(of.row, groups_by_customer, of.name);
    for (const auto* fields : {&of.head, &of.tail}) {
      for (const query::Field& field : *fields)
        expect_names(field.fields, groups_by_customer, of.name + "." + field.name);
    }
  }
}

// Values that a parameter takes; each with what else it needs.
std::vector<std::string> values_of(const json::value& parameter) {
  const std::string name(parameter.at("name").as_string());
  const auto& schema = schema_of(parameter);
  if (const auto* names = schema.if_contains("enum")) {
    std::vector<std::string> values;
    for (const auto& value : names->as_array()) values.emplace_back(value.as_string());
    return values;
  }
  if (const auto* least = schema.if_contains("minimum")) {
    return {json::serialize(*least), json::serialize(schema.at("maximum"))};
  }
  static const std::map<std::string, std::vector<std::string>> values = {
      {"base_currency", {"CNY", "JPY"}},
      {"levels", {"1", "7,14,30"}},
      {"minimum", {"0", "12.5"}},
      {"buckets", {"30", "7,14,30"}},
      {"bucket", {"not_due", "1-30", "121+"}},
      {"cycle", {"placed..paid", "confirmed..ready"}},
      {"period", {"2024", "2024-W18"}},
      {"baseline", {"2024-Q1", "2024-05-03"}},
      {"currency", {"CNY", "JPY"}},
      {"group_by", {"none", "region", "region,sku"}},
      {"kind", {"SAMPLE", "STANDARD", "unassigned"}},
      {"min_position", {"daybook.invoices.v1:" + std::to_string(log::partition_of("C", 3)) + ":0"}},
      // Of some views it must be that of `to`.
      {"as_of", {"2024-12-31"}},
      {"base_currency", {"CNY", "JPY"}},
      {"known_from", {"2023-01-01"}},
      {"known_to", {"2024-12-31"}},
      {"known_at", {"2024-06-30", "2024-06-30T18:00:00.5+08:00"}},
      {"page_token", {}}};
  if (const auto known = values.find(name); known != values.end()) return known->second;
  if (schema.contains("format")) return {"2024-06-30"};
  return {"x", "unassigned"};
}

TEST(OpenApi, EveryDeclaredParameterIsAccepted) {
  Story story;
  tell_everything(story);
  for (const View& view : views_declared()) {
    for (const auto& parameter : view.parameters) {
      if (parameter.at("in").as_string() != "query") continue;
      const std::string name(parameter.at("name").as_string());
      for (const std::string& value : values_of(parameter)) {
        query::ParameterMap parameters = required(view);
        parameters.erase(name);
        const bool is_bound = name == "from" || name == "to";  // Both at one end of time.
        parameters.emplace(name, is_bound ? (name == "from" ? "2024-01-01" : "2024-12-31") : value);
        // What is cut to a level is what rows are grouped by, or the region that one of them was opened with.
        const bool has_groups =
            std::ranges::any_of(view.parameters, [](const auto& of) { return of.at("name") == "group_by"; });
        if (name == "level") parameters.emplace(has_groups ? "group_by" : "region", "region");
        const auto rendered = story.book.get(view.path, parameters);
        // Pages answer for their own account alone, and are no lists.
        const bool is_page = view.declared.find('{') != std::string::npos;
        if (is_page && name == "customer_id") {
          EXPECT_EQ(rendered.status, 404) << view.path << " " << name << "=" << value;
        } else {
          EXPECT_EQ(rendered.status, 200) << view.path << " " << name << "=" << value << ": " << rendered.body;
        }
        if (value == "csv" && view.has_csv) {
          EXPECT_TRUE(rendered.content_type.starts_with("text/csv"));
        }
      }
    }
  }
}

TEST(OpenApi, ValuesThatAreNotDeclaredAreRefusedByName) {
  Story story;
  for (const View& view : views_declared()) {
    if (view.declared.find('{') != std::string::npos) continue;
    for (const auto& parameter : view.parameters) {
      const std::string name(parameter.at("name").as_string());
      const auto& schema = schema_of(parameter);
      const bool is_bounded = schema.contains("enum") || schema.contains("minimum") || schema.contains("format") ||
                              schema.contains("pattern") || schema.contains("items");
      if (!is_bounded) continue;
      for (const char* value : {"no-such", "", "-1"}) {
        query::ParameterMap parameters = required(view);
        parameters.erase(name);
        parameters.emplace(name, value);
        const auto rendered = story.book.get(view.path, parameters);
        EXPECT_EQ(rendered.status, 400) << view.path << " " << name << "=" << value;
        EXPECT_NE(rendered.body.find(name), std::string::npos) << rendered.body;
      }
    }
  }
}

TEST(OpenApi, ParametersThatAreNotDeclaredAreRefused) {
  Story story;
  tell_everything(story);
  std::set<std::string> names = {"no_such_parameter", "known_at "};
  for (const View& view : views_declared()) {
    for (const auto& parameter : view.parameters) names.insert(std::string(parameter.at("name").as_string()));
  }
  for (const View& view : views_declared()) {
    std::set<std::string> own;
    for (const auto& parameter : view.parameters) {
      if (parameter.at("in").as_string() == "query") own.insert(std::string(parameter.at("name").as_string()));
    }
    for (const std::string& name : names) {
      if (own.contains(name)) continue;
      query::ParameterMap parameters = required(view);
      parameters.emplace(name, name == "currency" ? "CNY" : "x");
      const auto rendered = story.book.get(view.path, parameters);
      EXPECT_EQ(rendered.status, 400) << view.path << " " << name << ": " << rendered.body;
      EXPECT_NE(rendered.body.find(name), std::string::npos) << rendered.body;
    }
  }
}

TEST(OpenApi, CsvIsDeclaredByItsRowsAndRefusedWhereThereAreNone) {
  Story story;
  tell_everything(story);
  for (const View& view : views_declared()) {
    query::ParameterMap parameters = required(view);
    parameters.emplace("format", "csv");
    const auto rendered = story.book.get(view.path, parameters);
    EXPECT_EQ(rendered.status, view.has_csv ? 200 : 406) << view.path << ": " << rendered.body;
  }
}

TEST(OpenApi, EveryOperationHasANameOfItsOwnAndSaysWhatItRefuses) {
  std::set<std::string> names;
  for (const auto& [path, item] : description().at("paths").as_object()) {
    for (const auto& [method, operation] : item.as_object()) {
      const std::string name(operation.at("operationId").as_string());
      EXPECT_TRUE(names.insert(name).second) << name;
      const auto& responses = operation.at("responses").as_object();
      for (const char* status : {"200", "400", "503", "default"})
        EXPECT_TRUE(responses.contains(status)) << path << " " << status;
      for (const auto& [status, response] : responses) {
        if (status == "200") continue;
        EXPECT_TRUE(response.at("content").as_object().contains("application/problem+json")) << path << " " << status;
      }
    }
  }
  EXPECT_EQ(description().at("security"), json::parse("[{}]")) << "none is needed";
}

// The event that is told in docs/publishing.md, as the document types it.
TEST(OpenApi, TheBodyOfPublishingIsTyped) {
  const auto& all = description().at("components").at("schemas").as_object();
  const auto& event = all.at("Event").as_object();
  EXPECT_EQ(event.at("oneOf").as_array().size(), domain::kPayloadCount);
  EXPECT_EQ(event.at("required"), json::parse(R"(["event_id","customer_id","source","occurred_at"])"));
  const auto& invoice = all.at("InvoiceIssued").as_object();
  EXPECT_EQ(invoice.at("required"), json::parse(R"(["invoice_id","currency","net_minor","issue_date"])"));
  const auto& fields = invoice.at("properties").as_object();
  EXPECT_EQ(fields.at("issue_date").at("format"), "date");
  EXPECT_EQ(fields.at("net_minor").at("minimum"), 0);
  EXPECT_EQ(fields.at("net_minor").at("maximum"), kAmountMax);
  EXPECT_EQ(fields.at("invoice_id").at("maxLength"), 128);
  EXPECT_EQ(fields.at("kind").at("enum"), json::parse(R"(["INVOICE","DEBIT_NOTE"])"));
  EXPECT_EQ(fields.at("order_ids").at("uniqueItems"), true);
  EXPECT_EQ(all.at("OrderPlaced").at("properties").at("lines").at("minItems"), 1);
  EXPECT_EQ(all.at("PaymentAllocated").at("oneOf"),
            json::parse(R"([{"required":["payment_id"]},{"required":["credit_note_id"]}])"));
  EXPECT_EQ(all.at("CustomerProfileSet").at("properties").at("credit_limit_minor").at("maximum"), kAmountMax)
      << "which is not there without its currency";
  EXPECT_EQ(all.at("SalesTargetSet").at("properties").at("region").at("maxLength"), 128);
}

TEST(OpenApi, PathsThatAreNotDeclaredAreNotFound) {
  Story story;
  for (const char* path : {"v1", "v1/", "v2/sales", "v1/receivables", "v1/receivables/", "v1/receivables/none",
                           "v1/sales/", "v1/promises", "v1/invoices/", "v1/customers/C/items", "v1/Sales"}) {
    EXPECT_EQ(story.book.get(path).status, 404) << path;
  }
}

}  // namespace
}  // namespace daybook::test
