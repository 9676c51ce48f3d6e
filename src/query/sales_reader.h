// What was ordered, shipped, invoiced and collected: sums by month of the index, or cells of pages.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "index/sales.h"
#include "query/shard_reader.h"

namespace daybook::query {

// Whose sales are asked for, when, and by what they are grouped.
struct SalesQuestion {
  Day as_of = 0;
  Period period;
  // Of region, sales_rep, customer, sku, channel, kind.
  std::vector<std::string> group_by;
  int level = 0;  // Of regions.
  // Only what stands in the row of the region filtered by, where paths are cut to `level`; else all of its subtree.
  bool only_row = false;
  Filters filters;
  AccessScope scope;
  // Whether quantities of goods are asked for.
  bool quantities = false;
  // In which all currencies are summed, each day's amounts at that day's rate.
  std::optional<Currency> base;

  static SalesQuestion of(const Question& question);

  bool groups_by(std::string_view name) const { return std::ranges::find(group_by, name) != group_by.end(); }
};

// Where a posting stands; region and rep as they come to. What is not asked for may be left empty. It points into
// whoever hands it out.
struct SalesPosting {
  Currency currency;
  Day day = 0;
  std::string_view region;
  std::string_view sales_rep;
  domain::Dimensions dimensions;
  std::string_view customer;
};

// Some months, by their first days, rising. One thread: what was looked up last is kept.
class Months {
 public:
  explicit Months(std::vector<Day> starts) : starts_(std::move(starts)) {}

  bool empty() const { return starts_.empty(); }
  Day first_day() const { return starts_.front(); }
  Day last_day() const { return starts_.back() + 30; }  // Or a few days later.
  bool hold(Day day) {
    if (day < from_ || day >= until_) {
      from_ = period_start(Grain::kMonth, day);
      until_ = period_start(Grain::kMonth, from_ + 31);
      is_held_ = std::ranges::binary_search(starts_, from_);
    }
    return is_held_;
  }

 private:
  std::vector<Day> starts_;
  Day from_ = 0;
  Day until_ = 0;
  bool is_held_ = false;
};

// The sales of one shard. One thread.
class SalesReader {
 public:
  // Both must outlive it.
  SalesReader(const ShardReader& shard, const SalesQuestion& asked) : shard_(shard), asked_(asked) {}

  // Calls to.at(posting) for what passes, counts by the question's as_of and was posted in the period, and then
  // to.add(measure, value) for each figure of it. A posting may be the sum of a month's. Calls to.keep(currency, measure,
  // value) for what all that passes must come to: sums that the index keeps apart from those by group, less what does
  // not pass; where it keeps none, the cells themselves, once.
  template <typename Sums>
  void read(Sums& to) const;
  // Calls visit(account, posting, cell) for the cells of pages that are `wanted(measure)`, pass, count by the question's
  // as_of and were posted on one of these days.
  template <typename Wanted, typename Visit>
  void for_each_cell(Day first, Day last, const Wanted& wanted, const Visit& visit) const;
  bool passes(const SalesPosting& posting) const;

 private:
  // By what the sums of months say what is asked, if they do.
  enum class MonthsBy { kRegion, kRep, kSku, kAll };
  std::optional<MonthsBy> months_by(const index::Sales& table) const;
  // The sums by month; null where there are none, or one customer is asked for.
  const index::Sales* table() const;
  // Those of the period that they do not answer for.
  Months unanswered(const index::Sales& table) const;

  // As for_each_cell(), of those cells that `is_one`, which are of these kinds; and leave_out(posting, cell) for those
  // that do not pass.
  template <typename IsOne, typename Visit, typename LeaveOut>
  void scan(Day first, Day last, index::Postings kinds, const IsOne& is_one, const Visit& visit,
            const LeaveOut& leave_out) const;
  // The cells of pages: of these days, those that `is_one`. What they come to is kept elsewhere where is_kept(day).
  template <typename IsOne, typename IsKept, typename Sums>
  void read_pages(Day first, Day last, const IsOne& is_one, const IsKept& is_kept, Sums& to) const;
  // Sums by month, but for the months left out; and what they come to.
  template <typename Sums>
  void read_months(const index::Sales& table, MonthsBy by, Months& left_out, Sums& to) const;
  template <typename Sums>
  void keep_months(const index::Sales& table, Months& left_out, Sums& to) const;
  static domain::CellValue value_of(const index::SalesColumn& column, Int128 value) {
    return column.counts ? domain::CellValue{0, value} : domain::CellValue{value, 0};
  }

