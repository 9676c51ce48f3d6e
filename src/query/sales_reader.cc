#include "query/sales_reader.h"

namespace daybook::query {

SalesQuestion SalesQuestion::of(const Question& question) {
  return {.as_of = question.as_of,
          .period = Period::of(question),
          .group_by = question.arguments.choices("group_by"),
          .level = static_cast<int>(question.arguments.integer("level").value_or(0)),
          .filters = question.filters(),
          .scope = question.scope,
          .base = question.arguments.currency("base_currency")};
}

bool SalesReader::is_by_month() const {
  return !asked_.quantities && asked_.period.grain != Grain::kDay && asked_.period.grain != Grain::kWeek && !asked_.base &&
         !asked_.filters.sku && !asked_.groups_by("sku") && !asked_.groups_by("customer");
}

bool SalesReader::is_by_region() const {
  const Filters& filters = asked_.filters;
  return asked_.scope.sees_everything() && !filters.sales_rep && !filters.channel && !filters.kind &&
         !asked_.groups_by("sales_rep") && !asked_.groups_by("channel") && !asked_.groups_by("kind");
}

bool SalesReader::passes(const SalesPosting& posting) const {
  const Filters& filters = asked_.filters;
  if (asked_.only_row && group_name(cut_region(posting.region, asked_.level)) != *filters.region) return false;
  return passes_region(filters.region, posting.region) && query::passes(filters.sales_rep, posting.sales_rep) &&
         query::passes(filters.channel, posting.dimensions.channel) &&
         query::passes(filters.kind, domain::order_kind_name(posting.dimensions.kind)) &&
         query::passes(filters.sku, posting.dimensions.sku) &&
         (!filters.currency || posting.currency == *filters.currency) &&
         asked_.scope.sees(posting.region, posting.sales_rep);
}

const index::Sales* SalesReader::table() const {
  const ShardSnapshot& shard = shard_.shard();
  return shard.index == nullptr || shard_.only() ? nullptr : shard.index->sales.table.get();
}

bool SalesReader::answers(const index::Sales& table) const {
  if (!is_by_month() || shard_.question().file_choice != FileChoice::kAsWas) return false;
  return table.has_all() || is_by_region();
}

Months SalesReader::unanswered(const index::Sales& table) const {
  const Period& period = asked_.period;
  std::vector<Day> starts;
  for (const auto& month : table.months()) {
    if (period.meets(month->first_day, month->last_day) && !month->answers(period.from, period.to, asked_.as_of)) {
      starts.push_back(month->start);
    }
  }
  return Months(std::move(starts));
}

}  // namespace daybook::query
