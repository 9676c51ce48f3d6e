#include "table.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json/serialize.hpp>
#include <cmath>
#include <cstdlib>
#include <set>
#include <utility>
#include <vector>

#include "base/utf8.h"

namespace daybook::cli {
namespace {

namespace json = boost::json;
using query::Field;

// What says of a row what it is of: it stands in front of the rows of a list within it too.
bool is_key(std::string_view column) {
  static constexpr std::array<std::string_view, 9> kKeys = {
      "rank", "period", "group", "customer_id", "customer_name", "currency", "document_id", "order_id", "invoice_id"};
  return std::ranges::find(kKeys, column) != kKeys.end() || column.starts_with("group.");
}

bool is_event(const json::object& value) { return value.contains("offset") && value.contains("topic"); }

// What a terminal would take for a command is none.
std::string harmless(std::string_view text) {
  std::string shown(text);
  for (char& c : shown) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = '?';
  }
  return shown;
}

std::string plain(const json::value& value) {
  if (value.is_null()) return "";
  if (value.is_string()) return harmless(value.get_string());
  if (value.is_bool()) return value.get_bool() ? "yes" : "";
  if (value.is_double()) return fmt::format("{:.3f}", value.get_double());
  return json::serialize(value);
}

// "2024-06-30T12:00:05.123Z" without what only machines need.
std::string instant_words(std::string text) {
  if (text.size() < 20 || text[10] != 'T') return text;
  text[10] = ' ';
  return text.substr(0, 19);
}

struct Cell {
  std::string text;
  std::string plain;  // As the answer has it.
  bool is_number = false;

  // Whether it says that there is nothing.
  bool is_nothing() const { return is_number ? plain.find_first_not_of("-0.") == std::string::npos : plain.empty(); }
};

bool is_seconds(std::string_view name) { return name.ends_with("_seconds"); }

Cell cell_of(const std::string& name, const json::value& value, const Field* field) {
  Cell cell{.text = plain(value), .plain = plain(value)};
  if (value.is_null()) {
    cell.is_number = field != nullptr && field->type != Field::Type::kText && field->type != Field::Type::kDate &&
                     field->type != Field::Type::kInstant;
    return cell;
  }
  if (value.is_number()) {
    cell.is_number = true;
    cell.text = is_seconds(name) ? duration_words(value.to_number<double>()) : with_thousands(cell.plain);
  } else if (field != nullptr && value.is_string()) {
    switch (field->type) {
      case Field::Type::kAmount:
      case Field::Type::kQuantity:
      case Field::Type::kRatio:
      case Field::Type::kRate:
        cell.is_number = true;
        cell.text = with_thousands(cell.plain);
        break;
      case Field::Type::kInstant: cell.text = instant_words(cell.plain); break;
      default: break;
    }
  }
  return cell;
}

const Field* field_named(const std::vector<Field>* fields, std::string_view name) {
  if (fields == nullptr) return nullptr;
  const auto at = std::ranges::find(*fields, name, &Field::name);
  return at == fields->end() ? nullptr : &*at;
}

std::string event_place(const json::object& event) {
  return fmt::format("{}:{}:{}", plain(event.at("topic")), plain(event.at("partition")), plain(event.at("offset")));
}

struct NamedCell {
  std::string name;
  Cell cell;
};
using Line = std::vector<NamedCell>;

// For people a customer's name stands beside the id.
void put_name_beside_id(Line& line) {
  const auto name = std::ranges::find(line, "customer_name", &NamedCell::name);
  if (name == line.end()) return;
  for (auto id = name; id != line.begin();) {
    --id;
    if (id->name != "customer_id" && id->name != "group" && !id->name.starts_with("group.")) continue;
    std::rotate(std::next(id), name, std::next(name));
    return;
  }
}

// A list within a row, with what the row is of.
struct Inner {
  Line keys;
  const json::array* rows = nullptr;
  const Field* field = nullptr;
};

// One row as cells; lists of objects in it go to `inner`, by name.
class RowReader {
 public:
  RowReader(bool everything, const json::array* labels) : everything_(everything), labels_(labels) {}

