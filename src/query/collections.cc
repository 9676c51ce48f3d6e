#include "query/collections.h"

#include <algorithm>
#include <deque>
#include <tuple>

#include "domain/promises.h"
#include "query/grouping.h"
#include "query/rates.h"
#include "query/receivables.h"
#include "query/views.h"

namespace daybook::query {
namespace {

using domain::DocumentKind;
using domain::DocumentRef;
using domain::Measure;

// The account's documents of a kind; their ids are kept in `ids`.
std::vector<DocumentRef> documents_of(const ShardSnapshot& shard, store::LabelId customer, DocumentKind kind,
                                      std::deque<std::string>& ids) {
  using Next = store::Reads::Next;
  std::vector<DocumentRef> refs;
  const auto take = [&](std::string_view key, std::string_view) -> Result<Next> {
    ASSIGN_OR_RETURN(const store::DocumentKey parsed, store::DocumentKey::parse(key));
    ids.emplace_back(parsed.ref.id);
    refs.push_back({kind, ids.back()});
    return Next::kGoOn;
  };
  const auto scanned = shard.reads->scan(store::Table::kDocuments, store::DocumentKey::prefix(customer, kind), "", take);
  if (!scanned) refuse(scanned.error());
  return refs;
}

bool names_no_invoices(const domain::Document& promise) {
  return std::ranges::any_of(promise.facts, [](const domain::Fact& fact) {
    const auto* made = std::get_if<domain::PromiseMade>(&fact.event.payload);
    return made != nullptr && made->invoice_ids.empty();
  });
}

// What `minimum` asks for: an amount in major units, compared exactly.
class Minimum {
 public:
  explicit Minimum(Parameters& parameters) : scaled_(parameters.decimal("minimum").scaled(kQuantityPlaces)) {}

  bool asks() const { return scaled_ > 0; }
  bool passes(Int128 minor, Currency currency) const {
    Int128 least = scaled_;
    for (int i = 0; i < currency.exponent(); ++i) least *= 10;
    return minor * 1'000'000 >= least;
  }

 private:
  static_assert(kQuantityPlaces == 6);
  Int128 scaled_;
};

// What of one account and currency is overdue, and due on one day.
struct OverdueDay {
  store::LabelId customer = 0;
  Currency currency;
  Day due_date = 0;
  Int128 open = 0;
  Int128 disputed = 0;
  std::int64_t items = 0;  // Open instalments.

  auto key() const { return std::tuple(customer, currency, due_date); }
};

// An account and currency with something overdue.
struct Overdue {
  const ShardSnapshot* shard = nullptr;
  store::LabelId customer = 0;
  std::string_view customer_id;
  Currency currency;
  Int128 open = 0;
  Int128 disputed = 0;
  Int128 score = 0;                   // Undisputed minor units × days.
  std::int64_t oldest = 0;            // Days overdue of the oldest.
  std::int64_t oldest_undisputed = 0;

