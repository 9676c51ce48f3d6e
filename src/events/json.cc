#include "events/json.h"

#include <fmt/format.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <algorithm>
#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/serialize.hpp>
#include <charconv>
#include <unordered_set>
#include <utility>

#include "base/date.h"
#include "base/hash.h"
#include "base/utf8.h"

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

// A key that stands in its object already is kept under itself, this byte and a number. No key that is sent holds it:
// it is no part of UTF-8.
constexpr char kRepeated = '\xff';

std::string_view unrepeated(std::string_view key) { return key.substr(0, key.find(kRepeated)); }

// More values than any fit event has in all its objects and lists: what has more is not kept in memory.
constexpr std::size_t kValuesMax = 100'000;

// Makes a value of JSON. Unlike the library's own it keeps a key that is given twice; null counts as not given.
class Builder {
 public:
  static constexpr std::size_t max_object_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_array_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_key_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_string_size = static_cast<std::size_t>(-1);
  using Code = boost::system::error_code&;

  json::value take() { return std::move(root_); }
  // It went no further then.
  bool has_too_many_values() const { return values_ > kValuesMax; }

  bool on_document_begin(Code) { return true; }
  bool on_document_end(Code) { return true; }
  bool on_object_begin(Code code) { return begin(json::object(), code); }
  bool on_object_end(std::size_t, Code) { return end(); }
  bool on_array_begin(Code code) { return begin(json::array(), code); }
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
    return add(json::string(std::exchange(text_, {})), code);
  }
  bool on_number_part(json::string_view, Code) { return true; }
  bool on_int64(std::int64_t number, json::string_view, Code code) { return add(number, code); }
  bool on_uint64(std::uint64_t number, json::string_view, Code code) { return add(number, code); }
  bool on_double(double number, json::string_view, Code code) { return add(number, code); }
  bool on_bool(bool flag, Code code) { return add(flag, code); }
  bool on_null(Code code) { return add(nullptr, code); }
  bool on_comment_part(json::string_view, Code) { return true; }
  bool on_comment(json::string_view, Code) { return true; }

 private:
  // An object or list that is not complete.
  struct Open {
    json::value value;
    std::string key;  // Of the object's next value.
  };

  bool begin(json::value empty, Code code) {
    open_.push_back({std::move(empty), {}});
    return count(code);
  }

  bool end() {
    json::value done = std::move(open_.back().value);
    open_.pop_back();
    return put(std::move(done));
  }

  bool add(json::value value, Code code) { return count(code) && put(std::move(value)); }

  bool count(Code code) {
    if (++values_ <= kValuesMax) return true;
    code = json::error::array_too_large;  // The parser asks for some error where it is to go no further.
    return false;
  }

  bool put(json::value value) {
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
  std::size_t values_ = 0;
  std::vector<Open> open_;
  std::string text_;
};

// Where an event's faults of form are. What could not be read there is not also missing.
class Places {
 public:
  void add(std::string_view field) {
    at_.emplace(field);
    for (std::size_t i = 0; i < field.size(); ++i) {
      if (field[i] == '[' || field[i] == '.') above_.emplace(field.substr(0, i));
    }
  }

  // Whether there is one at, in or above this place.
  bool touch(std::string_view field) const {
    if (at_.contains(field) || above_.contains(field)) return true;
    for (std::size_t i = 1; i < field.size(); ++i) {
      if (field[i] == '.' && at_.contains(field.substr(0, i))) return true;
    }
    return false;
  }

  bool empty() const { return at_.empty(); }

 private:
  using Set = std::unordered_set<std::string, TextHash, std::equal_to<>>;

  Set at_;
  Set above_;
};

class Filler {
 public:
  explicit Filler(Violations& violations) : violations_(violations) {}