  Line read(const json::object& row, const std::vector<Field>* fields) {
    line_.clear();
    inner_.clear();
    add(row, "", fields);
    put_name_beside_id(line_);
    return line_;
  }
  const std::vector<std::pair<std::string, Inner>>& inner() const { return inner_; }

 private:
  void add(const json::object& object, const std::string& prefix, const std::vector<Field>* fields) {
    for (const auto& member : object) {
      const std::string name = prefix + std::string(member.key());
      const Field* field = field_named(fields, member.key());
      const json::value& value = member.value();
      if (const auto* inside = value.if_object()) {
        if (is_event(*inside) && !everything_) {
          const std::string place = event_place(*inside);
          line_.push_back({name, {place, place}});
        } else {
          add(*inside, name + ".", field == nullptr ? nullptr : &field->fields);
        }
      } else if (const auto* list = value.if_array()) {
        add_list(*list, name, field);
      } else {
        // Under the labels of ages stands a list.
        if (labels_ != nullptr && name == "buckets") (void)value.as_array();
        line_.push_back({name, cell_of(name, value, field)});
      }
    }
  }

  void add_list(const json::array& list, const std::string& name, const Field* field) {
    if (!list.empty() && list.front().is_object()) {
      inner_.push_back({name, {{}, &list, field}});
      return;
    }
    if (labels_ != nullptr && name == "buckets") {
      for (std::size_t i = 0; i < labels_->size(); ++i) {
        line_.push_back({plain(labels_->at(i)), cell_of(name, list.at(i), field)});
      }
      return;
    }
    std::string all;
    for (const json::value& one : list) all += (all.empty() ? "" : ", ") + plain(one);
    line_.push_back({name, {all, all}});
  }

  const bool everything_;
  const json::array* labels_;
  Line line_;
  std::vector<std::pair<std::string, Inner>> inner_;
};

// Columns on a screen: by characters, not bytes; wide East Asian ones count twice.
std::size_t width_of(std::string_view text) {
  std::size_t width = 0;
  for (const char c : text) {
    if (!is_inside_character(c)) width += static_cast<unsigned char>(c) >= 0xE3 ? 2 : 1;
  }
  return width;
}

class Table {
 public:
  void add(Line line) {
    for (const NamedCell& cell : line) {
      if (known_.insert(cell.name).second) names_.push_back(cell.name);
    }
    lines_.push_back(std::move(line));
  }
  std::size_t rows() const { return lines_.size(); }
  const std::vector<std::string>& names() const { return names_; }

