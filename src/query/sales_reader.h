// What was ordered, shipped, invoiced and collected: sums by month of the index, or cells of pages.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
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

// The sales of one shard. One thread.
class SalesReader {
 public:
  // Both must outlive it.
  SalesReader(const ShardReader& shard, const SalesQuestion& asked) : shard_(shard), asked_(asked) {}

  // Calls to.at(posting) for what passes, counts by the question's as_of and was posted in the period, and then
  // to.add(measure, value) for each figure of it. A posting may be the sum of a month's.
  template <typename Sums>
  void read(Sums& to) const {
    if (!shard_.has_accounts()) return;
    if (const index::Sales* table = this->table()) {
      read_months(*table, to);
    } else {
      read_pages({}, to);
    }
  }
  // Calls visit(account, posting, cell) for the cells of pages that are `wanted(measure)`, pass, count by the question's
  // as_of and were posted on one of these days.
  template <typename Wanted, typename Visit>
  void for_each_cell(Day first, Day last, const Wanted& wanted, const Visit& visit) const {
    const auto is_one = [&](const store::CellId& id) { return first <= id.day && id.day <= last && wanted(id.measure); };
    scan(first, last, is_one, visit);
  }
  bool passes(const SalesPosting& posting) const;

 private:
  // Whether sums by month, region, rep, channel and kind say it all.
  bool is_by_month() const;
  // Whether sums by month and region do.
  bool is_by_region() const;
  // The sums by month where they say what is asked; else null.
  const index::Sales* table() const;

  // As for_each_cell(), of those cells that `is_one`.
  template <typename IsOne, typename Visit>
  void scan(Day first, Day last, const IsOne& is_one, const Visit& visit) const;
  // The cells of pages; of some months alone, where `months` (their first days, rising) holds any.
  template <typename Sums>
  void read_pages(const std::vector<Day>& months, Sums& to) const;
  // Sums by month, and the cells of months that they do not answer for.
  template <typename Sums>
  void read_months(const index::Sales& table, Sums& to) const;

  const ShardReader& shard_;
  const SalesQuestion& asked_;
};

template <typename IsOne, typename Visit>
void SalesReader::scan(Day first, Day last, const IsOne& is_one, const Visit& visit) const {
  const ShardSnapshot& shard = shard_.shard();
  std::unique_ptr<AccountReader> account;
  scan_pages(shard, store::kSalesPage, shard_.only(), store::span_of(first), store::span_of(last),
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
                 if (passes(posting)) visit(id, posting, cell);
               }
             });
}

template <typename Sums>
void SalesReader::read_pages(const std::vector<Day>& months, Sums& to) const {
  const Period& period = asked_.period;
  const Day first = months.empty() ? period.from : std::max(period.from, months.front());
  const Day last = months.empty() ? period.to : std::min(period.to, months.back() + 30);
  const auto is_one = [&](const store::CellId& id) {
    return period.holds(id.day) &&
           (months.empty() || std::ranges::binary_search(months, period_start(Grain::kMonth, id.day)));
  };
  scan(first, last, is_one, [&](AccountNumber, const SalesPosting& posting, const store::Cell& cell) {
    to.at(posting);
    to.add(cell.id.measure, cell.value);
  });
}

template <typename Sums>
void SalesReader::read_months(const index::Sales& table, Sums& to) const {
  const ShardSnapshot& shard = shard_.shard();
  const Period& period = asked_.period;
  const auto at = [&](const index::SalesGroup& group, Day day) {
    const auto text = [&](index::TextId id) { return shard.dictionary->text(id); };
    const SalesPosting posting{.currency = Currency::from_number(group.currency),
                               .day = day,
                               .region = text(group.region),
                               .sales_rep = text(group.sales_rep),
                               .dimensions = {.sku = {}, .channel = text(group.channel), .kind = group.kind},
                               .customer = {}};
    if (!passes(posting)) return false;
    to.at(posting);
    return true;
  };
  const auto add = [&](std::size_t place, Int128 value) {
    const index::SalesColumn& column = index::kSalesColumns[place];
    to.add(column.measure, column.counts ? domain::CellValue{0, value} : domain::CellValue{value, 0});
  };
  std::vector<Day> unanswered;
  for (const auto& month : table.months()) {
    if (month->last_day < period.from || month->first_day > period.to) continue;
    if (!month->answers(period.from, period.to, asked_.as_of)) {
      unanswered.push_back(month->start);
      continue;
    }
    for (const index::SalesSums& row : is_by_region() ? month->by_region : month->by_all) {
      if (row.late > asked_.as_of || !at(row.group, month->start)) continue;
      for (std::size_t i = 0; i < row.parts.size(); ++i) {
        if (row.parts[i] != 0) add(i, row.value(i));
      }
    }
  }
  shard.index->sales.tail.for_each([&](const index::SalesRow& row) {
    if (!period.holds(row.day) || row.counts_from > asked_.as_of ||
        std::ranges::binary_search(unanswered, period_start(Grain::kMonth, row.day)) || !at(row.group, row.day)) {
      return;
    }
    add(row.column, row.value());
  });
  if (!unanswered.empty()) read_pages(unanswered, to);
}

}  // namespace daybook::query
