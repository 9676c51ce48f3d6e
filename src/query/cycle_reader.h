// Orders by how far they have come: rows of the index, or as they are stored.
#pragma once

#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "base/hash.h"
#include "index/cycles.h"
#include "query/shard_reader.h"

namespace daybook::query {

// An order as of the question's date, as it is stored. What visitors are given of it: this, or the same of the index.
class StoredOrder {
 public:
  StoredOrder(AccountNumber account, const domain::CycleState& state) : account_(account), state_(state) {}

  AccountNumber account() const { return account_; }
  // When it reached a milestone, if it did.
  MaybeInstant at(std::size_t milestone) const { return state_.milestones[milestone]; }
  MaybeInstant at(domain::Milestone milestone) const { return at(static_cast<std::size_t>(milestone)); }
  domain::OrderDates dates() const { return state_.dates; }
  bool remains() const { return state_.remains; }
  bool is_in_full() const { return state_.in_full; }

 private:
  AccountNumber account_;
  const domain::CycleState& state_;
};

// A row of the index; `Settled`: all milestones of its month count by then.
template <bool Settled>
class PlainOrder {
 public:
  PlainOrder(const index::PlainCycle& row, Day as_of) : row_(row), as_of_(as_of) {}

  AccountNumber account() const { return row_.customer; }
  MaybeInstant at(std::size_t milestone) const {
    if (!row_.has(milestone)) return {};
    if (!Settled && row_.counts_from(milestone) > as_of_) return {};
    return row_.at(milestone);
  }
  MaybeInstant at(domain::Milestone milestone) const { return at(static_cast<std::size_t>(milestone)); }
  domain::OrderDates dates() const { return row_.dates(as_of_); }
  bool remains() const { return row_.remains(as_of_); }
  bool is_in_full() const { return row_.is_in_full(as_of_); }

 private:
  const index::PlainCycle& row_;
  const Day as_of_;
};

// The orders of one shard. One thread.
class CycleReader {
 public:
  // Milestones and days: orders that reached none of these on any of those need not be visited.
  struct Reached {
    std::size_t first = 0;
    std::size_t last = 0;
    Day from = 0;
    Day to = 0;
  };

  // All must outlive it. Groups are region (level), sales_rep, grade, warehouse, customer, kind, channel or none.
  CycleReader(const ShardReader& shard, const Grouping& grouping, std::optional<Reached> reached = {});

  // Calls visit(order, chosen, group, sign) for orders that pass and were placed by the question's as_of, of which
  // choose(order) gives something: an optional. `sign`: 1, or −1 for a row that went and must be taken away again,
  // before or after it comes.
  template <typename Choose, typename Visit>
  void for_each(const Choose& choose, const Visit& visit) {
    if (!shard_.has_accounts()) return;
    if (has_columns() && !shard_.only()) {
      scan_index(choose, visit);
    } else {
      scan_stored(shard_.only(), [&](AccountNumber account, std::string_view, const domain::CycleRow& row) {
        take_row(account, row, 1, choose, visit);
      });
    }
  }

  // Calls visit(delays, sign) for those that were delayed: a vector of CycleDelays; orders and sign as there.
  template <typename Choose, typename Visit>
  void for_each_delayed(const Choose& choose, const Visit& visit);

  // An order of which the row is shown.
  struct Listed {
    std::string_view order_id;
    domain::OrderKind kind{};
    std::string_view region;  // Empty: it has none.
    const domain::CycleState& state;
    std::string_view customer_id;
    AccountReader& account;
  };
  // Calls visit(Listed) for orders that pass, were placed by then and that chosen(order) is true of, if they may be
  // among the rows, which are sorted by customer. Accounts that may_have(number) is false of are passed over.
  template <typename Chosen, typename Visit>
  void list(
      const Rows& rows, const Chosen& chosen, const Visit& visit,
      const std::function<bool(AccountNumber)>& may_have = [](AccountNumber) { return true; });

  // Groups have numbers from 0 on.
  const std::string& name(std::uint32_t group) const { return names_[group]; }

 private:
  static constexpr std::uint32_t kPassedOver = UINT32_MAX;
  using VisitStored = std::function<void(AccountNumber, std::string_view order_id, const domain::CycleRow&)>;

  // Whether all orders are asked for, in one group.
  bool is_plain() const;
  bool has_columns() const;
  bool asks_warehouse() const { return grouping_.by == "warehouse" || grouping_.filters.warehouse; }
  // Whether an order's own attributes do not say all that is asked.
  bool asks_file(const domain::Attributes& own) const;
  // Whether an order of this month may have reached what was asked for.
  bool may_reach(const index::Cycles::Month& month) const;