  // Rows in another order than they came in; `kept` says which.
  std::vector<std::size_t> sorted(std::string_view column, bool falling) const {
    std::vector<std::size_t> order(lines_.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    const auto comes_before = [&](std::size_t a, std::size_t b) {
      const Cell* one = find(lines_[a], column);
      const Cell* other = find(lines_[b], column);
      const bool has_one = one != nullptr && !one->plain.empty();
      const bool has_other = other != nullptr && !other->plain.empty();
      // What has none comes last, whichever way.
      if (!has_one || !has_other) return has_one && !has_other;
      if (falling) std::swap(one, other);
      if (!one->is_number || !other->is_number) return one->plain < other->plain;
      return std::strtold(one->plain.c_str(), nullptr) < std::strtold(other->plain.c_str(), nullptr);
    };
    std::ranges::stable_sort(order, comes_before);
    return order;
  }

  std::string text(const std::vector<std::size_t>& order, const TableOptions& options) const {
    std::vector<Column> all;
    for (const std::string& name : names_) all.push_back(make(name, order));
    std::vector<Column> columns;
    for (const Column& column : all) {
      if (options.everything || !(column.is_nothing || is_proof_that_holds(column.name, all)))
        columns.push_back(column);
    }
    // Where all that it counts is nothing, that is what it says.
    if (std::ranges::all_of(columns, [](const Column& column) { return is_key(column.name); }))
      columns = std::move(all);
    std::string text;
    for (const auto& part : parts(columns, options.width)) {
      if (!text.empty()) text += "\n";
      for (std::size_t row = 0; row <= order.size(); ++row) text += line_of(columns, part, row);
    }
    return text;
  }

 private:
  struct Column {
    std::string name;
    std::vector<std::string> cells;
    std::size_t width = 0;
    bool is_right = true;
    bool is_nothing = true;
  };

  // Whether it belongs to a proof of which no row has a difference.
  static bool is_proof_that_holds(std::string_view name, const std::vector<Column>& all) {
    static constexpr std::string_view kProof = "proof.";
    const std::size_t at = name.rfind(kProof);
    if (at == std::string_view::npos) return false;
    const std::string difference = std::string(name.substr(0, at + kProof.size())) + "difference";
    const auto found = std::ranges::find(all, difference, &Column::name);
    return found != all.end() && found->is_nothing;
  }

  static const Cell* find(const Line& line, std::string_view name) {
    const auto at = std::ranges::find(line, name, &NamedCell::name);
    return at == line.end() ? nullptr : &at->cell;
  }

  Column make(const std::string& name, const std::vector<std::size_t>& order) const {
    Column column;
    column.name = name;
    column.width = width_of(name);
    for (const std::size_t at : order) {
      const Cell* cell = find(lines_[at], name);
      column.cells.push_back(cell == nullptr ? "" : cell->text);
      column.width = std::max(column.width, width_of(column.cells.back()));
      if (cell == nullptr) continue;
      column.is_right = column.is_right && cell->is_number;
      column.is_nothing = column.is_nothing && cell->is_nothing();
    }
    return column;
  }

  // The columns of each part of a table that is too wide for the screen: each begins with the keys in front, which say
  // what a row is of; a name only once, for it is long and beside its id.
  static std::vector<std::vector<std::size_t>> parts(const std::vector<Column>& columns, std::size_t screen) {
    std::vector<std::size_t> keys;
    for (std::size_t i = 0; i < columns.size() && keys.size() < 3 && is_key(columns[i].name); ++i) {
      if (columns[i].name != "customer_name") keys.push_back(i);
    }
    if (keys.empty()) keys.push_back(0);
    std::vector<std::vector<std::size_t>> parts(1);
    std::size_t width = 0;
    for (std::size_t i = 0; i < columns.size(); ++i) {
      if (width + columns[i].width > screen && parts.back().size() > keys.size()) {
        parts.emplace_back();
        width = 0;
        for (const std::size_t key : keys) {
          parts.back().push_back(key);
          width += columns[key].width + 2;
        }
      }
      parts.back().push_back(i);
      width += columns[i].width + 2;
    }
    return parts;
  }

  // Row 0 is that of the names.
  static std::string line_of(const std::vector<Column>& columns, const std::vector<std::size_t>& part,
                             std::size_t row) {
    std::string text;
    for (const std::size_t i : part) {
      const Column& column = columns[i];
      const std::string& cell = row == 0 ? column.name : column.cells[row - 1];
      const std::string pad(column.width - width_of(cell), ' ');
      text += (column.is_right ? pad + cell : cell + pad) + "  ";
    }
    text.erase(text.find_last_not_of(' ') + 1);
    return text + "\n";
  }

  std::vector<std::string> names_;
  std::set<std::string> known_;
  std::vector<Line> lines_;
};

class Writer {
 public:
  Writer(const TableOptions& options, const json::array* labels) : options_(options), labels_(labels) {}

  // Rows of the answer itself; the order that was asked for is theirs.
  Result<void> rows(const json::array& rows, const std::vector<Field>& fields) {
    std::vector<const json::object*> kept;
    for (const json::value& row : rows) kept.push_back(&row.as_object());
    if (!options_.sort.empty()) {
      const bool falling = options_.sort.starts_with('-');
      const std::string column = falling ? options_.sort.substr(1) : options_.sort;
      Table all;
      for (const json::object* row : kept) all.add(RowReader(true, labels_).read(*row, &fields));
      if (std::ranges::find(all.names(), column) == all.names().end()) {
        return unexpected(
            ErrorCode::kInvalidArgument,
            fmt::format("--sort {}: the answer has no such column; it has {}", column, fmt::join(all.names(), ", ")));
      }
      std::vector<const json::object*> sorted;
      for (const std::size_t at : all.sorted(column, falling)) sorted.push_back(kept[at]);
      kept = std::move(sorted);
    }
    if (options_.top && kept.size() > *options_.top) kept.resize(*options_.top);
    table("", kept, {}, &fields);
    return {};
  }

