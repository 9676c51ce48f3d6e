// Per-region sales: ordered, shipped, invoiced, collected, by posting day.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "store/keys.h"
#include "views/period.h"
#include "views/views.h"

namespace daybook::views {
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
constexpr std::array<const char*, kColumnCount> kColumnNames = {
    "ordered", "shipped",   "invoiced", "collected",        "freight",
    "orders",  "shipments", "invoices", "ordered_quantity", "shipped_quantity"};

using Sums = std::array<Int128, kColumnCount>;

// Counts of orders and shipments are taken by sku where sku is asked for, else once.
enum class Counts { kOnce, kBySku };

void add(Sums& sums, const store::Cell& cell, Counts counts) {
  const auto& [value, quantity] = cell.value;
  switch (cell.id.measure) {
    case Measure::kOrdered:
      sums[kOrdered] += value;
      sums[kOrderedQuantity] += quantity;
      return;
    case Measure::kShipped:
      sums[kShipped] += value;
      sums[kShippedQuantity] += quantity;
      return;
    case Measure::kInvoiced:
      sums[kInvoiced] += value;
      return;
    case Measure::kCollected:
      sums[kCollected] += value;
      return;
    case Measure::kFreight:
      sums[kFreight] += value;
      return;
    case Measure::kInvoices:
      sums[kInvoices] += quantity;
      return;
    case Measure::kOrders:
      if (counts == Counts::kOnce) sums[kOrders] += quantity;
      return;
    case Measure::kShipments:
      if (counts == Counts::kOnce) sums[kShipments] += quantity;
      return;
    case Measure::kOrdersBySku:
      if (counts == Counts::kBySku) sums[kOrders] += quantity;
      return;
    case Measure::kShipmentsBySku:
      if (counts == Counts::kBySku) sums[kShipments] += quantity;
      return;
    default:
      return;
  }
}

// The columns of a row: all, or the one measure asked for.
struct Columns {
  std::optional<std::size_t> only;
  bool quantities = false;

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
        row.add(kColumnNames[i], amount(sums[i], currency));
      } else if (i <= kInvoices) {
        row.add(kColumnNames[i], Value::number(static_cast<std::int64_t>(sums[i])));
      } else {
        row.add(kColumnNames[i], Value::decimal(format_scaled(sums[i], kQuantityPlaces)));
      }
    }
  }
};

}  // namespace

