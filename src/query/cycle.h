// The way of an order from one milestone to a later one, and the stages between.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "domain/cell.h"
#include "query/question.h"
#include "query/value.h"

namespace daybook::query {

struct Cycle {
  std::size_t first = 0;
  std::size_t last = 0;

  // So many stages lie between; the first of them ends at the milestone after `first`.
  std::size_t stages() const { return last - first; }
  std::string_view stage_from(std::size_t stage) const;
  std::string_view stage_to(std::size_t stage) const;
  // As the parameter has it: "placed..delivered".
  std::string name() const;

  // Of a report that has the parameter; refuses one that is none.
  static Cycle of(const Question& question);

  // The business day of the later milestone, under which an order stands; nothing where it has not reached both.
  template <typename Order>
  std::optional<Day> day_of(const Order& order, const BusinessZone& zone) const {
    const MaybeInstant end = order.at(last);
    return end && order.at(first) ? std::optional(zone.day_of(*end)) : std::nullopt;
  }

  // Calls visit(stage, seconds) for the stages of an order that reached both ends in their order: a milestone that it
  // lacks, or that does not lie between the last one kept and the end, is passed over, and its time is the next one's.
  template <typename Order, typename Visit>
  void for_each_stage(const Order& order, const Visit& visit) const {
    Instant kept = *order.at(first);
    const Instant end = *order.at(last);
    for (std::size_t i = first + 1; i <= last; ++i) {
      const MaybeInstant reached = order.at(i);
      if (!reached || *reached < kept || *reached > end) continue;
      visit(i - first - 1, *reached - kept);
      kept = *reached;
    }
  }
};

namespace parameters {
Parameter cycle();
}  // namespace parameters

// The period that such a parameter names, if it is given; refuses what is no label.
// The last milestone on the way to delivery that an order has: what was invoiced ahead is no step of it.
std::size_t last_milestone(const domain::Milestones& milestones);
// What an order not delivered is late by: its last promise, else the date that was asked for.
std::optional<Day> promised_date(const domain::OrderDates& dates);
inline bool is_late(const domain::OrderDates& dates, Day as_of) {
  const std::optional<Day> promised = promised_date(dates);
  return promised && *promised < as_of;
}

// sum ÷ n in seconds, to 3 decimals; null without orders.
Value mean_seconds(Int128 sum, std::size_t n);

}  // namespace daybook::query
