#include "events/json_reader.h"

#include <simdjson.h>

#include <charconv>
#include <utility>

#include "base/date.h"
#include "base/text.h"

namespace daybook::events {
namespace {

namespace ondemand = simdjson::ondemand;

// Reads one value into a field. False is giving up, everywhere.
class Value {
 public:
  Value(ondemand::value& json, Arena& lists) : json_(json), token_(json.raw_json_token()), lists_(lists) {}

  bool is_null() {
    bool null = false;
    return token_.front() == 'n' && json_.is_null().get(null) == simdjson::SUCCESS && null;
  }

  bool read(wire::Text& into) {
    std::string_view text;
    if (!read_text(text)) return false;
    // The parser has seen to it that it is UTF-8.
    into = wire::Text(text.data(), static_cast<std::uint32_t>(text.size()), is_plain(text));
    return true;
  }

  bool read(std::int64_t& into) {
    std::string_view text;
    if (!read_text(text)) return json_.get_int64().get(into) == simdjson::SUCCESS;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), into);
    return error == std::errc() && end == text.data() + text.size();
  }

  bool read(bool& into) { return json_.get_bool().get(into) == simdjson::SUCCESS; }

  bool read(std::int32_t& into) {
    std::int64_t number = 0;
    if (!read(number) || !std::in_range<std::int32_t>(number)) return false;
    into = static_cast<std::int32_t>(number);
    return true;
  }

  bool read(std::int32_t& into, const wire::EnumNames& names) {
    std::string_view name;
    if (!read_text(name)) return false;
    if (name.starts_with(names.prefix)) name.remove_prefix(names.prefix.size());
    const auto found = std::ranges::find(names.values, name);
    into = 1 + static_cast<std::int32_t>(found - names.values.begin());
    return found != names.values.end();
  }

  bool read(wire::Timestamp& into) {
    std::string_view text;
    if (!read_text(text)) return false;
    const auto instant = parse_instant(text);
    if (instant) into.set_seconds(*instant);
    return instant.has_value();
  }

  template <typename Item>
  bool read(wire::List<Item>& into) {
    ondemand::array items;
    if (json_.get_array().get(items) != simdjson::SUCCESS) return false;
    for (auto item : items) {
      ondemand::value json;
      if (item.get(json) != simdjson::SUCCESS || !Value(json, lists_).read(into.add(lists_))) return false;
    }
    return true;
  }

  template <typename Message>
  bool read(Message& into) {
    ondemand::object members;
    return json_.get_object().get(members) == simdjson::SUCCESS && read_members(members, lists_, into);
  }

  template <typename Message>
  static bool read_members(ondemand::object& members, Arena& lists, Message& into) {
    std::uint64_t seen = 0;
    std::size_t field = 0;
    for (auto member : members) {
      ondemand::field pair;
      if (std::move(member).get(pair) != simdjson::SUCCESS) return false;
      if (!find_field<Message>(pair.key().raw(), field)) return false;
      if ((seen >> field & 1) != 0) return false;
      seen |= std::uint64_t{1} << field;
      Value value(pair.value(), lists);
      if (!value.is_null() && !into.read_json(field, value)) return false;
      ++field;
    }
    return true;
  }

 private:
  // The field that is called so, up to the quote: looked for from `field` on, for most come in their
  // order.
  template <typename Message>
  static bool find_field(const char* name, std::size_t& field) {
    const auto is = [&](std::string_view known) {
      // Nothing is read past the parser's padding: that is longer than any name.
      return std::memcmp(name, known.data(), known.size()) == 0 && name[known.size()] == '"';
    };
    constexpr std::size_t kCount = Message::kJsonNames.size();
    for (std::size_t i = 0; i < kCount; ++i, ++field) {
      if (field >= kCount) field = 0;
      const wire::JsonName& known = Message::kJsonNames[field];
      if (name[0] == known.plain[0] && (is(known.plain) || is(known.camel))) return true;
    }
    return false;
  }

  // Where it lies, unless it has escapes.
  bool read_text(std::string_view& text) {
    if (token_.front() != '"') return false;
    text = token_.substr(1, token_.rfind('"') - 1);
    if (text.find('\\') != std::string_view::npos) return json_.get_string().get(text) == simdjson::SUCCESS;
    // What is not taken is passed over later, with less care for what follows.
    ondemand::raw_json_string taken;
    return json_.get_raw_json_string().get(taken) == simdjson::SUCCESS;
  }

  ondemand::value& json_;
  // Up to the next one: its first character tells the kind, and behind a scalar is only white space.
  const std::string_view token_;
  Arena& lists_;
};

// simdjson 3.12 (Debian 13) passes over it; in JSON it is a fault.
bool has_byte_order_mark(std::string_view text) { return text.starts_with("\xef\xbb\xbf"); }

// Whether nothing is left but white space.
bool at_end(ondemand::document& document) { return document.current_location().error() == simdjson::OUT_OF_BOUNDS; }

}  // namespace

struct JsonReader::Parser {
  ondemand::parser parser;
};

JsonReader::JsonReader(std::string text) : padded_(std::move(text)), parser_(std::make_unique<Parser>()) {
  padded_.append(simdjson::SIMDJSON_PADDING, ' ');
}

JsonReader::~JsonReader() = default;

std::string_view JsonReader::text() const {
  return std::string_view(padded_).substr(0, padded_.size() - simdjson::SIMDJSON_PADDING);
}

bool JsonReader::read(std::string_view part, Arena& lists, wire::Event& event) {
  const auto behind = static_cast<std::size_t>(padded_.data() + padded_.size() - part.data());
  ondemand::document document;
  ondemand::object members;
  return part.size() <= kEventTextMax && !has_byte_order_mark(part) &&
         parser_->parser.iterate(part, behind).get(document) == simdjson::SUCCESS &&
         document.get_object().get(members) == simdjson::SUCCESS && Value::read_members(members, lists, event) &&
         at_end(document);
}

JsonList::JsonList(std::string_view text) : text_(text) {
  skip_blanks();
  is_list_ = at_ < text_.size() && text_[at_] == '[';
  if (is_list_) ++at_;
}

void JsonList::skip_blanks() { at_ = std::min(text_.find_first_not_of(" \t\r\n", at_), text_.size()); }

std::size_t JsonList::end_of_value() const {
  std::size_t depth = 0;
  for (std::size_t at = at_; at < text_.size(); ++at) {
    switch (text_[at]) {
      case '"':
        while (++at < text_.size() && text_[at] != '"') at += text_[at] == '\\';
        break;
      case '[':
      case '{': ++depth; break;
      case ',':
        if (depth == 0) return at;
        break;
      case ']':
      case '}':
        if (depth == 0) return at;
        --depth;
        break;
      default: break;
    }
  }
  return text_.size();
}

std::optional<std::string_view> JsonList::next() {
  skip_blanks();
  const bool is_first = std::exchange(is_first_, false);
  const char here = is_list_ && at_ < text_.size() ? text_[at_] : '\0';
  const bool has_next = is_first ? here != ']' && here != '\0' : here == ',';
  if (!has_next) {
    is_list_ = false;
    if (here == ']') {
      ++at_;
      skip_blanks();
      ended_well_ = at_ == text_.size();
    }
    return std::nullopt;
  }
  if (!is_first) {
    ++at_;
    skip_blanks();
  }
  const std::size_t end = end_of_value();
  const std::string_view value = text_.substr(at_, end - at_);
  at_ = end;
  return value;
}

}  // namespace daybook::events
