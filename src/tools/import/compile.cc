// Texts into expressions: a parser by recursive descent, lowest precedence first.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/money.h"
#include "tools/import/date_pattern.h"
#include "tools/import/expression.h"

namespace daybook::tools {
namespace {

struct Function {
  std::string_view name;
  std::size_t arguments_min;
  std::size_t arguments_max;
};
constexpr std::array<Function, 9> kFunctions = {{{"at", 2, 4},
                                                 {"date", 2, 2},
                                                 {"if", 3, 3},
                                                 {"minor", 2, 2},
                                                 {"number", 2, 2},
                                                 {"or", 2, 16},
                                                 {"plus_days", 2, 2},
                                                 {"position", 0, 0},
                                                 {"round", 2, 2}}};
// What is evaluated, and freed, by recursion: an expression's parentheses, and its operations, for the left side of one
// is all that stands before it.
constexpr int kDepthMax = 64;
constexpr int kOperationsMax = 1'000;

bool is_name_start(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || static_cast<unsigned char>(c) >= 0x80;
}
bool is_digit(char c) { return c >= '0' && c <= '9'; }

class Compiler {
 public:
  Compiler(std::string_view text, const Names& names, const ScopeInputs& scope)
      : text_(text), names_(names), scope_(scope) {}

  Result<Node> expression_to_end() {
    ASSIGN_OR_RETURN(Node node, either());
    skip_blanks();
    if (at_ != text_.size()) return unexpected_here("what follows here is not understood");
    return node;
  }

  // Up to the closing brace, which is taken.
  Result<Node> expression_in_braces(std::size_t& at) {
    at_ = at;
    ASSIGN_OR_RETURN(Node node, either());
    if (!take("}")) return unexpected_here("expected '}'");
    at = at_;
    return node;
  }

  Result<RowsOf> rows_to_end() {
    const std::string name = take_name();
    const Input* input = find_input(name);
    if (input == nullptr) return unexpected_here(fmt::format("'{}' is no input", name));
    ASSIGN_OR_RETURN(RowsOf rows, rows_of(*input));
    skip_blanks();
    if (at_ != text_.size()) return unexpected_here("what follows here is not understood");
    return rows;
  }

 private:
  Unexpected unexpected_here(std::string_view message) const {
    return unexpected(ErrorCode::kInvalidArgument, fmt::format("'{}', character {}: {}", text_, at_ + 1, message));
  }

  void skip_blanks() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n')) ++at_;
  }
  bool take(std::string_view symbol) {
    skip_blanks();
    if (!text_.substr(at_).starts_with(symbol)) return false;
    at_ += symbol.size();
    return true;
  }
  bool take_word(std::string_view word) {
    skip_blanks();
    const std::string_view rest = text_.substr(at_);
    if (!rest.starts_with(word)) return false;
    if (rest.size() > word.size() && (is_name_start(rest[word.size()]) || is_digit(rest[word.size()]))) return false;
    at_ += word.size();
    return true;
  }
  // A name, or any text between backquotes; empty when there is none.
  std::string take_name() {
    skip_blanks();
    const std::size_t begin = at_;
    if (at_ < text_.size() && text_[at_] == '`') {
      const std::size_t end = text_.find('`', at_ + 1);
      if (end == std::string_view::npos) return "";
      at_ = end + 1;
      return std::string(text_.substr(begin + 1, end - begin - 1));
    }
    if (at_ < text_.size() && is_name_start(text_[at_])) {
      while (at_ < text_.size() && (is_name_start(text_[at_]) || is_digit(text_[at_]))) ++at_;
    }
    return std::string(text_.substr(begin, at_ - begin));
  }

  static Node operation(std::string name, std::vector<Node> arguments) {
    Node node;
    node.kind = Node::Kind::kOperator;
    node.name = std::move(name);
    node.arguments = std::move(arguments);
    return node;
  }
  // left, and whatever of `words` binds further operands to it.
  template <typename Operand>
  Result<Node> chain(std::initializer_list<std::string_view> words, bool as_words, Operand operand) {
    if (++depth_ > kDepthMax) return unexpected_here("is nested too deep");
    ASSIGN_OR_RETURN(Node left, operand());
    while (true) {
      const auto word =
          std::ranges::find_if(words, [&](std::string_view w) { return as_words ? take_word(w) : take(w); });
      if (word == words.end()) break;
      if (++operations_ > kOperationsMax) {
        return unexpected_here(fmt::format("has more than {} operations", kOperationsMax));
      }
      ASSIGN_OR_RETURN(Node right, operand());
      std::vector<Node> both;
      both.push_back(std::move(left));
      both.push_back(std::move(right));
      left = operation(std::string(*word), std::move(both));
    }
    --depth_;
    return left;
  }