  void object(const std::string& title, const json::object& value, const Field* field) {
    table(title, {&value}, {}, field == nullptr ? nullptr : &field->fields);
  }
  void list(const std::string& title, const json::array& rows, const Field* field) {
    std::vector<const json::object*> all;
    for (const json::value& row : rows) all.push_back(&row.as_object());
    table(title, all, {}, field == nullptr ? nullptr : &field->fields);
  }
  void line(const std::string& text) { text_ += text + "\n"; }
  void gap() {
    if (!text_.empty()) text_ += "\n";
  }

  std::string take() { return std::move(text_); }

 private:
  // `keys`: what stands in front of each row.
  void table(const std::string& title, const std::vector<const json::object*>& rows, const std::vector<Line>& keys,
             const std::vector<Field>* fields) {
    if (title == "histogram" && !options_.everything) return;
    Table table;
    std::vector<std::pair<std::string, std::vector<Inner>>> inner;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      RowReader reader(options_.everything, labels_);
      Line own = reader.read(*rows[i], fields);
      Line line = keys.empty() ? Line() : keys[i];
      const Line inherited = line;
      line.insert(line.end(), own.begin(), own.end());
      for (const auto& [name, found] : reader.inner()) {
        auto at = std::ranges::find(inner, name, &std::pair<std::string, std::vector<Inner>>::first);
        if (at == inner.end()) at = inner.insert(inner.end(), {name, {}});
        Inner& one = at->second.emplace_back(found);
        // Of one row alone it need not be said.
        if (rows.size() == 1) continue;
        one.keys = inherited;
        for (const NamedCell& cell : own) {
          if (is_key(cell.name)) one.keys.push_back(cell);
        }
      }
      table.add(std::move(line));
    }
    if (!table.names().empty()) {
      gap();
      if (!title.empty()) text_ += title + "\n";
      std::vector<std::size_t> order(table.rows());
      for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
      text_ += table.text(order, options_);
    }
    for (const auto& [name, lists] : inner) lists_within(name, lists);
  }

  void lists_within(const std::string& name, const std::vector<Inner>& lists) {
    std::vector<const json::object*> rows;
    std::vector<Line> keys;
    for (const Inner& list : lists) {
      for (const json::value& row : *list.rows) {
        rows.push_back(&row.as_object());
        keys.push_back(list.keys);
        // A row that names one of them itself does so for itself.
        std::erase_if(keys.back(), [&](const NamedCell& key) { return row.as_object().contains(key.name); });
      }
    }
    const Field* field = lists.front().field;
    table(name, rows, keys, field == nullptr ? nullptr : &field->fields);
  }

