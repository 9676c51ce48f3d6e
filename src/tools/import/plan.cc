#include "tools/import/plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

namespace daybook::tools {
namespace {

namespace json = boost::json;
using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;

bool is_message(const FieldDescriptor& field) {
  return field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE &&
         field.message_type()->full_name() != "google.protobuf.Timestamp";
}

std::optional<json::value> build_object(const Plan& plan, const Scope& scope, Evaluator& evaluator,
                                        const std::string& path, Places* places) {
  json::object object;
  for (const auto& [name, field] : plan.fields) {
    auto value = build(field, scope, evaluator, path.empty() ? name : path + "." + name, places);
    if (!value) return std::nullopt;
    if (!value->is_null()) object[name] = std::move(*value);
  }
  return object.empty() ? json::value() : json::value(std::move(object));
}

std::optional<json::value> build_each(const Plan& plan, const Scope& scope, Evaluator& evaluator,
                                      const std::string& path, Places* places) {
  const std::vector<Row>* rows = evaluator.find(plan.rows, scope);
  if (rows == nullptr) return std::nullopt;
  json::array list;
  Scope inner{.outer = &scope};
  for (const Row& row : *rows) {
    inner.row = row;
    inner.position = list.size() + 1;
    if (plan.when) {
      const auto counts = evaluator.holds(*plan.when, inner);
      if (!counts) return std::nullopt;
      if (!*counts) continue;
    }
    auto item = build_object(plan, inner, evaluator, fmt::format("{}[{}]", path, list.size()), places);
    if (!item) return std::nullopt;
    list.push_back(item->is_null() ? json::object() : std::move(*item));
  }
  return list.empty() ? json::value() : json::value(std::move(list));
}

}  // namespace

std::string place_of(const std::string& file, const toml::node& node) {
  return fmt::format("{}:{}:{}", file, node.source().begin.line, node.source().begin.column);
}

void PlanCompiler::fault(const toml::node& node, std::string message) {
  faults_.push_back({place_of(file_, node), std::move(message)});
}

Plan PlanCompiler::text(const toml::node& node, const ScopeInputs& scope) {
  Plan plan;
  const auto text = node.value_exact<std::string>();
  if (!text) {
    fault(node, "must be a text");
    return plan;
  }
  auto compiled = compile_template(*text, names_, scope);
  if (compiled) {
    plan.text = std::move(*compiled);
  } else {
    fault(node, compiled.error().message);
  }
  return plan;
}

std::optional<Node> PlanCompiler::condition(const toml::node& node, const ScopeInputs& scope) {
  const auto text = node.value_exact<std::string>();
  if (!text) {
    fault(node, "must be a text");
    return std::nullopt;
  }
  auto compiled = compile_expression(*text, names_, scope);
  if (compiled) return std::move(*compiled);
  fault(node, compiled.error().message);
  return std::nullopt;
}

Plan PlanCompiler::object(const toml::table& table, const Descriptor& type, const ScopeInputs& scope,
                          std::initializer_list<std::string_view> own) {
  Plan plan;
  plan.kind = Plan::Kind::kObject;
  for (const auto& [key, node] : table) {
    const std::string name(key.str());
    if (std::ranges::find(own, name) != own.end()) continue;
    const FieldDescriptor* known = type.FindFieldByName(name);
    if (known == nullptr) {
      fault(node, fmt::format("'{}' is no field of {}", name, type.name()));
    } else {
      plan.fields.push_back({name, field(node, *known, scope)});
    }
  }
  return plan;
}

Plan PlanCompiler::field(const toml::node& node, const FieldDescriptor& field, const ScopeInputs& scope) {
  if (const auto number = node.value_exact<std::int64_t>()) {
    Plan plan;
    plan.kind = Plan::Kind::kNumber;
    plan.number = *number;
    return plan;
  }
  const toml::table* table = node.as_table();
  if (field.is_repeated()) {
    if (table != nullptr) return each(*table, field, scope);
    Plan plan;
    plan.kind = Plan::Kind::kList;
    if (const toml::array* items = node.as_array()) {
      for (const toml::node& item : *items) {
        const toml::table* object_item = item.as_table();
        plan.items.push_back(is_message(field) && object_item != nullptr
                                 ? object(*object_item, *field.message_type(), scope)
                                 : text(item, scope));
      }
    } else {
      fault(node, fmt::format("'{}' is a list: [ … ], or a table with each = \"INPUT(KEY)\"", field.name()));
    }
    return plan;
  }
  if (!is_message(field)) return text(node, scope);
  if (table != nullptr) return object(*table, *field.message_type(), scope);
  fault(node, fmt::format("'{}' is a table of fields", field.name()));
  return {};
}

Plan PlanCompiler::each(const toml::table& table, const FieldDescriptor& field, const ScopeInputs& scope) {
  Plan plan;
  plan.kind = Plan::Kind::kEach;
  const auto* rows = table.get("each");
  const auto text = rows == nullptr ? std::nullopt : rows->value_exact<std::string>();
  if (!text) {
    fault(table, "a list made of rows needs each = \"INPUT(KEY)\"");
    return plan;
  }
  auto compiled = compile_rows(*text, names_, scope);
  if (!compiled) {
    fault(*rows, compiled.error().message);
    return plan;
  }
  plan.rows = std::move(*compiled);
  ScopeInputs inner = {plan.rows.input};
  inner.insert(inner.end(), scope.begin(), scope.end());
  if (const auto* when = table.get("when")) plan.when = condition(*when, inner);
  if (!is_message(field)) {
    fault(table, fmt::format("'{}' is a list of texts; only lists of objects are made of rows", field.name()));
    return plan;
  }
  plan.fields = object(table, *field.message_type(), inner, {"each", "when"}).fields;
  return plan;
}

std::optional<json::value> build(const Plan& plan, const Scope& scope, Evaluator& evaluator, const std::string& path,
                                 Places* places) {
  switch (plan.kind) {
    case Plan::Kind::kNumber: return json::value(plan.number);
    case Plan::Kind::kText: {
      const auto value = evaluator.evaluate(plan.text, scope);
      if (!value) return std::nullopt;
      if (places != nullptr && value->file != nullptr) {
        places->emplace_back(path, value->file->place(value->offset));
      }
      const std::string text = value->text();
      return text.empty() ? json::value() : json::value(text);
    }
    case Plan::Kind::kObject: return build_object(plan, scope, evaluator, path, places);
    case Plan::Kind::kEach: return build_each(plan, scope, evaluator, path, places);
    default: {
      json::array list;
      for (const Plan& item : plan.items) {
        auto value = build(item, scope, evaluator, fmt::format("{}[{}]", path, list.size()), places);
        if (!value) return std::nullopt;
        if (!value->is_null()) list.push_back(std::move(*value));
      }
      return list.empty() ? json::value() : json::value(std::move(list));
    }
  }
}

}  // namespace daybook::tools
