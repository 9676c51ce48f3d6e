// Promises of accounts: no answer of its own, but a part of those that show accounts.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "query/report.h"

namespace daybook::query {

// Whose promises, in which currency.
using PromisesOf = std::pair<std::string, Currency>;

// What a shard is asked for, enclosed: of accounts that it has.
struct PromisesWanted {
  Day grace_days = 0;
  std::vector<PromisesOf> accounts;

  template <typename Visit>
  void for_each_field(const Visit& visit) {
    visit(grace_days, accounts);
  }
};

const Report& promises_report();
// What it gathered: a list for each that may be seen.
std::map<PromisesOf, Value> promises_in(std::unique_ptr<Partial> gathered);

}  // namespace daybook::query
