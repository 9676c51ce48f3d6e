// Per-region sales: ordered, shipped, invoiced, collected, by posting day, with the proof that rows are parts of a whole;
// beside targets and earlier periods, and in one currency.
#include <algorithm>
#include <array>
#include <map>
#include <unordered_map>

#include "base/exchange.h"
#include "base/hash.h"
#include "query/comparison.h"
#include "query/large_values.h"
#include "query/reports.h"
#include "query/sales_figures.h"
#include "query/sales_reader.h"
#include "query/target_reader.h"

namespace daybook::query {
namespace {

using domain::Measure;

// Of amounts as they were posted (Int128), or of what they come to in one currency (Int256).
template <typename Number>
using SumsOf = std::array<Number, kSalesFigureCount>;
using Sums = SalesFigures;

// What is counted once, and under each sku where it is told apart by that.
bool counts_by_sku(std::size_t figure) { return figure == kOrders || figure == kShipments; }

// The columns of a row: all, or the one measure asked for.
struct Columns {
  std::optional<std::size_t> only;
  bool quantities = false;
  bool of_a_sku = false;

  static Columns of(const Question& question, const SalesQuestion& asked) {
    return {.only = measure_asked(question),
            .quantities = asked.groups_by("sku"),
            .of_a_sku = asked.filters.sku.has_value()};
  }

  // The measure as targets are set for it.
  std::optional<domain::SalesMeasure> target_measure() const {
    using domain::SalesMeasure;
    if (only == kOrdered) return SalesMeasure::kOrdered;
    if (only == kShipped) return SalesMeasure::kShipped;
    if (only == kInvoiced) return SalesMeasure::kInvoiced;
    if (only == kCollected) return SalesMeasure::kCollected;
    return std::nullopt;
  }
  bool shows(std::size_t column) const {
    if (only) return column == *only;
    return column < kSalesMeasureCount || quantities;
  }
  // Whether rows add up to it: goods of one kind and another have no whole, nor is what counts under each sku part of one.
  bool proves(std::size_t column) const {
    return column < kSalesMeasureCount && shows(column) && !(of_a_sku && counts_by_sku(column));
  }
  template <typename Number>
  bool is_zero(const SumsOf<Number>& sums) const {
    for (std::size_t i = 0; i < kSalesFigureCount; ++i) {
      if (shows(i) && sums[i] != 0) return false;
    }
    return true;
  }
  template <typename Number>
  void write(Row& row, const SumsOf<Number>& sums, Currency currency) const {
    for (std::size_t i = 0; i < kSalesFigureCount; ++i) {
      if (shows(i)) row.add(std::string(kSalesFigureNames[i]), value_of(i, sums[i], currency));
    }
  }

 private:
  static Value value_of(std::size_t figure, Int128 value, Currency currency) { return shown(figure, value, currency); }
  static Value value_of(std::size_t figure, const Int256& value, Currency currency) {
    return is_amount(figure) ? amount_of(value, currency) : shown(figure, static_cast<Int128>(value), currency);
  }
};

// A row before currencies become one.
struct SalesKey {
  Day start = 0;  // Of its period.
  std::vector<std::string> group;
  Currency currency;
  // Of the day that was posted on, to the base currency; 0: none is published, or none is asked for.
  Int128 rate = 0;

  auto operator<=>(const SalesKey&) const = default;
  template <typename Visit>
  void for_each_field(const Visit& visit) {
    visit(start, group, currency, rate);
  }
};
template <typename Number>
using SalesSumsOf = std::map<SalesKey, SumsOf<Number>>;
using SalesSums = SalesSumsOf<Int128>;
using SumsByCurrency = std::map<Currency, Sums>;

// Adds sums to those of the same keys.
template <typename Key>
void add_up(std::map<Key, Sums>& to, std::map<Key, Sums> from) {
  to.merge(from);
  for (const auto& [key, sums] : from) {
    Sums& at = to[key];
    for (std::size_t i = 0; i < kSalesFigureCount; ++i) at[i] += sums[i];
  }
}

// Sums by row, and in total, of no period and group: what stands under several skus counts once in all.
struct SalesPart {
  SalesSums rows;
  SalesSums totals;
  SalesSums compared;   // Of the periods that rows are compared with, by their own beginning.
  SumsByCurrency kept;  // What the rows must come to.
  std::vector<SalesTarget> targets;