  const ShardReader& shard_;
  const SalesQuestion& asked_;
};

template <typename Sums>
void SalesReader::read(Sums& to) const {
  if (!shard_.has_accounts()) return;
  const Period& period = asked_.period;
  const auto is_posted = [&](const store::CellId& id) { return period.holds(id.day); };
  const index::Sales* const table = this->table();
  if (table == nullptr) return read_pages(period.from, period.to, is_posted, [](Day) { return false; }, to);
  Months rest = unanswered(*table);
  keep_months(*table, rest, to);
  const auto by = months_by(*table);
  if (!by) return read_pages(period.from, period.to, is_posted, [&](Day day) { return !rest.hold(day); }, to);
  read_months(*table, *by, rest, to);
  if (rest.empty()) return;
  const auto is_of_rest = [&](const store::CellId& id) { return period.holds(id.day) && rest.hold(id.day); };
  read_pages(
      std::max(period.from, rest.first_day()), std::min(period.to, rest.last_day()), is_of_rest,
      [](Day) { return false; }, to);
}

template <typename Wanted, typename Visit>
void SalesReader::for_each_cell(Day first, Day last, const Wanted& wanted, const Visit& visit) const {
  const auto is_one = [&](const store::CellId& id) { return first <= id.day && id.day <= last && wanted(id.measure); };
  index::Postings kinds = 0;
  for (const index::SalesColumn& column : index::kSalesColumns) {
    if (wanted(column.measure)) kinds |= index::posted(column.measure);
  }
  scan(first, last, kinds, is_one, visit, [](const SalesPosting&, const store::Cell&) {});
}

template <typename IsOne, typename Visit, typename LeaveOut>
void SalesReader::scan(Day first, Day last, index::Postings kinds, const IsOne& is_one, const Visit& visit,
                       const LeaveOut& leave_out) const {
  const ShardSnapshot& shard = shard_.shard();
  std::unique_ptr<AccountReader> account;
  scan_posted(shard, store::kSalesPage, shard_.only(), first, last, kinds,
              [&](AccountNumber id, const std::vector<store::Cell>& cells) {
                for (const store::Cell& cell : cells) {
                  if (cell.id.counts_from > asked_.as_of || !is_one(cell.id)) continue;
                  if (account == nullptr || account->id() != id) account = shard_.new_account(id);
                  const auto& attributes = shard.figure_labels().get(cell.id.attributes).attributes;
                  const SalesPosting posting{.currency = Currency::from_number(cell.id.currency),
                                             .day = cell.id.day,
                                             .region = account->region(attributes),
                                             .sales_rep = account->sales_rep(attributes),
                                             .dimensions = shard.figure_labels().get(cell.id.dimensions).dimensions,
                                             .customer = account->name()};
                  if (passes(posting)) {
                    visit(id, posting, cell);
                  } else {
                    leave_out(posting, cell);
                  }
                }
              });
}

template <typename IsOne, typename IsKept, typename Sums>
void SalesReader::read_pages(Day first, Day last, const IsOne& is_one, const IsKept& is_kept, Sums& to) const {
  const auto add = [&](AccountNumber, const SalesPosting& posting, const store::Cell& cell) {
    to.at(posting);
    to.add(cell.id.measure, cell.value);
    if (!is_kept(posting.day)) to.keep(posting.currency, cell.id.measure, cell.value);
  };
  scan(first, last, index::kSalesPostings, is_one, add, [&](const SalesPosting& posting, const store::Cell& cell) {
    if (is_kept(posting.day)) to.keep(posting.currency, cell.id.measure, -cell.value);
  });
}

template <typename Sums>
void SalesReader::keep_months(const index::Sales& table, Months& left_out, Sums& to) const {
  const Period& period = asked_.period;
  for (const auto& month : table.months()) {
    if (!period.meets(month->first_day, month->last_day) || left_out.hold(month->start)) continue;
    for (const index::SalesWhole& whole : month->whole) {
      if (whole.late > asked_.as_of) continue;
      for (std::size_t i = 0; i < whole.columns.size(); ++i) {
        if (whole.columns[i] == 0) continue;
        const index::SalesColumn& column = index::kSalesColumns[i];
        to.keep(Currency::from_number(whole.currency), column.measure, value_of(column, whole.columns[i]));
      }
    }
  }
  shard_.shard().index->sales.tail.for_each([&](const index::SalesRow& row) {
    if (!period.holds(row.day) || row.counts_from > asked_.as_of || left_out.hold(row.day)) return;
    const index::SalesColumn& column = index::kSalesColumns[row.column];
    to.keep(Currency::from_number(row.group.currency), column.measure, value_of(column, row.value()));
  });
}

template <typename Sums>
void SalesReader::read_months(const index::Sales& table, MonthsBy by, Months& left_out, Sums& to) const {
  const ShardSnapshot& shard = shard_.shard();
  const Period& period = asked_.period;
  const auto text = [&](index::TextId id) { return shard.dictionary->text(id); };
  // Whether it passes; then what is added next is of it.
  const auto at = [&](const SalesPosting& posting) {
    if (!passes(posting)) return false;
    to.at(posting);
    return true;
  };
  const auto at_group = [&](const index::SalesGroup& group, Day day) {
    return at({.currency = Currency::from_number(group.currency),
               .day = day,
               .region = text(group.region),
               .sales_rep = text(group.sales_rep),
               .dimensions = {.sku = {}, .channel = text(group.channel), .kind = group.kind},
               .customer = {}});
  };
  const auto at_sku = [&](std::uint16_t currency, index::TextId sku, Day day) {
    return at({.currency = Currency::from_number(currency),
               .day = day,
               .region = {},
               .sales_rep = {},
               .dimensions = {.sku = text(sku), .channel = {}, .kind = 0},
               .customer = {}});
  };
  const auto add = [&](bool passes, std::uint16_t currency, std::size_t column, const domain::CellValue& value) {
    const domain::Measure measure = index::kSalesColumns[column].measure;
    if (passes) {
      to.add(measure, value);
    } else {
      to.keep(Currency::from_number(currency), measure, -value);
    }
  };
  const bool by_sku = by == MonthsBy::kSku;
  for (const auto& month : table.months()) {
    if (!period.meets(month->first_day, month->last_day) || left_out.hold(month->start)) continue;
    const auto& groups = by == MonthsBy::kAll ? month->by_all : by == MonthsBy::kRep ? month->by_rep : month->by_region;
    groups.for_each(asked_.as_of, [&](const index::SalesSums& row) {
      const bool passes = at_group(row.group, month->start);
      for (std::size_t i = by_sku ? index::kGoodsColumns : 0; i < row.parts.size(); ++i) {
        if (row.parts[i] != 0) add(passes, row.group.currency, i, value_of(index::kSalesColumns[i], row.value(i)));
      }
    });
    if (!by_sku) continue;
    month->by_sku.for_each(asked_.as_of, [&](const index::SkuSums& row) {
      const bool passes = at_sku(row.currency, row.sku, month->start);
      for (std::size_t i = 0; i < index::kGoodsColumns; ++i) {
        if (const domain::CellValue value = row.goods(i); !value.is_zero()) add(passes, row.currency, i, value);
      }
    });
  }
  shard.index->sales.tail.for_each([&](const index::SalesRow& row) {
    if (!period.holds(row.day) || row.counts_from > asked_.as_of || left_out.hold(row.day)) return;
    if (by_sku && index::is_of_goods(row.column)) {
      add(at_sku(row.group.currency, row.sku, row.day), row.group.currency, row.column, row.goods());
    } else if (row.part != 0) {
      add(at_group(row.group, row.day), row.group.currency, row.column,
          value_of(index::kSalesColumns[row.column], row.value()));
    }
  });
}

}  // namespace daybook::query
