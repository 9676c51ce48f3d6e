// Order-cycle rows in memory: a row an order, as it stands last, with the days from which its
// milestones count.
#pragma once

#include <array>
#include <memory>
#include <map>
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
};

// An order whose milestones were each reached once and never moved, and whose file is that of the day
// it was placed: any date is read off from the last state. Times are seconds since 1970 and since placing.
struct PlainCycle {
  static constexpr std::size_t kLater = domain::kMilestoneCount - 1;

  std::int64_t placed = 0;
  store::LabelId customer = 0;
  TextId group = 0;      // An encoded CycleGroup, without the day of the file.
  TextId warehouse = 0;  // From the first dispatch on.
  std::array<std::int32_t, kLater> later{};
  // The day from which each milestone counts less its own in UTC.
  std::array<std::int8_t, domain::kMilestoneCount> lag{};
  std::uint8_t reached = 0;  // A bit a milestone.

  auto operator<=>(const PlainCycle&) const = default;

  bool has(std::size_t milestone) const { return reached >> milestone & 1; }
  Instant at(std::size_t milestone) const {
    return milestone == 0 ? placed : placed + later[milestone - 1];
  }
  Day counts_from(std::size_t milestone) const;
};

// Any other order: its row as stored.
struct OtherCycle {
  store::LabelId customer = 0;
  std::string bytes;

  auto operator<=>(const OtherCycle&) const = default;
};

// A row that came (+1) or went (−1).
struct CycleRowChange {
  std::variant<PlainCycle, OtherCycle> row;
  int sign = 1;
};

// `row`, decoded from `bytes`, for the columns.
std::variant<PlainCycle, OtherCycle> make_cycle(store::LabelId customer, const domain::CycleRow& row,
                                                std::string_view bytes, const BusinessZone& zone,
                                                Dictionary& dictionary);
// The day of the file is the caller's to fill in.
CycleGroup cycle_group(std::string_view encoded);

class Cycles {
 public:
  using Row = CycleRowChange;

  Cycles merged(std::vector<CycleRowChange> rows) const;
  std::size_t bytes() const;

  // Orders placed in one month.
  struct Month {
    Day start = 0;  // In UTC.
    std::vector<PlainCycle> rows;  // Sorted, as are the next.
    std::vector<OtherCycle> others;
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