  void scan_stored(std::optional<AccountNumber> only, const VisitStored& visit) const;
  // Of an account's orders those that may be among the rows, which go by account and order, as far as is known without
  // them.
  void scan_listed(AccountNumber account, const Rows& rows, const VisitStored& visit) const;
  // Calls take(key, value) for rows as they are stored, until it gives false.
  template <typename Take>
  void scan_rows(const std::string& prefix, const std::string& from, const Take& take) const;
  template <typename Choose, typename Visit>
  void scan_index(const Choose& choose, const Visit& visit);
  // A row of the index as stored.
  template <typename Choose, typename Visit>
  void take_other(const index::OtherCycle& other, int sign, const Choose& choose, const Visit& visit) {
    take_row(other.customer, decoded(other.bytes), sign, choose, visit);
  }
  static domain::CycleRow decoded(std::string_view bytes);
  // As of the question's date; null before the order was placed.
  const domain::CycleState* state_of(const domain::CycleRow& row) const;
  template <typename Choose, typename Visit>
  void take_row(AccountNumber account, const domain::CycleRow& row, int sign, const Choose& choose, const Visit& visit);
  template <bool Settled, typename Choose, typename Visit>
  void take(const index::PlainCycle& row, int sign, const Choose& choose, const Visit& visit);
  template <typename Order, typename FindGroup, typename Choose, typename Visit>
  void take_order(const Order& order, int sign, const FindGroup& find, const Choose& choose, const Visit& visit);

  // The group of an order; kPassedOver: it does not pass. Its account is account_ then.
  std::uint32_t find_group(const index::CycleGroup& order, AccountNumber account);
  // Where rows of one group and, as far as it matters, customer and file go.
  std::uint32_t known_group(const index::PlainCycle& row, bool dispatched);
  std::optional<std::string> group_of(const index::CycleGroup& order);
  std::uint32_t number_of(std::string name);
  // Those of these accounts that may be among the rows, in the order of their names.
  std::vector<AccountNumber> by_name(const std::unordered_map<AccountNumber, std::int64_t>& accounts,
                                     const Rows& rows) const;

  struct KeyHash {
    std::size_t operator()(const std::array<std::uint32_t, 4>& key) const {
      return hash64({reinterpret_cast<const char*>(key.data()), sizeof key});
    }
  };

