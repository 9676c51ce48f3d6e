// Rows of an answer: flat lists of named values that become JSON objects or CSV lines.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/decimal.h"
#include "base/json_writer.h"
#include "base/money.h"

namespace daybook::query {

class Value {
 public:
  enum class Kind : std::uint8_t {
    kNull,
    kNumber,    // A JSON number.
    kDecimal,   // A decimal string: amounts, quantities, ratios. Never neutralised in CSV.
    kText,
    kBoolean,
    kJson,      // JSON text as it is.
    kLabelled,  // A JSON array; in CSV a column each, under its label.
    kNoGroup,   // An empty JSON object; no column in CSV.
  };

  Value() = default;
  static Value number(std::int64_t number);
  static Value decimal(std::string text);
  static Value text(std::string_view text);
  static Value boolean(bool value);
  static Value json(std::string json);
  static Value no_group();
  static Value labelled(std::vector<std::pair<std::string, Value>> parts);

  Kind kind() const { return kind_; }
  void write_json(JsonWriter& to) const;
  // Without quoting for CSV.
  std::string csv_text() const;
  const std::vector<std::pair<std::string, Value>>& parts() const { return parts_; }

 private:
  Kind kind_ = Kind::kNull;
  std::int64_t number_ = 0;
  std::string text_;
  std::vector<std::pair<std::string, Value>> parts_;
};

Value amount(Int128 minor, Currency currency);
// Null for an empty text.
Value text_or_null(std::string_view text);

// A name with a point is nested in JSON: neighbours with the same first part make one object.
struct Row {
  std::vector<std::pair<std::string, Value>> values;

  void add(std::string name, Value value) { values.emplace_back(std::move(name), std::move(value)); }
};

void write_json(const Row& row, JsonWriter& to);
// Lists within an answer: of objects, and of anything that becomes a text.
Value list_of(const std::vector<Row>& rows);
template <typename Texts, typename ToText = std::identity>
Value list_of_texts(const Texts& texts, const ToText& to_text = {});
// Names of a row's columns in CSV.
std::vector<std::string> column_names(const Row& row);
// RFC 4180, a header line and a line a row; every row has these columns.
std::string to_csv(const std::vector<std::string>& columns, const std::vector<Row>& rows);

template <typename Texts, typename ToText>
Value list_of_texts(const Texts& texts, const ToText& to_text) {
  JsonWriter json;
  json.begin_array();
  for (const auto& one : texts) json.text(std::invoke(to_text, one));
  json.end_array();
  return Value::json(json.take());
}

}  // namespace daybook::query
