// Whom to call first: what is overdue and undisputed, by amount times days.
#include <algorithm>
#include <iterator>
#include <tuple>

#include "query/caller_notes.h"
#include "query/large_values.h"
#include "query/overdue.h"
#include "query/promises.h"
#include "query/reports.h"
#include "query/reports/promises.h"

namespace daybook::query {
namespace {

// An account and currency with a score above 0.
struct Scored {
  std::string customer_id;
  std::int32_t partition = 0;  // Where the account is.
  Currency currency;
  Int128 overdue = 0;
  Int128 disputed = 0;
  Int128 score = 0;
  std::int64_t oldest = 0;

  template <typename Visit>
  void for_each_field(const Visit& visit) {
    visit(customer_id, partition, currency, overdue, disputed, score, oldest);
  }
};

struct WorklistPart {
  std::vector<Scored> accounts;

  void add(WorklistPart other) { std::ranges::move(other.accounts, std::back_inserter(accounts)); }
  template <typename Visit>
  void for_each_field(const Visit& visit) {
    visit(accounts);
  }
};

// A place of the worklist. No rank: the score has no rate to the base currency.
struct Place {
  const Scored* account = nullptr;
  Currency currency;  // Of the score.
  std::optional<Int256> score;
  std::int64_t rank = 0;

  std::string key() const { return sort_key({currency.code(), sortable(rank)}); }
};

// By score, the highest first, then by customer; within a currency, or over all where there is a base. In the order
// of their keys.
std::vector<Place> ranked(const std::vector<Scored>& all, std::optional<Currency> base, const RateTable& rates,
                          Day as_of) {
  std::vector<Place> places;
  places.reserve(all.size());
  for (const Scored& account : all) {
    const Currency currency = base.value_or(account.currency);
    places.push_back({&account, currency, rates.convert(account.score, account.currency, currency, as_of)});
  }
  std::ranges::sort(places, [](const Place& a, const Place& b) {
    const auto before = [](const Place& place) {
      return std::tuple(place.currency, !place.score, place.score ? Int256(-*place.score) : Int256(),
                        std::string_view(place.account->customer_id), place.account->currency);
    };
    return before(a) < before(b);
  });
  for (std::size_t i = 0; i < places.size(); ++i) {
    const bool first = i == 0 || places[i - 1].currency != places[i].currency;
    places[i].rank = first ? 1 : places[i - 1].rank + 1;
  }
  return places;
}

// Of so many the promises are asked for at a time.
constexpr std::size_t kPlacesAtOnce = 1'000;

// Those that a page shows, and one behind it where there are more.
std::span<const Place> cut_to(const PageCut& page, std::span<const Place> places) {
  const auto begin = std::ranges::upper_bound(places, page.after, {}, &Place::key);
  places = places.subspan(static_cast<std::size_t>(begin - places.begin()));
  return page.count ? places.first(std::min(places.size(), *page.count + 1)) : places;
}

class Worklist final : public ReportOf<WorklistPart> {
 public:
  const Description& description() const override {
    static const Description description = [] {
      using namespace fields;
      Description of{
          .name = "worklist",
          .path = "/v1/receivables/worklist",
          .meaning = "Whom to call first: what is overdue and undisputed, by amount times days.",
          .parameters = {parameters::aged_on(),
                         {"grace_days",
                          Parameter::Type::kInteger,
                          "For so long after its date a promise may still be kept.",
                          false,
                          std::to_string(kGraceDays),
                          {},
                          0,
                          3650},
                         {"base_currency", Parameter::Type::kCurrency, "Scores in this currency, ranked over all."},
                         parameters::minimum()},
          .rows_name = "rows",
          .row = {integer("rank").or_null(), text("customer_id"), text("currency"), amount("score").or_null(),
                  amount("overdue"), amount("disputed_overdue"), integer("oldest_days_overdue"),
                  list("promises", promise_fields())},
          .head = {date("aged_on"), text("credits")}};
      std::ranges::move(caller_note_fields(), std::back_inserter(of.row));
      of.row.push_back(customer_name());
      of.parameters.push_back(parameters::credits());
      of.parameters.push_back(parameters::details());
      std::ranges::move(parameters::receivables_filters(), std::back_inserter(of.parameters));
      return of;
    }();
    return description;
  }

