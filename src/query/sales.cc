// Per-region sales: ordered, shipped, invoiced, collected, by posting day.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <unordered_map>

#include "base/hash.h"
#include "store/keys.h"
#include "query/period.h"
#include "query/views.h"

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
constexpr std::array<const char*, kColumnCount> kColumnNames = {
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
        row.add(kColumnNames[i], Value::amount(sums[i], currency));
      } else if (i <= kInvoices) {
        row.add(kColumnNames[i], Value::integer(sums[i]));
      } else {
        row.add(kColumnNames[i], Value::quantity(sums[i]));
      }
    }
  }
};

// Whose sales are asked for, when, and by what they are grouped.
struct SalesQuestion {
  Day as_of = 0;
  Period period;
  std::vector<std::string> group_by;
  int level = 0;
  Filters filters;

  bool groups_by(std::string_view name) const {
    return std::ranges::find(group_by, name) != group_by.end();
  }
  // Whether sums by month, region, rep, channel and kind say it all.
  bool is_by_month() const {
    return period.grain != Grain::kDay && period.grain != Grain::kWeek && !filters.sku &&
           !groups_by("sku") && !groups_by("customer");
  }
  // Whether sums by month and region do.
  bool is_by_region() const {
    return !filters.sales_rep && !filters.channel && !filters.kind && !groups_by("sales_rep") &&
           !groups_by("channel") && !groups_by("kind");
  }
};

// Where a posting stands; region and rep as they come to.
struct Posting {
  Currency currency;
  Day day = 0;
  std::string_view region;
  std::string_view sales_rep;
  domain::Dimensions dimensions;
  std::string_view customer;
};

struct SalesKey {
  std::string period;
  std::vector<std::string> group;
  Currency currency;
  auto operator<=>(const SalesKey&) const = default;
};

// Sums by row and in total.
class SalesTotals {
 public:
  explicit SalesTotals(const SalesQuestion& asked)
      : asked_(asked),
        row_counts_(asked.groups_by("sku") || asked.filters.sku ? Counts::kBySku : Counts::kOnce),
        total_counts_(asked.filters.sku ? Counts::kBySku : Counts::kOnce) {}

  // Finds the row of what is added next; false when it does not pass the filters (but for the sku).
  bool at(const Posting& posting) {
    const Filters& filters = asked_.filters;
    const std::string_view kind = domain::order_kind_name(posting.dimensions.kind);
    if (!passes_region(filters.region, posting.region) || !passes(filters.sales_rep, posting.sales_rep) ||
        !passes(filters.channel, posting.dimensions.channel) || !passes(filters.kind, kind) ||
        (filters.currency && posting.currency != *filters.currency)) {
      return false;
    }
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
      found = places_.emplace(key_, Place{&rows[key], &totals[posting.currency]}).first;
    }
    place_ = found->second;
    passes_sku_ = passes(filters.sku, posting.dimensions.sku);
    return true;
  }

  void add(Measure measure, const domain::CellValue& value) {
    if (!passes_sku_) return;
    query::add(*place_.total, measure, value, total_counts_);
    query::add(*place_.row, measure, value, row_counts_);
  }

  std::map<SalesKey, Sums> rows;
  std::map<Currency, Sums> totals;

 private:
  struct Place {
    Sums* row = nullptr;
    Sums* total = nullptr;
  };

  // Regions are whole paths.
  static std::string_view group(std::string_view name, const Posting& posting) {
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
  std::unordered_map<std::string, Place, TextHash, std::equal_to<>> places_;
  std::string key_;
  Place place_;
  bool passes_sku_ = true;
};

// Adds the cells of pages; of some months alone, where `months` (their first days, rising) holds any.
void scan_pages(Question& question, const SalesQuestion& asked, const ShardSnapshot& shard,
                std::optional<store::LabelId> only, const std::vector<Day>& months, SalesTotals& sums) {
  std::unique_ptr<CustomerContext> customer;
  const Day from = months.empty() ? asked.period.from : std::max(asked.period.from, months.front());
  const Day to = months.empty() ? asked.period.to : std::min(asked.period.to, months.back() + 30);
  query::scan_pages(
      shard, store::kSalesPage, only, store::span_of(from), store::span_of(to),
      [&](store::LabelId id, const std::vector<store::Cell>& cells) {
        for (const store::Cell& cell : cells) {
          if (cell.id.counts_from > asked.as_of || !asked.period.holds(cell.id.day)) continue;
          if (!months.empty() &&
              !std::ranges::binary_search(months, period_start(Grain::kMonth, cell.id.day))) {
            continue;
          }
          if (customer == nullptr || customer->id() != id) customer = question.new_customer(shard, id);
          const auto& attributes = shard.figure_labels().get(cell.id.attributes).attributes;
          const Posting posting{.currency = Currency::from_number(cell.id.currency),
                                .day = cell.id.day,
                                .region = customer->region(attributes),
                                .sales_rep = customer->sales_rep(attributes),
                                .dimensions = shard.figure_labels().get(cell.id.dimensions).dimensions,
                                .customer = customer->name()};
          if (sums.at(posting)) sums.add(cell.id.measure, cell.value);
        }
      });
}