  void add(SalesPart other) {
    add_up(rows, std::move(other.rows));
    add_up(totals, std::move(other.totals));
    add_up(compared, std::move(other.compared));
    add_up(kept, std::move(other.kept));
    std::ranges::move(other.targets, std::back_inserter(targets));
  }
  template <typename Visit>
  void for_each_field(const Visit& visit) {
    visit(rows, totals, compared, kept, targets);
  }
};

// All currencies of a row in one, rounded at the end; what has no rate is left out of the amounts.
SalesSumsOf<Int256> in_base(const SalesSums& all, Currency base) {
  constexpr std::size_t kAmounts = kFreight + 1;
  struct Exact {
    std::vector<Exchanged> amounts;
    Sums counts{};
  };
  std::map<SalesKey, Exact> exact;
  for (const auto& [key, sums] : all) {
    const auto at = exact.try_emplace({key.start, key.group, base}, Exact{{kAmounts, Exchanged(base)}}).first;
    for (std::size_t i = 0; i < kSalesFigureCount; ++i) {
      if (!is_amount(i)) {
        at->second.counts[i] += sums[i];
      } else if (key.rate != 0) {
        at->second.amounts[i].add(sums[i], key.currency, key.rate);
      }
    }
  }
  SalesSumsOf<Int256> converted;
  for (const auto& [key, sums] : exact) {
    SumsOf<Int256>& rounded = converted[key];
    std::ranges::copy(sums.counts, rounded.begin());
    for (std::size_t i = 0; i < kAmounts; ++i) rounded[i] = sums.amounts[i].rounded();
  }
  return converted;
}

// Adds postings up.
class SalesTotals {
 public:
  // Both must outlive it.
  SalesTotals(const SalesQuestion& asked, const RateTable& rates)
      : asked_(asked),
        rates_(rates),
        row_counts_(asked.groups_by("sku") || asked.filters.sku ? Counts::kBySku : Counts::kOnce),
        total_counts_(asked.filters.sku ? Counts::kBySku : Counts::kOnce) {}

  // Finds the row of what is added next.
  void at(const SalesPosting& posting) {
    const Day start = row_start(asked_.period, posting.day);
    const Int128 rate = rate_of(posting);
    key_.assign(sortable(start));
    key_ += sortable(posting.currency.number());
    if (asked_.base) {
      key_ += sortable(static_cast<std::int64_t>(rate >> 64));
      key_ += sortable(static_cast<std::int64_t>(rate));
    }
    for (const std::string& name : asked_.group_by) {
      key_ += group(name, posting);
      key_ += '\0';
    }
    auto found = places_.find(key_);
    if (found == places_.end()) {
      SalesKey key{start, {}, posting.currency, rate};
      for (const std::string& name : asked_.group_by) {
        key.group.push_back(name == "region" ? group_name(cut_region(posting.region, asked_.level))
                                             : group_name(group(name, posting)));
      }
      take_memory(2 * (key_.size() + kNodeBytes) + sizeof(SalesKey) + sizeof(Sums) + sizeof(Place));
      Sums* const total = &part_.totals[{0, {}, posting.currency, rate}];
      found = places_.emplace(key_, Place{&part_.rows[std::move(key)], total}).first;
    }
    place_ = found->second;
  }

  void add(Measure measure, const domain::CellValue& value) {
    query::add(*place_.total, measure, value, total_counts_);
    query::add(*place_.row, measure, value, row_counts_);
  }

  // Of what all rows must come to.
  void keep(Currency currency, Measure measure, const domain::CellValue& value) {
    if (kept_ == nullptr || kept_currency_ != currency) {
      const auto [at, is_new] = part_.kept.try_emplace(currency);
      if (is_new) take_memory(sizeof *at + kNodeBytes);
      kept_ = &at->second;
      kept_currency_ = currency;
    }
    query::add(*kept_, measure, value, Counts::kOnce);
  }

  // At the end.
  SalesPart take() { return std::move(part_); }

 private:
  struct Place {
    Sums* row = nullptr;
    Sums* total = nullptr;
  };

