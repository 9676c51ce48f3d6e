// Orders by when they reached their milestones: rows of the index, or as they are stored.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

#include "base/hash.h"
#include "index/cycles.h"
#include "query/shard_reader.h"

namespace daybook::query {

// From one milestone to a later one (domain::Milestone).
struct Cycle {
  std::size_t first = 0;
  std::size_t last = 0;

  // So many stages lie between.
  std::size_t stages() const { return last - first; }
};

// The orders of one shard. One thread.
class CycleReader {
 public:
  // All must outlive it. Groups are region (level), sales_rep, grade, warehouse, customer, kind, channel or none.
  CycleReader(const ShardReader& shard, const Grouping& grouping, const Period& period, const Cycle& cycle);

  // Calls visit(group, day, at, sign) for orders that pass, had reached both milestones of the cycle by the question's
  // as_of, and the last of them on a day of the period. `at(milestone)`: whether it was reached by then, and when.
  // `sign`: 1, or −1 for a row that went and must be taken away again, before or after it comes.
  template <typename Visit>
  void for_each(const Visit& visit) {
    if (!shard_.has_accounts()) return;
    if (shard_.shard().index != nullptr && shard_.shard().index->cycles.table != nullptr && !shard_.only()) {
      scan_index(visit);
    } else {
      scan_stored([&](AccountNumber account, const domain::CycleRow& row) { take_row(account, row, 1, visit); });
    }
  }

  // Groups have numbers from 0 on.
  const std::string& name(std::uint32_t group) const { return names_[group]; }

 private:
  static constexpr std::uint32_t kPassedOver = UINT32_MAX;
  static constexpr index::TextId kNotDispatched = UINT32_MAX;

  // Whether all orders are asked for, in one group.
  bool is_plain() const;
  bool asks_warehouse() const { return grouping_.by == "warehouse" || grouping_.filters.warehouse; }
  // Whether an order's own attributes do not say all that is asked.
  bool asks_file(const domain::Attributes& own) const;

  void scan_stored(const std::function<void(AccountNumber, const domain::CycleRow&)>& visit) const;
  template <typename Visit>
  void scan_index(const Visit& visit);
  // A row of the index as stored.
  template <typename Visit>
  void take_other(const index::OtherCycle& other, int sign, const Visit& visit) {
    take_row(other.customer, decoded(other.bytes), sign, visit);
  }
  static domain::CycleRow decoded(std::string_view bytes);
  template <typename Visit>
  void take_row(AccountNumber account, const domain::CycleRow& row, int sign, const Visit& visit);
  // A row of the index; `Settled`: all of it counts on the day asked for.
  template <bool Settled, typename Visit>
  void take(const index::PlainCycle& row, int sign, const Visit& visit);
  template <typename At, typename FindGroup, typename Visit>
  void take_at(const At& at, int sign, const FindGroup& find, const Visit& visit);

  // The group of an order; kPassedOver: it does not pass.
  std::uint32_t find_group(const index::CycleGroup& order, std::string_view warehouse, AccountNumber account);
  // Where rows of one group, warehouse and, as far as it matters, customer and file go.
  std::uint32_t known_group(const index::PlainCycle& row, index::TextId warehouse);
  std::optional<std::string> group_of(const index::CycleGroup& order, std::string_view warehouse);
  std::uint32_t number_of(std::string name);

  struct KeyHash {
    std::size_t operator()(const std::array<std::uint32_t, 4>& key) const {
      return hash64({reinterpret_cast<const char*>(key.data()), sizeof key});
    }
  };

  const ShardReader& shard_;
  const Grouping& grouping_;
  const Period period_;
  const Cycle cycle_;
  const Day as_of_;
  const BusinessZone& zone_;
  std::optional<std::uint32_t> plain_;  // Where all go.
  std::vector<std::string> names_;
  std::map<std::string, std::uint32_t> numbers_;
  std::unique_ptr<AccountReader> account_;
  std::unordered_map<index::TextId, index::CycleGroup> groups_;
  // By group, warehouse, customer and first day of the file's version: where rows of the index go.
  std::unordered_map<std::array<std::uint32_t, 4>, std::uint32_t, KeyHash> known_;
};

template <typename Visit>
void CycleReader::scan_index(const Visit& visit) {
  const auto& part = shard_.shard().index->cycles;
  // Days begin at most a day from their UTC midnight.
  const Instant from = (static_cast<Instant>(period_.from) - 2) * 86'400;
  const Instant to = (static_cast<Instant>(period_.to) + 3) * 86'400;
  for (const auto& month : part.table->months()) {
    for (const index::OtherCycle& other : month->others) take_other(other, 1, visit);
    if (month->last[cycle_.last] < from || month->first[cycle_.last] > to) continue;
    const bool settled = month->settled <= as_of_;
    for (const index::PlainCycle& row : month->rows) {
      settled ? take<true>(row, 1, visit) : take<false>(row, 1, visit);
    }
  }
  part.tail.for_each([&](const index::CycleRowChange& change) {
    if (const auto* row = std::get_if<index::PlainCycle>(&change.row)) {
      take<false>(*row, change.sign, visit);
    } else {
      take_other(std::get<index::OtherCycle>(change.row), change.sign, visit);
    }
  });
}

template <typename Visit>
void CycleReader::take_row(AccountNumber account, const domain::CycleRow& row, int sign, const Visit& visit) {
  const domain::CycleChange* change = nullptr;
  for (const domain::CycleChange& candidate : row.changes) {
    if (candidate.counts_from <= as_of_) change = &candidate;
  }
  if (change == nullptr) return;
  const auto find = [&] { return find_group({row.attributes, row.kind, row.channel}, change->warehouse, account); };
  take_at([&](std::size_t milestone) { return change->milestones[milestone]; }, sign, find, visit);
}

template <bool Settled, typename Visit>
void CycleReader::take(const index::PlainCycle& row, int sign, const Visit& visit) {
  const auto at = [&](std::size_t milestone) -> MaybeInstant {
    if (!row.has(milestone)) return {};
    if (!Settled && row.counts_from(milestone) > as_of_) return {};
    return row.at(milestone);
  };
  const auto find = [&] {
    const bool dispatched = at(static_cast<std::size_t>(domain::Milestone::kFirstDispatched)).has_value();
    return known_group(row, dispatched ? row.warehouse : kNotDispatched);
  };
  take_at(at, sign, find, visit);
}

template <typename At, typename FindGroup, typename Visit>
void CycleReader::take_at(const At& at, int sign, const FindGroup& find, const Visit& visit) {
  const MaybeInstant end = at(cycle_.last);
  if (!end || !at(cycle_.first)) return;
  const Day day = zone_.day_of(*end);
  if (!period_.holds(day)) return;
  const std::uint32_t group = plain_ ? *plain_ : find();
  if (group != kPassedOver) visit(group, day, at, sign);
}

}  // namespace daybook::query
