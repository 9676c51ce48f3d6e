#include "store/cells.h"

#include <algorithm>
#include <bit>
#include <limits>

#include "base/bytes.h"
#include "base/hash.h"
#include "base/radix_sort.h"
#include "store/keys.h"

namespace daybook::store {
namespace {

// What a cell shares with the one before it, and what it lacks: one byte in front of each cell.
enum Flag : std::uint8_t {
  kSameMeasure = 1,
  kSameCurrency = 2,
  kSameAttributes = 4,
  kSameDimensions = 8,
  kCountsOnDay = 16,
  kNoDay2 = 32,
  kNoAmount = 64,
  kNoQuantity = 128,
};

Unexpected corrupt(const char* what) {
  return unexpected(ErrorCode::kCorrupt, std::string(what) + " holds bytes that no version wrote");
}

// Rises with page and measure. Cells of which it is the same are few.
std::uint32_t head_of(const CellId& id) {
  const PageId page = page_of(id);
  const auto family = static_cast<std::uint32_t>(page.family & 0x1f);  // Capital letters, in their order.
  static_assert(static_cast<int>(domain::Measure::kShipments) < 64);
  return family << 22 | static_cast<std::uint32_t>(page.span) << 6 | static_cast<std::uint32_t>(id.measure);
}

// Reads what cells are made of. A value out of its range makes them ones that no version wrote.
class CellReader : public ByteReader {
 public:
  using ByteReader::ByteReader;

  bool fits() const { return ok() && fits_; }
  void require(bool holds) { fits_ &= holds; }

  domain::Measure measure() {
    const auto measure = static_cast<domain::Measure>(u8());
    require(domain::is_stored(measure));
    return measure;
  }
  std::uint16_t currency() {
    // Of three letters: more would be no code.
    constexpr std::uint64_t kNumberMax = 26 * 26 * 26;
    const std::uint64_t number = varint();
    require(number <= kNumberMax);
    return static_cast<std::uint16_t>(number);
  }
  LabelId label() {
    const std::uint64_t id = varint();
    require(id <= std::numeric_limits<LabelId>::max());
    return static_cast<LabelId>(id);
  }
  // So many days from `base`.
  Day day_from(Day base) {
    const std::int64_t days = zigzag();
    // Far apart, they would not even add up.
    const bool is_near = -kFarthest < days && days < kFarthest;
    const Day day = is_near ? base + static_cast<Day>(days) : base;
    require(is_near && kCellDayMin <= day && day <= kCellDayMax);
    return day;
  }
  // As days_since() has it.
  std::optional<Day> date_since(Day change) {
    const std::int64_t days = zigzag();
    if (days == 0) return std::nullopt;
    const bool is_near = -kFarthest < days && days < kFarthest;
    const Day date = is_near ? change + static_cast<Day>(days < 0 ? days : days - 1) : change;
    require(is_near && kCellDayMin <= date && date <= kCellDayMax);
    return date;
  }
  // Whatever it is: an event may be worth 10^37.
  Int128 sum() { return zigzag128(); }
  std::int64_t events() {
    const std::uint64_t events = varint();
    require(0 < events && events <= kCountMax);
    return static_cast<std::int64_t>(events);
  }
  std::int64_t count() {
    const std::int64_t count = zigzag();
    require(-kCountMax <= count && count <= kCountMax);
    return count;
  }