Answer sales(Question& question) {
  Parameters& parameters = question.parameters();
  const Day as_of = question.as_of();
  const Period period = read_period(parameters, Grain::kNone);
  std::vector<std::string> group_by = parameters.list("group_by");
  if (group_by == std::vector<std::string>{"none"}) group_by.clear();
  const std::vector<std::string> allowed = {"region", "sales_rep", "customer", "sku", "channel", "kind"};
  for (std::size_t i = 0; i < group_by.size(); ++i) {
    if (std::ranges::find(allowed, group_by[i]) == allowed.end()) {
      refuse_parameter("group_by", fmt::format("'{}' is not one of {}, none", group_by[i],
                                               fmt::join(allowed, ", ")));
    }
    if (std::ranges::count(group_by, group_by[i]) > 1) {
      refuse_parameter("group_by", fmt::format("'{}' stands twice", group_by[i]));
    }
  }
  const auto groups_by = [&](std::string_view name) {
    return std::ranges::find(group_by, name) != group_by.end();
  };
  const auto level = parameters.integer("level", 1, 6);
  if (level && !groups_by("region")) refuse_parameter("level", "needs group_by=region");
  const Filters filters = question.filters(
      {"region", "sales_rep", "customer_id", "currency", "sku", "channel", "kind"});
  Columns columns;
  columns.quantities = groups_by("sku");
  if (const auto measure = parameters.text("measure")) {
    const auto names = std::span(kColumnNames).first(kOrderedQuantity);
    const auto at = std::ranges::find(names, *measure, [](const char* name) { return std::string_view(name); });
    if (at == names.end()) {
      refuse_parameter("measure", fmt::format("'{}' is not one of {}", *measure, fmt::join(names, ", ")));
    }
    columns.only = static_cast<std::size_t>(at - names.begin());
  }

  struct Key {
    std::string period;
    std::vector<std::string> group;
    Currency currency;
    auto operator<=>(const Key&) const = default;
  };
  std::map<Key, Sums> rows;
  std::map<Currency, Sums> totals;
  const Counts row_counts = groups_by("sku") || filters.sku ? Counts::kBySku : Counts::kOnce;
  const Counts total_counts = filters.sku ? Counts::kBySku : Counts::kOnce;
  const auto scope = question.scope(filters);
  for (const ShardPicture* shard : scope.shards) {
    std::unique_ptr<CustomerContext> customer;
    const auto take = [&](store::LabelId id, const store::Cell& cell) {
      const Currency currency = Currency::from_number(cell.id.currency);
      if (filters.currency && currency != *filters.currency) return;
      if (customer == nullptr || customer->id() != id) {
        customer = question.new_customer(*shard, id);
      }
      const auto& attributes = shard->labels->get(cell.id.attributes).attributes;
      const auto& dimensions = shard->labels->get(cell.id.dimensions).dimensions;
      const std::string_view region = customer->region(attributes);
      const std::string_view rep = customer->sales_rep(attributes);
      const std::string_view kind = domain::order_kind_name(dimensions.kind);
      if (!passes_region(filters.region, region) || !passes(filters.sales_rep, rep) ||
          !passes(filters.channel, dimensions.channel) || !passes(filters.kind, kind)) {
        return;
      }
      // Counts that are taken once have no sku; they stand for every one of the order's.
      const bool counted_once =
          cell.id.measure == Measure::kOrders || cell.id.measure == Measure::kShipments;
      if (!counted_once && !passes(filters.sku, dimensions.sku)) return;
      add(totals[currency], cell, total_counts);
      if (counted_once && row_counts == Counts::kBySku) return;
      Key key{period.label(cell.id.day), {}, currency};
      for (const std::string& name : group_by) {
        if (name == "region") {
          key.group.push_back(group_name(cut_region(region, static_cast<int>(level.value_or(0)))));
        } else if (name == "sales_rep") {
          key.group.push_back(group_name(rep));
        } else if (name == "customer") {
          key.group.emplace_back(customer->name());
        } else if (name == "sku") {
          key.group.push_back(group_name(dimensions.sku));
        } else if (name == "channel") {
          key.group.push_back(group_name(dimensions.channel));
        } else {
          key.group.push_back(group_name(kind));
        }
      }
      add(rows[key], cell, row_counts);
    };
    scan_pages(*shard, store::kSalesPage, scope.customer, store::span_of(period.from),
               store::span_of(period.to),
               [&](store::LabelId id, const std::vector<store::Cell>& cells) {
                 for (const store::Cell& cell : cells) {
                   if (cell.id.counts_from <= as_of && period.holds(cell.id.day)) take(id, cell);
                 }
               });
  }

  Answer answer;
  answer.rows_name = "rows";
  const auto make_row = [&](const Key& key, const Sums& sums) {
    SortedRow row{sort_key({key.period}), {}};
    row.row.add("period", Value::text(key.period));
    if (group_by.empty()) row.row.add("group", Value::text(""));
    for (std::size_t i = 0; i < group_by.size(); ++i) {
      row.key += sort_key({key.group[i]});
      row.row.add("group." + group_by[i], Value::text(key.group[i]));
    }
    row.key += key.currency.code();
    row.row.add("currency", Value::text(key.currency.code()));
    columns.write(row.row, sums, key.currency);
    return row;
  };
  answer.columns =
      column_names(make_row({"", std::vector<std::string>(group_by.size()), {}}, Sums{}).row);
  for (const auto& [key, sums] : rows) {
    if (!columns.is_zero(sums)) answer.rows.push_back(make_row(key, sums));
  }
  JsonWriter total_rows;
  total_rows.begin_array();
  for (const auto& [currency, sums] : totals) {
    if (columns.is_zero(sums)) continue;
    Row row;
    row.add("currency", Value::text(currency.code()));
    columns.write(row, sums, currency);
    write_json(row, total_rows);
  }
  total_rows.end_array();
  answer.tail.add("totals", Value::json(total_rows.take()));
  return answer;
}

}  // namespace daybook::views
