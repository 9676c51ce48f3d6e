// What answers are made of: typed values, which JSON, CSV and pages write each in its own way.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/date.h"
#include "base/json_writer.h"
#include "base/money.h"

namespace daybook::query {

struct Row;

class Value {
 public:
  enum class Kind : std::uint8_t {
    kNull,
    kBoolean,
    kInteger,
    kAmount,    // Minor units of a currency.
    kQuantity,  // × 10^kQuantityPlaces.
    kRatio,     // × 100: days and percentages.
    kRate,      // × 10,000: shares.
    kMean,      // × 1,000: seconds.
    kDate,
    kInstant,    // Seconds since 1970, UTC.
    kInstantMs,  // Milliseconds.
    kText,
    kList,
    kLabelled,  // A list whose values have a column each in CSV, under their labels.
    kObject,    // In CSV a column each, under "name.field".
  };

  // Null. Not defaulted: Clang asks whether it is one before the class is complete, and then takes no pair with it.
  Value() {}
  static Value boolean(bool value);
  static Value integer(Int128 value);
  static Value amount(Int128 minor, Currency currency);
  // An amount or a share that needs more than 128 bits, as it is written (large_values.h).
  static Value written(Kind kind, std::string decimal);
  static Value quantity(Int128 scaled);
  static Value ratio(Int128 hundredths);
  // part ÷ whole; null where the whole is not above 0.
  static Value rate(Int128 part, Int128 whole);
  static Value mean(Int128 thousandths);
  static Value date(Day day);
  static Value instant(Instant seconds);
  static Value instant_ms(std::int64_t milliseconds);
  static Value text(std::string_view text);
  static Value list(std::vector<Value> values);
  static Value list_of_rows(std::vector<Row> rows);
  // Of anything that becomes a text.
  template <typename Texts, typename ToText = std::identity>
  static Value list_of_texts(const Texts& texts, const ToText& to_text = {});
  static Value labelled(std::vector<std::pair<std::string, Value>> parts);
  static Value object(Row row);

  Kind kind() const { return kind_; }
  // Of a list, labelled list or object; a plain list's have no names.
  const std::vector<std::pair<std::string, Value>>& parts() const { return std::get<Parts>(content_); }
  std::vector<std::pair<std::string, Value>>& parts() { return std::get<Parts>(content_); }

  // As a page shows it: without quotes, empty for null; lists and objects as JSON.
  std::string to_text() const;
  // That, where it is kept as a text: of a text, and of a number beyond 128 bits; else null.
  const std::string* kept_text() const { return std::get_if<std::string>(&content_); }
  void write_json(JsonWriter& to) const;

  bool operator==(const Value&) const = default;

  // What it takes in memory beside itself, roughly.
  std::size_t bytes_beside() const;

  template <typename Visit>
  void for_each_field(const Visit& visit) {
    visit(kind_, currency_, content_);
  }
  bool is_sound() const;

 private:
  using Parts = std::vector<std::pair<std::string, Value>>;

  Value(Kind kind, Int128 number) : content_(number), kind_(kind) {}
  Value(Kind kind, Parts parts) : content_(std::move(parts)), kind_(kind) {}

  // Boolean, numbers and times as a number, one that is larger than any of these as a text.
  std::variant<std::monostate, Int128, std::string, Parts> content_;
  Kind kind_ = Kind::kNull;
  Currency currency_;  // Of an amount.
};

// Null for an empty text, and for what is not there.
Value text_or_null(std::string_view text);
Value date_or_null(std::optional<Day> day);
Value integer_or_null(std::optional<std::int64_t> number);

// Named values, in order.
struct Row {
  std::vector<std::pair<std::string, Value>> values;

  // None yet, and room for as many: where there are many rows, growing each costs more than what is in it.
  static Row with_room(std::size_t values) {
    Row row;
    row.values.reserve(values);
    return row;
  }
  void add(std::string name, Value value) { values.emplace_back(std::move(name), std::move(value)); }
  bool operator==(const Row&) const = default;

  template <typename Visit>
  void for_each_field(const Visit& visit) {
    visit(values);
  }
};

// What it takes in memory, roughly.
std::size_t bytes_of(const Row& row);
void write_json(const Row& row, JsonWriter& to);

// Calls visit(name, value) for each column that these values come to where they are rows of a table: an object's under
// "name.field", a labelled list's under their labels.
void for_each_column(const std::vector<std::pair<std::string, Value>>& values,
                     const std::function<void(const std::string& name, const Value& value)>& visit);
// Names of a row's columns in CSV.
std::vector<std::string> column_names(const Row& row);
// RFC 4180, but for another separator: a header line, and a line a row, which has these columns. Text that a spreadsheet
// would take for a formula has an apostrophe in front.
void append_csv_header(std::string& csv, const std::vector<std::string>& columns, char separator);
void append_csv(std::string& csv, const Row& row, char separator);

template <typename Texts, typename ToText>
Value Value::list_of_texts(const Texts& texts, const ToText& to_text) {
  std::vector<Value> values;
  for (const auto& one : texts) values.push_back(text(std::invoke(to_text, one)));
  return list(std::move(values));
}

}  // namespace daybook::query
