#include "query/reports/customer_names.h"

#include <algorithm>
#include <map>
#include <unordered_map>

#include "base/hash.h"
#include "log/log.h"
#include "query/shard_reader.h"

namespace daybook::query {
namespace {

constexpr std::string_view kName = "customer_name";

// By id, of those that have a name.
using Names = std::vector<std::pair<std::string, std::string>>;

struct NamesPart {
  Names names;

  void add(NamesPart other) { std::ranges::move(other.names, std::back_inserter(names)); }
  template <typename Visit>
  void for_each_field(const Visit& visit) {
    visit(names);
  }
};

class CustomerNames final : public ReportOf<NamesPart> {
 public:
  const Description& description() const override {
    static const Description description = {
        .name = "customer-names", .path = {}, .meaning = "What customers are called."};
    return description;
  }

  static Names names_in(std::unique_ptr<Partial> gathered) { return taken(std::move(gathered)).names; }

 protected:
  NamesPart part_of(const Question& question, const ShardReader& shard) const override {
    NamesPart part;
    for (std::string& id :
         query::decode<std::vector<std::string>>(question.enclosed).value_or(std::vector<std::string>())) {
      shard.go_on();
      std::string name = shard.customer_name(id);
      if (name.empty()) continue;
      take_memory(sizeof part.names[0] + id.size() + name.size());
      part.names.emplace_back(std::move(id), std::move(name));
    }
    return part;
  }

  Answer answer_of(const Question&, NamesPart, Asker&) const override { return {}; }
};

using Values = std::vector<std::pair<std::string, Value>>;

auto find(auto& named, std::string_view name) {
  return std::ranges::find(named, name, [](const auto& each) -> std::string_view { return each.first; });
}

// Where in an answer customers are named.
struct Place {
  std::string_view field;
  // The field of it that says which customer it is of; empty: it has no name itself.
  std::string_view key = {};
  bool is_last = false;  // The name stands behind all others; else behind the key.
  std::vector<Place> within = {};

  bool is_empty() const { return key.empty() && within.empty(); }

  static Place of(std::string_view field, const std::vector<Field>& fields, bool groups_by_customer) {
    const auto has = [&](std::string_view name) {
      return std::ranges::find(fields, name, &Field::name) != fields.end();
    };
    Place place{field};
    if (has(kName)) place.key = has("customer_id") ? "customer_id" : groups_by_customer ? "group" : "";
    place.is_last = !fields.empty() && fields.back().name == kName;
    for (const Field& inner : fields) {
      Place each = of(inner.name, inner.fields, groups_by_customer);
      if (!each.is_empty()) place.within.push_back(std::move(each));
    }
    return place;
  }
};

// Calls visit(values, the one of the place's key, where the name is to stand) wherever there is to be one.
template <typename Visit>
void for_each_named(const Place& place, Values& values, const Visit& visit) {
  for (const Place& inner : place.within) {
    const auto at = find(values, inner.field);
    if (at == values.end()) continue;
    if (at->second.kind() == Value::Kind::kObject) for_each_named(inner, at->second.parts(), visit);
    if (at->second.kind() != Value::Kind::kList) continue;
    for (auto& [none, one] : at->second.parts()) for_each_named(inner, one.parts(), visit);
  }
  if (place.key.empty()) return;
  if (const auto key = find(values, place.key); key != values.end()) {
    visit(values, key, place.is_last ? values.end() : std::next(key));
  }
}

// A group of several kinds says each by its name.
std::string customer_of(const Value& key) {
  return key.kind() == Value::Kind::kObject ? find(key.parts(), "customer")->second.to_text() : key.to_text();
}

bool groups_by_customer(const Description& description, const Question& question) {
  const Parameter* by = description.parameter("group_by");
  if (by == nullptr) return false;
  if (by->type == Parameter::Type::kChoice) return question.arguments.choice(by->name) == "customer";
  return std::ranges::count(question.arguments.choices(by->name), "customer") > 0;
}

class Namer {
 public:
  Namer(const Description& description, bool groups_by_customer, Answer& answer)
      : head_(Place::of({}, description.head, groups_by_customer)),
        row_(Place::of({}, description.row, groups_by_customer)),
        tail_(Place::of({}, description.tail, groups_by_customer)),
        answer_(answer) {}

  // The names of all that are shown; nobody is asked where there are none.
  void ask(const Question& question, std::int32_t partitions, Asker& asker) {
    as_of_ = question.as_of;
    TakenMemory memory;
    std::map<Day, std::map<std::int32_t, std::vector<std::string>>> wanted;
    for_each([&](Values& values, auto key, auto) {
      const Day day = day_of(values);
      std::string id = customer_of(key->second);
      if (id.empty() || !names_[day].try_emplace(id).second) return;
      memory.add(2 * (kNodeBytes + id.size()));
      wanted[day][log::partition_of(id, partitions)].push_back(std::move(id));
    });
    for (const auto& [day, by_partition] : wanted) {
      Question asked = question.of_same_moment(customer_names_report().description().name);
      asked.as_of = day;
      std::map<std::int32_t, std::string> enclosed;
      for (const auto& [partition, ids] : by_partition) enclosed[partition] = query::encode(ids);
      asked.enclosed_by_partition = std::make_shared<const std::map<std::int32_t, std::string>>(std::move(enclosed));
      for (auto& [id, name] : CustomerNames::names_in(asker.gather(customer_names_report(), asked))) {
        names_[day][id] = std::move(name);
      }
    }
  }

  void write(const Description& description) {
    for_each([&](Values& values, auto key, auto place) {
      const Called& names = names_[day_of(values)];
      const auto at = names.find(customer_of(key->second));
      const std::string_view called = at == names.end() ? std::string_view() : at->second;
      const std::size_t room = values.capacity();
      values.emplace(place, kName, text_or_null(called));
      take_memory((values.capacity() - room) * sizeof values[0] + called.size());
    });
    if (row_.key == "group") add_column(description);
  }

 private:
  template <typename Visit>
  void for_each(const Visit& visit) {
    for_each_named(head_, answer_.head.values, visit);
    answer_.rows.for_each([&](Row& row) { for_each_named(row_, row.values, visit); });
    for_each_named(tail_, answer_.tail.values, visit);
  }

  // Rows may each be as of a date of their own.
  Day day_of(Values& values) const {
    const auto own = find(values, "as_of");
    return own == values.end() ? as_of_ : parse_date(own->second.to_text()).value_or(as_of_);
  }

  // Which the description leaves out, as it is not always there.
  void add_column(const Description& description) {
    if (!answer_.columns) answer_.columns = description.columns();
    answer_.columns->emplace_back(kName);
  }

  const Place head_;
  const Place row_;
  const Place tail_;
  Answer& answer_;
  Day as_of_ = 0;
  using Called = std::unordered_map<std::string, std::string, TextHash, std::equal_to<>>;  // Empty: none.
  std::map<Day, Called> names_;
};

}  // namespace

const Report& customer_names_report() {
  static const CustomerNames report;
  return report;
}

void name_customers(const Description& description, const Question& question, std::int32_t partitions, Answer& answer,
                    Asker& asker) {
  Namer namer(description, groups_by_customer(description, question), answer);
  namer.ask(question, partitions, asker);
  namer.write(description);
}

}  // namespace daybook::query
