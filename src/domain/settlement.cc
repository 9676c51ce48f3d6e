#include "domain/settlement.h"

#include <algorithm>
#include <bit>
#include <limits>

namespace daybook::domain {
namespace {

// Amounts that change, each at its place, and their sums from the first place on.
class RunningSums {
 public:
  explicit RunningSums(std::size_t places)
      : places_(std::bit_ceil(std::max<std::size_t>(places, 1))), tree_(2 * places_) {}

  void add(std::size_t place, Int128 amount) {
    std::size_t at = places_ + place;
    tree_[at].sum += amount;
    tree_[at].lowest = tree_[at].sum;
    while ((at /= 2) > 0) {
      const Node& left = tree_[2 * at];
      const Node& right = tree_[2 * at + 1];
      tree_[at] = {left.sum + right.sum, std::min(left.lowest, left.sum + right.lowest)};
    }
  }
  Int128 total() const { return tree_[1].sum; }
  // How many of the first places it takes at most for a sum below `level`; it is above 0, and the total is not below it.
  std::size_t last_below(Int128 level) const {
    if (tree_[1].lowest >= level) return 0;
    std::size_t at = 1;
    Int128 before = 0;
    while (at < places_) {
      const Int128 left = before + tree_[2 * at].sum;
      const bool right = left + tree_[2 * at + 1].lowest < level;
      if (right) before = left;
      at = 2 * at + right;
    }
    return at - places_ + 1;
  }

 private:
  struct Node {
    Int128 sum = 0;
    Int128 lowest = 0;  // Of the sums from its first place on, each with one place more.
  };

  std::size_t places_;
  SmallVector<Node, 4> tree_;  // Places from `places_` on; above each two of them both.
};

struct Change {
  Day day = 0;          // From which on it settles so much more,
  Instant instant = 0;  // and since when.
  Int128 amount = 0;
};

// By day.
SmallVector<Change, 2> changes_of(AccountState& account, const Invoice& invoice) {
  SmallVector<Change, 2> changes;
  for (const Application& application : account.applications(invoice)) {
    const Item& item = *application.item;
    if (item.state != ItemState::kCounts) continue;
    item.for_each_movement([&](Day day, Int128 amount) { changes.push_back({day, item.instant, amount}); });
  }
  const auto written_off_at = [&](const Invoice::WriteOff& write_off) {
    return std::max(invoice.issued_fact->event.occurred_at, write_off.fact->event.occurred_at);
  };
  const auto settles = [](const Invoice::WriteOff& write_off) {
    return write_off.event->kind == WriteOffKind::kSmallDifference;
  };
  for (const auto& write_off : invoice.write_offs) {
    if (settles(write_off))
      changes.push_back({write_off.day, written_off_at(write_off), write_off.event->amount_minor});
  }
  for (const auto& recovery : invoice.recoveries) {
    const auto& write_off = invoice.write_offs[recovery.write_off];
    if (!recovery.counts || !settles(write_off)) continue;
    const Instant instant = std::max(written_off_at(write_off), recovery.fact->event.occurred_at);
    changes.push_back({recovery.day, instant, -Int128(recovery.event->amount_minor)});
  }
  std::ranges::sort(changes, {}, &Change::day);
  return changes;
}

// Each once, rising.
SmallVector<Instant, 2> instants_of(const SmallVector<Change, 2>& changes) {
  SmallVector<Instant, 2> instants;
  for (const Change& change : changes) instants.push_back(change.instant);
  std::ranges::sort(instants);
  instants.erase(std::unique(instants.begin(), instants.end()), instants.end());
  return instants;
}

}  // namespace

Settlement::Settlement(AccountState& account, const Invoice& invoice) {
  const Int128 gross = invoice.issued->gross_minor();
  Step& first = steps_.emplace_back(std::numeric_limits<Day>::min(), std::nullopt);
  if (gross == 0) {
    first.since = invoice.issued_fact->event.occurred_at;
    return;
  }
  const SmallVector<Change, 2> changes = changes_of(account, invoice);
  const SmallVector<Instant, 2> instants = instants_of(changes);
  RunningSums sums(instants.size());  // At each of the instants.
  for (auto change = changes.begin(); change != changes.end();) {
    const Day day = change->day;
    for (; change != changes.end() && change->day == day; ++change) {
      const auto place = std::ranges::lower_bound(instants, change->instant);
      sums.add(static_cast<std::size_t>(place - instants.begin()), change->amount);
    }
    std::optional<Instant> since;
    if (sums.total() >= gross) since = instants[sums.last_below(gross)];
    if (since != steps_.back().since) steps_.push_back({day, since});
  }
}

}  // namespace daybook::domain
