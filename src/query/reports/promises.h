// Promises of accounts, and what else whoever calls them is told: no answer of its own, but a part of those that show
// accounts.
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
  bool with_details = false;  // Notes (caller_notes.h) as well.
  std::vector<PromisesOf> accounts;

  template <typename Visit>
  void for_each_field(const Visit& visit) {
    visit(grace_days, with_details, accounts);
  }
};

struct CallNotes {
  Value promises = Value::list({});
  Row others;  // Empty where they are not asked for.

  template <typename Visit>
  void for_each_field(const Visit& visit) {
    visit(promises, others);
  }
};

const Report& promises_report();
// What it gathered of each that may be seen, and where details are asked for of every other.
std::map<PromisesOf, CallNotes> notes_in(std::unique_ptr<Partial> gathered);

}  // namespace daybook::query