  const ShardReader& shard_;
  const Grouping& grouping_;
  const std::optional<Reached> reached_;
  const Day as_of_;
  const BusinessZone& zone_;
  std::optional<std::uint32_t> plain_;  // Where all go.
  std::vector<std::string> names_;
  std::map<std::string, std::uint32_t> numbers_;
  std::unique_ptr<AccountReader> account_;
  std::unordered_map<index::TextId, index::CycleGroup> groups_;
  // By group, whether it was dispatched, customer and first day of the file's version: where rows of the index go.
  std::unordered_map<std::array<std::uint32_t, 4>, std::uint32_t, KeyHash> known_;
};

template <typename Choose, typename Visit>
void CycleReader::scan_index(const Choose& choose, const Visit& visit) {
  const auto& part = shard_.shard().index->cycles;
  for (const auto& month : part.table->months()) {
    for (const index::OtherCycle& other : month->others) take_other(other, 1, choose, visit);
    if (!may_reach(*month)) continue;
    const bool settled = month->settled <= as_of_;
    for (const index::PlainCycle& row : month->rows) {
      settled ? take<true>(row, 1, choose, visit) : take<false>(row, 1, choose, visit);
    }
  }
  part.tail.for_each([&](const index::CycleRowChange& change) {
    if (const auto* row = std::get_if<index::PlainCycle>(&change.row)) {
      take<false>(*row, change.sign, choose, visit);
    } else {
      take_other(std::get<index::OtherCycle>(change.row), change.sign, choose, visit);
    }
  });
}

template <typename Choose, typename Visit>
void CycleReader::for_each_delayed(const Choose& choose, const Visit& visit) {
  if (!shard_.has_accounts()) return;
  const auto take_stored = [&](AccountNumber account, const domain::CycleRow& row, int sign) {
    if (row.delays.empty()) return;
    const auto visit_it = [&](const auto&, const auto&, std::uint32_t, int) { visit(row.delays, sign); };
    take_row(account, row, sign, choose, visit_it);
  };
  if (!has_columns() || shard_.only()) {
    return scan_stored(shard_.only(), [&](AccountNumber account, std::string_view, const domain::CycleRow& row) {
      take_stored(account, row, 1);
    });
  }
  const auto take_plain = [&](const index::PlainCycle& row, std::string_view delays, int sign) {
    const auto visit_it = [&](const auto&, const auto&, std::uint32_t, int) {
      visit(index::delays_of(row, delays), sign);
    };
    take<false>(row, sign, choose, visit_it);
  };
  const auto& part = shard_.shard().index->cycles;
  for (const auto& month : part.table->months()) {
    for (const index::OtherCycle& other : month->others) take_stored(other.customer, decoded(other.bytes), 1);
    if (!may_reach(*month)) continue;
    for (const index::DelayedCycle& delayed : month->delayed) take_plain(delayed.row, delayed.delays, 1);
  }
  part.tail.for_each([&](const index::CycleRowChange& change) {
    if (const auto* row = std::get_if<index::PlainCycle>(&change.row)) {
      if (!change.delays.empty()) take_plain(*row, change.delays, change.sign);
    } else {
      const auto& other = std::get<index::OtherCycle>(change.row);
      take_stored(other.customer, decoded(other.bytes), change.sign);
    }
  });
}

template <typename Choose, typename Visit>
void CycleReader::take_row(AccountNumber account, const domain::CycleRow& row, int sign, const Choose& choose,
                           const Visit& visit) {
  const domain::CycleState* state = state_of(row);
  if (state == nullptr) return;
  const auto find = [&] { return find_group({row.attributes, row.kind, row.channel, state->warehouse}, account); };
  take_order(StoredOrder(account, *state), sign, find, choose, visit);
}

template <bool Settled, typename Choose, typename Visit>
void CycleReader::take(const index::PlainCycle& row, int sign, const Choose& choose, const Visit& visit) {
  const PlainOrder<Settled> order(row, as_of_);
  if (!order.at(domain::Milestone::kPlaced)) return;
  const auto find = [&] { return known_group(row, order.at(domain::Milestone::kFirstDispatched).has_value()); };
  take_order(order, sign, find, choose, visit);
}

template <typename Order, typename FindGroup, typename Choose, typename Visit>
void CycleReader::take_order(const Order& order, int sign, const FindGroup& find, const Choose& choose,
                             const Visit& visit) {
  const auto chosen = choose(order);
  if (!chosen) return;
  const std::uint32_t group = plain_ ? *plain_ : find();
  if (group != kPassedOver) visit(order, *chosen, group, sign);
}

template <typename Chosen, typename Visit>
void CycleReader::list(const Rows& rows, const Chosen& chosen, const Visit& visit,
                       const std::function<bool(AccountNumber)>& may_have) {
  if (!shard_.has_accounts()) return;
  const auto take = [&](AccountNumber account, std::string_view order_id, const domain::CycleRow& row) {
    const domain::CycleState* state = state_of(row);
    if (state == nullptr || !chosen(StoredOrder(account, *state))) return;
    if (find_group({row.attributes, row.kind, row.channel, state->warehouse}, account) == kPassedOver) return;
    visit(Listed{order_id, row.kind, account_->region(row.attributes), *state, account_->name(), *account_});
  };
  // Account by account, so that no round looks over the orders of others.
  if (rows.cut().is_round) {
    return shard_.for_each_account(rows, [&](AccountNumber account) {
      if (may_have(account)) scan_listed(account, rows, take);
    });
  }
  if (!has_columns() || shard_.only()) {
    // Account by account.
    std::optional<AccountNumber> last;
    bool may_pass = true;
    return scan_stored(shard_.only(),
                       [&](AccountNumber account, std::string_view order_id, const domain::CycleRow& row) {
                         if (last != account) {
                           last = account;
                           may_pass = may_have(account);
                         }
                         if (may_pass) take(account, order_id, row);
                       });
  }
  // The columns have no ids: of accounts that have such an order the rows are read as they are stored.
  std::unordered_map<AccountNumber, std::int64_t> having;
  const auto choose = [&](const auto& order) { return chosen(order) ? std::optional(true) : std::nullopt; };
  for_each(choose, [&](const auto& order, bool, std::uint32_t, int sign) { having[order.account()] += sign; });
  for (const AccountNumber account : by_name(having, rows)) {
    shard_.go_on();
    const std::string key = sort_key({shard_.account(account).name()});
    // In the order of their names.
    if (!rows.until().empty() && key >= rows.until()) return;
    if (rows.may_hold(key) && may_have(account)) scan_stored(account, take);
  }
}

}  // namespace daybook::query