  const TableOptions& options_;
  const json::array* labels_;
  std::string text_;
};

// What the answer is of: dates and choices.
bool is_heading(std::string_view name, const json::value& value) {
  static constexpr std::array<std::string_view, 7> kElsewhere = {
      "positions", "newest_recorded_at", "waiting", "parked", "as_of", "known_at", "next_page_token"};
  return !value.is_object() && !value.is_array() && std::ranges::find(kElsewhere, name) == kElsewhere.end();
}

std::string of_when(const json::object& answer) {
  std::string words;
  if (const auto* as_of = answer.if_contains("as_of")) words = "as of " + plain(*as_of);
  const auto* known_at = answer.if_contains("known_at");
  if (known_at != nullptr && !known_at->is_null()) words += ", known at " + instant_words(plain(*known_at));
  return words;
}

const Field* field_beside(const query::Description& report, std::string_view name) {
  const Field* field = field_named(&report.head, name);
  return field != nullptr ? field : field_named(&report.tail, name);
}

// Lists and objects beside the rows.
void write_beside(Writer& writer, const json::object& answer, const query::Description& report) {
  for (const auto& member : answer) {
    const std::string name(member.key());
    if (name == report.rows_name || name == "positions" || name == "buckets") continue;
    const Field* field = field_beside(report, name);
    if (const auto* list = member.value().if_array(); list != nullptr && !list->empty() && list->front().is_object()) {
      writer.list(name, *list, field);
    } else if (const auto* object = member.value().if_object(); object != nullptr && !object->empty()) {
      writer.object(name, *object, field);
    }
  }
}

std::string list_words(const json::array& list) {
  std::string words;
  for (const json::value& one : list) words += (words.empty() ? "" : ", ") + plain(one);
  return words.empty() ? "none" : words;
}

// A page of one thing: what is said of it line by line, its lists below.
void write_page(Writer& writer, const json::object& answer, const query::Description& report) {
  for (const auto& member : answer) {
    const std::string name(member.key());
    if (name == "positions") continue;
    if (const auto* list = member.value().if_array();
        list != nullptr && (list->empty() || !list->front().is_object())) {
      writer.line(fmt::format("{:22} {}", name, list_words(*list)));
    } else if (!member.value().is_object() && !member.value().is_array() && !member.value().is_null()) {
      writer.line(fmt::format("{:22} {}", name, cell_of(name, member.value(), field_beside(report, name)).text));
    }
  }
  write_beside(writer, answer, report);
}

}  // namespace

std::string with_thousands(std::string_view number) {
  const std::size_t first = number.starts_with('-') ? 1 : 0;
  const std::size_t point = std::min(number.find('.'), number.size());
  std::string text(number.substr(0, first));
  for (std::size_t i = first; i < point; ++i) {
    if (i > first && (point - i) % 3 == 0) text += ',';
    text += number[i];
  }
  return text.append(number.substr(point));
}

std::string duration_words(double seconds) {
  const std::string sign = seconds < 0 ? "-" : "";
  struct Unit {
    const char* name;
    std::int64_t seconds;
  };
  constexpr std::array<Unit, 4> kUnits = {{{"d", 86'400}, {"h", 3'600}, {"min", 60}, {"s", 1}}};
  const auto whole = static_cast<std::int64_t>(std::llround(std::abs(seconds)));
  for (std::size_t i = 0; i + 1 < kUnits.size(); ++i) {
    if (whole < kUnits[i].seconds) continue;
    // Rounded to the smaller of the two that are said, it may be one of the next larger unit.
    const std::int64_t step = kUnits[i + 1].seconds;
    const std::int64_t rounded = (whole + step / 2) / step * step;
    const Unit& unit = i > 0 && rounded == kUnits[i - 1].seconds ? kUnits[i - 1] : kUnits[i];
    const std::int64_t rest = rounded % unit.seconds / step;
    const std::string words = with_thousands(std::to_string(rounded / unit.seconds)) + " " + unit.name;
    return sign + words + (rest == 0 ? "" : fmt::format(" {} {}", rest, kUnits[i + 1].name));
  }
  return sign + fmt::format("{} s", whole);
}

Result<std::string> tables_of(json::object answer, const query::Description& report, const TableOptions& options) {
  const json::array* labels = nullptr;
  if (const auto* buckets = answer.if_contains("buckets")) labels = buckets->if_array();
  Writer writer(options, labels);
  if (report.rows_name.empty()) {
    write_page(writer, answer, report);
    return writer.take();
  }
  const json::array& rows = answer.at(report.rows_name).as_array();
  if (rows.empty()) return std::string();
  RETURN_IF_ERROR(writer.rows(rows, report.row));
  write_beside(writer, answer, report);
  std::string words = of_when(answer);
  for (const auto& member : answer) {
    if (!is_heading(member.key(), member.value()) || member.value().is_null()) continue;
    std::string name(member.key());
    std::ranges::replace(name, '_', ' ');
    words += fmt::format(", {} {}", name, plain(member.value()));
  }
  writer.gap();
  writer.line(words);
  return writer.take();
}

}  // namespace daybook::cli