  // Of the base currency; 0 without.
  Int128 rate_of(const SalesPosting& posting) {
    if (!asked_.base) return 0;
    if (rate_day_ != posting.day || rate_currency_ != posting.currency) {
      rate_day_ = posting.day;
      rate_currency_ = posting.currency;
      rate_ = rates_.on(posting.day, posting.currency, *asked_.base).value_or(0);
    }
    return rate_;
  }
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
  const RateTable& rates_;
  const Counts row_counts_;
  const Counts total_counts_;
  SalesPart part_;
  std::unordered_map<std::string, Place, TextHash, std::equal_to<>> places_;
  std::string key_;
  Place place_;
  // What was looked up last.
  std::optional<Day> rate_day_;
  Currency rate_currency_;
  Int128 rate_ = 0;
  Currency kept_currency_;
  Sums* kept_ = nullptr;
};

// Those of the first `count` figures that are asked for.
std::vector<Field> figure_fields(std::size_t count) {
  std::vector<Field> all;
  for (std::size_t i = 0; i < count; ++i) {
    const std::string name(kSalesFigureNames[i]);
    Field field = is_amount(i) ? fields::amount(name) : i <= kInvoices ? fields::integer(name) : fields::quantity(name);
    all.push_back(std::move(field).where_asked());
  }
  return all;
}
std::vector<Field> measure_fields(std::string first) {
  std::vector<Field> all = {fields::text(std::move(first))};
  std::ranges::move(figure_fields(kSalesFigureCount), std::back_inserter(all));
  return all;
}

std::optional<Comparison> comparison_of(const Question& question) {
  const auto given = question.arguments.text("compare");
  if (!given) return std::nullopt;
  return *given == kPreviousYear ? Comparison::kPreviousYear : Comparison::kPreviousPeriod;
}

// The same question of the periods that its rows are compared with, if there are any.
std::optional<SalesQuestion> compared_question(const Question& question, const SalesQuestion& asked) {
  const auto comparison = comparison_of(question);
  const auto period = comparison ? compared(asked.period, *comparison) : std::nullopt;
  if (!period) return std::nullopt;
  SalesQuestion of = asked;
  of.period = *period;
  return of;
}

// What all rows come to, before currencies are one, beside what was kept of the same apart from them.
std::vector<Row> proof_of(const SalesPart& whole, const SalesQuestion& asked, const Columns& columns) {
  SumsByCurrency differences;
  const auto add = [&](const SalesSums& all, const auto& is_of_these) {
    for (const auto& [key, sums] : all) {
      Sums& difference = differences[key.currency];
      for (std::size_t i = 0; i < kSalesMeasureCount; ++i) {
        if (is_of_these(i)) difference[i] += sums[i];
      }
    }
  };
  // What stands in several rows by sku is in the totals once.
  const bool is_by_sku = asked.groups_by("sku");
  add(whole.rows, [&](std::size_t i) { return !is_by_sku || !counts_by_sku(i); });
  if (is_by_sku) add(whole.totals, counts_by_sku);
  for (const auto& [currency, kept] : whole.kept) {
    Sums& difference = differences[currency];
    for (std::size_t i = 0; i < kSalesMeasureCount; ++i) difference[i] -= kept[i];
  }
  std::vector<Row> proof;
  for (const auto& [currency, difference] : differences) {
    const auto found = whole.kept.find(currency);
    const Sums kept = found == whole.kept.end() ? Sums{} : found->second;
    Row of_kept;
    Row of_difference;
    bool is_zero = true;
    for (std::size_t i = 0; i < kSalesMeasureCount; ++i) {
      if (!columns.proves(i)) continue;
      is_zero = is_zero && kept[i] == 0 && difference[i] == 0;
      of_kept.add(std::string(kSalesFigureNames[i]), shown(i, kept[i], currency));
      of_difference.add(std::string(kSalesFigureNames[i]), shown(i, difference[i], currency));
    }
    if (is_zero) continue;
    Row& row = proof.emplace_back();
    row.add("currency", Value::text(currency.code()));
    row.add("kept", Value::object(std::move(of_kept)));
    row.add("difference", Value::object(std::move(of_difference)));
  }
  return proof;
}

// What has no rate, by currency and measure: amounts that a row, or several, lack.
std::vector<Row> unconverted_of(const SalesSums& totals, const Columns& columns) {
  std::vector<Row> unconverted;
  for (const auto& [key, sums] : totals) {
    if (key.rate != 0) continue;
    for (std::size_t i = 0; i < kSalesFigureCount; ++i) {
      if (!is_amount(i) || !columns.shows(i) || sums[i] == 0) continue;
      Row& row = unconverted.emplace_back();
      row.add("currency", Value::text(key.currency.code()));
      row.add("measure", Value::text(kSalesFigureNames[i]));
      row.add("amount", Value::amount(sums[i], key.currency));
    }
  }
  return unconverted;
}

// Rows and totals of all shards, from which an answer is written.
template <typename Number>
class SalesTable {
 public:
  SalesTable(const Question& question, SalesSumsOf<Number> rows, SalesSumsOf<Number> totals,
             SalesSumsOf<Number> compared, std::vector<SalesTarget> targets)
      : asked_(SalesQuestion::of(question)),
        columns_(Columns::of(question, asked_)),
        comparison_(comparison_of(question)),
        rows_(std::move(rows)),
        totals_(std::move(totals)),
        compared_(std::move(compared)) {
    std::erase_if(rows_, [&](const auto& row) { return columns_.is_zero(row.second); });
    for (SalesTarget& target : targets) {
      SalesKey key{target.start, {std::move(target.group)}, target.currency};
      targets_[std::move(key)] = target.minor;
    }
  }

