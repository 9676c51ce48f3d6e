#include "index/days.h"

namespace daybook::index {

void add_day_row(store::LabelId customer, const store::Cell& cell, std::vector<DayRow>& to) {
  const Postings postings = posted(cell.id.measure);
  if (postings == 0) return;
  // Cells of an account mostly come day by day.
  if (!to.empty() && to.back().day == cell.id.day && to.back().customer == customer) {
    to.back().postings |= postings;
  } else {
    to.push_back({cell.id.day, customer, postings});
  }
}

void join_day_rows(std::vector<DayRow>& rows) {
  std::ranges::sort(rows);
  auto to = rows.begin();
  for (auto at = rows.begin(); at != rows.end(); ++to) {
    DayRow row = *at;
    for (++at; at != rows.end() && at->day == row.day && at->customer == row.customer; ++at) {
      row.postings |= at->postings;
    }
    *to = row;
  }
  rows.erase(to, rows.end());
}

Days Days::merged(std::vector<DayRow> rows) const {
  join_day_rows(rows);
  Days result;
  auto old = months_.begin();
  for (auto at = rows.begin(); at != rows.end() || old != months_.end();) {
    const Day next = at == rows.end() ? kNever : period_start(Grain::kMonth, at->day);
    if (old != months_.end() && old->start < next) {
      result.months_.push_back(*old++);
      continue;
    }
    std::vector<DayRow> both;
    if (old != months_.end() && old->start == next) {
      both.reserve(old->rows->size());
      for (const Packed& packed : *old->rows) both.push_back(packed.row(next));
      ++old;
    }
    const auto end = std::find_if(
        at, rows.end(),
        [month_end = period_start(Grain::kMonth, next + 31)](const DayRow& row) { return row.day >= month_end; });
    both.insert(both.end(), at, end);
    at = end;
    join_day_rows(both);
    std::vector<Packed> packed;
    packed.reserve(both.size());
    for (const DayRow& row : both) packed.emplace_back(row, next);
    result.months_.push_back({next, std::make_shared<const std::vector<Packed>>(std::move(packed))});
  }
  return result;
}

std::size_t Days::bytes() const {
  std::size_t bytes = months_.capacity() * sizeof(Month);
  for (const Month& month : months_) bytes += month.rows->capacity() * sizeof(Packed) + 40;
  return bytes;
}

}  // namespace daybook::index
