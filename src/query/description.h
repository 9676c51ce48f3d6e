// A report described once: from this come its route, the checks of its parameters, OpenAPI, the command line's help and
// the header of its CSV.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace daybook::query {

// A parameter of a report.
struct Parameter {
  enum class Type : std::uint8_t {
    kText,
    kDate,
    kInstant,  // Or a date, which means its end.
    kInteger,  // From `least` to `most`.
    kDecimal,  // As quantities are written.
    kCurrency,
    kChoice,      // One of `choices`.
    kChoices,     // Some of them, by comma, each once; or "none".
    kRisingDays,  // Whole days by comma, each more than the one before.
  };

  std::string name;
  Type type = Type::kText;
  std::string meaning;
  bool required = false;
  std::string fallback = {};  // What counts where it is not given; empty: nothing.
  std::vector<std::string> choices = {};
  std::int64_t least = 0;
  std::int64_t most = 0;
  // Of a text that is not just any: what it looks like, as a regular expression, and one that does.
  std::string pattern = {};
  std::string example = {};
};

// A field of an answer.
struct Field {
  enum class Type : std::uint8_t {
    kText,
    kBoolean,
    kInteger,
    kNumber,    // With decimals.
    kAmount,    // In the currency's own decimals, as a text.
    kQuantity,  // Likewise in its own.
    kRatio,     // To 2 decimals, as a text.
    kRate,      // A share, to 4 decimals, as a text.
    kDate,
    kInstant,
    kObject,   // Of `fields`; without any: texts under names that the question gives.
    kEvent,    // As it may be published.
    kMessage,  // An event as it came, be it valid or not.
  };

  std::string name;
  Type type = Type::kText;
  std::vector<Field> fields = {};
  bool is_list = false;
  bool may_be_null = false;
  std::string meaning = {};
  // It is there only where the question asks for it.
  bool may_be_absent = false;

  Field or_null() && {
    may_be_null = true;
    return std::move(*this);
  }
  Field where_asked() && {
    may_be_absent = true;
    return std::move(*this);
  }
};

// Short forms.
namespace fields {
inline Field text(std::string name, std::string meaning = {}) {
  return {std::move(name), Field::Type::kText, {}, false, false, std::move(meaning)};
}
inline Field boolean(std::string name) { return {std::move(name), Field::Type::kBoolean}; }
inline Field integer(std::string name) { return {std::move(name), Field::Type::kInteger}; }
inline Field number(std::string name) { return {std::move(name), Field::Type::kNumber}; }
inline Field amount(std::string name) { return {std::move(name), Field::Type::kAmount}; }
inline Field quantity(std::string name) { return {std::move(name), Field::Type::kQuantity}; }
inline Field ratio(std::string name) { return {std::move(name), Field::Type::kRatio}; }
inline Field rate(std::string name) { return {std::move(name), Field::Type::kRate}; }
inline Field date(std::string name) { return {std::move(name), Field::Type::kDate}; }
inline Field instant(std::string name) { return {std::move(name), Field::Type::kInstant}; }
inline Field object(std::string name, std::vector<Field> of) {
  return {std::move(name), Field::Type::kObject, std::move(of)};
}
inline Field list(std::string name, std::vector<Field> of) {
  return {std::move(name), Field::Type::kObject, std::move(of), true};
}
inline Field list_of(Field field) {
  field.is_list = true;
  return field;
}
// The reference of an event.
Field event(std::string name = "event");
// Of a row's `customer_id`, last of its fields or right behind that; or of its `group`, last and there where the question
// groups by customer. No report fills it in (reports/customer_names.h).
inline Field customer_name() { return text("customer_name", "By the file in force at as_of.").or_null(); }
inline Field customer_name_of_group() { return customer_name().where_asked(); }
}  // namespace fields

// Parameters that many reports have.
namespace parameters {
Parameter from();
Parameter to();
Parameter region();
Parameter sales_rep();
Parameter customer_id();
Parameter currency();
Parameter level();  // Of regions.
Parameter kind();
Parameter channel();
// Filters of orders, but for the region's level.
std::vector<Parameter> order_filters();
// group_by and level of orders, and their filters.
std::vector<Parameter> order_grouping();
Parameter grain(std::string fallback);
Parameter aged_on();
Parameter basis();
Parameter minimum();
Parameter choice(std::string name, std::vector<std::string> choices, std::string fallback, std::string meaning);
Parameter group_by(std::vector<std::string> choices, std::string fallback);
// group_by and level of receivables, and their filters.
std::vector<Parameter> receivables_grouping(std::string fallback);
std::vector<Parameter> receivables_filters();
// What every report has: as_of, known_at, attributes, waiting, pages, format.
const std::vector<Parameter>& common();
}  // namespace parameters

struct Description {
  // As the command line names it: "ageing".
  std::string name;
  // "/v1/receivables/ageing"; "/v1/invoices/{invoice_id}": the part in braces is the question's subject. Empty: asked by
  // other reports alone.
  std::string path;
  // One sentence.
  std::string meaning;
  // Beside those that every report has.
  std::vector<Parameter> parameters = {};
  // The answer's list, and the fields of its rows, which are its columns in CSV. No name: the answer is no list.
  std::string rows_name = {};
  std::vector<Field> row = {};
  // Fields in front of the list and behind it.
  std::vector<Field> head = {};
  std::vector<Field> tail = {};
  // There is a page to print.
  bool has_page = false;
  // A list that is given whole where no page_size is.
  bool is_whole = false;
  // It is asked with a body, by POST.
  bool has_body = false;

  const Parameter* parameter(std::string_view parameter_name) const;
  // Of the row in CSV: an object's fields by "name.field"; without those that a question asks for.
  std::vector<std::string> columns() const;
};

}  // namespace daybook::query
