#include "query/value.h"

#include <algorithm>
#include <optional>

#include "base/decimal.h"

namespace daybook::query {
namespace {

// Of a text beside itself.
std::size_t beside(const std::string& text) {
  static const std::size_t within = std::string().capacity();
  return text.capacity() > within ? text.capacity() + 1 : 0;
}

std::size_t bytes_of(const std::vector<std::pair<std::string, Value>>& values) {
  std::size_t bytes = values.capacity() * sizeof values[0];
  for (const auto& [name, value] : values) bytes += beside(name) + value.bytes_beside();
  return bytes;
}

}  // namespace

Value Value::boolean(bool value) { return {Kind::kBoolean, Int128{value}}; }
Value Value::integer(Int128 value) { return {Kind::kInteger, value}; }
Value Value::quantity(Int128 scaled) { return {Kind::kQuantity, scaled}; }
Value Value::ratio(Int128 hundredths) { return {Kind::kRatio, hundredths}; }
Value Value::mean(Int128 thousandths) { return {Kind::kMean, thousandths}; }
Value Value::rate(Int128 part, Int128 whole) {
  if (whole <= 0) return {};
  return {Kind::kRate, divide_rounded(part * 10'000, whole)};
}
Value Value::date(Day day) { return {Kind::kDate, Int128{day}}; }
Value Value::instant(Instant seconds) { return {Kind::kInstant, Int128{seconds}}; }
Value Value::instant_ms(std::int64_t milliseconds) { return {Kind::kInstantMs, Int128{milliseconds}}; }

Value Value::amount(Int128 minor, Currency currency) {
  Value value(Kind::kAmount, minor);
  value.currency_ = currency;
  return value;
}

Value Value::written(Kind kind, std::string decimal) {
  Value value;
  value.kind_ = kind;
  value.content_ = std::move(decimal);
  return value;
}

Value Value::text(std::string_view text) {
  Value value;
  value.kind_ = Kind::kText;
  value.content_ = std::string(text);
  return value;
}

Value Value::list(std::vector<Value> values) {
  Parts parts;
  parts.reserve(values.size());
  for (Value& value : values) parts.emplace_back(std::string(), std::move(value));
  return {Kind::kList, std::move(parts)};
}

Value Value::list_of_rows(std::vector<Row> rows) {
  std::vector<Value> values;
  values.reserve(rows.size());
  for (Row& row : rows) values.push_back(object(std::move(row)));
  return list(std::move(values));
}

Value Value::labelled(std::vector<std::pair<std::string, Value>> parts) { return {Kind::kLabelled, std::move(parts)}; }
Value Value::object(Row row) { return {Kind::kObject, std::move(row.values)}; }

bool Value::is_sound() const {
  switch (kind_) {
    case Kind::kNull: return std::holds_alternative<std::monostate>(content_);
    case Kind::kText: return std::holds_alternative<std::string>(content_);
    case Kind::kList:
    case Kind::kLabelled:
    case Kind::kObject: return std::holds_alternative<Parts>(content_);
    case Kind::kAmount:
    case Kind::kRate: return std::holds_alternative<Int128>(content_) || std::holds_alternative<std::string>(content_);
    case Kind::kBoolean:
    case Kind::kInteger:
    case Kind::kQuantity:
    case Kind::kRatio:
    case Kind::kMean:
    case Kind::kDate:
    case Kind::kInstant:
    case Kind::kInstantMs: return std::holds_alternative<Int128>(content_);
  }
  return false;
}

std::string Value::to_text() const {
  if (const auto* text = std::get_if<std::string>(&content_)) return *text;
  const auto number = [this] { return std::get<Int128>(content_); };
  switch (kind_) {
    case Kind::kNull:
    case Kind::kText: return "";
    case Kind::kBoolean: return number() != 0 ? "true" : "false";
    case Kind::kInteger: return to_string(number());
    case Kind::kAmount: return format_amount(number(), currency_);
    case Kind::kQuantity: return format_scaled(number(), kQuantityPlaces);
    case Kind::kRatio: return format_fixed(number(), 2);
    case Kind::kRate: return format_fixed(number(), 4);
    case Kind::kMean: return format_fixed(number(), 3);
    case Kind::kDate: return format_date(static_cast<Day>(number()));
    case Kind::kInstant: return format_instant(static_cast<Instant>(number()));
    case Kind::kInstantMs: return format_instant_ms(static_cast<std::int64_t>(number()));
    case Kind::kList:
    case Kind::kLabelled:
    case Kind::kObject: {
      JsonWriter json;
      write_json(json);
      return json.take();
    }
  }
  return "";
}

void Value::write_json(JsonWriter& to) const {
  switch (kind_) {
    case Kind::kNull: return to.null();
    case Kind::kBoolean: return to.boolean(std::get<Int128>(content_) != 0);
    case Kind::kInteger:
    case Kind::kMean: return to.raw(to_text());
    case Kind::kAmount:
    case Kind::kQuantity:
    case Kind::kRatio:
    case Kind::kRate:
    case Kind::kDate:
    case Kind::kInstant:
    case Kind::kInstantMs: return to.text(to_text());
    case Kind::kText: return to.text(std::get<std::string>(content_));
    case Kind::kList:
    case Kind::kLabelled:
      to.begin_array();
      for (const auto& part : parts()) part.second.write_json(to);
      return to.end_array();
    case Kind::kObject:
      to.begin_object();
      for (const auto& [name, value] : parts()) to.field(name, value);
      return to.end_object();
  }
}

Value text_or_null(std::string_view text) { return text.empty() ? Value() : Value::text(text); }
Value date_or_null(std::optional<Day> day) { return day ? Value::date(*day) : Value(); }
Value integer_or_null(std::optional<std::int64_t> number) { return number ? Value::integer(*number) : Value(); }

std::size_t Value::bytes_beside() const {
  if (const auto* text = std::get_if<std::string>(&content_)) return beside(*text);
  const auto* parts = std::get_if<Parts>(&content_);
  return parts == nullptr ? 0 : bytes_of(*parts);
}

std::size_t bytes_of(const Row& row) { return sizeof row + bytes_of(row.values); }

void write_json(const Row& row, JsonWriter& to) {
  to.begin_object();
  for (const auto& [name, value] : row.values) to.field(name, value);
  to.end_object();
}

namespace {

// Whether a spreadsheet would take the text for a formula; some read the full-width signs as the others.
bool begins_like_a_formula(std::string_view text) {
  static constexpr std::string_view kBeginnings[] = {"=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠"};
  return std::ranges::any_of(kBeginnings, [&](std::string_view beginning) { return text.starts_with(beginning); });
}

void append_csv_field(std::string& line, std::string_view text, char separator, bool& first) {
  if (!first) line += separator;
  first = false;
  const auto is_quoted = [separator](char c) { return c == separator || c == '"' || c == '\r' || c == '\n'; };
  if (std::ranges::none_of(text, is_quoted)) {
    line += text;
    return;
  }
  line += '"';
  for (const char c : text) {
    if (c == '"') line += '"';
    line += c;
  }
  line += '"';
}

// Calls visit(prefix, name, value); the column is called by both.
template <typename Visit>
void for_each_cell(const std::string& prefix, const std::vector<std::pair<std::string, Value>>& values,
                   const Visit& visit) {
  for (const auto& [name, value] : values) {
    if (value.kind() == Value::Kind::kLabelled) {
      for (const auto& part : value.parts()) visit(std::string(), part.first, part.second);
    } else if (value.kind() == Value::Kind::kObject) {
      for_each_cell(prefix + name + ".", value.parts(), visit);
    } else {
      visit(prefix, name, value);
    }
  }
}

}  // namespace

void for_each_column(const std::vector<std::pair<std::string, Value>>& values,
                     const std::function<void(const std::string& name, const Value& value)>& visit) {
  for_each_cell("", values, [&](const std::string& prefix, const std::string& name, const Value& value) {
    visit(prefix + name, value);
  });
}

std::vector<std::string> column_names(const Row& row) {
  std::vector<std::string> names;
  for_each_column(row.values, [&](const std::string& name, const Value&) { names.push_back(name); });
  return names;
}

void append_csv_header(std::string& csv, const std::vector<std::string>& columns, char separator) {
  bool first = true;
  for (const std::string& name : columns) append_csv_field(csv, name, separator, first);
  csv += "\r\n";
}

void append_csv(std::string& csv, const Row& row, char separator) {
  bool first = true;
  std::optional<std::string> made;
  for_each_cell("", row.values, [&](const std::string&, const std::string&, const Value& value) {
    const std::string* const kept = value.kept_text();
    const std::string& text = kept == nullptr ? made.emplace(value.to_text()) : *kept;
    const bool is_formula = value.kind() == Value::Kind::kText && begins_like_a_formula(text);
    append_csv_field(csv, is_formula ? "'" + text : text, separator, first);
  });
  csv += "\r\n";
}

}  // namespace daybook::query