  Result<Node> either() {
    return chain({"or"}, true, [&] { return both(); });
  }
  Result<Node> both() {
    return chain({"and"}, true, [&] { return negation(); });
  }
  Result<Node> negation() {
    if (!take_word("not")) return comparison();
    std::vector<Node> operand;
    ASSIGN_OR_RETURN(Node negated, comparison());
    operand.push_back(std::move(negated));
    return operation("not", std::move(operand));
  }
  Result<Node> comparison() {
    return chain({"==", "!=", "<=", ">=", "<", ">"}, false, [&] { return total(); });
  }
  Result<Node> total() {
    return chain({"+", "-"}, false, [&] { return product(); });
  }
  Result<Node> product() {
    return chain({"*"}, false, [&] { return primary(); });
  }

  Result<Node> primary() {
    skip_blanks();
    if (at_ == text_.size()) return unexpected_here("a value is missing");
    if (take("(")) {
      ASSIGN_OR_RETURN(Node node, either());
      if (!take(")")) return unexpected_here("expected ')'");
      return node;
    }
    if (text_[at_] == '\'') return text_constant();
    if (is_digit(text_[at_]) || text_[at_] == '-') return number_constant();
    const std::string name = take_name();
    if (name.empty()) return unexpected_here("expected a column, a number, a 'text' or a function");
    skip_blanks();
    const bool called = at_ < text_.size() && (text_[at_] == '(');
    if (!called) return column(name);
    if (const Input* input = find_input(name)) return look_up(*input);
    if (name == "sum") return sum();
    const auto table = names_.tables->find(name);
    if (table != names_.tables->end()) return table_look_up(name, table->second);
    return call(name);
  }

  Result<Node> text_constant() {
    const std::size_t end = text_.find('\'', at_ + 1);
    if (end == std::string_view::npos) return unexpected_here("the text does not end");
    Node node;
    node.constant.data = std::string(text_.substr(at_ + 1, end - at_ - 1));
    at_ = end + 1;
    return node;
  }
  Result<Node> number_constant() {
    const std::size_t begin = at_++;
    while (at_ < text_.size() && (is_digit(text_[at_]) || text_[at_] == '.')) ++at_;
    const auto number = parse_exact(text_.substr(begin, at_ - begin));
    if (!number) return unexpected_here("is not a number");
    Node node;
    node.constant.data = *number;
    return node;
  }

  Result<Node> column(const std::string& name) {
    Node node;
    node.kind = Node::Kind::kColumn;
    node.name = name;
    for (; node.depth < scope_.size(); ++node.depth) {
      if (const auto found = scope_[node.depth]->column(name)) {
        node.column = *found;
        return node;
      }
    }
    std::vector<std::string> inputs;
    for (const Input* input : scope_) inputs.push_back(input->name());
    return unexpected_here(fmt::format("no column '{}' in {}", name, fmt::join(inputs, " or ")));
  }

  const Input* find_input(const std::string& name) const {
    const auto found = names_.inputs->find(name);
    return found == names_.inputs->end() ? nullptr : found->second.get();
  }

  Result<std::vector<Node>> arguments() {
    std::vector<Node> given;
    if (!take("(")) return unexpected_here("expected '('");
    if (take(")")) return given;
    do {
      ASSIGN_OR_RETURN(Node node, either());
      given.push_back(std::move(node));
    } while (take(","));
    if (!take(")")) return unexpected_here("expected ')' or ','");
    return given;
  }

  Result<RowsOf> rows_of(const Input& input) {
    RowsOf rows;
    rows.input = &input;
    ASSIGN_OR_RETURN(rows.key, arguments());
    if (rows.key.size() != input.key_columns()) {
      return unexpected_here(
          fmt::format("'{}' is looked up by {} columns, see its key", input.name(), input.key_columns()));
    }
    if (rows.key.empty()) return unexpected_here(fmt::format("'{}' has no key to be looked up by", input.name()));
    return rows;
  }

  Result<Node> look_up(const Input& input) {
    Node node;
    node.kind = Node::Kind::kLookup;
    ASSIGN_OR_RETURN(node.rows, rows_of(input));
    node.optional = take("?");
    if (!take(".")) return unexpected_here("expected '.' and a column");
    node.name = take_name();
    const auto found = input.column(node.name);
    if (!found) return unexpected_here(fmt::format("no column '{}' in {}", node.name, input.name()));
    node.column = *found;
    return node;
  }

  Result<Node> table_look_up(const std::string& name, const ValueTable& table) {
    Node node;
    node.kind = Node::Kind::kTable;
    node.name = name;
    node.table = &table;
    ASSIGN_OR_RETURN(node.arguments, arguments());
    if (node.arguments.size() != 1) return unexpected_here(fmt::format("{}() takes one value", name));
    node.optional = take("?");
    return node;
  }

