// The part of a mapping that describes an event, compiled: how to make its JSON from a row.
#pragma once

#include <google/protobuf/descriptor.h>
#include <toml++/toml.h>

#include <boost/json/value.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tools/import/expression.h"

namespace daybook::tools {

// Where in the mapping a value stands: "mapping.toml:12:3".
std::string place_of(const std::string& file, const toml::node& node);

struct PlanField;

// A value of an event: text, number, object, list as given, or list with an item for each of some
// rows.
struct Plan {
  enum class Kind { kText, kNumber, kObject, kList, kEach };
  Kind kind = Kind::kText;
  Template text;
  std::int64_t number = 0;
  std::vector<PlanField> fields;  // kObject, and the item of kEach.
  std::vector<Plan> items;        // kList.
  RowsOf rows;                    // kEach.
  std::optional<Node> when;       // kEach: rows that count.
};

struct PlanField {
  std::string name;
  Plan value;
};

// Compiles what stands in a mapping under the names of event fields; says every fault.
class PlanCompiler {
 public:
  PlanCompiler(std::string file, const Names& names, std::vector<FileFault>& faults)
      : file_(std::move(file)), names_(names), faults_(faults) {}

  // The table's fields, which are those of `type`, but for the keys in `own`, which are the
  // mapping's.
  Plan object(const toml::table& table, const google::protobuf::Descriptor& type, const ScopeInputs& scope,
              std::initializer_list<std::string_view> own = {});
  Plan text(const toml::node& node, const ScopeInputs& scope);
  std::optional<Node> condition(const toml::node& node, const ScopeInputs& scope);
  void fault(const toml::node& node, std::string message);

 private:
  Plan field(const toml::node& node, const google::protobuf::FieldDescriptor& field, const ScopeInputs& scope);
  Plan each(const toml::table& table, const google::protobuf::FieldDescriptor& field, const ScopeInputs& scope);

  const std::string file_;
  const Names& names_;
  std::vector<FileFault>& faults_;
};

// Where the values of an event came from, by field path; filled when somebody wants to know.
using Places = std::vector<std::pair<std::string, std::string>>;

// The JSON that the plan makes of a row; empty texts, objects and lists are left out. Nothing after
// a fault, which `evaluator` then has.
std::optional<boost::json::value> build(const Plan& plan, const Scope& scope, Evaluator& evaluator,
                                        const std::string& path, Places* places);

}  // namespace daybook::tools
