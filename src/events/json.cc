#include "events/json.h"

#include <fmt/format.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <algorithm>
#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/serialize.hpp>
#include <charconv>

#include "base/date.h"

namespace daybook::events {
namespace {

namespace json = boost::json;
using google::protobuf::Descriptor;
using google::protobuf::EnumDescriptor;
using google::protobuf::EnumValueDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

std::string_view view(json::string_view text) { return {text.data(), text.size()}; }

// "ORDER_KIND_" of OrderKind: what its value 0 has in front of UNSPECIFIED.
std::string_view enum_prefix(const EnumDescriptor* type) {
  std::string_view name = type->FindValueByNumber(0)->name();
  name.remove_suffix(std::string_view("UNSPECIFIED").size());
  return name;
}

const EnumValueDescriptor* find_enum_value(const EnumDescriptor* type, std::string_view name) {
  const std::string_view prefix = enum_prefix(type);
  if (name.starts_with(prefix)) name.remove_prefix(prefix.size());
  for (int i = 0; i < type->value_count(); ++i) {
    const EnumValueDescriptor* value = type->value(i);
    if (value->number() != 0 && std::string_view(value->name()).substr(prefix.size()) == name) {
      return value;
    }
  }
  return nullptr;
}

std::string enum_names(const EnumDescriptor* type) {
  std::string names;
  for (int i = 1; i < type->value_count(); ++i) {
    if (i > 1) names += ", ";
    names += std::string_view(type->value(i)->name()).substr(enum_prefix(type).size());
  }
  return names;
}

// A key that stands in its object already is kept under itself, this character and a number. It is no part of any
// field's name, so that whoever sends it has at most one fault called another.
constexpr char kRepeated = '\x1f';

std::string_view unrepeated(std::string_view key) { return key.substr(0, key.find(kRepeated)); }

// Makes a value of JSON. Unlike the library's own it keeps a key that is given twice; null counts as not given.
class Builder {
 public:
  static constexpr std::size_t max_object_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_array_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_key_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_string_size = static_cast<std::size_t>(-1);
  using Code = boost::system::error_code&;

  json::value take() { return std::move(root_); }

  bool on_document_begin(Code) { return true; }
  bool on_document_end(Code) { return true; }
  bool on_object_begin(Code) { return begin(json::object()); }
  bool on_object_end(std::size_t, Code) { return end(); }
  bool on_array_begin(Code) { return begin(json::array()); }
  bool on_array_end(std::size_t, Code) { return end(); }
  bool on_key_part(json::string_view part, std::size_t, Code) { return text_.append(part.data(), part.size()), true; }
  bool on_key(json::string_view part, std::size_t size, Code code) {
    on_key_part(part, size, code);
    open_.back().key = std::exchange(text_, {});
    return true;
  }
  bool on_string_part(json::string_view part, std::size_t size, Code code) { return on_key_part(part, size, code); }
  bool on_string(json::string_view part, std::size_t size, Code code) {
    on_key_part(part, size, code);
    return add(json::string(std::exchange(text_, {})));
  }
  bool on_number_part(json::string_view, Code) { return true; }
  bool on_int64(std::int64_t number, json::string_view, Code) { return add(number); }
  bool on_uint64(std::uint64_t number, json::string_view, Code) { return add(number); }
  bool on_double(double number, json::string_view, Code) { return add(number); }
  bool on_bool(bool flag, Code) { return add(flag); }
  bool on_null(Code) { return add(nullptr); }
  bool on_comment_part(json::string_view, Code) { return true; }
  bool on_comment(json::string_view, Code) { return true; }

 private:
  // An object or list that is not complete.
  struct Open {
    json::value value;
    std::string key;  // Of the object's next value.
  };

  bool begin(json::value empty) {
    open_.push_back({std::move(empty), {}});
    return true;
  }

  bool end() {
    json::value done = std::move(open_.back().value);
    open_.pop_back();
    return add(std::move(done));
  }

  bool add(json::value value) {
    if (open_.empty()) {
      root_ = std::move(value);
      return true;
    }
    Open& in = open_.back();
    if (auto* list = in.value.if_array()) {
      list->push_back(std::move(value));
      return true;
    }
    json::object& object = in.value.get_object();
    json::value* known = object.if_contains(in.key);
    if (known == nullptr) {
      object.emplace(in.key, std::move(value));
    } else if (known->is_null()) {
      *known = std::move(value);
    } else if (!value.is_null()) {
      object.emplace(fmt::format("{}{}{}", in.key, kRepeated, object.size()), std::move(value));
    }
    return true;
  }

  json::value root_;
  std::vector<Open> open_;
  std::string text_;
};

class Filler {
 public:
  explicit Filler(std::vector<Violation>& violations) : violations_(violations) {}

