#include "query/target_reader.h"

#include <map>
#include <tuple>
#include <utility>

#include "query/comparison.h"

namespace daybook::query {
namespace {

constexpr std::string_view kTargetPrefix = "target:";
// Nothing is in it: a rep's target is of no region.
constexpr std::string_view kNowhere = " ";

// Whether rows are all that a region sells, or a rep.
bool has_targets(const SalesQuestion& asked) {
  const Filters& filters = asked.filters;
  if (asked.group_by.size() != 1 || filters.customer_id || filters.sku || filters.channel || filters.kind) return false;
  const std::string& by = asked.group_by.front();
  return (by == "region" && !filters.sales_rep) || (by == "sales_rep" && !filters.region);
}

bool is_seen(const SalesQuestion& asked, const domain::SalesTargetSet& target) {
  if (asked.group_by.front() == "sales_rep") {
    return !target.sales_rep.empty() && passes(asked.filters.sales_rep, target.sales_rep) &&
           asked.scope.sees(kNowhere, target.sales_rep);
  }
  return !target.region.empty() && passes_region(asked.filters.region, target.region) &&
         cut_region(target.region, asked.level) == target.region && asked.scope.sees(target.region, {});
}

// Amounts in other currencies are converted; a target is in the rows' own.
bool is_of_rows(const SalesQuestion& asked, Currency currency) {
  return (!asked.filters.currency || currency == *asked.filters.currency) && (!asked.base || currency == *asked.base);
}

// Of one account, whose targets are for a region and a rep of the same name.
void add_targets(AccountReader& account, const SalesQuestion& asked, domain::SalesMeasure measure,
                 std::vector<SalesTarget>& to) {
  const domain::Document* document = account.account().document({domain::DocumentKind::kTarget, {}});
  if (document == nullptr) return;
  struct Told {
    const domain::SalesTargetSet* target = nullptr;
    const domain::Fact* fact = nullptr;
    auto order() const { return std::tuple(fact->event.occurred_at, fact->at); }
  };
  std::map<std::pair<Day, Currency>, Told> latest;
  for (const domain::Fact& fact : document->facts) {
    const auto& target = std::get<domain::SalesTargetSet>(fact.event.payload);
    if (!account.account().admits(fact) || target.measure != measure || !is_seen(asked, target)) continue;
    if (!is_of_rows(asked, target.currency)) continue;
    const auto period = parse_period(target.period);
    if (!period || period->grain != asked.period.grain || period->to < asked.period.from ||
        period->from > asked.period.to) {
      continue;
    }
    Told& told = latest[{period->from, target.currency}];
    if (const Told now{&target, &fact}; told.fact == nullptr || told.order() < now.order()) told = now;
  }
  for (const auto& [at, told] : latest) {
    const std::string_view group = told.target->region.empty() ? told.target->sales_rep : told.target->region;
    to.push_back({std::string(group), at.first, at.second, told.target->amount_minor});
    take_memory(sizeof(SalesTarget) + group.size());
  }
}

}  // namespace

std::vector<SalesTarget> read_targets(const ShardReader& shard, const SalesQuestion& asked,
                                      domain::SalesMeasure measure) {
  std::vector<SalesTarget> targets;
  if (!has_targets(asked)) return targets;
  // They stand together by name; what follows them are customers, of whom there may be many.
  constexpr std::size_t kAtOnce = 1'000;
  std::string after(kTargetPrefix);
  for (bool more = true; more;) {
    const std::vector<AccountNumber> ids = shard.shard().customers_after(after, kAtOnce);
    more = !ids.empty();
    for (const AccountNumber id : ids) {
      AccountReader account = shard.account(id);
      after = account.name();
      more = after.starts_with(kTargetPrefix);
      if (!more) break;
      shard.go_on();
      add_targets(account, asked, measure, targets);
    }
  }
  return targets;
}

}  // namespace daybook::query
