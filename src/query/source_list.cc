#include "query/source_list.h"

#include <utility>

namespace daybook::query {

std::vector<Parameter> SourceList::source_parameters(std::vector<Parameter> filters) const {
  return list_parameters({kind_.ended, kind_.open, kind_.applied}, std::move(filters));
}

RowsPart SourceList::part_of(const Question& question, const ShardReader& shard) const {
  const ListWanted wanted = ListWanted::of(question);
  const Grouping grouping = Grouping::of(question);
  RowsPart part{Rows(question.page)};
  const auto take = [&](AccountReader& account, std::string_view id) {
    const domain::Source* source = account.account().source(domain::DocumentRef{kind_.document, id});
    if (source == nullptr || source->day > question.as_of || !wanted.takes(source->day) ||
        !grouping.passes(source->currency)) {
      return;
    }
    const domain::Attributes attributes = account.account().attributes(*source);
    const char* const state = state_of(*source, question.as_of);
    if (!wanted.takes_state(state) || !grouping.passes(account.region(attributes), account.sales_rep(attributes))) {
      return;
    }
    part.rows.add(sort_key({account.name(), id}), [&] {
      Row row = Row::with_room(description().row.size());
      kind_.add_fields(row, shard, account, *source);
      row.add("state", Value::text(state));
      return row;
    });
  };
  const ListOf of = wanted.state == kind_.ended  ? ListOf::kEnded
                    : wanted.state == kind_.open ? ListOf::kOpen
                                                 : ListOf::kAll;
  for_each_listed(shard, part.rows, kind_.document, wanted, grouping, of, take);
  return part;
}

const char* SourceList::state_of(const domain::Source& source, Day as_of) const {
  if (source.ended_day <= as_of) return kind_.ended;
  return source.unapplied(as_of) != 0 ? kind_.open : kind_.applied;
}

}  // namespace daybook::query
