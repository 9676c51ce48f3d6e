#include "query/grouping.h"

#include <fmt/format.h>

namespace daybook::query {

Period read_span(Question& question) {
  Parameters& parameters = question.parameters();
  Period period;
  period.from = parameters.required_date("from");
  period.to = parameters.required_date("to");
  if (period.from > period.to) refuse_parameter("from", "is after to");
  if (const auto as_of = parameters.date("as_of"); as_of && *as_of != period.to) {
    refuse_parameter("as_of", fmt::format("is {} here, the date of to", format_date(period.to)));
  }
  question.set_as_of(period.to);
  return period;
}

bool Grouping::needs_attributes() const {
  return filters.region || filters.sales_rep || by == "region" || by == "sales_rep";
}

Grouping Grouping::read(Question& question, const char* fallback) {
  Parameters& parameters = question.parameters();
  Grouping grouping;
  grouping.by = parameters.one_of(
      "group_by", {"customer", "parent_customer", "region", "sales_rep", "currency", "none"}, fallback);
  const auto level = parameters.integer("level", 1, 6);
  if (level && grouping.by != "region") refuse_parameter("level", "needs group_by=region");
  grouping.level = static_cast<int>(level.value_or(0));
  grouping.filters = question.filters({"region", "sales_rep", "customer_id", "currency"});
  return grouping;
}

bool GroupCursor::go(store::LabelId customer, store::LabelId attributes) {
  const bool same_customer = customer_ != nullptr && customer_->id() == customer;
  const bool by_attributes = grouping_.needs_attributes();
  if (!same_customer) {
    customer_ = question_.new_customer(shard_, customer);
  } else if (attributes == attributes_ || !by_attributes) {
    return false;
  }
  attributes_ = attributes;
  std::string_view region;
  std::string_view rep;
  if (by_attributes) {
    const domain::Attributes& own = shard_.figure_labels().get(attributes).attributes;
    region = customer_->region(own);
    rep = customer_->sales_rep(own);
    if (same_customer && region == region_ && rep == rep_) return false;
  }
  region_ = region;
  rep_ = rep;
  passes_ = passes_region(grouping_.filters.region, region) && query::passes(grouping_.filters.sales_rep, rep);
  if (grouping_.by == "customer") {
    group_ = customer_->name();
  } else if (grouping_.by == "parent_customer") {
    group_ = customer_->parent(question_.as_of());
  } else if (grouping_.by == "region") {
    group_ = group_name(cut_region(region, grouping_.level));
  } else if (grouping_.by == "sales_rep") {
    group_ = group_name(rep);
  }
  return true;
}

const std::string& GroupCursor::code_of(Currency currency) {
  code_ = currency.code();
  return code_;
}

}  // namespace daybook::query
