// Writes wire_messages.h and .cc: for Event and each message in it a class that points into encoded
// bytes or JSON, with the accessors of protobuf's own class. A kind of field that no event has so far
// ends the build.
//
//   wire_generator FOLDER
#include <fmt/format.h>
#include <google/protobuf/descriptor.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <set>
#include <vector>

#include "daybook/events/v1/event.pb.h"

namespace {

using google::protobuf::Descriptor;
using google::protobuf::EnumDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::OneofDescriptor;

[[noreturn]] void give_up(const std::string& what) {
  fmt::print(stderr, "wire_generator: {}\n", what);
  std::exit(1);
}

// `type` behind all that it holds.
void collect(const Descriptor* type, std::vector<const Descriptor*>& types) {
  for (int i = 0; i < type->field_count(); ++i) {
    const Descriptor* inner = type->field(i)->message_type();
    if (inner == type) give_up(type->full_name() + " holds itself");
    if (inner != nullptr && std::ranges::find(types, inner) == types.end()) collect(inner, types);
  }
  types.push_back(type);
}

std::string type_of(const FieldDescriptor* field) {
  switch (field->type()) {
    case FieldDescriptor::TYPE_STRING: return "Text";
    case FieldDescriptor::TYPE_INT64: return "std::int64_t";
    case FieldDescriptor::TYPE_INT32:
    case FieldDescriptor::TYPE_ENUM: return "std::int32_t";
    case FieldDescriptor::TYPE_BOOL: return "bool";
    case FieldDescriptor::TYPE_MESSAGE: return field->message_type()->name();
    default: give_up(field->full_name() + " has a type that is not read");
  }
}

bool is_message(const FieldDescriptor* field) { return field->message_type() != nullptr; }
bool is_text(const FieldDescriptor* field) { return field->type() == FieldDescriptor::TYPE_STRING; }
// A flag is one too.
bool is_number(const FieldDescriptor* field) { return !is_message(field) && !is_text(field); }
// In JSON a text.
bool is_timestamp(const Descriptor* type) { return type->full_name() == "google.protobuf.Timestamp"; }

std::vector<const FieldDescriptor*> by_number(const Descriptor* type) {
  std::vector<const FieldDescriptor*> fields;
  for (int i = 0; i < type->field_count(); ++i) fields.push_back(type->field(i));
  std::ranges::sort(fields, {}, &FieldDescriptor::number);
  return fields;
}

// "kOrderPlaced" of order_placed.
std::string case_of(const FieldDescriptor* field) {
  std::string name = field->camelcase_name();
  name[0] = static_cast<char>(std::toupper(name[0]));
  return "k" + name;
}

// Length-delimited, or a varint.
int tag_of(const FieldDescriptor* field) {
  return field->number() << 3 | (is_message(field) || is_text(field) ? 2 : 0);
}

class Writer {
 public:
  explicit Writer(const Descriptor* root) : root_(root) { collect(root, types_); }

  std::string header() const {
    std::string text =
        "// Made by wire_generator from the .proto files: messages that point into encoded bytes or JSON.\n"
        "#pragma once\n\n"
        "#include <array>\n"
        "#include <new>\n\n"
        "#include \"daybook/events/v1/event.pb.h\"\n"
        "#include \"events/wire.h\"\n\n"
        "namespace daybook::events::wire {\n";
    text += enum_names();
    for (const Descriptor* type : types_) text += declaration(type);
    return text + "\n}  // namespace daybook::events::wire\n";
  }

  std::string source() const {
    std::string text =
        "// Made by wire_generator from the .proto files.\n"
        "#include \"events/wire_messages.h\"\n\n"
        "namespace daybook::events::wire {\n";
    for (const Descriptor* type : types_) text += definition(type);
    return text + "\n}  // namespace daybook::events::wire\n";
  }