  Answer answer(const PageCut& page, std::vector<Row> unconverted, std::vector<Row> proof) const {
    Answer answer;
    answer.rows = Rows(page);
    const SalesKey some{asked_.period.from, std::vector<std::string>(asked_.group_by.size()), {}};
    answer.columns = column_names(row_of(some, {}, Compared::kAlways));
    for (const auto& [key, sums] : rows_) add(answer.rows, key, sums);
    for (const auto& [key, minor] : targets_) {
      if (!rows_.contains(key) && !has_part(key)) add(answer.rows, key, {});
    }
    std::vector<Row> totals;
    for (const auto& [key, sums] : totals_) {
      if (columns_.is_zero(sums)) continue;
      Row& row = totals.emplace_back();
      row.add("currency", Value::text(key.currency.code()));
      columns_.write(row, sums, key.currency);
    }
    answer.tail.add("totals", Value::list_of_rows(std::move(totals)));
    answer.tail.add("unconverted", Value::list_of_rows(std::move(unconverted)));
    answer.tail.add("proof", Value::list_of_rows(std::move(proof)));
    return answer;
  }

 private:
  // A comparison where there is a period for it; for the names of columns wherever there is.
  enum class Compared { kWhereThereIs, kAlways };

  // Whether a part of this region has a row of its period and currency: it would look as if nothing was sold.
  bool has_part(const SalesKey& target) const {
    if (asked_.group_by.front() != "region") return false;
    const std::string within = target.group.front() + '/';
    for (auto row = rows_.lower_bound({target.start, {within}, {}});
         row != rows_.end() && row->first.start == target.start && row->first.group.front().starts_with(within);
         ++row) {
      if (row->first.currency == target.currency) return true;
    }
    return false;
  }

  void add(Rows& to, const SalesKey& key, const SumsOf<Number>& sums) const {
    std::string sorted_by = sort_key({asked_.period.label(key.start)});
    for (const std::string& group : key.group) sorted_by += sort_key({group});
    sorted_by += key.currency.code();
    to.add(std::move(sorted_by), [&] { return row_of(key, sums, Compared::kWhereThereIs); });
  }

  Row row_of(const SalesKey& key, const SumsOf<Number>& sums, Compared compared) const {
    Row row;
    row.add("period", Value::text(asked_.period.label(key.start)));
    Row group;
    for (std::size_t i = 0; i < key.group.size(); ++i) group.add(asked_.group_by[i], Value::text(key.group[i]));
    row.add("group", Value::object(std::move(group)));
    row.add("currency", Value::text(key.currency.code()));
    columns_.write(row, sums, key.currency);
    if (columns_.only) {
      const auto target = targets_.find(key);
      const bool has_target = target != targets_.end();
      row.add("target", has_target ? Value::amount(target->second, key.currency) : Value());
      row.add("attainment", has_target ? rate_of(Int256(sums[*columns_.only]), target->second) : Value());
    }
    if (comparison_) row.add("compare", comparison(key, compared));
    return row;
  }

  Value comparison(const SalesKey& key, Compared compared) const {
    const auto period = query::compared(asked_.period, *comparison_, key.start);
    if (!period && compared == Compared::kWhereThereIs) return {};
    Row row;
    row.add("period", Value::text(period ? period->label(period->from) : ""));
    const auto sums = period ? compared_.find({period->from, key.group, key.currency}) : compared_.end();
    columns_.write(row, sums == compared_.end() ? SumsOf<Number>{} : sums->second, key.currency);
    return Value::object(std::move(row));
  }

