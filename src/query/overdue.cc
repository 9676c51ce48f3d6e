#include "query/overdue.h"

#include <algorithm>
#include <tuple>

namespace daybook::query {

using domain::Measure;

struct OverdueReader::DueDay {
  AccountNumber account = 0;
  Currency currency;
  Day due_date = 0;
  Int128 open = 0;
  Int128 disputed = 0;
  std::int64_t items = 0;  // Open instalments.

  auto key() const { return std::tuple(account, currency, due_date); }
};

void Overdue::add(Int128 open_amount, Int128 disputed_amount, std::int64_t age) {
  open += open_amount;
  disputed += disputed_amount;
  score += (open_amount - disputed_amount) * age;
  oldest = std::max(oldest, age);
  if (open_amount > disputed_amount) oldest_undisputed = std::max(oldest_undisputed, age);
}

Day aged_on_of(const Question& question) { return question.arguments.date("aged_on").value_or(question.as_of); }

OverdueReader::Minimum::Minimum(const Question& question) {
  if (const auto minimum = question.arguments.decimal("minimum")) scaled_ = minimum->scaled(kQuantityPlaces);
}

bool OverdueReader::Minimum::passes(Int128 minor, Currency currency) const {
  static_assert(kQuantityPlaces == 6);
  Int128 least = scaled_;
  for (int i = 0; i < currency.exponent(); ++i) least *= 10;
  return minor * 1'000'000 >= least;
}

OverdueReader::OverdueReader(const ShardReader& shard)
    : shard_(shard),
      grouping_(Grouping::of(shard.question())),
      minimum_(shard.question()),
      as_of_(shard.question().as_of),
      aged_on_(aged_on_of(shard.question())) {}

std::vector<Overdue> OverdueReader::find() {
  std::vector<DueDay> days;
  shard_.receivables(as_of_, grouping_, Detail::kAccounts, [&](const ReceivableRow& row, const GroupCursor&) {
    const bool is_open = row.measure == Measure::kOpen;
    if (!(is_open || row.measure == Measure::kDisputed) || row.day2 >= aged_on_) return;
    days.push_back({row.customer, Currency::from_number(row.currency), row.day2, is_open ? row.amount() : 0,
                    is_open ? 0 : row.amount(), is_open ? row.quantity : 0});
    if (is_open) open_days_.add(row, shard_.shard().figure_labels());
  });
  open_days_.close();
  days = add_up(std::move(days));
  std::vector<Overdue> all;
  for (auto begin = days.begin(); begin != days.end();) {
    const auto end = std::find_if(begin, days.end(), [&](const DueDay& day) {
      return day.account != begin->account || day.currency != begin->currency;
    });
    Overdue one;
    one.account = begin->account;
    one.customer_id = shard_.shard().labels->get(begin->account).customer;
    one.currency = begin->currency;
    add_days(one, {begin, end});
    if (one.open != 0) all.push_back(one);
    begin = end;
  }
  return all;
}

// Sums by account, currency and due date, in that order.
std::vector<OverdueReader::DueDay> OverdueReader::add_up(std::vector<DueDay> days) {
  std::ranges::sort(days, {}, &DueDay::key);
  std::size_t count = 0;
  for (const DueDay& day : days) {
    if (count > 0 && days[count - 1].key() == day.key()) {
      days[count - 1].open += day.open;
      days[count - 1].disputed += day.disputed;
      days[count - 1].items += day.items;
    } else {
      days[count++] = day;
    }
  }
  days.resize(count);
  return days;
}

// Takes the items of one account, which are summed by day, each day's together; where a sum does not say which of
// its items are below the minimum, the items are looked at.
void OverdueReader::add_days(Overdue& to, std::span<const DueDay> days) const {
  const auto age_of = [&](Day due_date) { return static_cast<std::int64_t>(aged_on_) - due_date; };
  const auto passes = [&](const DueDay& day) { return minimum_.passes(day.open - day.disputed, to.currency); };
  const bool mixed =
      minimum_.asks() && std::ranges::any_of(days, [&](const DueDay& day) { return day.items > 1 && passes(day); });
  if (!mixed) {
    for (const DueDay& day : days) {
      if (day.open != 0 && passes(day)) to.add(day.open, day.disputed, age_of(day.due_date));
    }
    return;
  }
  AccountReader account = shard_.account(to.account);
  for (const OpenItem& item : items(account, to.currency)) to.add(item.open, item.disputed, age_of(*item.due_date));
}

std::vector<OpenItem> OverdueReader::items(AccountReader& account, Currency currency) const {
  std::vector<OpenItem> items;
  if (grouping_.credits_laid_over) {
    // Credits stand under other days than what is overdue.
    const OpenDays days = open_days(shard_.shard(), account.id(), as_of_);
    items = open_items(account, account.opened_on(days.of(account.id())), as_of_);
    lay_credits_over(items, as_of_);
  } else {
    items = open_items(account, account.opened_on(open_days_.of(account.id())), as_of_);
  }
  std::erase_if(items, [&](const OpenItem& item) {
    return item.currency != currency || !item.due_date || *item.due_date >= aged_on_ ||
           !minimum_.passes(item.open - item.disputed, currency) ||
           !grouping_.passes(account.region(item.attributes), account.sales_rep(item.attributes));
  });
  std::ranges::sort(items, {}, [&](const OpenItem& item) { return item_key(item, account.name()); });
  return items;
}

}  // namespace daybook::query
