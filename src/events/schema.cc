#include "events/schema.h"

#include <fmt/format.h>
#include <google/protobuf/descriptor.h>
#include <boost/json/array.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/ensure.h"
#include "events/json.h"

namespace daybook::events {
namespace {

namespace json = boost::json;
using google::protobuf::Descriptor;
using google::protobuf::EnumDescriptor;
using google::protobuf::FieldDescriptor;

// A kind of text: what such texts look like, and one of them.
struct TextKind {
  json::object schema;
  std::string_view example;
};

const std::vector<TextKind>& text_kinds() {
  static const std::vector<TextKind> kinds = {
      {{{"type", "string"}, {"format", "date"}, {"description", "From 1900-01-01 to 2199-12-31."}}, "2024-06-30"},
      {{{"type", "string"}, {"pattern", "^[A-Z]{3}$"}, {"description", "ISO 4217."}, {"examples", json::array{"CNY"}}},
       "CNY"},
      {{{"type", "string"},
        {"pattern", "^[0-9]{1,12}([.][0-9]+)?$"},
        {"description", "A decimal above 0."},
        {"examples", json::array{"1", "12.5"}}},
       "12.5"},
      {{{"type", "string"},
        {"pattern", "^[0-9]{4}(-Q[1-4]|-(0[1-9]|1[0-2]))?$"},
        {"description", "A year, a quarter or a month."},
        {"examples", json::array{"2024", "2024-Q1", "2024-03"}}},
       "2024-Q1"}};
  return kinds;
}

json::array choices_of(const EnumDescriptor* type) {
  const std::size_t prefix = type->FindValueByNumber(0)->name().size() - std::string_view("UNSPECIFIED").size();
  json::array names;
  for (int i = 0; i < type->value_count(); ++i) {
    if (type->value(i)->number() != 0) names.emplace_back(std::string_view(type->value(i)->name()).substr(prefix));
  }
  return names;
}

// Where the fields of a message stand in an event: an event that has this object there, and what is wrong with it.
class Place {
 public:
  using Wrap = std::function<json::object(json::object)>;

  Place(Wrap wrap, std::string path) : wrap_(std::move(wrap)), path_(std::move(path)) {}

  Place entry(const std::string& list) const {
    return {[wrap = wrap_, list](json::object object) { return wrap({{list, json::array{std::move(object)}}}); },
            fmt::format("{}{}[0].", path_, list)};
  }

  // Whether, of an event with this, something of this field is wrong.
  bool is_wrong(json::object object, const std::string& field) const {
    v1::Event message;
    Violations violations;
    read_event(json::value(wrap_(std::move(object))), message, violations);
    return std::ranges::any_of(violations.kept(), [&](const Violation& one) { return one.field == path_ + field; });
  }
  bool takes(const std::string& field, json::value value) const {
    return !is_wrong({{field, std::move(value)}}, field);
  }

 private:
  const Wrap wrap_;
  const std::string path_;
};

// The last number from `least` on, up to `most`, that is taken; where it is, all from `least` to it are.
std::int64_t last_taken(std::int64_t least, std::int64_t most, const std::function<bool(std::int64_t)>& takes) {
  while (least < most) {
    const std::int64_t middle = least + (most - least + 1) / 2;
    if (takes(middle)) {
      least = middle;
    } else {
      most = middle - 1;
    }
  }
  return least;
}

// The account of a payload: targets and rates have one that what they are of gives.
std::string account_of(std::string_view payload, const json::object& fields) {
  const auto text = [&](std::string_view name) {
    const json::value* const value = fields.if_contains(name);
    return value != nullptr && value->is_string() ? std::string(value->as_string()) : std::string();
  };
  if (payload == "sales_target_set")
    return "target:" + (fields.contains("region") ? text("region") : text("sales_rep"));
  return payload == "exchange_rate_published" ? "fx:" + text("currency") : "C";
}

class Schemas {
 public:
  json::object take() {
    add_event();
    return std::move(all_);
  }

 private:
  static constexpr std::int64_t kFar = std::int64_t{1} << 60;
  static constexpr std::int64_t kTextFar = std::int64_t{1} << 20;

  static json::object reference(const std::string& name) { return {{"$ref", "#/components/schemas/" + name}}; }

  void add_event() {
    const Descriptor* const type = v1::Event::descriptor();
    const Place envelope(
        [](json::object object) {
          object["order_ready"] = json::object{{"order_id", "O"}};
          return object;
        },
        "");
    json::object schema = message(type, envelope);
    json::object& properties = schema["properties"].as_object();
    properties["customer_id"] = json::object{
        {"type", "string"},
        {"maxLength", 160},
        {"description", "At most 128 bytes of UTF-8; of targets and rates target: or fx: and what they are of."}};
    json::array one_of;
    for (int i = 0; i < type->field_count(); ++i) {
      const FieldDescriptor* const field = type->field(i);
      if (field->containing_oneof() == nullptr) continue;
      const std::string& name = field->name();
      const Place payload(
          [name](json::object object) {
            json::object event{{"event_id", "E"}, {"source", "S"}, {"occurred_at", "2024-06-30T12:00:00Z"}};
            event["customer_id"] = account_of(name, object);
            event[name] = std::move(object);
            return event;
          },
          name + ".");
      all_[field->message_type()->name()] = message(field->message_type(), payload);
      properties[name] = reference(field->message_type()->name());
      one_of.push_back(json::object{{"required", json::array{name}}});
    }
    schema["description"] =
        "The envelope and one payload; docs/publishing.md says what each means, and what else is checked. Names in "
        "camelCase "
        "are taken, too, and null as if it were not there.";
    schema["oneOf"] = std::move(one_of);
    all_["Event"] = std::move(schema);
  }

