// Expressions into values, for one row at a time.
#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "base/money.h"
#include "tools/import/date_pattern.h"
#include "tools/import/expression.h"
#include "tools/import/written_number.h"

namespace daybook::tools {
namespace {

Value derived(const Value& from, std::variant<std::string, Exact, bool> data) {
  return {std::move(data), from.file, from.offset};
}

}  // namespace

std::string Value::text() const {
  if (const auto* text = std::get_if<std::string>(&data)) return *text;
  if (const auto* number = std::get_if<Exact>(&data)) return format_exact(*number);
  return std::get<bool>(data) ? "true" : "false";
}

bool Value::empty() const {
  const auto* text = std::get_if<std::string>(&data);
  return text != nullptr && text->empty();
}

std::nullopt_t Evaluator::fail(const Value& culprit, const Scope& scope, std::string message) {
  fault_.place = culprit.file != nullptr ? culprit.file->place(culprit.offset) : scope.row.place();
  fault_.message = std::move(message);
  return std::nullopt;
}

std::optional<Value> Evaluator::evaluate(const Template& text, const Scope& scope) {
  Value whole;
  std::string joined;
  bool first = true;
  for (const auto& part : text.parts) {
    if (const auto* literal = std::get_if<std::string>(&part)) {
      joined += *literal;
      continue;
    }
    auto value = evaluate(std::get<Node>(part), scope);
    if (!value) return std::nullopt;
    if (value->empty()) return derived(*value, std::string());
    joined += value->text();
    if (std::exchange(first, false)) whole = derived(*value, std::string());
  }
  whole.data = std::move(joined);
  return whole;
}

std::optional<bool> Evaluator::holds(const Node& condition, const Scope& scope) {
  const auto value = evaluate(condition, scope);
  if (!value) return std::nullopt;
  if (const bool* truth = std::get_if<bool>(&value->data)) return *truth;
  return fail(*value, scope, "is a value where a condition is asked for");
}

const std::vector<Row>* Evaluator::find(const RowsOf& rows, const Scope& scope) {
  std::vector<std::string> key;
  for (const Node& node : rows.key) {
    const auto value = evaluate(node, scope);
    if (!value) return nullptr;
    key.push_back(value->text());
  }
  return &rows.input->find(key);
}

std::optional<Value> Evaluator::evaluate(const Node& node, const Scope& scope) {
  switch (node.kind) {
    case Node::Kind::kConstant: return node.constant;
    case Node::Kind::kColumn: {
      const Scope* of = &scope;
      for (std::size_t i = 0; i < node.depth; ++i) of = of->outer;
      const CsvFile::Cell& cell = of->row.cell(node.column);
      return Value{std::string(cell.text), of->row.file, cell.offset};
    }
    case Node::Kind::kLookup: return look_up(node, scope);
    case Node::Kind::kTable: {
      const auto key = evaluate(node.arguments[0], scope);
      if (!key) return std::nullopt;
      const auto found = node.table->find(key->text());
      if (found != node.table->end()) return derived(*key, found->second);
      if (node.optional || key->empty()) return derived(*key, std::string());
      return fail(*key, scope, fmt::format("'{}' is not in values.{}", key->text(), node.name));
    }
    case Node::Kind::kSum: return sum(node, scope);
    case Node::Kind::kCall: return call(node, scope);
    default: return operate(node, scope);
  }
}

std::optional<Value> Evaluator::look_up(const Node& node, const Scope& scope) {
  std::optional<Value> key;
  for (const Node& part : node.rows.key) {
    const auto value = evaluate(part, scope);
    if (!value) return std::nullopt;
    if (!key) key = value;
  }
  const std::vector<Row>* rows = find(node.rows, scope);
  if (rows == nullptr) return std::nullopt;
  if (rows->empty()) {
    if (node.optional || key->empty()) return derived(*key, std::string());
    return fail(*key, scope, fmt::format("no row of {} has this key: '{}'", node.rows.input->name(), key->text()));
  }
  const Row& row = rows->front();
  const CsvFile::Cell& cell = row.cell(node.column);
  return Value{std::string(cell.text), row.file, cell.offset};
}

std::optional<Value> Evaluator::sum(const Node& node, const Scope& scope) {
  const std::vector<Row>* rows = find(node.rows, scope);
  if (rows == nullptr) return std::nullopt;
  Exact total;
  Scope inner{.outer = &scope};
  for (const Row& row : *rows) {
    inner.row = row;
    ++inner.position;
    const auto term = number(node.arguments[0], inner);
    if (!term) return std::nullopt;
    const auto next = add(total, *term);
    if (!next) return fail({}, inner, "the sum has too many digits");
    total = *next;
  }
  return Value{total, nullptr, 0};
}

std::optional<Exact> Evaluator::number(const Node& node, const Scope& scope) {
  const auto value = evaluate(node, scope);
  if (!value) return std::nullopt;
  if (const auto* exact = std::get_if<Exact>(&value->data)) return *exact;
  if (const auto* text = std::get_if<std::string>(&value->data)) {
    if (const auto exact = parse_exact(*text)) return exact;
    return fail(*value, scope, fmt::format("'{}' is not a number", *text));
  }
  return fail(*value, scope, "is a condition where a number is asked for");
}

std::optional<Value> Evaluator::compare_values(const Node& node, const Scope& scope) {
  const auto left = evaluate(node.arguments[0], scope);
  if (!left) return std::nullopt;
  const auto right = evaluate(node.arguments[1], scope);
  if (!right) return std::nullopt;
  // Beside a number both are numbers; otherwise texts, which are only equal or not.
  const bool ordered = node.name != "==" && node.name != "!=";
  if (!ordered && !std::holds_alternative<Exact>(left->data) && !std::holds_alternative<Exact>(right->data)) {
    return derived(*left, (left->text() == right->text()) == (node.name == "=="));
  }
  const auto a = number(node.arguments[0], scope);
  if (!a) return std::nullopt;
  const auto b = number(node.arguments[1], scope);
  if (!b) return std::nullopt;
  const auto sign = compare(*a, *b);
  if (!sign) return fail(*left, scope, "has too many digits");
  const bool truth = node.name == "=="   ? *sign == 0
                     : node.name == "!=" ? *sign != 0
                     : node.name == "<"  ? *sign < 0
                     : node.name == "<=" ? *sign <= 0
                     : node.name == ">"  ? *sign > 0
                                         : *sign >= 0;
  return derived(*left, truth);
}

std::optional<Value> Evaluator::operate(const Node& node, const Scope& scope) {
  const std::string& name = node.name;
  if (name == "not" || name == "and" || name == "or") {
    auto truth = holds(node.arguments[0], scope);
    if (truth && name != "not" && *truth == (name == "and")) truth = holds(node.arguments[1], scope);
    if (!truth) return std::nullopt;
    return Value{name == "not" ? !*truth : *truth, nullptr, 0};
  }
  if (name != "+" && name != "-" && name != "*") return compare_values(node, scope);
  const auto left = number(node.arguments[0], scope);
  if (!left) return std::nullopt;
  const auto right = number(node.arguments[1], scope);
  if (!right) return std::nullopt;
  const auto result = name == "+"   ? add(*left, *right)
                      : name == "-" ? subtract(*left, *right)
                                    : multiply(*left, *right);
  if (!result) return fail({}, scope, "the result has too many digits");
  return Value{*result, nullptr, 0};
}

std::optional<Value> Evaluator::at(const std::vector<Value>& arguments, const Scope& scope) {
  const Value& text = arguments[0];
  const std::string pattern = arguments[1].text();
  const auto when = parse_by_pattern(text.text(), pattern);
  if (!when) return fail(text, scope, fmt::format("'{}' is not a date {}", text.text(), pattern));
  std::optional<int> seconds = when->seconds;
  if (!seconds) seconds = arguments.size() > 2 ? parse_time_of_day(arguments[2].text()) : names_.seconds_of_day;
  if (!seconds) return fail(arguments[2], scope, fmt::format("'{}' is no time of day hh:mm", arguments[2].text()));
  const std::string zone = arguments.size() > 3 ? arguments[3].text() : names_.zone;
  const auto instant = instant_in_zone(when->day, *seconds, zone);
  if (!instant) return fail(text, scope, fmt::format("'{}' is no time zone", zone));
  return derived(text, format_instant(*instant));
}

std::optional<Value> Evaluator::call(const Node& node, const Scope& scope) {
  const std::string& name = node.name;
  if (name == "position") return Value{Exact{static_cast<Int128>(scope.position), 0}, nullptr, 0};
  if (name == "if") {
    const auto truth = holds(node.arguments[0], scope);
    if (!truth) return std::nullopt;
    return evaluate(node.arguments[*truth ? 1 : 2], scope);
  }
  if (name == "or") {
    std::optional<Value> value;
    for (const Node& argument : node.arguments) {
      value = evaluate(argument, scope);
      if (!value || !value->empty()) return value;
    }
    return value;
  }
  std::vector<Value> arguments;
  for (const Node& argument : node.arguments) {
    auto value = evaluate(argument, scope);
    if (!value) return std::nullopt;
    arguments.push_back(std::move(*value));
  }
  const Value& first = arguments[0];
  // What is not there has no date and no amount.
  if (first.empty()) return derived(first, std::string());
  const std::string second = arguments[1].text();
  if (name == "at") return at(arguments, scope);
  if (name == "date") {
    const auto when = parse_by_pattern(first.text(), second);
    if (!when) return fail(first, scope, fmt::format("'{}' is not a date {}", first.text(), second));
    return derived(first, format_date(when->day));
  }
  if (name == "number") {
    const auto exact = parse_written_number(first.text(), second[0]);
    if (!exact) return fail(first, scope, fmt::format("'{}' is not a number", first.text()));
    return derived(first, *exact);
  }
  const auto right = name == "minor" ? std::optional(Exact{}) : number(node.arguments[1], scope);
  if (!right) return std::nullopt;
  if (name == "plus_days") {
    const auto day = parse_date(first.text());
    if (!day || right->places != 0 || right->units < -100'000 || right->units > 100'000) {
      return fail(first, scope,
                  fmt::format("plus_days('{}', {}): takes a date YYYY-MM-DD and whole days", first.text(), second));
    }
    return derived(first, format_date(*day + static_cast<Day>(right->units)));
  }
  const auto left = number(node.arguments[0], scope);
  if (!left) return std::nullopt;
  if (name == "round") {
    if (right->places != 0 || right->units < 0 || right->units > 12) {
      return fail(arguments[1], scope, "round() takes 0 to 12 decimals");
    }
    const auto value = rounded(*left, static_cast<int>(right->units));
    if (!value) return fail(first, scope, "the result has too many digits");
    return derived(first, *value);
  }
  const auto currency = Currency::parse(second);
  if (!currency) return fail(arguments[1], scope, fmt::format("'{}' is no ISO 4217 currency", second));
  const auto minor = rounded(*left, currency->exponent());
  if (!minor) return fail(first, scope, "the amount has too many digits");
  return derived(first, Exact{minor->units, 0});
}

}  // namespace daybook::tools