  void add(Int128 open_amount, Int128 disputed_amount, std::int64_t age) {
    open += open_amount;
    disputed += disputed_amount;
    score += (open_amount - disputed_amount) * age;
    oldest = std::max(oldest, age);
    if (open_amount > disputed_amount) oldest_undisputed = std::max(oldest_undisputed, age);
  }
};

// Sums by customer, currency and due date, in that order.
std::vector<OverdueDay> add_up(std::vector<OverdueDay> days) {
  std::ranges::sort(days, {}, &OverdueDay::key);
  std::size_t count = 0;
  for (const OverdueDay& day : days) {
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

// Which open instalments are meant.
struct Wanted {
  const Grouping& grouping;
  const Minimum& minimum;
  Day as_of = 0;
  Day aged_on = 0;
};

// Overdue instalments of an account and currency, as they are listed; `days`: where the documents stand.
std::vector<OpenItem> overdue_items(CustomerContext& customer, Currency currency, std::span<const Day> days,
                                    const Wanted& wanted) {
  const Filters& filters = wanted.grouping.filters;
  std::vector<OpenItem> items = open_items(customer, customer.opened_on(days), wanted.as_of);
  std::erase_if(items, [&](const OpenItem& item) {
    return item.currency != currency || !item.due_date || *item.due_date >= wanted.aged_on ||
           !wanted.minimum.passes(item.open - item.disputed, currency) ||
           !passes_region(filters.region, customer.region(item.attributes)) ||
           !passes(filters.sales_rep, customer.sales_rep(item.attributes));
  });
  std::ranges::sort(items, {}, [&](const OpenItem& item) { return item_key(item, customer.name()); });
  return items;
}

// Takes the items of one account, which are summed by day, each day's together; where a sum does not say which of
// its items are below the minimum, the items are looked at.
void add_account(Question& question, Overdue& account, std::span<const OverdueDay> days, const OpenDays& open_days,
                 const Wanted& wanted) {
  const auto age_of = [&](Day due_date) { return static_cast<std::int64_t>(wanted.aged_on) - due_date; };
  const auto passes = [&](const OverdueDay& day) {
    return wanted.minimum.passes(day.open - day.disputed, account.currency);
  };
  const bool mixed = wanted.minimum.asks() && std::ranges::any_of(days, [&](const OverdueDay& day) {
    return day.items > 1 && passes(day);
  });
  if (!mixed) {
    for (const OverdueDay& day : days) {
      if (day.open != 0 && passes(day)) account.add(day.open, day.disputed, age_of(day.due_date));
    }
    return;
  }
  CustomerContext customer = question.customer(*account.shard, account.customer);
  for (const OpenItem& item : overdue_items(customer, account.currency, open_days.of(account.customer), wanted)) {
    account.add(item.open, item.disputed, age_of(*item.due_date));
  }
}

// What is overdue, from cells alone where those say enough; `open_days`: where the documents stand
// (CustomerContext::opened_on).
std::vector<Overdue> find_overdue(Question& question, const ShardSnapshot& shard,
                                  std::optional<store::LabelId> customer, const Wanted& wanted, OpenDays& open_days) {
  const Grouping& grouping = wanted.grouping;
  GroupCursor places(question, shard, grouping);
  std::vector<OverdueDay> days;
  receivables_at(shard, customer, wanted.as_of, Detail::kAccounts, [&](const index::ReceivableRow& row) {
    const bool is_open = row.measure == Measure::kOpen;
    if (!(is_open || row.measure == Measure::kDisputed) || row.day2 >= wanted.aged_on) return;
    const Currency currency = Currency::from_number(row.currency);
    if (grouping.filters.currency && currency != *grouping.filters.currency) return;
    if (grouping.needs_accounts()) places.go(row.customer, row.attributes);
    if (!places.passes()) return;
    days.push_back({row.customer, currency, row.day2, is_open ? row.amount() : 0, is_open ? 0 : row.amount(),
                    is_open ? row.quantity : 0});
    if (is_open) open_days.add(row, shard.figure_labels());
  });
  open_days.close();
  days = add_up(std::move(days));
  std::vector<Overdue> all;
  for (auto begin = days.begin(); begin != days.end();) {
    const auto end = std::find_if(begin, days.end(), [&](const OverdueDay& day) {
      return day.customer != begin->customer || day.currency != begin->currency;
    });
    Overdue account{&shard, begin->customer, shard.labels->get(begin->customer).customer, begin->currency};
    add_account(question, account, {begin, end}, open_days, wanted);
    if (account.open != 0) all.push_back(account);
    begin = end;
  }
  return all;
}

// Ungrouped: filters alone.
Grouping read_filters(Question& question) {
  return {"none", 0, question.filters({"region", "sales_rep", "customer_id", "currency"})};
}

// A place of the worklist. No rank: the score has no rate to the base currency.
struct Place {
  const Overdue* account = nullptr;
  Currency currency;  // Of the score.
  std::optional<Int128> score;
  std::int64_t rank = 0;
};

// By score, the highest first, then by customer; within a currency, or over all where there is a base.
std::vector<Place> ranked(const std::vector<Overdue>& all, std::optional<Currency> base, Rates& rates, Day as_of) {
  std::vector<Place> places;
  for (const Overdue& account : all) {
    if (account.score <= 0) continue;
    const Currency currency = base.value_or(account.currency);
    places.push_back({&account, currency, rates.convert(account.score, account.currency, currency, as_of)});
  }
  std::ranges::sort(places, [](const Place& a, const Place& b) {
    const auto before = [](const Place& place) {
      return std::tuple(place.currency, !place.score, place.score ? -*place.score : 0, place.account->customer_id,
                        place.account->currency);
    };
    return before(a) < before(b);
  });
  for (std::size_t i = 0; i < places.size(); ++i) {
    const bool first = i == 0 || places[i - 1].currency != places[i].currency;
    places[i].rank = first ? 1 : places[i - 1].rank + 1;
  }
  return places;
}

// Those that are not wholly disputed.
Value dunning_items(std::span<const OpenItem> items, Currency currency, Day aged_on) {
  std::vector<Row> rows;
  for (const OpenItem& item : items) {
    if (item.open <= item.disputed) continue;
    Row& one = rows.emplace_back();
    one.add("document_id", Value::text(item.document_id));
    one.add("instalment", Value::integer(item.instalment));
    one.add("due_date", Value::date(*item.due_date));
    one.add("days_overdue", Value::integer(aged_on - *item.due_date));
    one.add("amount", Value::amount(item.open - item.disputed, currency));
  }
  return Value::list_of_rows(std::move(rows));
}

}  // namespace

Value promises_of(const ShardSnapshot& shard, CustomerContext& customer, std::optional<Currency> currency,
                          Day grace_days, Day as_of) {
  std::deque<std::string> ids;
  std::vector<DocumentRef> payments;
  std::vector<domain::Promise> promises;
  for (const DocumentRef& ref : documents_of(shard, customer.id(), DocumentKind::kPromise, ids)) {
    const domain::Document& document = customer.document(ref);
    if (payments.empty() && names_no_invoices(document)) {
      payments = documents_of(shard, customer.id(), DocumentKind::kPayment, ids);
    }
    const auto promise = domain::promise_on(customer.account(), document, payments, grace_days, as_of);
    if (promise && (!currency || promise->made->currency == *currency)) promises.push_back(*promise);
  }
  std::ranges::sort(promises, {}, [](const domain::Promise& promise) {
    return std::pair(promise.made->promised_date, promise.made->promise_id);
  });
  std::vector<Row> rows;
  for (const domain::Promise& promise : promises) {
    const domain::PromiseMade& made = *promise.made;
    Row& one = rows.emplace_back();
    one.add("promise_id", Value::text(made.promise_id));
    one.add("currency", Value::text(made.currency.code()));
    one.add("amount", Value::amount(made.amount_minor, made.currency));
    one.add("promised_date", Value::date(made.promised_date));
    one.add("fulfilled", Value::amount(promise.fulfilled, made.currency));
    one.add("state", Value::text(domain::promise_state_name(promise.state)));
  }
  return Value::list_of_rows(std::move(rows));
}

Answer worklist(Question& question) {
  Parameters& parameters = question.parameters();
  const Day as_of = question.as_of();
  const Day aged_on = parameters.date("aged_on").value_or(as_of);
  const auto grace_days = static_cast<Day>(parameters.integer("grace_days", 0, 3650).value_or(kGraceDays));
  const auto base = parameters.currency("base_currency");
  const Minimum minimum(parameters);
  const Grouping grouping = read_filters(question);
  const Wanted wanted{grouping, minimum, as_of, aged_on};
  const auto scope = question.scope(grouping.filters);
  const Recalled recalled = recall_receivables(scope.shards, scope.customer, as_of);
  std::vector<Overdue> all;
  for (const ShardSnapshot* shard : scope.shards) {
    OpenDays days;
    std::ranges::copy(find_overdue(question, *shard, scope.customer, wanted, days), std::back_inserter(all));
  }
  Rates rates(question);
  Answer answer = question.list("rows", {"rank", "customer_id", "currency", "score", "overdue", "disputed_overdue",
                                         "oldest_days_overdue", "promises"});
  answer.head.add("aged_on", Value::date(aged_on));
  for (const Place& place : ranked(all, base, rates, as_of)) {
    const Overdue& account = *place.account;
    std::string key = sort_key({place.currency.code(), sortable(place.rank)});
    answer.rows.add(std::move(key), [&] {
      CustomerContext customer = question.customer(*account.shard, account.customer);
      Row row;
      row.add("rank", place.score ? Value::integer(place.rank) : Value());
      row.add("customer_id", Value::text(account.customer_id));
      row.add("currency", Value::text(account.currency.code()));
      row.add("score", place.score ? Value::amount(*place.score, place.currency) : Value());
      row.add("overdue", Value::amount(account.open, account.currency));
      row.add("disputed_overdue", Value::amount(account.disputed, account.currency));
      row.add("oldest_days_overdue", Value::integer(account.oldest));
      row.add("promises",
              promises_of(*account.shard, customer, account.currency, grace_days, as_of));
      return row;
    });
  }
  return answer;
}

Answer dunning(Question& question) {
  Parameters& parameters = question.parameters();
  const Day as_of = question.as_of();
  const Day aged_on = parameters.date("aged_on").value_or(as_of);
  const std::vector<Day> levels = parameters.rising_days("levels", {1, 15, 30, 60});
  const Minimum minimum(parameters);
  const Grouping grouping = read_filters(question);
  const Wanted wanted{grouping, minimum, as_of, aged_on};
  Answer answer = question.list("rows", {"customer_id", "currency", "level", "amount", "oldest_days_overdue", "items"});
  answer.head.add("aged_on", Value::date(aged_on));
  const auto scope = question.scope(grouping.filters);
  const Recalled recalled = recall_receivables(scope.shards, scope.customer, as_of);
  for (const ShardSnapshot* shard : scope.shards) {
    OpenDays days;
    for (const Overdue& account : find_overdue(question, *shard, scope.customer, wanted, days)) {
      const auto level = std::ranges::upper_bound(levels, account.oldest_undisputed) - levels.begin();
      if (level == 0) continue;
      answer.rows.add(sort_key({account.customer_id, account.currency.code()}), [&] {
        CustomerContext customer = question.customer(*shard, account.customer);
        Row row;
        row.add("customer_id", Value::text(account.customer_id));
        row.add("currency", Value::text(account.currency.code()));
        row.add("level", Value::integer(level));
        row.add("amount", Value::amount(account.open - account.disputed, account.currency));
        row.add("oldest_days_overdue", Value::integer(account.oldest_undisputed));
        row.add("items", dunning_items(overdue_items(customer, account.currency, days.of(account.customer), wanted),
                                       account.currency, aged_on));
        return row;
      });
    }
  }
  return answer;
}

}  // namespace daybook::query