 private:
  static constexpr std::int64_t kCountMax = std::int64_t{1} << 50;
  static constexpr std::int64_t kFarthest = kCellDayMax - kCellDayMin + 1;
  bool fits_ = true;
};

}  // namespace

PageId page_of(const CellId& cell) {
  if (domain::is_receivables(cell.measure)) return {kReceivablesPage, span_of(cell.counts_from)};
  const bool in_ledger_page = domain::is_ledger(cell.measure) || cell.measure == domain::Measure::kSettled;
  return {in_ledger_page ? kLedgerPage : kSalesPage, span_of(cell.day)};
}

std::optional<Cell> receivable_of(const Cell& cell) {
  using domain::Measure;
  if (cell.id.measure == Measure::kSettled) return std::nullopt;
  Cell receivable;
  receivable.id.measure = domain::is_ledger(cell.id.measure) ? Measure::kLedgerInvoices : cell.id.measure;
  receivable.id.currency = cell.id.currency;
  receivable.id.attributes = cell.id.attributes;
  if (receivable.id.measure == Measure::kOpen) receivable.id.day = cell.id.day;
  const bool is_due = receivable.id.measure == Measure::kOpen || receivable.id.measure == Measure::kDisputed;
  if (is_due) receivable.id.day2 = cell.id.day2;
  receivable.id.counts_from = cell.id.counts_from;
  receivable.value.amount = cell.value.amount;
  const bool counts = receivable.id.measure != Measure::kLedgerInvoices && receivable.id.measure != Measure::kDisputed;
  if (counts) receivable.value.quantity = cell.value.quantity;
  return receivable;
}

void encode_page(std::span<const Cell> cells, std::string& to) {
  // The most that a cell takes: eleven numbers, two of them of 128 bits.
  constexpr std::size_t kCellMax = 9 * kVarintMax + 2 * 19;
  thread_local ByteBuffer bytes;
  bytes.clear();
  CellId before;
  for (const Cell& cell : cells) {
    UncheckedBytes room(bytes.room(kCellMax));
    UncheckedWriter out(room);
    const CellId& id = cell.id;
    std::uint8_t flags = 0;
    if (id.measure == before.measure) flags |= kSameMeasure;
    if (id.currency == before.currency) flags |= kSameCurrency;
    if (id.attributes == before.attributes) flags |= kSameAttributes;
    if (id.dimensions == before.dimensions) flags |= kSameDimensions;
    if (id.counts_from == id.day) flags |= kCountsOnDay;
    if (id.day2 == 0) flags |= kNoDay2;
    if (cell.value.amount == 0) flags |= kNoAmount;
    if (cell.value.quantity == 0) flags |= kNoQuantity;
    out.u8(flags);
    if (!(flags & kSameMeasure)) out.u8(static_cast<std::uint8_t>(id.measure));
    if (!(flags & kSameCurrency)) out.varint(id.currency);
    if (!(flags & kSameAttributes)) out.varint(id.attributes);
    if (!(flags & kSameDimensions)) out.varint(id.dimensions);
    out.zigzag(static_cast<std::int64_t>(id.day) - before.day);
    if (!(flags & kNoDay2)) out.zigzag(static_cast<std::int64_t>(id.day2) - id.day);
    if (!(flags & kCountsOnDay)) out.zigzag(static_cast<std::int64_t>(id.counts_from) - id.day);
    if (!(flags & kNoAmount)) out.zigzag128(cell.value.amount);
    if (!(flags & kNoQuantity)) out.zigzag128(cell.value.quantity);
    if (domain::has_count(id.measure)) out.zigzag(cell.value.count);
    bytes.end_at(room.end());
    before = id;
  }
  to = bytes.view();
}

Result<void> decode_page(std::string_view bytes, std::vector<Cell>& to) {
  to.clear();
  CellReader in(bytes);
  CellId before;
  while (!in.done()) {
    Cell cell;
    CellId& id = cell.id;
    const std::uint8_t flags = in.u8();
    // Of no measure is no cell.
    in.require(!to.empty() || !(flags & kSameMeasure));
    id.measure = flags & kSameMeasure ? before.measure : in.measure();
    id.currency = flags & kSameCurrency ? before.currency : in.currency();
    id.attributes = flags & kSameAttributes ? before.attributes : in.label();
    id.dimensions = flags & kSameDimensions ? before.dimensions : in.label();
    id.day = in.day_from(before.day);
    id.day2 = flags & kNoDay2 ? 0 : in.day_from(id.day);
    id.counts_from = flags & kCountsOnDay ? id.day : in.day_from(id.day);
    if (!(flags & kNoAmount)) cell.value.amount = in.sum();
    if (!(flags & kNoQuantity)) cell.value.quantity = in.sum();
    if (domain::has_count(id.measure)) cell.value.count = in.count();
    if (!in.fits()) return corrupt("a page of cells");
    to.push_back(cell);
    before = id;
  }
  return {};
}

Result<void> check_labels(const Labels& labels, LabelId customer, std::span<const Cell> cells) {
  const LabelId end = labels.size();
  const auto is_there = [&](const Cell& cell) { return cell.id.attributes < end && cell.id.dimensions < end; };
  if (customer < end && std::ranges::all_of(cells, is_there)) return {};
  return unexpected(ErrorCode::kCorrupt, "cells have a label that the store does not hold");
}

void merge_cells(std::span<const Cell> cells, std::span<const Cell> changes, std::vector<Cell>& to) {
  to.clear();
  to.reserve(cells.size() + changes.size());
  auto cell = cells.begin();
  auto change = changes.begin();
  while (cell != cells.end() || change != changes.end()) {
    Cell next;
    if (change == changes.end() || (cell != cells.end() && cell->id < change->id)) {
      next = *cell++;
    } else {
      next = *change++;
      if (cell != cells.end() && cell->id == next.id) next.value += (cell++)->value;
    }
    if (!next.value.is_zero()) to.push_back(next);
  }
}

UInt128 cell_hash(const CellId& id, const domain::CellValue& value, const Label& customer, const Label& attributes,
                  const Label& dimensions) {
  struct {
    std::uint64_t customer, attributes, dimensions;
    std::uint16_t measure, currency;
    std::int32_t day, day2, counts_from;
  } key = {static_cast<std::uint64_t>(customer.hash),
           static_cast<std::uint64_t>(attributes.hash),
           static_cast<std::uint64_t>(dimensions.hash),
           static_cast<std::uint16_t>(id.measure),
           id.currency,
           id.day,
           id.day2,
           id.counts_from};
  static_assert(sizeof key == 40);
  const std::string_view bytes(reinterpret_cast<const char*>(&key), sizeof key);
  const UInt128 hash = hash128(bytes, 1);
  const UInt128 turned = hash << 64 | hash >> 64;
  const UInt128 sum = static_cast<UInt128>(value.amount) * hash + static_cast<UInt128>(value.quantity) * turned;
  return value.count == 0 ? sum : sum + static_cast<UInt128>(Int128(value.count)) * (hash << 32 | hash >> 96);
}

namespace {

// Of a change of an order-cycle row, in its byte of flags: what else differs, and how the order stands.
enum CycleFlag : std::uint8_t {
  kWarehouseDiffers = 1,
  kRequestedDiffers = 2,
  kFirstPromiseDiffers = 4,
  kLastPromiseDiffers = 8,
  kRemains = 16,
  kInFull = 32,
};
constexpr std::uint8_t kDatesDiffer = kRequestedDiffers | kFirstPromiseDiffers | kLastPromiseDiffers;
constexpr std::uint8_t kCycleFlags = kWarehouseDiffers | kDatesDiffer | kRemains | kInFull;

// The dates of an order with their flags.
constexpr std::pair<CycleFlag, std::optional<Day> domain::OrderDates::*> kOrderDates[] = {
    {kRequestedDiffers, &domain::OrderDates::requested},
    {kFirstPromiseDiffers, &domain::OrderDates::first_promise},
    {kLastPromiseDiffers, &domain::OrderDates::last_promise}};

// Beside the kind of an order: some of its stages were reported as delayed.
constexpr std::uint8_t kDelayed = 128;

// A date as days since the change, and one more where it is not before that; 0: there is none.
std::int64_t days_since(std::optional<Day> date, Day change) {
  if (!date) return 0;
  return *date < change ? *date - change : *date - change + 1;
}

}  // namespace

void encode_cycle_row(const domain::CycleRow& row, std::string& to) {
  thread_local ByteBuffer bytes;
  bytes.clear();
  BufferWriter out(bytes);
  out.u8(static_cast<std::uint8_t>(static_cast<std::uint8_t>(row.kind) | (row.delays.empty() ? 0 : kDelayed)));
  out.string(row.attributes.region);
  out.string(row.attributes.sales_rep);
  out.zigzag(row.attributes.file_day);
  out.string(row.channel);
  Day day = 0;
  if (!row.delays.empty()) out.varint(row.delays.size());
  for (const domain::CycleDelays& delays : row.delays) {
    out.zigzag(static_cast<std::int64_t>(delays.counts_from) - std::exchange(day, delays.counts_from));
    out.u8(static_cast<std::uint8_t>(delays.stage));
    out.string(delays.reason_code);
    out.varint(static_cast<std::uint64_t>(delays.events));
  }
  day = 0;
  static const domain::CycleState kNothing;
  const domain::CycleState* before = &kNothing;
  for (const domain::CycleChange& change : row.changes) {
    const domain::CycleState& state = change.state;
    // Fourteen numbers at most, then the warehouse.
    UncheckedBytes room(bytes.room(14 * kVarintMax));
    UncheckedWriter numbers(room);
    numbers.zigzag(static_cast<std::int64_t>(change.counts_from) - day);
    // Which milestones differ, and which of these were taken back.
    std::uint8_t changed = 0;
    for (std::size_t i = 0; i < domain::kMilestoneCount; ++i) {
      changed |= static_cast<std::uint8_t>((state.milestones[i] != before->milestones[i]) << i);
    }
    std::uint8_t gone = 0;
    for (unsigned left = changed; left != 0; left &= left - 1) {
      const auto i = static_cast<std::size_t>(std::countr_zero(left));
      gone |= static_cast<std::uint8_t>(!state.milestones[i] << i);
    }
    auto flags = static_cast<std::uint8_t>((state.warehouse != before->warehouse ? kWarehouseDiffers : 0) |
                                           (state.remains ? kRemains : 0) | (state.in_full ? kInFull : 0));
    // Mostly none does.
    if (state.dates != before->dates) {
      for (const auto& [flag, date] : kOrderDates) {
        if (state.dates.*date != before->dates.*date) flags |= flag;
      }
    }
    numbers.u8(changed);
    numbers.u8(gone);
    numbers.u8(flags);
    const Instant base = state.milestones[0].value_or(0);
    for (unsigned left = changed & ~gone; left != 0; left &= left - 1) {
      const auto i = static_cast<std::size_t>(std::countr_zero(left));
      numbers.zigzag(i == 0 ? base : *state.milestones[i] - base);
    }
    if (flags & kDatesDiffer) {
      for (const auto& [flag, date] : kOrderDates) {
        if (flags & flag) numbers.zigzag(days_since(state.dates.*date, change.counts_from));
      }
    }
    bytes.end_at(room.end());
    if (flags & kWarehouseDiffers) out.string(state.warehouse);
    before = &state;
    day = change.counts_from;
  }
  to = bytes.view();
}

namespace {

void read_delays(CellReader& in, std::vector<domain::CycleDelays>& delays) {
  Day day = 0;
  for (std::uint64_t left = in.varint(); left > 0 && in.fits(); --left) {
    domain::CycleDelays& one = delays.emplace_back();
    day = one.counts_from = in.day_from(day);
    one.stage = static_cast<domain::DelayStage>(in.u8());
    in.require(domain::is_stored(one.stage));
    one.reason_code = in.string();
    one.events = in.events();
  }
}

}  // namespace

Result<domain::CycleRow> decode_cycle_row(std::string_view bytes) {
  CellReader in(bytes);
  domain::CycleRow row;
  const std::uint8_t kind = in.u8();
  row.kind = static_cast<domain::OrderKind>(kind & ~kDelayed);
  in.require(row.kind == domain::OrderKind::kStandard || row.kind == domain::OrderKind::kSample);
  row.attributes.region = in.string();
  row.attributes.sales_rep = in.string();
  row.attributes.file_day = in.day_from(0);
  row.channel = in.string();
  if ((kind & kDelayed) != 0) read_delays(in, row.delays);
  domain::CycleChange change;
  domain::CycleState& state = change.state;
  while (in.ok() && !in.done()) {
    change.counts_from = in.day_from(change.counts_from);
    const std::uint8_t changed = in.u8();
    const std::uint8_t gone = in.u8();
    const std::uint8_t flags = in.u8();
    in.require((flags & ~kCycleFlags) == 0);
    for (std::size_t i = 0; i < domain::kMilestoneCount; ++i) {
      if (!(changed >> i & 1)) continue;
      if (gone >> i & 1) {
        state.milestones[i] = {};
      } else {
        // Seconds of the years that can be told, midnights of their days in any zone among them.
        const std::int64_t value = in.zigzag();
        constexpr Instant kLongest = kInstantMax - kInstantMin + 2 * 86'400;
        const bool is_near = -kLongest <= value && value <= kLongest;
        in.require(is_near);
        const Instant base = i == 0 ? 0 : state.milestones[0].value_or(0);
        state.milestones[i] = is_near ? base + value : base;
      }
    }
    for (const auto& [flag, date] : kOrderDates) {
      if (flags & flag) state.dates.*date = in.date_since(change.counts_from);
    }
    if (flags & kWarehouseDiffers) state.warehouse = in.string();
    state.remains = (flags & kRemains) != 0;
    state.in_full = (flags & kInFull) != 0;
    if (in.ok()) row.changes.push_back(change);
  }
  if (!in.fits()) return corrupt("an order-cycle row");
  return row;
}

void add_up(std::vector<Cell>& cells) {
  struct Place {
    std::uint32_t head;
    const Cell* cell;
  };
  thread_local std::vector<Place> places;
  thread_local std::vector<Place> spare;
  thread_local std::vector<Cell> sums;
  places.clear();
  places.reserve(cells.size());
  for (const Cell& cell : cells) places.push_back({head_of(cell.id), &cell});
  radix_sort(places, spare, [](const Place& place) { return place.head; });
  sums.clear();
  for (auto at = places.begin(); at != places.end();) {
    auto end = at + 1;
    while (end != places.end() && end->head == at->head) ++end;
    std::sort(at, end, [](const Place& a, const Place& b) { return a.cell->id < b.cell->id; });
    while (at != end) {
      Cell sum = *at->cell;
      for (++at; at != end && at->cell->id == sum.id; ++at) sum.value += at->cell->value;
      if (!sum.value.is_zero()) sums.push_back(sum);
    }
  }
  cells.swap(sums);
}

UInt128 cycle_row_hash(std::string_view customer_id, std::string_view order_id, std::string_view row) {
  if (row.empty()) return 0;
  thread_local ByteBuffer bytes;
  bytes.clear();
  BufferWriter out(bytes);
  out.string(customer_id);
  out.string(order_id);
  out.raw(row);
  return hash128(bytes.view(), 3);
}

}  // namespace daybook::store