  // Where the faults were.
  const Places& places() const { return places_; }
  // Whether the event has a member that is no field: its payload, perhaps, misspelt.
  bool has_unknown_member() const { return has_unknown_member_; }

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
        has_unknown_member_ = has_unknown_member_ || path.empty();
        fault(shortened(here), "is not a known field");
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
          fault(later->name(), fmt::format("must not be given beside {}: an event has one payload", earlier->name()));
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
    places_.add(path);
    violations_.add(path, std::move(message));
  }

  // Names that nobody gave a field are told in part.
  static std::string shortened(const std::string& path) {
    constexpr std::size_t kPathBytesMax = 256;
    if (path.size() <= kPathBytesMax) return path;
    return std::string(first_characters(path, kPathBytesMax)) + "…";
  }

  void fill_list(const json::value& from, Message& to, const FieldDescriptor* field, const std::string& path) {
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

  void fill_field(const json::value& from, Message& to, const FieldDescriptor* field, const std::string& path) {
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
          const auto instant = from.is_string() ? parse_instant(view(from.get_string())) : std::nullopt;
          if (!instant) {
            return fault(path,
                         "must be an RFC 3339 time from 1900 to 2199, for example "
                         "\"2024-05-01T08:00:00Z\"");
          }
          static_cast<google::protobuf::Timestamp*>(reflection->MutableMessage(&to, field))->set_seconds(*instant);
          return;
        }
        return fill(from, *reflection->MutableMessage(&to, field), path);
      default: return fault(path, "has a type that this version does not read");
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

  Violations& violations_;
  Places places_;
  bool has_unknown_member_ = false;
};

json::value value_of(const Message& message);

json::value value_of_field(const Message& message, const FieldDescriptor* field) {
  const Reflection* reflection = message.GetReflection();
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING: return json::value(reflection->GetString(message, field));
    case FieldDescriptor::CPPTYPE_INT64: return json::value(std::to_string(reflection->GetInt64(message, field)));
    case FieldDescriptor::CPPTYPE_INT32: return json::value(reflection->GetInt32(message, field));
    case FieldDescriptor::CPPTYPE_BOOL: return json::value(reflection->GetBool(message, field));
    case FieldDescriptor::CPPTYPE_ENUM: {
      const int number = reflection->GetEnumValue(message, field);
      const EnumValueDescriptor* value = field->enum_type()->FindValueByNumber(number);
      if (value == nullptr) return json::value(number);
      return json::value(std::string_view(value->name()).substr(enum_prefix(field->enum_type()).size()));
    }
    default: return value_of(reflection->GetMessage(message, field));
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

namespace {

Result<json::value> parse(std::string_view text) {
  json::parse_options options;
  options.max_depth = 16;
  boost::system::error_code error;
  json::basic_parser<Builder> parser(options);
  const std::size_t read = parser.write_some(false, text.data(), text.size(), error);
  if (parser.handler().has_too_many_values()) {
    return unexpected(ErrorCode::kInvalidArgument,
                      fmt::format("has more than {} values; no event has as many", kValuesMax));
  }
  if (!error && read < text.size()) error = json::error::extra_data;
  if (error) return unexpected(ErrorCode::kInvalidArgument, "is not JSON: " + error.message());
  return parser.handler().take();
}

}  // namespace

json::value to_json_value(const v1::Event& message) { return value_of(message); }
std::string to_json(const v1::Event& message) { return json::serialize(to_json_value(message)); }

bool read_event(const json::value& json, v1::Event& message, Violations& violations) {
  const std::size_t before = violations.count();
  Filler filler(violations);
  filler.fill(json, message, "");
  if (json.is_object()) {
    const bool is_whole = violations.count() == before;
    Violations found(is_whole ? Violations::PassOver() : [&](std::string_view field) {
      return filler.places().touch(field) || (field == "payload" && filler.has_unknown_member());
    });
    Arena arena;
    validate(message, arena, found);
    violations.add_all(found);
    if (violations.count() == before && message.ByteSizeLong() > kEventBytesMax) {
      violations.add(
          "", fmt::format("is {} bytes encoded; at most {} are allowed", message.ByteSizeLong(), kEventBytesMax));
    }
  }
  return violations.count() == before;
}

bool read_event(std::string_view text, v1::Event& message, Violations& violations) {
  const auto json = parse(text);
  if (json) return read_event(*json, message, violations);
  violations.add("", json.error().message);
  return false;
}

}  // namespace daybook::events
