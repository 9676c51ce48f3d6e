#include "store/conflict_detail.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <vector>

#include "base/utf8.h"
#include "store/event_fields.h"

namespace daybook::store {
namespace {

constexpr std::size_t kFieldsMax = 20;
constexpr std::size_t kValueBytesMax = 64;

// Long values are shown from a little before the byte from which they differ.
constexpr std::size_t kBeforeDifference = 16;

// What is shown of a value that differs from another in this byte, cut between characters.
std::string_view shown(std::string_view value, std::size_t difference) {
  if (value.size() <= kValueBytesMax) return value;
  std::size_t begin = difference + kBeforeDifference < kValueBytesMax ? 0 : difference - kBeforeDifference;
  while (begin > 0 && is_inside_character(value[begin])) --begin;
  return first_characters(value.substr(begin), kValueBytesMax);
}

// Lists what an event says, a text a field; what is left out is not listed.
class Describer {
 public:
  struct Field {
    std::string name;
    std::string value;
    bool is_text = false;

    // `difference`: the first byte in which the other's value differs.
    std::string told(std::size_t difference) const {
      if (!is_text) return value;
      const std::string_view part = shown(value, difference);
      const bool from_start = part.data() == value.data();
      const bool to_end = part.data() + part.size() == value.data() + value.size();
      return fmt::format("'{}{}{}'", from_start ? "" : "…", part, to_end ? "" : "…");
    }
  };

  std::vector<Field> take() { return std::move(fields_); }

  void operator()(std::string_view name, std::string_view text) {
    if (!text.empty()) add(name, std::string(text), true);
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
  void add(std::string_view name, std::string value, bool is_text = false) {
    fields_.push_back({fmt::format("{}{}", prefix_, name), std::move(value), is_text});
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
  using Fields = std::map<std::string_view, const Describer::Field*>;
  const auto by_name = [](const std::vector<Describer::Field>& fields) {
    Fields by;
    for (const auto& field : fields) by.emplace(field.name, &field);
    return by;
  };
  const Fields standing_fields = by_name(standing);
  const Fields coming_fields = by_name(coming);
  // Of a repeated claim the payload alone is compared, whatever its envelope says.
  const auto is_envelope = [](std::string_view name) { return name == "source" || name == "occurred_at"; };
  const bool same_id = stands.event_id.text() == came.event_id.text();
  std::string text;
  std::size_t count = 0;
  const auto find = [](const Fields& fields, const std::string& name) {
    const auto found = fields.find(name);
    return found == fields.end() ? nullptr : found->second;
  };
  // Null: it has no such field.
  const auto compare = [&](const std::string& name, const Describer::Field* stands_here,
                           const Describer::Field* came_here) {
    const std::string_view a = stands_here == nullptr ? std::string_view() : stands_here->value;
    const std::string_view b = came_here == nullptr ? std::string_view() : came_here->value;
    if (stands_here != nullptr && came_here != nullptr && a == b) return;
    if (++count > kFieldsMax) return;
    const auto difference = static_cast<std::size_t>(std::ranges::mismatch(a, b).in1 - a.begin());
    const auto told = [&](const Describer::Field* field) {
      return field == nullptr ? std::string("none") : field->told(difference);
    };
    fmt::format_to(std::back_inserter(text), "{}{}: {} stands, {} came", text.empty() ? "" : "; ", name,
                   told(stands_here), told(came_here));
  };
  for (const auto& field : standing) {
    if (is_envelope(field.name) && !same_id) continue;
    compare(field.name, &field, find(coming_fields, field.name));
  }
  for (const auto& field : coming) {
    if (!standing_fields.contains(field.name)) compare(field.name, nullptr, &field);
  }
  if (count > kFieldsMax) fmt::format_to(std::back_inserter(text), "; and {} more", count - kFieldsMax);
  return text;
}

}  // namespace daybook::store
