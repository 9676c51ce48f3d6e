#include "index/receivables.h"

#include <algorithm>
#include <tuple>

namespace daybook::index {

using domain::Measure;

void add_receivable_rows(store::LabelId customer, const store::Cell& cell, std::vector<ReceivableRow>& to) {
  const auto receivable = store::receivable_of(cell);
  if (!receivable) return;
  const store::CellId& id = receivable->id;
  ReceivableRow row{.customer = customer,
                    .attributes = id.attributes,
                    .day = id.day,
                    .day2 = id.day2,
                    .counts_from = id.counts_from,
                    .currency = id.currency,
                    .measure = id.measure};
  Int128 amount = receivable->value.amount;
  row.quantity = static_cast<std::int64_t>(receivable->value.quantity);  // Items: an event has 10,000.
  while (amount != 0 || row.quantity != 0) {
    row.amount_part = take_part<kRowBits>(amount);
    to.push_back(row);
    row.amount_shift += kRowBits;
    row.quantity = 0;
  }
}

// --- rows of 16 bytes ---------------------------------------------------------------------------

namespace {

constexpr Day kDayBias = 140'000;
constexpr Day kDayMask = (1 << 18) - 1;
static_assert(kFirstFigureDay + kDayBias >= 0 && kLastFigureDay + kDayBias <= kDayMask);

std::uint64_t biased(Day day) { return static_cast<std::uint64_t>(day + kDayBias) & kDayMask; }
Day unbiased(std::uint64_t bits) { return static_cast<Day>(bits & kDayMask) - kDayBias; }

}  // namespace

PeriodSums::Packed::Packed(const ReceivableRow& row, Day start)
    : amount_(row.currency & kCurrencyMask),
      dates_(static_cast<std::uint64_t>(row.measure) << 60 | biased(row.day) << 42 | biased(row.day2) << 24 |
             static_cast<std::uint64_t>(row.counts_from - start) << 15) {
  static_assert(static_cast<int>(Measure::kLedgerInvoices) < 16);
}

void PeriodSums::Packed::take(unsigned place, Int128& amount, Int128& quantity) {
  amount_ = static_cast<std::uint64_t>(take_part<48>(amount)) << 16 | place << 14 | (amount_ & kCurrencyMask);
  dates_ = (dates_ & ~0x7FFFULL) | (static_cast<std::uint64_t>(take_part<15>(quantity)) & 0x7FFF);
}

PeriodSums::Packed PeriodSums::Packed::without_day() const {
  Packed row = *this;
  row.dates_ &= ~(0x1FFULL << 15);
  return row;
}

ReceivableRow PeriodSums::Packed::row(const Account& account, Day start) const {
  return {.customer = account.customer,
          .attributes = account.attributes,
          .day = unbiased(dates_ >> 42),
          .day2 = unbiased(dates_ >> 24),
          .counts_from = start + day_in_period(),
          .currency = static_cast<std::uint16_t>(amount_ & kCurrencyMask),
          .measure = static_cast<Measure>(dates_ >> 60),
          .amount_shift = amount_shift(),
          .amount_part = amount_part(),
          .quantity = quantity()};
}

// --- sums by period -----------------------------------------------------------------------------

void PeriodSums::Sums::push_back(const Account& account, const Packed& row) {
  if (runs_.empty() || runs_.back().account != account) runs_.push_back({.account = account});
  rows_.push_back(row);
  runs_.back().end = static_cast<std::uint32_t>(rows_.size());
}

void PeriodSums::Sums::shrink_to_fit() {
  runs_.shrink_to_fit();
  rows_.shrink_to_fit();
}

void PeriodSums::emit(const Account& account, Packed row, Int128 amount, Int128 quantity, Sums& to) {
  for (unsigned place = 0; place < Packed::kPlaces && (amount != 0 || quantity != 0); ++place) {
    row.take(place, amount, quantity);
    to.push_back(account, row);
  }
}

PeriodSums::Sums PeriodSums::add(const Sums& a, const Sums& b) {
  if (a.empty()) return b;
  if (b.empty()) return a;
  Sums sums;
  sums.reserve(a.size() + b.size());
  Sums::Cursor left(a);
  Sums::Cursor right(b);
  while (!left.at_end() || !right.at_end()) {
    const bool from_left = right.at_end() || (!left.at_end() && left.key() <= right.key());
    const Account account = from_left ? left.account() : right.account();
    const Packed row = from_left ? left.row() : right.row();
    const std::pair key(account, row.key());
    Int128 amount = 0;
    Int128 quantity = 0;
    for (Sums::Cursor* of : {&left, &right}) {
      for (; !of->at_end() && of->key() == key; of->next()) {
        amount += of->row().amount();
        quantity += of->row().quantity();
      }
    }
    emit(account, row, amount, quantity, sums);
  }
  sums.shrink_to_fit();
  return sums;
}

PeriodSums::Sums PeriodSums::without_days(const Sums& sums) {
  Sums all;
  for (Sums::Cursor at(sums); !at.at_end();) {
    const Account account = at.account();
    const Packed row = at.row().without_day();
    Int128 amount = 0;
    Int128 quantity = 0;
    for (; !at.at_end() && at.account() == account && at.row().without_day().key() == row.key(); at.next()) {
      amount += at.row().amount();
      quantity += at.row().quantity();
    }
    emit(account, row, amount, quantity, all);
  }
  return all;
}

const PeriodSums::Period* PeriodSums::find(Day day) const {
  const auto after = std::ranges::upper_bound(periods_, day, {}, [](const auto& period) { return period->start; });
  return after == periods_.begin() ? nullptr : std::prev(after)->get();
}

PeriodSums PeriodSums::merged(std::span<const ReceivableRow> rows) const {
  const auto place = [&](const ReceivableRow& row) {
    const Day start = period_start(grain_, row.counts_from);
    return std::tuple(start, Account{row.customer, row.attributes}, Packed(row, start).key());
  };
  std::vector<std::pair<decltype(place(rows[0])), const ReceivableRow*>> placed;
  placed.reserve(rows.size());
  for (const ReceivableRow& row : rows) placed.emplace_back(place(row), &row);
  std::ranges::sort(placed);

  PeriodSums result(grain_);
  Sums carry;  // What came, of all periods before.
  auto old = periods_.begin();
  for (auto at = placed.begin(); at != placed.end() || old != periods_.end();) {
    const bool comes = at != placed.end() && (old == periods_.end() || std::get<Day>(at->first) <= (*old)->start);
    const Day start = comes ? std::get<Day>(at->first) : (*old)->start;
    const bool is_old = old != periods_.end() && (*old)->start == start;
    if (!comes && carry.empty()) {
      result.periods_.push_back(*old++);
      continue;
    }
    Sums come;
    while (at != placed.end() && std::get<Day>(at->first) == start) {
      const auto [key, first] = *at;
      Int128 amount = 0;
      Int128 quantity = 0;
      for (; at != placed.end() && at->first == key; ++at) {
        amount += at->second->amount();
        quantity += at->second->quantity;
      }
      emit(std::get<Account>(key), Packed(*first, start), amount, quantity, come);
    }
    auto period = std::make_shared<Period>();
    period->start = start;
    if (is_old) {
      period->opening = add((*old)->opening, carry);
      period->rows = add((*old)->rows, come);
      ++old;
    } else {
      if (!result.periods_.empty()) {
        const Period& before = *result.periods_.back();
        period->opening = add(before.opening, without_days(before.rows));
      }
      period->rows = come;
    }
    period->rows.shrink_to_fit();
    carry = add(carry, without_days(come));
    result.periods_.push_back(std::move(period));
  }
  return result;
}

PeriodSums PeriodSums::coarser(Grain grain) const { return PeriodSums(grain).merged(rows()); }

std::vector<ReceivableRow> PeriodSums::rows() const {
  std::vector<ReceivableRow> rows;
  for (const auto& period : periods_) {
    period->rows.for_each(
        [&](const Account& account, const Packed& row) { rows.push_back(row.row(account, period->start)); });
  }
  return rows;
}

std::size_t PeriodSums::bytes() const {
  std::size_t bytes = 0;
  for (const auto& period : periods_) {
    bytes += sizeof(Period) + 32 + period->opening.bytes() + period->rows.bytes();
  }
  return bytes;
}

Receivables Receivables::merged(std::vector<ReceivableRow> rows) const {
  Receivables result{std::nullopt, std::nullopt, std::nullopt};
  const auto of_credit =
      std::ranges::partition(rows, [](const ReceivableRow& row) { return !domain::is_credit(row.measure); });
  const std::span<ReceivableRow> receivables(rows.begin(), of_credit.begin());
  if (accounts) result.accounts = accounts->merged(receivables);
  if (credit) result.credit = credit->merged(of_credit);
  if (totals) {
    for (ReceivableRow& row : receivables) row.leave_out_accounts();
    result.totals = totals->merged(receivables);
  }
  return result;
}

}  // namespace daybook::index