  // sum(details(OrderID), Quantity * Price): the second in the scope of each row of the first.
  Result<Node> sum() {
    Node node;
    node.kind = Node::Kind::kSum;
    if (!take("(")) return unexpected_here("expected '('");
    const std::string name = take_name();
    const Input* input = find_input(name);
    if (input == nullptr) return unexpected_here(fmt::format("'{}' is no input", name));
    ASSIGN_OR_RETURN(node.rows, rows_of(*input));
    if (!take(",")) return unexpected_here("expected ',' and what to add up");
    ScopeInputs inner = {input};
    inner.insert(inner.end(), scope_.begin(), scope_.end());
    std::swap(scope_, inner);
    auto term = either();
    std::swap(scope_, inner);
    if (!term) return unexpected(term.error());
    node.arguments.push_back(std::move(*term));
    if (!take(")")) return unexpected_here("expected ')'");
    return node;
  }

  Result<Node> call(const std::string& name) {
    const auto function = std::ranges::find(kFunctions, name, &Function::name);
    if (function == kFunctions.end()) {
      return unexpected_here(fmt::format("'{}' is no input, table of values or function", name));
    }
    Node node;
    node.kind = Node::Kind::kCall;
    node.name = name;
    ASSIGN_OR_RETURN(node.arguments, arguments());
    if (node.arguments.size() < function->arguments_min || node.arguments.size() > function->arguments_max) {
      return unexpected_here(
          fmt::format("{}() takes {} to {} values", name, function->arguments_min, function->arguments_max));
    }
    RETURN_IF_ERROR(check_constants(node));
    return node;
  }

  // What a constant argument can be wrong in is said now, not for each row.
  Result<void> check_constants(const Node& node) {
    const auto constant = [&](std::size_t index) -> std::optional<std::string> {
      if (index >= node.arguments.size() || node.arguments[index].kind != Node::Kind::kConstant) return std::nullopt;
      return node.arguments[index].constant.text();
    };
    if (node.name == "date" || node.name == "at") {
      const auto pattern = constant(1);
      if (!pattern) return unexpected_here(fmt::format("{}() takes its pattern as a 'text'", node.name));
      if (const auto fault = pattern_fault(*pattern)) return unexpected_here(*fault);
      if (const auto time = constant(2); time && !parse_time_of_day(*time)) {
        return unexpected_here(fmt::format("'{}' is no time of day hh:mm", *time));
      }
      if (const auto zone = constant(3); zone && !BusinessZone::find(*zone)) {
        return unexpected_here(fmt::format("'{}' is no time zone", *zone));
      }
    }
    if (node.name == "minor") {
      if (const auto code = constant(1); code && !Currency::parse(*code)) {
        return unexpected_here(fmt::format("'{}' is no ISO 4217 currency", *code));
      }
    }
    if (node.name == "number") {
      const auto separator = constant(1);
      if (!separator || (*separator != "," && *separator != ".")) {
        return unexpected_here("number() takes the sign before the decimals, '.' or ','");
      }
    }
    return {};
  }

  const std::string_view text_;
  const Names& names_;
  ScopeInputs scope_;
  std::size_t at_ = 0;
  int depth_ = 0;
  int operations_ = 0;
};

}  // namespace

Result<Node> compile_expression(std::string_view text, const Names& names, const ScopeInputs& scope) {
  return Compiler(text, names, scope).expression_to_end();
}

Result<RowsOf> compile_rows(std::string_view text, const Names& names, const ScopeInputs& scope) {
  return Compiler(text, names, scope).rows_to_end();
}

Result<Template> compile_template(std::string_view text, const Names& names, const ScopeInputs& scope) {
  Template compiled;
  std::string literal;
  const auto end_literal = [&] {
    if (!literal.empty()) compiled.parts.emplace_back(std::exchange(literal, {}));
  };
  for (std::size_t at = 0; at < text.size();) {
    const std::string_view two = text.substr(at, 2);
    if (two == "{{" || two == "}}") {
      literal += two[0];
      at += 2;
    } else if (text[at] == '{') {
      end_literal();
      ++at;
      Compiler compiler(text, names, scope);
      ASSIGN_OR_RETURN(Node node, compiler.expression_in_braces(at));
      compiled.parts.emplace_back(std::move(node));
    } else if (text[at] == '}') {
      return unexpected(
          ErrorCode::kInvalidArgument,
          fmt::format("'{}', character {}: '}}' without '{{'; write '}}}}' for the sign itself", text, at + 1));
    } else {
      literal += text[at++];
    }
  }
  end_literal();
  return compiled;
}

}  // namespace daybook::tools
