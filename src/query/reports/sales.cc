// Per-region sales: ordered, shipped, invoiced, collected, by posting day.
#include <algorithm>
#include <array>
#include <map>
#include <span>
#include <unordered_map>

#include "base/hash.h"
#include "query/reports.h"
#include "query/sales_reader.h"

namespace daybook::query {
namespace {

using domain::Measure;

enum Column : std::size_t {
  kOrdered,
  kShipped,
  kInvoiced,
  kCollected,
  kFreight,
  kOrders,
  kShipments,
  kInvoices,
  kOrderedQuantity,
  kShippedQuantity,
  kColumnCount,
};
constexpr std::array<std::string_view, kColumnCount> kColumnNames = {
    "ordered", "shipped",   "invoiced", "collected",        "freight",
    "orders",  "shipments", "invoices", "ordered_quantity", "shipped_quantity"};

using Sums = std::array<Int128, kColumnCount>;

// Counts of orders and shipments are taken by sku where sku is asked for, else once.
enum class Counts { kOnce, kBySku };

void add(Sums& sums, Measure measure, const domain::CellValue& added, Counts counts) {
  const auto& [value, quantity, count] = added;
  switch (measure) {
    case Measure::kOrdered:
      sums[kOrdered] += value;
      sums[kOrderedQuantity] += quantity;
      if (counts == Counts::kBySku) sums[kOrders] += count;
      return;
    case Measure::kShipped:
      sums[kShipped] += value;
      sums[kShippedQuantity] += quantity;
      if (counts == Counts::kBySku) sums[kShipments] += count;
      return;
    case Measure::kInvoiced:
      sums[kInvoiced] += value;
      sums[kInvoices] += quantity;
      return;
    case Measure::kCollected:
      sums[kCollected] += value;
      return;
    case Measure::kOrders:
      if (counts == Counts::kOnce) sums[kOrders] += quantity;
      return;
    case Measure::kShipments:
      sums[kFreight] += value;
      if (counts == Counts::kOnce) sums[kShipments] += quantity;
      return;
    default:
      return;
  }
}

// The columns of a row: all, or the one measure asked for.
struct Columns {
  std::optional<std::size_t> only;
  bool quantities = false;

  static Columns of(const Question& question, const SalesQuestion& asked) {
    Columns columns{.only = {}, .quantities = asked.groups_by("sku")};
    if (const auto measure = question.arguments.text("measure")) {
      columns.only = static_cast<std::size_t>(std::ranges::find(kColumnNames, *measure) - kColumnNames.begin());
    }
    return columns;
  }

  bool shows(std::size_t column) const {
    if (only) return column == *only;
    return column < kOrderedQuantity || quantities;
  }
  bool is_zero(const Sums& sums) const {
    for (std::size_t i = 0; i < kColumnCount; ++i) {
      if (shows(i) && sums[i] != 0) return false;
    }
    return true;
  }
  void write(Row& row, const Sums& sums, Currency currency) const {
    for (std::size_t i = 0; i < kColumnCount; ++i) {
      if (!shows(i)) continue;
      if (i <= kFreight) {
        row.add(std::string(kColumnNames[i]), Value::amount(sums[i], currency));
      } else if (i <= kInvoices) {
        row.add(std::string(kColumnNames[i]), Value::integer(sums[i]));
      } else {
        row.add(std::string(kColumnNames[i]), Value::quantity(sums[i]));
      }
    }
  }
};

struct SalesKey {
  std::string period;
  std::vector<std::string> group;
  Currency currency;

  auto operator<=>(const SalesKey&) const = default;
  template <typename Visit>
  void for_each_field(const Visit& visit) {
    visit(period, group, currency);
  }
};

// Sums by row, and in total: what stands under several skus counts once in all.
struct SalesPart {
  std::map<SalesKey, Sums> rows;
  std::map<Currency, Sums> totals;

  void add(SalesPart other) {
    rows.merge(other.rows);
    for (const auto& [key, sums] : other.rows) add_up(rows[key], sums);
    for (const auto& [currency, sums] : other.totals) add_up(totals[currency], sums);
  }
  template <typename Visit>
  void for_each_field(const Visit& visit) {
    visit(rows, totals);
  }

 private:
  static void add_up(Sums& to, const Sums& sums) {
    for (std::size_t i = 0; i < kColumnCount; ++i) to[i] += sums[i];
  }
};

// Adds postings up.
class SalesTotals {
 public:
  explicit SalesTotals(const SalesQuestion& asked)
      : asked_(asked),
        row_counts_(asked.groups_by("sku") || asked.filters.sku ? Counts::kBySku : Counts::kOnce),
        total_counts_(asked.filters.sku ? Counts::kBySku : Counts::kOnce) {}

  // Finds the row of what is added next.
  void at(const SalesPosting& posting) {
    // A grain's periods begin on different days.
    const Period& period = asked_.period;
    key_.assign(sortable(period.grain == Grain::kNone ? 0 : period_start(period.grain, posting.day)));
    key_ += sortable(posting.currency.number());
    for (const std::string& name : asked_.group_by) {
      key_ += group(name, posting);
      key_ += '\0';
    }
    auto found = places_.find(key_);
    if (found == places_.end()) {
      SalesKey key{period.label(posting.day), {}, posting.currency};
      for (const std::string& name : asked_.group_by) {
        key.group.push_back(name == "region" ? group_name(cut_region(posting.region, asked_.level))
                                             : group_name(group(name, posting)));
      }
      take_memory(2 * (key_.size() + kNodeBytes) + sizeof(SalesKey) + sizeof(Sums) + sizeof(Place));
      found = places_.emplace(key_, Place{&part_.rows[key], &part_.totals[posting.currency]}).first;
    }
    place_ = found->second;
  }

