#include "query/shard_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "domain/event_types.h"

namespace daybook::query {

Grouping Grouping::of(const Question& question) {
  const std::string by = question.arguments.choice("group_by");
  const bool credits_laid_over = lays_credits_over(question);
  return {.by = by.empty() ? "none" : by,
          .level = static_cast<int>(question.arguments.integer("level").value_or(0)),
          .filters = question.filters(),
          .scope = credits_laid_over ? AccessScope::everything() : question.scope,
          .as_of = question.as_of,
          .credits_laid_over = credits_laid_over};
}

void Grouping::check(const Question& question) {
  if (question.arguments.integer("level") && question.arguments.choice("group_by") != "region") {
    refuse_parameter("level", "needs group_by=region");
  }
  check_credits(question);
}

std::uint64_t GroupCursor::next_place() {
  static thread_local std::uint64_t last = 0;
  return ++last;
}

void GroupCursor::move(bool same_customer, store::LabelId customer, store::LabelId attributes) {
  if (!same_customer) {
    customer_ = reader_.new_account(customer);
    account_passes_ = grouping_.passes(*customer_);
  }
  attributes_ = attributes;
  std::string_view region;
  std::string_view rep;
  if (grouping_.needs_attributes()) {
    const domain::Attributes& own = reader_.shard().figure_labels().get(attributes).attributes;
    region = customer_->region(own);
    rep = customer_->sales_rep(own);
    if (same_customer && region == region_ && rep == rep_) return;
  }
  place_ = next_place();
  region_ = region;
  rep_ = rep;
  passes_ = account_passes_ && grouping_.passes(region, rep);
  if (grouping_.by == "customer") {
    group_ = customer_->name();
  } else if (grouping_.by == "parent_customer") {
    group_ = customer_->parent(grouping_.as_of);
  } else if (grouping_.by == "region") {
    group_ = group_name(cut_region(region, grouping_.level));
  } else if (grouping_.by == "sales_rep") {
    group_ = group_name(rep);
  }
}

ShardReader::ShardReader(const ShardSnapshot& shard, const Question& question, const ReadModel& model,
                         std::stop_token stop)
    : shard_(shard), question_(question), model_(model), stop_(std::move(stop)) {
  if (const auto customer_id = question.filters().customer_id) {
    only_ = shard.find_customer(*customer_id);
    has_accounts_ = only_.has_value();
  }
}

std::vector<store::LabelId> ShardReader::accounts() const {
  if (only_) return {*only_};
  if (!has_accounts_) return {};
  return shard_.customers_after("", SIZE_MAX);
}

std::unique_ptr<AccountReader> ShardReader::find_account(std::string_view customer_id) const {
  const auto id = is_customer(customer_id) ? shard_.find_customer(customer_id) : std::nullopt;
  auto account = id ? new_account(*id) : nullptr;
  if (account == nullptr || !account->is_known() || !sees(*account)) return nullptr;
  return account;
}

std::string ShardReader::customer_name(std::string_view customer_id) const {
  const auto id = shard_.find_customer(customer_id);
  return id ? std::string(account(*id).customer_name(question_.as_of)) : std::string();
}

bool ShardReader::sees(AccountReader& account) const {
  if (question_.scope.sees_everything()) return true;
  const domain::CustomerProfileSet* profile = account.account().file().on(question_.today);
  return question_.scope.sees(profile == nullptr ? "" : profile->region, profile == nullptr ? "" : profile->sales_rep);
}

std::map<Currency, std::vector<ShardReader::PublishedRate>> ShardReader::published_rates() const {
  std::map<Currency, std::vector<PublishedRate>> all;
  // Looked up by name: there are many more customers than currencies.
  for (const Currency from : Currency::all()) {
    const auto id = shard_.find_customer("fx:" + from.code());
    if (id) all[from] = published_rates(*id);
  }
  return all;
}

std::vector<ShardReader::PublishedRate> ShardReader::published_rates(store::LabelId id) const {
  AccountReader account = this->account(id);
  const domain::Document* document = account.account().document({domain::DocumentKind::kRate, {}});
  if (document == nullptr) return {};
  struct Told {
    const domain::ExchangeRatePublished* published = nullptr;
    const domain::Fact* fact = nullptr;
    auto order() const {
      return std::tuple(published->base_currency, published->date, fact->event.occurred_at, fact->at);
    }
  };
  std::vector<Told> told;
  for (const domain::Fact& fact : document->facts) {
    if (!account.account().admits(fact)) continue;
    told.push_back({&std::get<domain::ExchangeRatePublished>(fact.event.payload), &fact});
  }
  std::ranges::sort(told, {}, &Told::order);
  std::vector<PublishedRate> rates;
  for (const Told& one : told) {
    const PublishedRate rate{one.published->base_currency, one.published->date,
                             one.published->rate.scaled(kRatePlaces)};
    // For one date the latest said, then the highest offset, holds.
    if (!rates.empty() && rates.back().to == rate.to && rates.back().day == rate.day) rates.pop_back();
    rates.push_back(rate);
  }
  return rates;
}

std::optional<log::KeptRecord> ShardReader::record(log::Topic topic, std::int64_t offset) const {
  go_on();
  auto record = model_.record({topic, partition()}, offset);
  if (!record && record.error().code == ErrorCode::kOutOfRange) return std::nullopt;
  return value_or_refuse(std::move(record));
}

Row ShardReader::event_row(const EventRef& event) const {
  const auto& told = event.told;
  Row row;
  row.add("event_id", told ? Value::text(told->event_id.text()) : Value());
  row.add("type", told ? Value::text(domain::payload_name(told->type)) : Value());
  row.add("topic", Value::text(log::topic_name(model_.topic_prefix(), static_cast<log::Topic>(event.at.topic))));
  row.add("partition", Value::integer(event.partition));
  row.add("offset", Value::integer(event.at.offset));
  row.add("recorded_at", Value::instant_ms(event.recorded_ms));
  row.add("occurred_at", told ? Value::instant(told->occurred_at) : Value());
  return row;
}

Row ShardReader::event_row(const domain::Fact& fact) const {
  const domain::Event& event = fact.event;
  return event_row(
      {partition(), fact.at, fact.recorded_ms,
       EventRef::Told{event.event_id, static_cast<std::uint8_t>(event.payload.index()), event.occurred_at}});
}

}  // namespace daybook::query
