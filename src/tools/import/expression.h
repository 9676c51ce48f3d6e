// The expressions of a mapping: columns, look-ups, exact arithmetic, conditions and a few functions
// (docs/importing.md). Compiled once, then evaluated for each row.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/date.h"
#include "base/result.h"
#include "tools/import/exact.h"
#include "tools/import/inputs.h"

namespace daybook::tools {

// Texts for texts: [values.NAME] of a mapping.
using ValueTable = std::map<std::string, std::string>;

// What an expression may name.
struct Names {
  const std::map<std::string, std::unique_ptr<const Input>, std::less<>>* inputs = nullptr;
  const std::map<std::string, ValueTable, std::less<>>* tables = nullptr;
  // Of at(), where it says none.
  std::string zone = "UTC";
  int seconds_of_day = 0;
};

// The rows that columns are of: that of the list's item first, then that of the event.
struct Scope {
  Row row{};
  // From 1, of the item in its list.
  std::size_t position = 0;
  const Scope* outer = nullptr;
};
// Their inputs, in the same order: what columns are resolved by.
using ScopeInputs = std::vector<const Input*>;

// A value, and the cell it came from: null when it came from none.
struct Value {
  std::variant<std::string, Exact, bool> data;
  const CsvFile* file = nullptr;
  std::size_t offset = 0;

  // Numbers in shortest form; conditions have none.
  std::string text() const;
  bool empty() const;
};

struct Node;

// All rows of an input with a key.
struct RowsOf {
  const Input* input = nullptr;
  std::vector<Node> key;
};

struct Node {
  enum class Kind { kConstant, kColumn, kLookup, kTable, kCall, kSum, kOperator };
  Kind kind = Kind::kConstant;
  Value constant;
  std::size_t depth = 0;   // kColumn: how many scopes out.
  std::size_t column = 0;  // kColumn, kLookup.
  RowsOf rows;             // kLookup, kSum.
  bool optional = false;   // kLookup, kTable: nothing found is an empty text.
  const ValueTable* table = nullptr;
  std::string name;             // Of the function, operator, table or column.
  std::vector<Node> arguments;  // Of kTable, kCall, kSum, kOperator.
};

// A text with {expressions} in it.
struct Template {
  std::vector<std::variant<std::string, Node>> parts;
};

// kInvalidArgument says what is wrong and where in the text.
Result<Node> compile_expression(std::string_view text, const Names& names, const ScopeInputs& scope);
Result<Template> compile_template(std::string_view text, const Names& names, const ScopeInputs& scope);
// "details(OrderID)".
Result<RowsOf> compile_rows(std::string_view text, const Names& names, const ScopeInputs& scope);

// Faults in the data: place and message. `names` as compiled with.
class Evaluator {
 public:
  explicit Evaluator(const Names& names) : names_(names) {}

  // Nothing after a fault.
  std::optional<Value> evaluate(const Node& node, const Scope& scope);
  // Empty when any expression in it is.
  std::optional<Value> evaluate(const Template& text, const Scope& scope);
  std::optional<bool> holds(const Node& condition, const Scope& scope);
  // Null after a fault.
  const std::vector<Row>* find(const RowsOf& rows, const Scope& scope);

  const FileFault& fault() const { return fault_; }

 private:
  std::nullopt_t fail(const Value& culprit, const Scope& scope, std::string message);
  std::optional<Exact> number(const Node& node, const Scope& scope);
  std::optional<Value> look_up(const Node& node, const Scope& scope);
  std::optional<Value> sum(const Node& node, const Scope& scope);
  std::optional<Value> operate(const Node& node, const Scope& scope);
  std::optional<Value> compare_values(const Node& node, const Scope& scope);
  std::optional<Value> call(const Node& node, const Scope& scope);
  std::optional<Value> at(const std::vector<Value>& arguments, const Scope& scope);

  const Names& names_;
  FileFault fault_;
};

}  // namespace daybook::tools
