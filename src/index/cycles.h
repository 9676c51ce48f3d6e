// Order-cycle rows in memory: a row an order, as it stands last, with the days from which its
// milestones count.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/date.h"
#include "base/result.h"
#include "domain/cell.h"
#include "index/dictionary.h"
#include "store/labels.h"

namespace daybook::index {

// What cycle rows are filtered and grouped by.
struct CycleGroup {
  domain::Attributes attributes;
  domain::OrderKind kind{};
  std::string_view channel;
  std::string_view warehouse;  // Of the first dispatch, from that on.
};

// An order to which nothing happened twice: each milestone was reached once and never moved, it was promised another date
// at most once, its file is that of the day it was placed. Any date is read off from the last state. Times are seconds
// since 1970 and since placing, dates are days since placing.
struct PlainCycle {
  static constexpr std::size_t kLater = domain::kMilestoneCount - 1;
  static constexpr std::int16_t kNone = INT16_MIN;

  std::int64_t placed = 0;
  store::LabelId customer = 0;
  TextId group = 0;  // An encoded CycleGroup, without the day of the file.
  std::array<std::int32_t, kLater> later{};
  // The day from which each milestone counts less its own in UTC.
  std::array<std::int8_t, domain::kMilestoneCount> lag{};
  std::int16_t requested = kNone;
  // Where the last promise is another than the first, the first is that of the first confirmation.
  std::int16_t first_promise = kNone;
  std::int16_t last_promise = kNone;
  std::int16_t promised_from = kNone;  // The day from which the last promise counts.
  std::int16_t ended_from = kNone;     // The day from which no line remains.
  std::uint8_t reached = 0;            // A bit a milestone.
  bool in_full = false;                // It was when it was delivered.

  auto operator<=>(const PlainCycle&) const = default;

  bool has(std::size_t milestone) const { return reached >> milestone & 1; }
  Instant at(std::size_t milestone) const { return milestone == 0 ? placed : placed + later[milestone - 1]; }
  Day counts_from(std::size_t milestone) const;
  Day day_of(std::int16_t days) const;
  // Whether what begins on such a day does by `as_of`.
  bool counts(std::int16_t from, Day as_of) const { return from != kNone && day_of(from) <= as_of; }
  bool counts(domain::Milestone milestone, Day as_of) const {
    const auto number = static_cast<std::size_t>(milestone);
    return has(number) && counts_from(number) <= as_of;
  }
  // As of a date on which it was placed.
  domain::OrderDates dates(Day as_of) const;
  bool remains(Day as_of) const { return !counts(ended_from, as_of); }
  bool is_in_full(Day as_of) const { return in_full && remains(as_of) && counts(domain::Milestone::kDelivered, as_of); }
};
// A million of them are 64 MB.
static_assert(sizeof(PlainCycle) == 64);

// Any other order: its row as stored.
struct OtherCycle {
  store::LabelId customer = 0;
  std::string bytes;

  auto operator<=>(const OtherCycle&) const = default;
};

// A plain order of which stages were reported as delayed.
struct DelayedCycle {
  PlainCycle row;
  std::string delays;  // Encoded; mostly too short to lie anywhere else.

  auto operator<=>(const DelayedCycle&) const = default;
};
// What was reported of such an order. The reasons lie in it.
std::vector<domain::CycleDelays> delays_of(const PlainCycle& row, std::string_view encoded);

// A row that came (+1) or went (−1).
struct CycleRowChange {
  std::variant<PlainCycle, OtherCycle> row;
  int sign = 1;
  std::string delays = {};  // Of a plain one, as a DelayedCycle has them; empty: there are none.
};

// `row`, decoded from `bytes`, for the columns.
CycleRowChange make_cycle(store::LabelId customer, const domain::CycleRow& row, std::string_view bytes, int sign,
                          const BusinessZone& zone, Dictionary& dictionary);
// The day of the file is the caller's to fill in.
CycleGroup cycle_group(std::string_view encoded);

class Cycles {
 public:
  using Row = CycleRowChange;

  Cycles merged(std::vector<CycleRowChange> rows) const;
  std::size_t bytes() const;

  // Orders placed in one month.
  struct Month {
    Day start = 0;                 // In UTC.
    std::vector<PlainCycle> rows;  // Sorted, as are the next.
    std::vector<OtherCycle> others;
    std::vector<DelayedCycle> delayed;  // Of `rows` those that were, once more.
    // Of `rows`: the instants of each milestone, and the last day from which one counts.
    std::array<Instant, domain::kMilestoneCount> first{};
    std::array<Instant, domain::kMilestoneCount> last{};
    Day settled = 0;
  };
  const std::vector<std::shared_ptr<const Month>>& months() const { return months_; }

 private:
  std::vector<std::shared_ptr<const Month>> months_;  // By start.
};

}  // namespace daybook::index
