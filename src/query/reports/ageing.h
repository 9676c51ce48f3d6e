// What an ageing is made of, for the reports that show one or several.
#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "query/description.h"
#include "query/shard_reader.h"
#include "query/value.h"

namespace daybook::query {

// Limits 30, 60 … as buckets "1-30", "31-60", … and "61+".
struct Buckets {
  std::vector<Day> limits;

  std::vector<std::string> labels() const;
  // Bucket of an age above 0.
  std::size_t of(std::int64_t days) const {
    return static_cast<std::size_t>(std::ranges::lower_bound(limits, days) - limits.begin());
  }
};

struct AgeingSums {
  Int128 not_due = 0;
  std::vector<Int128> buckets;
  Int128 gross_open = 0;
  Int128 disputed = 0;
  Int128 unapplied_cash = 0;
  Int128 open_credits = 0;
  Int128 items = 0;
  Int128 ledger_balance = 0;

  AgeingSums() = default;
  explicit AgeingSums(const Buckets& of) : buckets(of.limits.size() + 1) {}

  Int128 balance() const { return gross_open - unapplied_cash - open_credits; }
  bool is_zero() const;
  AgeingSums& operator+=(const AgeingSums& other);

  void write_columns(Row& row, Currency currency, const std::vector<std::string>& labels) const;
  // With the proof.
  void write(Row& row, Currency currency, const std::vector<std::string>& labels) const;

  template <typename Visit>
  void for_each_field(const Visit& visit) {
    visit(not_due, buckets, gross_open, disputed, unapplied_cash, open_credits, items, ledger_balance);
  }
};

// Into which column a row goes.
struct Ageing {
  Day aged_on = 0;
  bool by_due_date = true;
  Buckets buckets;

  // As of a date: aged on that unless the question says on which.
  static Ageing of(const Question& question, Day as_of);
  // What it has to tell apart: totals do not know issue dates.
  Detail detail(const Grouping& grouping) const { return by_due_date ? grouping.detail() : Detail::kAccounts; }
  void add(AgeingSums& sums, const ReceivableRow& row) const;
};

// Of one date: by group and currency.
struct AgeingPart {
  std::map<std::pair<std::string, Currency>, AgeingSums> rows;

  void add(AgeingPart other) {
    rows.merge(other.rows);
    for (const auto& [at, sums] : other.rows) rows[at] += sums;
  }
  template <typename Visit>
  void for_each_field(const Visit& visit) {
    visit(rows);
  }
};

// Their parameters but for dates; the fields of a row behind its group, which a total has too, and of a total in one
// currency.
std::vector<Parameter> ageing_parameters(std::string group_by);
const std::vector<Field>& ageing_fields();
const std::vector<Field>& base_total_fields();

// Into an answer's head; and its columns in CSV, behind those of `front`.
void write_ageing_head(const Question& question, Row& head);
std::vector<std::string> ageing_columns(const Row& front, const Buckets& buckets);

// What an answer has of one ageing beside its rows.
struct AgeingTotals {
  std::vector<Row> by_currency;
  std::optional<Row> in_base;  // Where the question has a base currency.
};
// Adds rows and totals of the ageing as of a date: each row has `front` in front, and the rows' keys have `key`.
void write_ageing(const Question& question, Day as_of, const AgeingPart& part, const std::string& key, const Row& front,
                  Rows& rows, AgeingTotals& to);

// Columns by currency, with the default buckets; those without anything are left out.
std::map<Currency, Row> account_ageing(const ShardReader& shard, AccountNumber account, Day as_of);
Row empty_ageing(Currency currency);

}  // namespace daybook::query
