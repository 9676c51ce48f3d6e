// Cells of an answer as text, for tables in tests.
#pragma once

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <sstream>
#include <string>

namespace daybook::test {

// Null is "-", an empty text `""`, lists have commas, an empty one is []; an event is its event_id.
inline std::string shown(const boost::json::value& value) {
  if (value.is_null()) return "-";
  if (value.is_string()) return value.as_string().empty() ? "\"\"" : std::string(value.as_string());
  if (const auto* array = value.if_array()) {
    if (array->empty()) return "[]";
    std::string all;
    for (const auto& item : *array) all += (all.empty() ? "" : ",") + shown(item);
    return all;
  }
  if (const auto* object = value.if_object(); object != nullptr && object->contains("event_id")) {
    return shown(object->at("event_id"));
  }
  if (value.is_double()) {
    std::ostringstream out;
    out.precision(15);
    out << value.as_double();
    return out.str();
  }
  return boost::json::serialize(value);
}

// One cell of a row; `column` may be a path ("proof.difference").
inline std::string cell_of(const boost::json::value& row, const std::string& column) {
  const boost::json::value* at = &row;
  std::istringstream path(column);
  for (std::string part; at != nullptr && std::getline(path, part, '.');) {
    at = at->is_object() ? at->as_object().if_contains(part) : nullptr;
  }
  return at == nullptr ? "(no " + column + ")" : shown(*at);
}

}  // namespace daybook::test