  const SalesQuestion asked_;
  const Columns columns_;
  const std::optional<Comparison> comparison_;
  SalesSumsOf<Number> rows_;
  SalesSumsOf<Number> totals_;
  SalesSumsOf<Number> compared_;
  std::map<SalesKey, Int128> targets_;
};

class Sales final : public ReportOf<SalesPart> {
 public:
  const Description& description() const override {
    static const Description description = [] {
      Description of{
          .name = "sales",
          .path = "/v1/sales",
          .meaning = "What was ordered, shipped, invoiced and collected.",
          .parameters =
              {parameters::from(),
               parameters::to(),
               parameters::grain(""),
               {"group_by",
                Parameter::Type::kChoices,
                "What rows are grouped by, one or more; or none.",
                false,
                {},
                {"region", "sales_rep", "customer", "sku", "channel", "kind"}},
               parameters::sales_measure("This one alone, beside its target by region or sales rep."),
               parameters::choice("compare", {std::string(kPreviousPeriod), std::string(kPreviousYear)}, "",
                                  "Adds the whole period before each row's, or that of a year before."),
               {"base_currency", Parameter::Type::kCurrency,
                "Sums all currencies in this one, each day's amounts at the last rate on or before that day."},
               parameters::level()},
          .rows_name = "rows",
          .row = {fields::text("period"), fields::object("group", {})},
          .tail = {fields::list("totals", measure_fields("currency")),
                   fields::list("unconverted",
                                {fields::text("currency"), fields::text("measure"), fields::amount("amount")}),
                   fields::list("proof",
                                {fields::text("currency"), fields::object("kept", figure_fields(kSalesMeasureCount)),
                                 fields::object("difference", figure_fields(kSalesMeasureCount))})}};
      std::ranges::move(parameters::sales_filters(), std::back_inserter(of.parameters));
      of.row.back().meaning = "By name of each grouping; empty when not grouped.";
      std::ranges::move(measure_fields("currency"), std::back_inserter(of.row));
      of.row.push_back(fields::amount("target").or_null().where_asked());
      of.row.push_back(fields::rate("attainment").or_null().where_asked());
      of.row.push_back(fields::object("compare", measure_fields("period")).or_null().where_asked());
      of.row.push_back(fields::customer_name_of_group());
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

  std::optional<RatesWanted> rates(const Question& question) const override {
    const SalesQuestion asked = SalesQuestion::of(question);
    if (!asked.base) return std::nullopt;
    const auto compared = compared_question(question, asked);
    return RatesWanted{compared ? std::min(compared->period.from, asked.period.from) : asked.period.from,
                       asked.period.to};
  }

 protected:
  SalesPart part_of(const Question& question, const ShardReader& shard) const override {
    const SalesQuestion asked = SalesQuestion::of(question);
    SalesPart part = read(question, shard, asked);
    if (const auto compared = compared_question(question, asked)) {
      part.compared = read(question, shard, *compared).rows;
    }
    if (const auto measure = Columns::of(question, asked).target_measure()) {
      part.targets = read_targets(shard, asked, *measure);
    }
    return part;
  }

  Answer answer_of(const Question& question, SalesPart whole, Asker&) const override {
    const SalesQuestion asked = SalesQuestion::of(question);
    const Columns columns = Columns::of(question, asked);
    std::vector<Row> proof = proof_of(whole, asked, columns);
    if (!asked.base) {
      return SalesTable<Int128>(question, std::move(whole.rows), std::move(whole.totals), std::move(whole.compared),
                                std::move(whole.targets))
          .answer(question.page, {}, std::move(proof));
    }
    const auto converted = [&](const SalesSums& sums) { return in_base(sums, *asked.base); };
    return SalesTable<Int256>(question, converted(whole.rows), converted(whole.totals), converted(whole.compared),
                              std::move(whole.targets))
        .answer(question.page, unconverted_of(whole.totals, columns), std::move(proof));
  }

 private:
  static SalesPart read(const Question& question, const ShardReader& shard, const SalesQuestion& asked) {
    SalesTotals totals(asked, question.rates);
    SalesReader(shard, asked).read(totals);
    return totals.take();
  }
};

}  // namespace

const Report& sales_report() {
  static const Sales report;
  return report;
}

}  // namespace daybook::query
