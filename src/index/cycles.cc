#include "index/cycles.h"

#include <algorithm>
#include <limits>
#include <optional>

#include "base/bytes.h"
#include "store/cells.h"

namespace daybook::index {
namespace {

constexpr std::int64_t kDaySeconds = 86'400;
constexpr auto kFirstDispatched = static_cast<std::size_t>(domain::Milestone::kFirstDispatched);

Day utc_day(Instant instant) {
  const std::int64_t day = instant / kDaySeconds;
  return static_cast<Day>(instant % kDaySeconds < 0 ? day - 1 : day);
}

// A day or an instant as the columns have it, in so many bits; false: it does not fit.
template <typename Stored>
bool fit(std::int64_t value, Stored& to) {
  to = static_cast<Stored>(value);
  return to == value;
}
bool fit_day(std::int64_t days, std::int16_t& to) { return fit(days, to) && to != PlainCycle::kNone; }

// The milestones that the row has last, each from the first day on which it has one.
bool take_milestones(const domain::CycleRow& row, PlainCycle& cycle) {
  const domain::Milestones& last = row.changes.back().state.milestones;
  cycle.placed = *last[0];
  for (std::size_t i = 0; i < domain::kMilestoneCount; ++i) {
    if (!last[i]) continue;
    cycle.reached |= static_cast<std::uint8_t>(1 << i);
    if (i > 0 && !fit(*last[i] - cycle.placed, cycle.later[i - 1])) return false;
    const auto begins = std::ranges::find_if(
        row.changes, [&](const domain::CycleChange& change) { return change.state.milestones[i].has_value(); });
    const std::int64_t lag = static_cast<std::int64_t>(begins->counts_from) - utc_day(*last[i]);
    if (!fit(lag, cycle.lag[i])) return false;
  }
  return true;
}

// The dates that the row has last, the last promise from the first day on which it is that, and the end.
bool take_dates(const domain::CycleRow& row, PlainCycle& cycle) {
  const Day placed = utc_day(cycle.placed);
  const domain::CycleState& last = row.changes.back().state;
  const auto take = [&](std::optional<Day> date, std::int16_t& to) {
    return !date || fit_day(std::int64_t{*date} - placed, to);
  };
  const auto take_first = [&](const auto& is_so, std::int16_t& to) {
    const auto begins = std::ranges::find_if(row.changes, is_so, &domain::CycleChange::state);
    return fit_day(std::int64_t{begins->counts_from} - placed, to);
  };
  const auto is_promised = [&](const domain::CycleState& state) {
    return state.dates.last_promise == last.dates.last_promise;
  };
  const auto has_ended = [](const domain::CycleState& state) { return !state.remains; };
  return take(last.dates.requested, cycle.requested) && take(last.dates.first_promise, cycle.first_promise) &&
         take(last.dates.last_promise, cycle.last_promise) &&
         (!last.dates.last_promise || take_first(is_promised, cycle.promised_from)) &&
         (last.remains || take_first(has_ended, cycle.ended_from));
}

// Whether the row is on this date as it was stored.
bool says(const PlainCycle& cycle, const domain::CycleRow& row, const domain::CycleChange& change) {
  const domain::CycleState& last = row.changes.back().state;
  const domain::CycleState& state = change.state;
  for (std::size_t i = 0; i < domain::kMilestoneCount; ++i) {
    const bool counts = cycle.has(i) && cycle.counts_from(i) <= change.counts_from;
    if (counts ? state.milestones[i] != last.milestones[i] : state.milestones[i].has_value()) return false;
  }
  return state.warehouse == (state.milestones[kFirstDispatched] ? last.warehouse : std::string_view()) &&
         state.dates == cycle.dates(change.counts_from) && state.remains == cycle.remains(change.counts_from) &&
         state.in_full == cycle.is_in_full(change.counts_from);
}

// The row as plain, if that says the same on every date: both change on no others than the row's.
std::optional<PlainCycle> plain(const domain::CycleRow& row) {
  if (row.changes.empty() || !row.changes.back().state.milestones[0]) return std::nullopt;
  PlainCycle cycle;
  if (!take_milestones(row, cycle) || !take_dates(row, cycle)) return std::nullopt;
  cycle.in_full = std::ranges::any_of(row.changes, [](const auto& change) { return change.state.in_full; });
  const bool is_said = std::ranges::all_of(row.changes, [&](const auto& change) { return says(cycle, row, change); });
  return is_said ? std::optional(cycle) : std::nullopt;
}

std::string encode(const std::vector<domain::CycleDelays>& all, const PlainCycle& cycle) {
  std::string encoded;
  ByteWriter out(encoded);
  for (const domain::CycleDelays& delays : all) {
    out.zigzag(std::int64_t{delays.counts_from} - utc_day(cycle.placed));
    out.u8(static_cast<std::uint8_t>(delays.stage));
    out.string(delays.reason_code);
    out.varint(static_cast<std::uint64_t>(delays.events));
  }
  return encoded;
}

// Adds sorted changes to sorted rows: what went must have been there.
template <typename T>
std::vector<T> add(const std::vector<T>& rows, std::vector<T> come, std::vector<T> gone) {
  std::ranges::sort(come);
  std::ranges::sort(gone);
  std::vector<T> both;
  both.reserve(rows.size() + come.size());
  std::ranges::merge(rows, come, std::back_inserter(both));
  std::vector<T> left;
  left.reserve(both.size() - gone.size());
  std::ranges::set_difference(both, gone, std::back_inserter(left));
  return left;
}

// When an order that is kept as stored was first said to be placed; 0 when it never was.
Instant placed_at(const OtherCycle& other) {
  const auto row = store::decode_cycle_row(other.bytes);
  if (!row || row->changes.empty()) return 0;
  return row->changes.front().state.milestones[0].value_or(0);
}

void measure(Cycles::Month& month) {
  month.first.fill(std::numeric_limits<Instant>::max());
  month.last.fill(std::numeric_limits<Instant>::min());
  month.settled = std::numeric_limits<Day>::min();
  for (const PlainCycle& row : month.rows) {
    for (std::size_t i = 0; i < domain::kMilestoneCount; ++i) {
      if (!row.has(i)) continue;
      month.first[i] = std::min(month.first[i], row.at(i));
      month.last[i] = std::max(month.last[i], row.at(i));
      month.settled = std::max(month.settled, row.counts_from(i));
    }
  }
}

}  // namespace

Day PlainCycle::counts_from(std::size_t milestone) const { return utc_day(at(milestone)) + lag[milestone]; }

Day PlainCycle::day_of(std::int16_t days) const { return utc_day(placed) + days; }

domain::OrderDates PlainCycle::dates(Day as_of) const {
  domain::OrderDates dates;
  if (requested != kNone) dates.requested = day_of(requested);
  const bool is_promised = counts(promised_from, as_of);
  if (is_promised || (first_promise != last_promise && counts(domain::Milestone::kConfirmed, as_of))) {
    dates.first_promise = day_of(first_promise);
    dates.last_promise = is_promised ? day_of(last_promise) : dates.first_promise;
  }
  return dates;
}

CycleRowChange make_cycle(store::LabelId customer, const domain::CycleRow& row, std::string_view bytes, int sign,
                          const BusinessZone& zone, Dictionary& dictionary) {
  auto cycle = plain(row);
  if (!cycle || row.attributes.file_day != zone.day_of(cycle->placed)) {
    return {OtherCycle{customer, std::string(bytes)}, sign, {}};
  }
  cycle->customer = customer;
  std::string group;
  ByteWriter out(group);
  out.u8(static_cast<std::uint8_t>(row.kind));
  out.string(row.attributes.region);
  out.string(row.attributes.sales_rep);
  out.string(row.channel);
  out.string(row.changes.back().state.warehouse);
  cycle->group = dictionary.intern(group);
  return {*cycle, sign, encode(row.delays, *cycle)};
}

std::vector<domain::CycleDelays> delays_of(const PlainCycle& row, std::string_view encoded) {
  std::vector<domain::CycleDelays> all;
  for (ByteReader in(encoded); !in.done();) {
    domain::CycleDelays& delays = all.emplace_back();
    delays.counts_from = static_cast<Day>(utc_day(row.placed) + in.zigzag());
    delays.stage = static_cast<domain::DelayStage>(in.u8());
    delays.reason_code = in.string();
    delays.events = static_cast<std::int64_t>(in.varint());
  }
  return all;
}

CycleGroup cycle_group(std::string_view encoded) {
  ByteReader in(encoded);
  CycleGroup group;
  group.kind = static_cast<domain::OrderKind>(in.u8());
  group.attributes.region = in.string();
  group.attributes.sales_rep = in.string();
  group.channel = in.string();
  group.warehouse = in.string();
  return group;
}

Cycles Cycles::merged(std::vector<CycleRowChange> rows) const {
  struct Changes {
    std::vector<PlainCycle> come, gone;
    std::vector<OtherCycle> others_come, others_gone;
    std::vector<DelayedCycle> delayed_come, delayed_gone;
  };
  std::map<Day, Changes> changes;
  for (CycleRowChange& change : rows) {
    const auto* plain_row = std::get_if<PlainCycle>(&change.row);
    const Instant placed = plain_row ? plain_row->placed : placed_at(std::get<OtherCycle>(change.row));
    Changes& month = changes[period_start(Grain::kMonth, utc_day(placed))];
    if (plain_row) {
      (change.sign > 0 ? month.come : month.gone).push_back(*plain_row);
      if (change.delays.empty()) continue;
      (change.sign > 0 ? month.delayed_come : month.delayed_gone).push_back({*plain_row, std::move(change.delays)});
    } else {
      (change.sign > 0 ? month.others_come : month.others_gone).push_back(std::move(std::get<OtherCycle>(change.row)));
    }
  }
  Cycles result;
  auto old = months_.begin();
  for (auto at = changes.begin(); at != changes.end() || old != months_.end();) {
    if (at == changes.end() || (old != months_.end() && (*old)->start < at->first)) {
      result.months_.push_back(*old++);
      continue;
    }
    static const Month kNone;
    const bool is_old = old != months_.end() && (*old)->start == at->first;
    const Month& before = is_old ? **old : kNone;
    auto month = std::make_shared<Month>();
    month->start = at->first;
    month->rows = add(before.rows, std::move(at->second.come), std::move(at->second.gone));
    month->others = add(before.others, std::move(at->second.others_come), std::move(at->second.others_gone));
    month->delayed = add(before.delayed, std::move(at->second.delayed_come), std::move(at->second.delayed_gone));
    measure(*month);
    if (is_old) ++old;
    ++at;
    result.months_.push_back(std::move(month));
  }
  return result;
}

std::size_t Cycles::bytes() const {
  // What a text takes that does not lie in its string itself.
  const auto beside = [](const std::string& text) {
    return text.capacity() > std::string().capacity() ? text.capacity() + 16 : 0;
  };
  std::size_t bytes = 0;
  for (const auto& month : months_) {
    bytes += sizeof(Month) + 32 + month->rows.capacity() * sizeof(PlainCycle) +
             month->others.capacity() * sizeof(OtherCycle) + month->delayed.capacity() * sizeof(DelayedCycle);
    for (const OtherCycle& other : month->others) bytes += beside(other.bytes);
    for (const DelayedCycle& delayed : month->delayed) bytes += beside(delayed.delays);
  }
  return bytes;
}

}  // namespace daybook::index
