#include "query/rates.h"

#include <algorithm>
#include <tuple>

namespace daybook::query {
namespace {

constexpr Int128 kOne = 1'000'000'000'000;
static_assert(kRatePlaces == 12);

}  // namespace

std::vector<Rates::Rate> Rates::read(Currency from) {
  const std::string key = "fx:" + from.code();
  const ShardSnapshot& shard = question_.shard_of(key);
  const auto id = shard.labels->find_customer(key);
  if (!id) return {};
  CustomerContext account = question_.customer(shard, *id);
  const domain::Document* document = account.account().document({domain::DocumentKind::kRate, {}});
  if (document == nullptr) return {};

  struct Told {
    const domain::ExchangeRatePublished* published = nullptr;
    const domain::Fact* fact = nullptr;
    auto order() const {
      return std::tuple(published->base_currency, published->date, fact->event.occurred_at, fact->at);
    }
  };
  std::vector<Told> all;
  for (const domain::Fact& fact : document->facts) {
    if (!account.account().admits(fact)) continue;
    all.push_back({&std::get<domain::ExchangeRatePublished>(fact.event.payload), &fact});
  }
  std::ranges::sort(all, {}, &Told::order);
  std::vector<Rate> rates;
  for (const Told& told : all) {
    const Rate rate{told.published->base_currency, told.published->date, told.published->rate.scaled(kRatePlaces)};
    // For one date the latest said, then the highest offset, holds.
    if (!rates.empty() && rates.back().to == rate.to && rates.back().from == rate.from) rates.pop_back();
    rates.push_back(rate);
  }
  return rates;
}

const std::vector<Rates::Rate>& Rates::of(Currency from) {
  const auto known = rates_.find(from);
  return known != rates_.end() ? known->second : rates_.emplace(from, read(from)).first->second;
}

std::optional<Int128> Rates::on(Day day, Currency from, Currency to) {
  if (from == to) return kOne;
  const std::vector<Rate>& rates = of(from);
  const auto after = std::ranges::upper_bound(rates, std::pair(to, day), {},
                                              [](const Rate& rate) { return std::pair(rate.to, rate.from); });
  if (after == rates.begin() || std::prev(after)->to != to) return std::nullopt;
  return std::prev(after)->rate;
}

std::optional<Int128> Rates::convert(Int128 minor, Currency from, Currency to, Day day) {
  const auto rate = on(day, from, to);
  if (!rate) return std::nullopt;
  return exchange(minor, from, to, *rate);
}

}  // namespace daybook::query
