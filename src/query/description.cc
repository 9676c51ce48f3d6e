#include "query/description.h"

#include <algorithm>

namespace daybook::query {

namespace fields {

Field event(std::string name) {
  return object(std::move(name),
                {text("event_id").or_null(), text("type").or_null(), text("topic"), integer("partition"),
                 integer("offset"), instant("recorded_at"), instant("occurred_at").or_null()});
}

}  // namespace fields

namespace parameters {

using Type = Parameter::Type;

Parameter from() { return {"from", Type::kDate, "First day.", true}; }
Parameter to() { return {"to", Type::kDate, "Last day.", true}; }
Parameter region() { return {"region", Type::kText, "This region and all below it; unassigned for none."}; }
Parameter sales_rep() { return {"sales_rep", Type::kText, "This sales rep; unassigned for none."}; }
Parameter customer_id() { return {"customer_id", Type::kText, "This account."}; }
Parameter currency() { return {"currency", Type::kCurrency, "This ISO 4217 currency."}; }
Parameter level() {
  return {"level", Type::kInteger, "With group_by=region: paths are cut to so many parts.", false, {}, {}, 1, 6};
}
Parameter kind() {
  return choice("kind", {"STANDARD", "SAMPLE", "unassigned"}, "", "This kind of order; unassigned for what has none.");
}
Parameter channel() { return {"channel", Type::kText, "This channel; unassigned for none."}; }
std::vector<Parameter> order_filters() {
  return {region(),
          sales_rep(),
          {"grade", Type::kText, "Grade by the file on the placed date."},
          {"warehouse", Type::kText, "Warehouse of the first dispatch."},
          customer_id(),
          kind(),
          channel()};
}
std::vector<Parameter> order_grouping() {
  std::vector<Parameter> all = {
      group_by({"none", "region", "sales_rep", "grade", "warehouse", "customer", "kind", "channel"}, "none"), level()};
  std::ranges::move(order_filters(), std::back_inserter(all));
  return all;
}
Parameter grain(std::string fallback) {
  return choice("grain", {"day", "week", "month", "quarter", "year"}, std::move(fallback), "Length of the periods.");
}
Parameter aged_on() { return {"aged_on", Type::kDate, "The date ages are measured from; default as_of."}; }
Parameter basis() { return choice("basis", {"due_date", "issue_date"}, "due_date", "What ages are counted from."); }
Parameter minimum() {
  return {"minimum", Type::kDecimal,
          "In major units of each row's currency: items of which less is open and undisputed are left out."};
}
Parameter choice(std::string name, std::vector<std::string> choices, std::string fallback, std::string meaning) {
  return {std::move(name), Type::kChoice, std::move(meaning), false, std::move(fallback), std::move(choices)};
}
Parameter group_by(std::vector<std::string> choices, std::string fallback) {
  return choice("group_by", std::move(choices), std::move(fallback), "What rows are grouped by.");
}

std::vector<Parameter> receivables_grouping(std::string fallback) {
  std::vector<Parameter> all = {
      group_by({"customer", "parent_customer", "region", "sales_rep", "currency", "none"}, std::move(fallback)),
      level()};
  std::ranges::move(receivables_filters(), std::back_inserter(all));
  return all;
}

std::vector<Parameter> receivables_filters() {
  return {region(),
          sales_rep(),
          customer_id(),
          {"parent_customer", Type::kText, "This account, unless it has a parent, and those whose parent it is."},
          currency()};
}

const std::vector<Parameter>& common() {
  static const std::vector<Parameter> all = {
      {"as_of", Type::kDate, "Only what has taken effect by the end of this date counts; default today."},
      {"known_at", Type::kInstant,
       "Only records with recorded time up to this instant count; a bare date means its end. Default everything read."},
      choice("attributes", {"as_was", "as_now"}, "as_was",
             "Which customer file gives what a document lacks: the one in force then, or the last."),
      {.name = "min_position",
       .meaning = "Waits until these records are folded, one or more by comma.",
       .pattern = "^[^:,]+:[0-9]+:[0-9]+(,[^:,]+:[0-9]+:[0-9]+)*$",
       .example = "daybook.invoices.v1:0:41"},
      {"wait_ms", Type::kInteger, "How long to wait for min_position; then 503.", false, "5000", {}, 0, 60'000},
      {"page_size", Type::kInteger, "Rows a page.", false, "100", {}, 1, 1'000},
      {"page_token", Type::kText, "next_page_token of the page before."},
      choice("format", {"json", "csv", "xlsx", "html"}, "json",
             "csv and xlsx where rows are returned: all of them unless page_size is given; likewise by Accept."),
      choice("separator", {",", ";", "tab"}, ",", "What stands between the columns of CSV."),
      choice("bom", {"true", "false"}, "false", "Whether CSV begins with a byte order mark.")};
  return all;
}

}  // namespace parameters

const Parameter* Description::parameter(std::string_view parameter_name) const {
  const auto at = std::ranges::find(parameters, parameter_name, &Parameter::name);
  return at == parameters.end() ? nullptr : &*at;
}

namespace {

void add_columns(const std::string& prefix, const std::vector<Field>& fields, std::vector<std::string>& to) {
  for (const Field& field : fields) {
    if (field.may_be_absent) continue;
    if (field.type == Field::Type::kObject && !field.is_list) {
      add_columns(prefix + field.name + ".", field.fields, to);
    } else {
      to.push_back(prefix + field.name);
    }
  }
}

}  // namespace

std::vector<std::string> Description::columns() const {
  std::vector<std::string> names;
  add_columns("", row, names);
  return names;
}

}  // namespace daybook::query