  void settle(Question& question) const override { check_credits(question); }

  std::optional<RatesWanted> rates(const Question& question) const override {
    if (!question.arguments.currency("base_currency")) return std::nullopt;
    return RatesWanted{question.as_of, question.as_of};
  }

 protected:
  WorklistPart part_of(const Question&, const ShardReader& shard) const override {
    WorklistPart part;
    for (const Overdue& overdue : OverdueReader(shard).find()) {
      if (overdue.score <= 0) continue;
      part.accounts.push_back({std::string(overdue.customer_id), shard.partition(), overdue.currency, overdue.open,
                               overdue.disputed, overdue.score, overdue.oldest});
    }
    return part;
  }

  Answer answer_of(const Question& question, WorklistPart whole, Asker& asker) const override {
    const auto base = question.arguments.currency("base_currency");
    const std::vector<Place> places = ranked(whole.accounts, base, question.rates, question.as_of);
    Answer answer;
    answer.rows = Rows(question.page);
    answer.head.add("aged_on", Value::date(aged_on_of(question)));
    answer.head.add("credits", Value::text(question.arguments.choice("credits")));
    std::span<const Place> shown = cut_to(question.page, places);
    while (!shown.empty()) {
      const std::span<const Place> some = shown.first(std::min(shown.size(), kPlacesAtOnce));
      std::map<PromisesOf, CallNotes> notes = notes_of_shown(question, some, asker);
      for (const Place& place : some) {
        answer.rows.add(place.key(),
                        [&] { return row_of(place, notes[{place.account->customer_id, place.account->currency}]); });
      }
      shown = shown.subspan(some.size());
    }
    if (asks_details(question)) answer.columns = columns_with_notes(description());
    return answer;
  }

 private:
  // Takes what is told.
  static Row row_of(const Place& place, CallNotes& told) {
    const Scored& account = *place.account;
    Row row;
    row.add("rank", place.score ? Value::integer(place.rank) : Value());
    row.add("customer_id", Value::text(account.customer_id));
    row.add("currency", Value::text(account.currency.code()));
    row.add("score", place.score ? amount_of(*place.score, place.currency) : Value());
    row.add("overdue", Value::amount(account.overdue, account.currency));
    row.add("disputed_overdue", Value::amount(account.disputed, account.currency));
    row.add("oldest_days_overdue", Value::integer(account.oldest));
    row.add("promises", std::move(told.promises));
    std::ranges::move(told.others.values, std::back_inserter(row.values));
    return row;
  }
  // Each shard is asked once, for all of its accounts that are shown.
  static std::map<PromisesOf, CallNotes> notes_of_shown(const Question& question, std::span<const Place> shown,
                                                        Asker& asker) {
    std::map<std::int32_t, PromisesWanted> wanted;
    for (const Place& place : shown) {
      PromisesWanted& of_shard = wanted[place.account->partition];
      of_shard.grace_days = static_cast<Day>(*question.arguments.integer("grace_days"));
      of_shard.with_details = asks_details(question);
      of_shard.accounts.emplace_back(place.account->customer_id, place.account->currency);
    }
    if (wanted.empty()) return {};
    Question asked = question.of_same_moment(promises_report().description().name);
    std::map<std::int32_t, std::string> enclosed;
    for (const auto& [partition, of_shard] : wanted) enclosed[partition] = query::encode(of_shard);
    asked.enclosed_by_partition = std::make_shared<const std::map<std::int32_t, std::string>>(std::move(enclosed));
    return notes_in(asker.gather(promises_report(), asked));
  }
};

}  // namespace

const Report& worklist_report() {
  static const Worklist report;
  return report;
}

}  // namespace daybook::query