  void add(Measure measure, const domain::CellValue& value) {
    query::add(*place_.total, measure, value, total_counts_);
    query::add(*place_.row, measure, value, row_counts_);
  }

  // At the end.
  SalesPart take() { return std::move(part_); }

 private:
  struct Place {
    Sums* row = nullptr;
    Sums* total = nullptr;
  };

  // Regions are whole paths.
  static std::string_view group(std::string_view name, const SalesPosting& posting) {
    if (name == "region") return posting.region;
    if (name == "sales_rep") return posting.sales_rep;
    if (name == "customer") return posting.customer;
    if (name == "sku") return posting.dimensions.sku;
    if (name == "channel") return posting.dimensions.channel;
    return domain::order_kind_name(posting.dimensions.kind);
  }

  const SalesQuestion& asked_;
  const Counts row_counts_;
  const Counts total_counts_;
  SalesPart part_;
  std::unordered_map<std::string, Place, TextHash, std::equal_to<>> places_;
  std::string key_;
  Place place_;
};

std::vector<Field> total_fields() {
  std::vector<Field> all = {fields::text("currency")};
  for (std::size_t i = 0; i < kColumnCount; ++i) {
    const std::string name(kColumnNames[i]);
    Field field = i <= kFreight ? fields::amount(name) : i <= kInvoices ? fields::integer(name) : fields::quantity(name);
    all.push_back(std::move(field).where_asked());
  }
  return all;
}

class Sales final : public ReportOf<SalesPart> {
 public:
  const Description& description() const override {
    static const Description description = [] {
      const auto measures = std::span(kColumnNames).first(kOrderedQuantity);
      Description of{
          .name = "sales",
          .path = "/v1/sales",
          .meaning = "What was ordered, shipped, invoiced and collected.",
          .parameters = {parameters::from(),
                         parameters::to(),
                         parameters::grain(""),
                         {"group_by",
                          Parameter::Type::kChoices,
                          "What rows are grouped by, one or more; or none.",
                          false,
                          {},
                          {"region", "sales_rep", "customer", "sku", "channel", "kind"}},
                         parameters::choice("measure", {measures.begin(), measures.end()}, "", "This one alone."),
                         parameters::level(),
                         parameters::region(),
                         parameters::sales_rep(),
                         parameters::customer_id(),
                         parameters::currency(),
                         {"sku", Parameter::Type::kText, "This sku; unassigned for none."},
                         parameters::channel(),
                         parameters::kind()},
          .rows_name = "rows",
          .row = {fields::text("period"), fields::object("group", {})},
          .tail = {fields::list("totals", total_fields())}};
      of.row.back().meaning = "By name of each grouping; empty when not grouped.";
      std::ranges::move(total_fields(), std::back_inserter(of.row));
      return of;
    }();
    return description;
  }

  void settle(Question& question) const override {
    Period::check(question);
    if (question.arguments.integer("level") && !SalesQuestion::of(question).groups_by("region")) {
      refuse_parameter("level", "needs group_by=region");
    }
  }

 protected:
  SalesPart part_of(const Question& question, const ShardReader& shard) const override {
    const SalesQuestion asked = SalesQuestion::of(question);
    SalesTotals totals(asked);
    SalesReader(shard, asked).read(totals);
    return totals.take();
  }

  Answer answer_of(const Question& question, SalesPart whole, Asker&) const override {
    const SalesQuestion asked = SalesQuestion::of(question);
    const Columns columns = Columns::of(question, asked);
    const std::size_t groups = asked.group_by.size();
    const auto make_row = [&](const SalesKey& key, const Sums& sums) {
      Row row;
      row.add("period", Value::text(key.period));
      Row group;
      for (std::size_t i = 0; i < groups; ++i) group.add(asked.group_by[i], Value::text(key.group[i]));
      row.add("group", Value::object(std::move(group)));
      row.add("currency", Value::text(key.currency.code()));
      columns.write(row, sums, key.currency);
      return row;
    };
    Answer answer;
    answer.rows = Rows(question.page);
    answer.columns = column_names(make_row({"", std::vector<std::string>(groups), {}}, Sums{}));
    for (const auto& entry : whole.rows) {
      const auto& [key, sums] = entry;
      if (columns.is_zero(sums)) continue;
      std::string sorted_by = sort_key({key.period});
      for (const std::string& group : key.group) sorted_by += sort_key({group});
      sorted_by += key.currency.code();
      answer.rows.add(std::move(sorted_by), [&] { return make_row(entry.first, entry.second); });
    }
    std::vector<Row> total_rows;
    for (const auto& [currency, total] : whole.totals) {
      if (columns.is_zero(total)) continue;
      Row& row = total_rows.emplace_back();
      row.add("currency", Value::text(currency.code()));
      columns.write(row, total, currency);
    }
    answer.tail.add("totals", Value::list_of_rows(std::move(total_rows)));
    return answer;
  }
};

}  // namespace

const Report& sales_report() {
  static const Sales report;
  return report;
}

}  // namespace daybook::query