// Adds sums by month, and the cells of months that they do not answer for.
void scan_image(Question& question, const SalesQuestion& asked, const ShardSnapshot& shard,
                const index::Sales& table, SalesTotals& sums) {
  const Period& period = asked.period;
  const auto at = [&](const index::SalesGroup& group, Day day) {
    const auto text = [&](index::TextId id) { return shard.dictionary->text(id); };
    return sums.at({.currency = Currency::from_number(group.currency),
                    .day = day,
                    .region = text(group.region),
                    .sales_rep = text(group.sales_rep),
                    .dimensions = {.sku = {}, .channel = text(group.channel), .kind = group.kind},
                    .customer = {}});
  };
  const auto add = [&](std::size_t place, Int128 value) {
    const index::SalesColumn& column = index::kSalesColumns[place];
    sums.add(column.measure, column.counts ? domain::CellValue{0, value} : domain::CellValue{value, 0});
  };
  std::vector<Day> unanswered;
  for (const auto& month : table.months()) {
    if (month->last_day < period.from || month->first_day > period.to) continue;
    if (!month->answers(period.from, period.to, asked.as_of)) {
      unanswered.push_back(month->start);
      continue;
    }
    for (const index::SalesSums& row : asked.is_by_region() ? month->by_region : month->by_all) {
      if (row.late > asked.as_of || !at(row.group, month->start)) continue;
      for (std::size_t i = 0; i < row.parts.size(); ++i) {
        if (row.parts[i] != 0) add(i, row.value(i));
      }
    }
  }
  shard.index->sales.tail.for_each([&](const index::SalesRow& row) {
    if (!period.holds(row.day) || row.counts_from > asked.as_of ||
        std::ranges::binary_search(unanswered, period_start(Grain::kMonth, row.day)) ||
        !at(row.group, row.day)) {
      return;
    }
    add(row.column, row.value());
  });
  if (!unanswered.empty()) scan_pages(question, asked, shard, {}, unanswered, sums);
}

}  // namespace

Answer sales(Question& question) {
  Parameters& parameters = question.parameters();
  SalesQuestion asked;
  asked.as_of = question.as_of();
  asked.period = read_period(parameters, Grain::kNone);
  asked.group_by = parameters.list("group_by");
  std::vector<std::string>& group_by = asked.group_by;
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
  const auto level = parameters.integer("level", 1, 6);
  if (level && !asked.groups_by("region")) refuse_parameter("level", "needs group_by=region");
  asked.level = static_cast<int>(level.value_or(0));
  asked.filters = question.filters(
      {"region", "sales_rep", "customer_id", "currency", "sku", "channel", "kind"});
  Columns columns;
  columns.quantities = asked.groups_by("sku");
  if (const auto measure = parameters.text("measure")) {
    const auto names = std::span(kColumnNames).first(kOrderedQuantity);
    const auto at = std::ranges::find(names, *measure, [](const char* name) { return std::string_view(name); });
    if (at == names.end()) {
      refuse_parameter("measure", fmt::format("'{}' is not one of {}", *measure, fmt::join(names, ", ")));
    }
    columns.only = static_cast<std::size_t>(at - names.begin());
  }

  SalesTotals sums(asked);
  const auto scope = question.scope(asked.filters);
  for (const ShardSnapshot* shard : scope.shards) {
    const index::Sales* table = shard->index == nullptr ? nullptr : shard->index->sales.table.get();
    if (scope.customer || !asked.is_by_month() || question.file_choice() != FileChoice::kAsWas ||
        (table != nullptr && !table->has_all() && !asked.is_by_region())) {
      table = nullptr;
    }
    if (table == nullptr) {
      scan_pages(question, asked, *shard, scope.customer, {}, sums);
    } else {
      scan_image(question, asked, *shard, *table, sums);
    }
  }

  const auto make_row = [&](const SalesKey& key, const Sums& columns_sums) {
    Row row;
    row.add("period", Value::text(key.period));
    Row group;
    for (std::size_t i = 0; i < group_by.size(); ++i) group.add(group_by[i], Value::text(key.group[i]));
    row.add("group", Value::object(std::move(group)));
    row.add("currency", Value::text(key.currency.code()));
    columns.write(row, columns_sums, key.currency);
    return row;
  };
  Answer answer = question.list(
      "rows", column_names(make_row({"", std::vector<std::string>(group_by.size()), {}}, Sums{})));
  for (const auto& entry : sums.rows) {
    if (columns.is_zero(entry.second)) continue;
    std::string sorted_by = sort_key({entry.first.period});
    for (const std::string& group : entry.first.group) sorted_by += sort_key({group});
    sorted_by += entry.first.currency.code();
    answer.rows.add(std::move(sorted_by), [&] { return make_row(entry.first, entry.second); });
  }
  std::vector<Row> total_rows;
  for (const auto& [currency, total] : sums.totals) {
    if (columns.is_zero(total)) continue;
    Row& row = total_rows.emplace_back();
    row.add("currency", Value::text(currency.code()));
    columns.write(row, total, currency);
  }
  answer.tail.add("totals", Value::list_of_rows(std::move(total_rows)));
  return answer;
}

}  // namespace daybook::query