  void fill(const json::value& from, Message& to, const std::string& path) {
    if (!from.is_object()) {
      fault(path, "must be a JSON object");
      return;
    }
    const Descriptor* type = to.GetDescriptor();
    const FieldDescriptor* payload = nullptr;
    std::vector<const FieldDescriptor*> seen;
    for (const auto& member : from.get_object()) {
      const std::string name(unrepeated(member.key()));
      const std::string here = path.empty() ? name : path + "." + name;
      const FieldDescriptor* field = type->FindFieldByName(name);
      if (field == nullptr) field = type->FindFieldByCamelcaseName(name);
      if (field == nullptr) {
        fault(here, "is not a known field");
        continue;
      }
      if (member.value().is_null()) continue;
      const std::string field_path = path.empty() ? field->name() : path + "." + field->name();
      if (std::ranges::find(seen, field) != seen.end()) {
        fault(field_path, "is given twice");
        continue;
      }
      seen.push_back(field);
      if (field->real_containing_oneof() != nullptr) {
        if (payload != nullptr) {
          const auto* later = payload->number() > field->number() ? payload : field;
          const auto* earlier = later == payload ? field : payload;
          fault(later->name(), fmt::format("must not be given beside {}: an event has one payload",
                                           earlier->name()));
          continue;
        }
        payload = field;
      }
      if (field->is_repeated()) {
        fill_list(member.value(), to, field, field_path);
      } else {
        fill_field(member.value(), to, field, field_path);
      }
    }
  }

 private:
  void fault(const std::string& path, std::string message) {
    violations_.push_back({path, std::move(message)});
  }

  void fill_list(const json::value& from, Message& to, const FieldDescriptor* field,
                 const std::string& path) {
    if (!from.is_array()) {
      fault(path, "must be a list");
      return;
    }
    const Reflection* reflection = to.GetReflection();
    std::size_t index = 0;
    for (const json::value& item : from.get_array()) {
      const std::string here = fmt::format("{}[{}]", path, index++);
      if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
        fill(item, *reflection->AddMessage(&to, field), here);
      } else if (item.is_string()) {
        reflection->AddString(&to, field, std::string(item.get_string()));
      } else {
        reflection->AddString(&to, field, "-");  // Keeps the places of those behind it.
        fault(here, "must be a string");
      }
    }
  }

  void fill_field(const json::value& from, Message& to, const FieldDescriptor* field,
                  const std::string& path) {
    const Reflection* reflection = to.GetReflection();
    switch (field->cpp_type()) {
      case FieldDescriptor::CPPTYPE_STRING:
        if (!from.is_string()) return fault(path, "must be a string");
        reflection->SetString(&to, field, std::string(from.get_string()));
        return;
      case FieldDescriptor::CPPTYPE_INT64:
        if (const auto number = integer(from, path)) reflection->SetInt64(&to, field, *number);
        return;
      case FieldDescriptor::CPPTYPE_INT32:
        if (const auto number = integer(from, path)) {
          if (*number < std::numeric_limits<std::int32_t>::min() ||
              *number > std::numeric_limits<std::int32_t>::max()) {
            return fault(path, fmt::format("{} is out of range", *number));
          }
          reflection->SetInt32(&to, field, static_cast<std::int32_t>(*number));
        }
        return;
      case FieldDescriptor::CPPTYPE_BOOL:
        if (!from.is_bool()) return fault(path, "must be true or false");
        reflection->SetBool(&to, field, from.get_bool());
        return;
      case FieldDescriptor::CPPTYPE_ENUM: {
        const EnumValueDescriptor* value =
            from.is_string() ? find_enum_value(field->enum_type(), view(from.get_string())) : nullptr;
        if (value == nullptr) {
          return fault(path, "must be one of " + enum_names(field->enum_type()));
        }
        reflection->SetEnum(&to, field, value);
        return;
      }
      case FieldDescriptor::CPPTYPE_MESSAGE:
        if (field->message_type()->full_name() == "google.protobuf.Timestamp") {
          const auto instant =
              from.is_string() ? parse_instant(view(from.get_string())) : std::nullopt;
          if (!instant) {
            return fault(path, "must be an RFC 3339 time from 1900 to 2199, for example "
                               "\"2024-05-01T08:00:00Z\"");
          }
          static_cast<google::protobuf::Timestamp*>(reflection->MutableMessage(&to, field))
              ->set_seconds(*instant);
          return;
        }
        return fill(from, *reflection->MutableMessage(&to, field), path);
      default:
        return fault(path, "has a type that this version does not read");
    }
  }

  std::optional<std::int64_t> integer(const json::value& from, const std::string& path) {
    std::int64_t number = 0;
    if (from.is_int64()) return from.get_int64();
    if (from.is_string()) {
      const std::string_view text = view(from.get_string());
      const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
      if (error == std::errc() && end == text.data() + text.size()) return number;
      if (error == std::errc::result_out_of_range) {
        fault(path, "is out of range");
        return std::nullopt;
      }
    } else if (from.is_uint64()) {
      fault(path, "is out of range");
      return std::nullopt;
    }
    fault(path, "must be an integer (as a JSON integer or a string)");
    return std::nullopt;
  }

