#include "base/problem.h"

#include "base/json_writer.h"

namespace daybook {

std::string Problem::to_json() const {
  JsonWriter json;
  json.begin_object();
  json.field("type", "about:blank");
  json.field("title", title);
  json.field("status", status);
  json.field("detail", detail);
  if (!faults.empty()) {
    json.key("violations");
    json.begin_array();
    for (const Fault& fault : faults.kept) {
      json.begin_object();
      json.field("index", fault.index);
      json.field("field", fault.field);
      json.field("message", fault.message);
      json.end_object();
    }
    json.end_array();
    json.field("violation_count", static_cast<std::int64_t>(faults.count));
  }
  if (!accounts.empty()) {
    json.key("accounts");
    json.begin_array();
    for (const std::string& account : accounts) json.text(account);
    json.end_array();
  }
  json.end_object();
  return json.take();
}

}  // namespace daybook
