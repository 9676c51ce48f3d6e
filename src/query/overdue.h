// What is overdue: by account and currency, and the instalments that it is made of.
#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "query/shard_reader.h"

namespace daybook::query {

// An account and currency with something overdue.
struct Overdue {
  AccountNumber account = 0;
  std::string_view customer_id;  // The shard's.
  Currency currency;
  Int128 open = 0;
  Int128 disputed = 0;
  Int128 score = 0;         // Undisputed minor units × days.
  std::int64_t oldest = 0;  // Days overdue of the oldest.
  std::int64_t oldest_undisputed = 0;

  void add(Int128 open_amount, Int128 disputed_amount, std::int64_t age);
};

// The date that a question's ages are measured from.
Day aged_on_of(const Question& question);

// What is overdue of a shard by a question's aged_on, minimum and filters.
class OverdueReader {
 public:
  // `shard` must outlive it.
  explicit OverdueReader(const ShardReader& shard);

  // Accounts and currencies, from cells alone where those say enough.
  std::vector<Overdue> find();
  // The overdue instalments of an account and currency that was found, as they are listed.
  std::vector<OpenItem> items(AccountReader& account, Currency currency) const;

 private:
  // Of an account and currency what is due on one day.
  struct DueDay;
  // What an item has to have open and undisputed: an amount in major units, compared exactly.
  class Minimum {
   public:
    explicit Minimum(const Question& question);
    bool asks() const { return scaled_ > 0; }
    bool passes(Int128 minor, Currency currency) const;

   private:
    Int128 scaled_ = 0;  // × 10^kQuantityPlaces.
  };

  static std::vector<DueDay> add_up(std::vector<DueDay> days);
  void add_days(Overdue& to, std::span<const DueDay> days) const;

  const ShardReader& shard_;
  const Grouping grouping_;
  const Minimum minimum_;
  const Day as_of_;
  const Day aged_on_;
  OpenDays open_days_;  // Where the documents stand, once it was found.
};

}  // namespace daybook::query
