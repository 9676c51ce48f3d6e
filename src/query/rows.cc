#include "query/rows.h"

#include <algorithm>

namespace daybook::query {

Value Value::number(std::int64_t number) {
  Value value;
  value.kind_ = Kind::kNumber;
  value.number_ = number;
  return value;
}
Value Value::decimal(std::string text) {
  Value value;
  value.kind_ = Kind::kDecimal;
  value.text_ = std::move(text);
  return value;
}
Value Value::text(std::string_view text) {
  Value value;
  value.kind_ = Kind::kText;
  value.text_ = text;
  return value;
}
Value Value::boolean(bool truth) {
  Value value;
  value.kind_ = Kind::kBoolean;
  value.number_ = truth;
  return value;
}
Value Value::json(std::string json) {
  Value value;
  value.kind_ = Kind::kJson;
  value.text_ = std::move(json);
  return value;
}
Value Value::labelled(std::vector<std::pair<std::string, Value>> parts) {
  Value value;
  value.kind_ = Kind::kLabelled;
  value.parts_ = std::move(parts);
  return value;
}

Value Value::no_group() {
  Value value;
  value.kind_ = Kind::kNoGroup;
  return value;
}

void Value::write_json(JsonWriter& to) const {
  switch (kind_) {
    case Kind::kNull:
      return to.null();
    case Kind::kNumber:
      return to.number(number_);
    case Kind::kDecimal:
    case Kind::kText:
      return to.text(text_);
    case Kind::kBoolean:
      return to.boolean(number_ != 0);
    case Kind::kJson:
      return to.raw(text_);
    case Kind::kNoGroup:
      return to.raw("{}");
    case Kind::kLabelled:
      to.begin_array();
      for (const auto& part : parts_) part.second.write_json(to);
      return to.end_array();
  }
}

namespace {

// Whether a spreadsheet would take the text for a formula; some read the full-width signs as the others.
bool begins_like_a_formula(std::string_view text) {
  static constexpr std::string_view kBeginnings[] = {"=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠"};
  return std::ranges::any_of(kBeginnings, [&](std::string_view beginning) { return text.starts_with(beginning); });
}

}  // namespace

std::string Value::csv_text() const {
  switch (kind_) {
    case Kind::kNull:
    case Kind::kLabelled:
    case Kind::kNoGroup:
      return "";
    case Kind::kNumber:
      return std::to_string(number_);
    case Kind::kBoolean:
      return number_ != 0 ? "true" : "false";
    case Kind::kDecimal:
    case Kind::kJson:
      return text_;
    case Kind::kText:
      return begins_like_a_formula(text_) ? "'" + text_ : text_;
  }
  return "";
}

Value amount(Int128 minor, Currency currency) {
  return Value::decimal(format_amount(minor, currency));
}

Value text_or_null(std::string_view text) { return text.empty() ? Value() : Value::text(text); }

void write_json(const Row& row, JsonWriter& to) {
  to.begin_object();
  std::string open;
  for (const auto& [name, value] : row.values) {
    const std::size_t point = name.find('.');
    const std::string parent = point == std::string::npos ? "" : name.substr(0, point);
    if (parent != open) {
      if (!open.empty()) to.end_object();
      if (!parent.empty()) {
        to.key(parent);
        to.begin_object();
      }
      open = parent;
    }
    to.field(point == std::string::npos ? name : name.substr(point + 1), value);
  }
  if (!open.empty()) to.end_object();
  to.end_object();
}

namespace {

void append_csv_field(std::string& line, std::string_view text, bool& first) {
  if (!first) line += ',';
  first = false;
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) {
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

}  // namespace

std::vector<std::string> column_names(const Row& row) {
  std::vector<std::string> names;
  for (const auto& [name, value] : row.values) {
    if (value.kind() == Value::Kind::kLabelled) {
      for (const auto& part : value.parts()) names.push_back(part.first);
    } else if (value.kind() != Value::Kind::kNoGroup) {
      names.push_back(name);
    }
  }
  return names;
}

std::string to_csv(const std::vector<std::string>& columns, const std::vector<Row>& rows) {
  std::string csv;
  bool first = true;
  for (const std::string& name : columns) append_csv_field(csv, name, first);
  csv += "\r\n";
  for (const Row& row : rows) {
    first = true;
    for (const auto& [name, value] : row.values) {
      if (value.kind() == Value::Kind::kLabelled) {
        for (const auto& part : value.parts()) append_csv_field(csv, part.second.csv_text(), first);
      } else if (value.kind() != Value::Kind::kNoGroup) {
        append_csv_field(csv, value.csv_text(), first);
      }
    }
    csv += "\r\n";
  }
  return csv;
}

Value list_of(const std::vector<Row>& rows) {
  JsonWriter json;
  json.begin_array();
  for (const Row& row : rows) write_json(row, json);
  json.end_array();
  return Value::json(json.take());
}

}  // namespace daybook::query
