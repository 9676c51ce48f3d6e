#include "mirror/receivables.h"

#include <algorithm>

#include "mirror/parts.h"

namespace daybook::mirror {

using domain::Measure;

void add_receivable_rows(store::LabelId customer, const store::Cell& cell,
                         std::vector<ReceivableRow>& to) {
  ReceivableRow row;
  row.customer = customer;
  row.attributes = cell.id.attributes;
  row.currency = cell.id.currency;
  row.counts_from = cell.id.counts_from;
  row.measure = domain::is_ledger(cell.id.measure) ? Measure::kLedgerInvoices : cell.id.measure;
  if (row.measure == Measure::kOpen) {
    row.day = cell.id.day;
    row.day2 = cell.id.day2;
  }
  auto [amount, quantity] = cell.value;
  if (row.measure == Measure::kLedgerInvoices || row.measure == Measure::kDisputed) quantity = 0;
  while (amount != 0 || quantity != 0) {
    row.amount = take_part<std::int64_t>(amount);
    row.quantity = take_part<std::int64_t>(quantity);
    to.push_back(row);
  }
}

void PeriodSums::emit(Packed key, Int128 amount, Int128 quantity, Sums& to) {
  while (amount != 0 || quantity != 0) {
    key.amount = take_part<std::int64_t>(amount);
    key.quantity = take_part<std::int16_t>(quantity);
    to.push_back(key);
  }
}

PeriodSums::Sums PeriodSums::add(const Sums& a, const Sums& b) {
  if (a.empty()) return b;
  if (b.empty()) return a;
  Sums sums;
  sums.reserve(a.size() + b.size());
  auto left = a.begin();
  auto right = b.begin();
  while (left != a.end() || right != b.end()) {
    const bool from_left = right == b.end() || (left != a.end() && left->key() <= right->key());
    const Packed key = from_left ? *left : *right;
    Int128 amount = 0;
    Int128 quantity = 0;
    const auto take = [&](auto& at, const Sums& of) {
      for (; at != of.end() && at->key() == key.key(); ++at) {
        amount += at->amount;
        quantity += at->quantity;
      }
    };
    take(left, a);
    take(right, b);
    emit(key, amount, quantity, sums);
  }
  sums.shrink_to_fit();
  return sums;
}

PeriodSums::Sums PeriodSums::without_days(const Sums& sums) {
  Sums all;
  for (auto at = sums.begin(); at != sums.end();) {
    Packed key = *at;
    key.day_in_period = 0;
    Int128 amount = 0;
    Int128 quantity = 0;
    for (; at != sums.end(); ++at) {
      Packed next = *at;
      next.day_in_period = 0;
      if (next.key() != key.key()) break;
      amount += at->amount;
      quantity += at->quantity;
    }
    emit(key, amount, quantity, all);
  }
  return all;
}

const PeriodSums::Period* PeriodSums::find(Day day) const {
  const auto after = std::ranges::upper_bound(periods_, day, {},
                                              [](const auto& period) { return period->start; });
  return after == periods_.begin() ? nullptr : std::prev(after)->get();
}

PeriodSums PeriodSums::merged(std::vector<ReceivableRow> rows) const {
  // By period, then as sums.
  struct Placed {
    Day start = 0;
    Packed row;
  };
  std::vector<Placed> placed;
  placed.reserve(rows.size());
  for (const ReceivableRow& row : rows) {
    const Day start = period_start(grain_, row.counts_from);
    Packed packed;
    packed.customer = row.customer;
    packed.attributes = row.attributes;
    packed.day = row.day;
    packed.day2 = row.day2;
    packed.day_in_period = static_cast<std::uint16_t>(row.counts_from - start);
    packed.currency = row.currency;
    packed.measure = row.measure;
    // Quantities that do not fit go into rows of their own; all are summed below.
    Int128 quantity = row.quantity;
    packed.amount = row.amount;
    do {
      packed.quantity = take_part<std::int16_t>(quantity);
      placed.push_back({start, packed});
      packed.amount = 0;
    } while (quantity != 0);
  }
  rows = {};
  std::ranges::sort(placed, [](const Placed& a, const Placed& b) {
    return a.start != b.start ? a.start < b.start : a.row.key() < b.row.key();
  });

  PeriodSums result(grain_);
  Sums carry;  // What came, of all periods before.
  auto old = periods_.begin();
  for (auto at = placed.begin(); at != placed.end() || old != periods_.end();) {
    const bool comes = at != placed.end() && (old == periods_.end() || at->start <= (*old)->start);
    const Day start = comes ? at->start : (*old)->start;
    const bool is_old = old != periods_.end() && (*old)->start == start;
    if (!comes && carry.empty()) {
      result.periods_.push_back(*old++);
      continue;
    }
    Sums come;
    while (at != placed.end() && at->start == start) {
      const Packed key = at->row;
      Int128 amount = 0;
      Int128 quantity = 0;
      for (; at != placed.end() && at->start == start && at->row.key() == key.key(); ++at) {
        amount += at->row.amount;
        quantity += at->row.quantity;
      }
      emit(key, amount, quantity, come);
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

PeriodSums PeriodSums::coarser(Grain grain) const {
  std::vector<ReceivableRow> rows;
  for (const auto& period : periods_) {
    for (const Packed& row : period->rows) rows.push_back(row.row(period->start));
  }
  return PeriodSums(grain).merged(std::move(rows));
}

std::size_t PeriodSums::bytes() const {
  std::size_t bytes = 0;
  for (const auto& period : periods_) {
    bytes += sizeof(Period) + 32 +
             (period->opening.capacity() + period->rows.capacity()) * sizeof(Packed);
  }
  return bytes;
}

Receivables Receivables::merged(std::vector<ReceivableRow> rows) const {
  Receivables result{std::nullopt, PeriodSums(totals.grain())};
  result.accounts = accounts ? std::optional(accounts->merged(rows)) : std::nullopt;
  for (ReceivableRow& row : rows) {
    row.customer = 0;
    row.attributes = 0;
    row.day = 0;
  }
  result.totals = totals.merged(std::move(rows));
  return result;
}

}  // namespace daybook::mirror