  // Of a message whose fields stand at `place`, but for payloads.
  json::object message(const Descriptor* type, const Place& place) {
    json::object properties;
    json::object example;  // Of each field one that is taken.
    for (int i = 0; i < type->field_count(); ++i) {
      const FieldDescriptor* const field = type->field(i);
      if (field->containing_oneof() != nullptr && field->real_containing_oneof() != nullptr) continue;
      auto [schema, value] = of_field(field, place, example);
      properties[field->name()] = std::move(schema);
      example[field->name()] = std::move(value);
    }
    json::object schema{{"type", "object"}, {"properties", properties}, {"additionalProperties", false}};
    json::array required;
    for (const auto& [key, value] : example) {
      const std::string name(key);
      if (!place.is_wrong({}, name)) continue;
      json::object others = example;
      others.erase(name);
      if (place.is_wrong(std::move(others), name)) {
        required.emplace_back(name);
      } else {
        schema["oneOf"] = one_of_two(name, example, place);
      }
    }
    if (!required.empty()) schema["required"] = std::move(required);
    return schema;
  }

  // This field is missed, unless another is there.
  static json::array one_of_two(const std::string& name, const json::object& example, const Place& place) {
    for (const auto& [other, value] : example) {
      if (other == name || place.is_wrong({{other, value}}, name)) continue;
      return {json::object{{"required", json::array{other}}}, json::object{{"required", json::array{name}}}};
    }
    ENSURE(false, "a field is required and is not");
    return {};
  }

  struct OfField {
    json::object schema;
    json::value example;
  };

  // `before`: fields in front of it, which it may need beside it.
  OfField of_field(const FieldDescriptor* field, const Place& place, const json::object& before) {
    const std::string& name = field->name();
    if (field->is_repeated()) return of_list(field, place);
    switch (field->cpp_type()) {
      case FieldDescriptor::CPPTYPE_BOOL: return {{{"type", "boolean"}}, false};
      case FieldDescriptor::CPPTYPE_ENUM: {
        json::array names = choices_of(field->enum_type());
        json::value first = names.front();
        return {{{"type", "string"}, {"enum", std::move(names)}}, std::move(first)};
      }
      case FieldDescriptor::CPPTYPE_INT32:
      case FieldDescriptor::CPPTYPE_INT64: return of_number(name, place, before);
      case FieldDescriptor::CPPTYPE_MESSAGE:  // A timestamp: payloads come apart, other messages in lists.
        return {
            {{"type", "string"}, {"format", "date-time"}, {"description", "From 1900 to 2199; cut to whole seconds."}},
            "2024-06-30T12:00:00Z"};
      default: return of_text([&](std::string_view text) { return place.takes(name, json::value(text)); });
    }
  }

  static OfField of_number(const std::string& name, const Place& place, const json::object& before) {
    const json::object beside = place.takes(name, 1) ? json::object() : before;
    const auto takes = [&](std::int64_t number) {
      json::object object = beside;
      object[name] = number;
      return !place.is_wrong(std::move(object), name);
    };
    const std::int64_t most = last_taken(1, kFar, takes);
    const std::int64_t least = -last_taken(-1, kFar, [&](std::int64_t number) { return takes(-number); });
    // Answers have 64 bits as a text.
    return {{{"type", json::array{"integer", "string"}},
             {"format", "int64"},
             {"pattern", "^[0-9]+$"},
             {"minimum", least},
             {"maximum", most}},
            1};
  }

  static OfField of_text(const std::function<bool(std::string_view)>& takes) {
    if (!takes("x")) {
      const auto kind = std::ranges::find_if(text_kinds(), [&](const TextKind& one) { return takes(one.example); });
      ENSURE(kind != text_kinds().end(), "a text is of a kind that has no schema yet");
      return {kind->schema, json::value(kind->example)};
    }
    const std::int64_t bytes_max = last_taken(
        1, kTextFar, [&](std::int64_t bytes) { return takes(std::string(static_cast<std::size_t>(bytes), 'x')); });
    json::object schema{{"type", "string"},
                        {"maxLength", bytes_max},
                        {"description", fmt::format("At most {} bytes of UTF-8.", bytes_max)}};
    return {std::move(schema), json::value("x")};
  }

  OfField of_list(const FieldDescriptor* field, const Place& place) {
    const std::string& name = field->name();
    json::object schema{{"type", "array"}};
    json::array one;
    if (field->message_type() != nullptr) {
      const Place entry = place.entry(name);
      const std::string& type = field->message_type()->name();
      if (!all_.contains(type)) all_[type] = message(field->message_type(), entry);
      schema["items"] = reference(type);
      one.push_back(json::object{});
    } else {
      schema["items"] = of_text([&](std::string_view text) {
                          return !place.is_wrong({{name, json::array{text}}}, name + "[0]");
                        }).schema;
      schema["uniqueItems"] = !place.takes(name, json::array{"x", "x"});
      one.emplace_back("x");
    }
    if (place.is_wrong({}, name)) schema["minItems"] = 1;
    schema["maxItems"] = kListMax;
    return {std::move(schema), std::move(one)};
  }

  json::object all_;
};

}  // namespace

json::object event_schemas() { return Schemas().take(); }

}  // namespace daybook::events