 private:
  std::string declaration(const Descriptor* type) const {
    std::string accessors;
    std::string members;
    std::string oneof_members;
    for (int i = 0; i < type->field_count(); ++i) {
      const FieldDescriptor* field = type->field(i);
      const std::string& name = field->name();
      const std::string value = type_of(field);
      if (field->is_repeated()) {
        if (is_number(field)) give_up(field->full_name() + ": repeated numbers are not read");
        accessors += fmt::format("  const List<{}>& {}() const {{ return {}_; }}\n", value, name, name);
        members += fmt::format("  List<{}> {}_;\n", value, name);
        continue;
      }
      const std::string given = is_message(field) ? "const " + value + "&" : value;
      accessors += fmt::format("  {} {}() const {{ return {}_; }}\n", given, name, name);
      if (field->real_containing_oneof() != nullptr) {
        if (!is_message(field)) give_up(field->full_name() + ": only messages are read in a oneof");
        oneof_members += fmt::format("    {} {}_;\n", value, name);
        continue;
      }
      members += fmt::format("  {} {}_{};\n", value, name, is_number(field) ? "{}" : "");
      if (!field->has_presence()) continue;
      accessors += fmt::format("  bool has_{}() const {{ return has_{}_; }}\n", name, name);
      members += fmt::format("  bool has_{}_ = false;\n", name);
    }
    if (const OneofDescriptor* oneof = oneof_of(type)) {
      const std::string& name = oneof->name();
      accessors += fmt::format(
          "  {}() {{}}\n  using PayloadCase = v1::Event::PayloadCase;\n"
          "  // Of the oneof, only the message that this names may be asked for.\n"
          "  PayloadCase {}_case() const {{ return {}_case_; }}\n",
          type->name(), name, name);
      members += fmt::format("  PayloadCase {}_case_{{}};\n  union {{\n{}  }};\n", name, oneof_members);
    }
    if (type == root_) {
      accessors += "  // On this level.\n  bool has_unknown_fields() const { return has_unknown_fields_; }\n";
      members += "  bool has_unknown_fields_ = false;\n";
    }
    accessors +=
        is_timestamp(type) ? "  void set_seconds(std::int64_t seconds) { seconds_ = seconds; }\n" : json_fields(type);
    return fmt::format(
        "\nclass {} {{\n public:\n{}"
        "  // Adds the fields of further bytes.\n"
        "  const char* merge(const char* at, const char* end, Arena& arena, int depth);\n"
        "  // As the library encodes it, without unknown fields: so many bytes, and the place behind them.\n"
        "  std::size_t byte_size() const;\n"
        "  char* write(char* to) const;\n\n private:\n{}}};\n",
        type->name(), accessors, members);
  }

  // The names of each enum's values without their prefix, from number 1 on.
  std::string enum_names() const {
    std::set<const EnumDescriptor*> enums;
    std::string text;
    for (const Descriptor* type : types_) {
      for (int i = 0; i < type->field_count(); ++i) {
        const EnumDescriptor* values = type->field(i)->enum_type();
        if (values == nullptr || !enums.insert(values).second) continue;
        std::string prefix = values->value(0)->name();
        prefix.resize(prefix.size() - std::string_view("UNSPECIFIED").size());
        std::string names;
        for (int number = 1; number < values->value_count(); ++number) {
          const std::string& name = values->value(number)->name();
          if (values->value(number)->number() != number || !name.starts_with(prefix)) {
            give_up(name + ": values are numbered one by one and have one prefix");
          }
          names += fmt::format("{}\"{}\"", number == 1 ? "" : ", ", name.substr(prefix.size()));
        }
        text += fmt::format(
            "\ninline constexpr std::string_view k{0}Values[] = {{{1}}};\n"
            "inline constexpr EnumNames k{0}Names = {{\"{2}\", k{0}Values}};\n",
            values->name(), names, prefix);
      }
    }
    return text;
  }

  static std::string json_fields(const Descriptor* type) {
    if (type->field_count() > 64) give_up(type->full_name() + " has more fields than a JSON reader counts");
    std::string names;
    std::string cases;
    for (int i = 0; i < type->field_count(); ++i) {
      const FieldDescriptor* field = type->field(i);
      const std::string& name = field->name();
      names += fmt::format("{}{{\"{}\", \"{}\"}}", i == 0 ? "" : ", ", name, field->camelcase_name());
      std::string before;
      if (field->real_containing_oneof() != nullptr) {
        const std::string chosen = fmt::format("{}_case_", field->real_containing_oneof()->name());
        before = fmt::format(
            "        if ({0} != PayloadCase{{}}) return false;\n        {0} = PayloadCase::{1};\n"
            "        new (&{2}_) {3}();\n",
            chosen, case_of(field), name, type_of(field));
      } else if (field->has_presence()) {
        before = fmt::format("        has_{}_ = true;\n", name);
      }
      const std::string values =
          field->enum_type() == nullptr ? "" : fmt::format(", k{}Names", field->enum_type()->name());
      cases += fmt::format("      case {}:\n{}        return from.read({}_{});\n", i, before, name, values);
    }
    return fmt::format(
        "  // What JSON calls its fields.\n"
        "  static constexpr std::array<JsonName, {}> kJsonNames = {{{{{}}}}};\n"
        "  // Lets `from` read the field that stands there in kJsonNames; false when it cannot, or when another\n"
        "  // of its oneof has been read.\n"
        "  template <typename From>\n"
        "  bool read_json(std::size_t field, From& from) {{\n"
        "    switch (field) {{\n{}"
        "      default: return false;\n"
        "    }}\n"
        "  }}\n",
        type->field_count(), names, cases);
  }

