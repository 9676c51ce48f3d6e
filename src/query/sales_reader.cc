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

std::optional<SalesReader::MonthsBy> SalesReader::months_by(const index::Sales& table) const {
  const Filters& filters = asked_.filters;
  const bool is_by_month = asked_.period.grain != Grain::kDay && asked_.period.grain != Grain::kWeek && !asked_.base;
  if (!is_by_month || asked_.groups_by("customer")) return std::nullopt;
  const bool sees_all = asked_.scope.sees_everything();
  const bool of_region = filters.region || asked_.groups_by("region");
  const bool of_rep = filters.sales_rep || asked_.groups_by("sales_rep");
  const bool is_as_was = shard_.question().file_choice == FileChoice::kAsWas;
  if ((of_region || of_rep || !sees_all) && !is_as_was) return std::nullopt;
  const bool of_order = filters.channel || filters.kind || asked_.groups_by("channel") || asked_.groups_by("kind");
  const bool of_one = sees_all && !of_order;
  if (asked_.quantities || filters.sku || asked_.groups_by("sku")) {
    if (!of_one || of_region || of_rep || !table.has_skus()) return std::nullopt;
    return MonthsBy::kSku;
  }
  if (of_one && !(of_region && of_rep)) return of_rep ? MonthsBy::kRep : MonthsBy::kRegion;
  if (!table.has_all()) return std::nullopt;
  return MonthsBy::kAll;
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
