#include "query/document_lists.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace daybook::query {
namespace {

// An account's documents lead to others, so that what was read grows with each.
constexpr std::size_t kDocumentsAtOnce = 1'000;

std::string prefix_of(std::string_view name) { return sort_key({name, ""}); }

}  // namespace

std::vector<Parameter> list_parameters(std::vector<std::string> states, std::vector<Parameter> filters) {
  Parameter from = parameters::from();
  Parameter to = parameters::to();
  from.required = to.required = false;
  std::vector<Parameter> all = {std::move(from), std::move(to),
                                parameters::choice("state", std::move(states), "", "Only what is in this state.")};
  std::ranges::move(filters, std::back_inserter(all));
  return all;
}

void check_list(const Question& question) {
  const ListWanted wanted = ListWanted::of(question);
  if (wanted.from && wanted.to && *wanted.from > *wanted.to) refuse_parameter("from", "is after to");
}

ListWanted ListWanted::of(const Question& question) {
  const Arguments& given = question.arguments;
  return {given.date("from"), given.date("to"), given.choice("state")};
}

ListedAccount::ListedAccount(const ShardReader& shard, const Rows& rows, AccountNumber account)
    : shard_(shard), rows_(rows), id_(account), account_(shard.new_account(account)) {}

bool ListedAccount::is_behind_page() const { return !rows_.until().empty() && sort_key({name()}) >= rows_.until(); }

void ListedAccount::for_each(domain::DocumentKind kind, const Visit& visit) {
  const std::string prefix = prefix_of(name());
  const std::string& after = rows_.cut().after;
  scan(kind, after.starts_with(prefix) ? std::string_view(after).substr(prefix.size()) : std::string_view(), true,
       visit);
}

void ListedAccount::for_each_of_all(domain::DocumentKind kind, const Visit& visit) { scan(kind, {}, false, visit); }

void ListedAccount::for_each_open(domain::DocumentKind kind, std::span<const Day> days, const Visit& visit) {
  // They point into the reader that found them.
  const std::unique_ptr<AccountReader> finder = shard_.new_account(id_);
  for (const domain::DocumentRef& ref : finder->opened_on(days)) {
    if (ref.kind == kind && rows_.may_hold(sort_key({name(), ref.id}))) visit_one(ref.id, visit);
  }
}

void ListedAccount::scan(domain::DocumentKind kind, std::string_view from_id, bool stops, const Visit& visit) {
  using store::DocumentKey;
  using Next = store::Reads::Next;
  const std::string prefix = prefix_of(name());
  const auto take = [&](std::string_view bytes, std::string_view) -> Result<Next> {
    ASSIGN_OR_RETURN(const DocumentKey key, DocumentKey::parse(bytes));
    if (stops && !rows_.until().empty() && prefix + std::string(key.ref.id) >= rows_.until()) return Next::kStop;
    visit_one(key.ref.id, visit);
    return Next::kGoOn;
  };
  const auto scanned = shard_.shard().reads->scan(store::Table::kDocuments, DocumentKey::prefix(id_, kind),
                                                  DocumentKey{id_, {kind, from_id}}.bytes(), take);
  if (!scanned) refuse(scanned.error());
}

void ListedAccount::visit_one(std::string_view id, const Visit& visit) {
  shard_.go_on();
  if (visited_++ == kDocumentsAtOnce) {
    account_ = shard_.new_account(id_);
    visited_ = 1;
  }
  visit(*account_, id);
}

void for_each_listed_account(const ShardReader& shard, const Rows& rows,
                             const std::function<void(ListedAccount&)>& visit) {
  for (const AccountNumber id : shard.accounts()) {
    ListedAccount account(shard, rows, id);
    // In the order of their names.
    if (account.is_behind_page()) return;
    if (rows.may_hold(sort_key({account.name()}))) visit(account);
  }
}

void for_each_listed(const ShardReader& shard, const Rows& rows, domain::DocumentKind kind, bool open_alone,
                     const ListedAccount::Visit& visit) {
  if (!shard.has_accounts()) return;
  if (!open_alone) {
    return for_each_listed_account(shard, rows, [&](ListedAccount& account) { account.for_each(kind, visit); });
  }
  const OpenDays open = open_days(shard.shard(), shard.only(), shard.question().as_of);
  for_each_listed_account(shard, rows, [&](ListedAccount& account) {
    const std::span<const Day> days = open.of(account.reader().id());
    if (!days.empty()) account.for_each_open(kind, days, visit);
  });
}

}  // namespace daybook::query