  std::string definition(const Descriptor* type) const {
    std::string cases;
    std::string in_order;
    for (const FieldDescriptor* field : by_number(type)) {
      const std::string& name = field->name();
      std::string before;
      if (field->real_containing_oneof() != nullptr) {
        const std::string chosen = fmt::format("{}_case_", field->real_containing_oneof()->name());
        before = fmt::format(
            "        if ({} != PayloadCase::{}) {{\n          {} = PayloadCase::{};\n"
            "          new (&{}_) {}();\n        }}\n",
            chosen, case_of(field), chosen, case_of(field), name, type_of(field));
      } else if (field->has_presence()) {
        before = fmt::format("        has_{}_ = true;\n", name);
      }
      const std::string into = field->is_repeated() ? name + "_.add(arena)" : name + "_";
      const std::string read = is_message(field) ? fmt::format("read_message(at, end, {}, arena, depth)", into)
                               : is_text(field)  ? fmt::format("read_text(at, end, {})", into)
                                                 : fmt::format("read_integer(at, end, {})", into);
      cases += fmt::format("      case {}:\n{}        at = {};\n        break;\n", tag_of(field), before, read);
      if (tag_of(field) >= 0x80 || field->real_containing_oneof() != nullptr) continue;
      in_order += fmt::format(
          "  {} (at != end && *at == {}) {{\n    ++at;\n{}    at = {};\n    if (at == nullptr) return nullptr;\n  }}\n",
          field->is_repeated() ? "while" : "if", tag_of(field), before, read);
    }
    return fmt::format(
               "\nconst char* {}::merge(const char* at, const char* end, [[maybe_unused]] Arena& arena, int depth) {{\n"
               "  // As nearly everybody writes them: by rising number, none twice.\n{}"
               "  // Whatever is left.\n"
               "  while (at != end) {{\n"
               "    std::uint32_t tag = 0;\n"
               "    at = read_tag(at, end, tag);\n"
               "    if (at == nullptr) return nullptr;\n"
               "    switch (tag) {{\n{}"
               "      default:\n{}        at = skip(tag, at, end, depth);\n"
               "    }}\n"
               "    if (at == nullptr) return nullptr;\n"
               "  }}\n"
               "  return at;\n}}\n",
               type->name(), in_order, cases, type == root_ ? "        has_unknown_fields_ = true;\n" : "") +
           encoding(type);
  }

  static std::string encoding(const Descriptor* type) {
    std::string sizes;
    std::string writes;
    for (const FieldDescriptor* field : by_number(type)) {
      const std::string name = field->name() + "_";
      std::string given;
      if (field->is_repeated()) {
        given = fmt::format("for (int i = 0; i < {}.size(); ++i)", name);
      } else if (const OneofDescriptor* oneof = field->real_containing_oneof()) {
        given = fmt::format("if ({}_case_ == PayloadCase::{})", oneof->name(), case_of(field));
      } else if (field->has_presence()) {
        given = fmt::format("if (has_{})", name);
      } else {
        given = is_text(field) ? fmt::format("if (!{}.empty())", name) : fmt::format("if ({})", name);
      }
      const std::string value = field->is_repeated() ? name + "[i]" : name;
      sizes += fmt::format("  {} size += encoded_size({}, {});\n", given, tag_of(field), value);
      writes += fmt::format("  {} to = write_field(to, {}, {});\n", given, tag_of(field), value);
    }
    return fmt::format(
        "\nstd::size_t {0}::byte_size() const {{\n  std::size_t size = 0;\n{1}  return size;\n}}\n"
        "\nchar* {0}::write(char* to) const {{\n{2}  return to;\n}}\n",
        type->name(), sizes, writes);
  }

  // The root's alone: the others have none.
  const OneofDescriptor* oneof_of(const Descriptor* type) const {
    if (type->real_oneof_decl_count() == 0) return nullptr;
    if (type != root_ || type->real_oneof_decl_count() > 1 || type->oneof_decl(0)->name() != "payload") {
      give_up(type->full_name() + " has a oneof that is not read");
    }
    return type->oneof_decl(0);
  }

  const Descriptor* root_;
  std::vector<const Descriptor*> types_;
};

void write(const std::string& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary);
  file << text;
  if (!file.flush()) give_up("cannot write " + path);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) give_up("wire_generator FOLDER");
  const std::string folder = argv[1];
  const Writer writer(daybook::events::v1::Event::descriptor());
  write(folder + "/wire_messages.h", writer.header());
  write(folder + "/wire_messages.cc", writer.source());
}