  std::vector<Violation>& violations_;
};

json::value value_of(const Message& message);

json::value value_of_field(const Message& message, const FieldDescriptor* field) {
  const Reflection* reflection = message.GetReflection();
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING:
      return json::value(reflection->GetString(message, field));
    case FieldDescriptor::CPPTYPE_INT64:
      return json::value(std::to_string(reflection->GetInt64(message, field)));
    case FieldDescriptor::CPPTYPE_INT32:
      return json::value(reflection->GetInt32(message, field));
    case FieldDescriptor::CPPTYPE_BOOL:
      return json::value(reflection->GetBool(message, field));
    case FieldDescriptor::CPPTYPE_ENUM: {
      const int number = reflection->GetEnumValue(message, field);
      const EnumValueDescriptor* value = field->enum_type()->FindValueByNumber(number);
      if (value == nullptr) return json::value(number);
      return json::value(
          std::string_view(value->name()).substr(enum_prefix(field->enum_type()).size()));
    }
    default:
      return value_of(reflection->GetMessage(message, field));
  }
}

json::value value_of(const Message& message) {
  if (const auto* timestamp = dynamic_cast<const google::protobuf::Timestamp*>(&message)) {
    return json::value(format_instant(timestamp->seconds()));
  }
  json::object object;
  const Reflection* reflection = message.GetReflection();
  std::vector<const FieldDescriptor*> fields;
  reflection->ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) {
    if (!field->is_repeated()) {
      object[field->name()] = value_of_field(message, field);
      continue;
    }
    json::array list;
    for (int i = 0; i < reflection->FieldSize(message, field); ++i) {
      if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
        list.push_back(value_of(reflection->GetRepeatedMessage(message, field, i)));
      } else {
        list.push_back(json::value(reflection->GetRepeatedString(message, field, i)));
      }
    }
    object[field->name()] = std::move(list);
  }
  return object;
}

}  // namespace

Result<json::value> parse_json(std::string_view text) {
  json::parse_options options;
  options.max_depth = 16;
  boost::system::error_code error;
  json::basic_parser<Builder> parser(options);
  const std::size_t read = parser.write_some(false, text.data(), text.size(), error);
  if (!error && read < text.size()) error = json::error::extra_data;
  if (error) return unexpected(ErrorCode::kInvalidArgument, "is not JSON: " + error.message());
  return parser.handler().take();
}

void from_json(const json::value& json, v1::Event& message, std::vector<Violation>& violations) {
  Filler(violations).fill(json, message, "");
}

std::string to_json(const v1::Event& message) { return json::serialize(value_of(message)); }

bool read_event(const json::value& json, v1::Event& message, std::vector<Violation>& violations) {
  const std::size_t before = violations.size();
  from_json(json, message, violations);
  if (json.is_object()) {
    const std::size_t form_faults_end = violations.size();
    std::vector<Violation> found;
    Arena arena;
    validate(message, arena, found);
    for (Violation& violation : found) {
      // What could not be read is not also missing: a form fault at, in or above this place says it.
      const bool said = std::any_of(
          violations.begin() + static_cast<std::ptrdiff_t>(before),
          violations.begin() + static_cast<std::ptrdiff_t>(form_faults_end),
          [&](const Violation& form) {
            return form.field == violation.field || form.field.starts_with(violation.field + "[") ||
                   form.field.starts_with(violation.field + ".") ||
                   (violation.field.starts_with(form.field + ".") && !form.field.empty());
          });
      // An unknown field of the event itself may be its payload, misspelt.
      const bool misspelt =
          violation.field == "payload" &&
          std::any_of(violations.begin() + static_cast<std::ptrdiff_t>(before),
                      violations.begin() + static_cast<std::ptrdiff_t>(form_faults_end),
                      [](const Violation& form) {
                        return v1::Event::descriptor()->FindFieldByName(form.field) == nullptr &&
                               form.field.find('.') == std::string::npos;
                      });
      if (!said && !misspelt) violations.push_back(std::move(violation));
    }
    if (violations.size() == before && message.ByteSizeLong() > kEventBytesMax) {
      violations.push_back({"", fmt::format("is {} bytes encoded; at most {} are allowed",
                                            message.ByteSizeLong(), kEventBytesMax)});
    }
  }
  return violations.size() == before;
}

bool read_event(std::string_view text, v1::Event& message, std::vector<Violation>& violations) {
  const auto json = parse_json(text);
  if (!json) {
    violations.push_back({"", json.error().message});
    return false;
  }
  return read_event(*json, message, violations);
}

}  // namespace daybook::events
