#include "store/conflict_detail.h"

#include <fmt/format.h>

#include <map>
#include <vector>

#include "store/event_fields.h"

namespace daybook::store {
namespace {

constexpr std::size_t kFieldsMax = 20;
constexpr std::size_t kValueBytesMax = 64;

// The beginning of a long text, cut between characters.
std::string_view beginning(std::string_view text) {
  if (text.size() <= kValueBytesMax) return text;
  std::size_t size = kValueBytesMax;
  while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80) --size;
  return text.substr(0, size);
}

std::string quoted(std::string_view text) {
  const std::string_view shown = beginning(text);
  return fmt::format("'{}{}'", shown, shown.size() < text.size() ? "…" : "");
}

// Lists what an event says, a text a field; what is left out is not listed.
class Describer {
 public:
  struct Field {
    std::string name;
    std::string value;
  };

  std::vector<Field> take() { return std::move(fields_); }

  void operator()(std::string_view name, std::string_view text) {
    if (!text.empty()) add(name, quoted(text));
  }
  // A date, but for numbers of days.
  void operator()(std::string_view name, Day day) {
    add(name, name.ends_with("_days") ? std::to_string(day) : format_date(day));
  }
  void operator()(std::string_view name, std::int64_t number) { add(name, std::to_string(number)); }
  void operator()(std::string_view name, bool flag) {
    if (flag) add(name, "true");
  }
  void operator()(std::string_view name, Currency currency) {
    if (currency) add(name, std::string(currency.code()));
  }
  void operator()(std::string_view name, const Decimal& decimal) { add(name, format_decimal(decimal)); }
  template <typename Enum>
    requires std::is_enum_v<Enum>
  void operator()(std::string_view name, Enum value) {
    const std::string_view text = domain::enumerator_name(value);
    if (!text.empty()) add(name, std::string(text));
  }
  template <typename T>
  void operator()(std::string_view name, const std::optional<T>& value) {
    if (value) (*this)(name, *value);
  }
  template <typename T>
  void operator()(std::string_view name, std::span<const T> items) {
    for (std::size_t i = 0; i < items.size(); ++i) {
      const std::string at = fmt::format("{}[{}]", name, i);
      if constexpr (std::is_same_v<T, std::string_view>) {
        (*this)(at, items[i]);
      } else {
        const std::string outer = prefix_;
        prefix_ += at + ".";
        fields_of(*this, const_cast<T&>(items[i]));  // NOLINT: only read.
        prefix_ = outer;
      }
    }
  }

 private:
  void add(std::string_view name, std::string value) {
    fields_.push_back({fmt::format("{}{}", prefix_, name), std::move(value)});
  }

  std::string prefix_;
  std::vector<Field> fields_;
};

std::vector<Describer::Field> describe(const domain::Event& event) {
  Describer describer;
  describer("source", event.source);
  describer("occurred_at", std::string_view(format_instant(event.occurred_at)));
  std::visit(
      [&]<typename P>(const P& payload) {
        stored_fields_of(describer, const_cast<P&>(payload));  // NOLINT: only read.
      },
      event.payload);
  return describer.take();
}

}  // namespace

std::string conflict_detail(const domain::Event& stands, const domain::Event& came) {
  const std::string_view type = domain::event_type(stands.payload).name;
  const std::string_view came_type = domain::event_type(came.payload).name;
  if (type != came_type) return fmt::format("payload: {} stands, {} came", type, came_type);
  const auto standing = describe(stands);
  const auto coming = describe(came);
  const auto by_name = [](const std::vector<Describer::Field>& fields) {
    std::map<std::string_view, std::string_view> values;
    for (const auto& field : fields) values.emplace(field.name, field.value);
    return values;
  };
  const auto standing_values = by_name(standing);
  const auto coming_values = by_name(coming);
  // Of a repeated claim the payload alone is compared, whatever its envelope says.
  const auto is_envelope = [](std::string_view name) { return name == "source" || name == "occurred_at"; };
  const bool same_id = stands.event_id.text() == came.event_id.text();
  std::string text;
  std::size_t count = 0;
  const auto differ = [&](std::string_view name, std::string_view old_value, std::string_view new_value) {
    if (++count > kFieldsMax) return;
    fmt::format_to(std::back_inserter(text), "{}{}: {} stands, {} came", text.empty() ? "" : "; ", name, old_value,
                   new_value);
  };
  for (const auto& field : standing) {
    if (is_envelope(field.name) && !same_id) continue;
    const auto other = coming_values.find(field.name);
    const std::string_view value = other == coming_values.end() ? "none" : other->second;
    if (value != field.value) differ(field.name, field.value, value);
  }
  for (const auto& field : coming) {
    if (!standing_values.contains(field.name)) differ(field.name, "none", field.value);
  }
  if (count > kFieldsMax) fmt::format_to(std::back_inserter(text), "; and {} more", count - kFieldsMax);
  return text;
}

}  // namespace daybook::store
