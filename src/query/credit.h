// Credit: what accounts owe and may come to owe, against their limits.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "query/rate_table.h"
#include "query/shard_reader.h"
#include "query/value.h"

namespace daybook::query {

// What of an account counts against its limit, in the currencies it is in.
struct Exposure {
  struct Part {
    Int128 balance = 0;
    Int128 dispatched_not_invoiced = 0;
    Int128 open_orders = 0;

    bool is_zero() const { return balance == 0 && dispatched_not_invoiced == 0 && open_orders == 0; }
    Int128 sum() const { return balance + dispatched_not_invoiced + open_orders; }
  };
  std::map<Currency, Part> parts;
  // Open instalments that are 31 days overdue or more.
  std::int64_t overdue_items = 0;
};
// Of one customer, or of all that have any, by label.
std::map<store::LabelId, Exposure> exposures(const ShardSnapshot& shard, std::optional<store::LabelId> customer,
                                             Day as_of);

struct Credit {
  Currency currency;  // None: there is no file, or it names none.
  std::optional<std::int64_t> limit;
  Int256 exposure = 0;  // In that currency: of what has a rate.
  std::vector<Currency> unconverted;
  bool overdue = false;

  bool over_limit() const { return limit && exposure > *limit; }
  // The first that fits of "over_limit", "overdue", "no_limit", "ok".
  std::string_view state() const;
};
// `file`: the one that counts on this date; null: none.
Credit credit_of(const Exposure& exposure, const index::FileVersion* file, const RateTable& rates, Day as_of);

// As every answer shows it, and its fields.
Row credit_row(const Credit& credit, const Exposure& exposure);
const std::vector<Field>& credit_fields();
// That of an account on a date, at the question's rates; whether it may be seen was asked before.
Row account_credit(const ShardReader& shard, AccountReader& account, Day as_of);

}  // namespace daybook::query
