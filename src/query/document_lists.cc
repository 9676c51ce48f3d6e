#include "query/document_lists.h"

#include <algorithm>
#include <unordered_set>
#include <utility>

namespace daybook::query {
namespace {

// An account's documents lead to others, so that what was read grows with each.
constexpr std::size_t kDocumentsAtOnce = 1'000;

// Whether accounts have a document of a kind on the days that a list asks for: each stands in a cell of its date, which
// nothing takes away from. A few pages an account are less than its documents.
class DaysPosted {
 public:
  // Both must outlive it.
  DaysPosted(const ShardReader& shard, domain::DocumentKind kind, const ListWanted& wanted)
      : shard_(shard), kind_(kind), wanted_(wanted) {
    constexpr Day kDaysMax = 100;
    tells_ = wanted.from && wanted.to && *wanted.to - *wanted.from <= kDaysMax;
  }

  bool may_have(AccountNumber account) const {
    if (!tells_) return true;
    bool found = false;
    const char family = kind_ == domain::DocumentKind::kInvoice ? store::kSalesPage : store::kLedgerPage;
    scan_pages(shard_.shard(), family, account, store::span_of(*wanted_.from), store::span_of(*wanted_.to),
               [&](AccountNumber, const std::vector<store::Cell>& cells) {
                 for (const store::Cell& cell : cells) found |= wanted_.takes(cell.id.day) && is_of_kind(cell);
               });
    return found;
  }

 private:
  // Invoices are counted, as some are of nothing; payments and credit notes never are.
  bool is_of_kind(const store::Cell& cell) const {
    using domain::Measure;
    if (kind_ == domain::DocumentKind::kInvoice) {
      return cell.id.measure == Measure::kInvoiced && cell.value.quantity != 0;
    }
    return cell.id.measure ==
           (kind_ == domain::DocumentKind::kPayment ? Measure::kLedgerCash : Measure::kLedgerCreditNotes);
  }

  const ShardReader& shard_;
  const domain::DocumentKind kind_;
  const ListWanted& wanted_;
  bool tells_ = false;
};

std::unordered_set<AccountNumber> accounts_with_ended(const ShardReader& shard, domain::DocumentKind kind) {
  std::unordered_set<AccountNumber> accounts;
  const auto take = [&](std::string_view bytes, std::string_view) -> Result<store::Reads::Next> {
    ASSIGN_OR_RETURN(const store::EndedKey key, store::EndedKey::parse(bytes));
    if (key.document.ref.kind == kind) accounts.insert(key.document.customer);
    return store::Reads::Next::kGoOn;
  };
  const auto only = shard.only();
  const std::string prefix =
      only ? store::EndedKey::prefix(*only, kind) : std::string(1, store::kEndedPrefix);
  const auto scanned = shard.shard().reads->scan(store::Table::kMeta, prefix, "", take);
  if (!scanned) refuse(scanned.error());
  return accounts;
}

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

void ListedAccount::for_each(domain::DocumentKind kind, const Visit& visit) {
  const std::string prefix = sort_key({name()});
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
  const std::string prefix = sort_key({name()});
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

void ListedAccount::for_each_ended(domain::DocumentKind kind, const Visit& visit) {
  const auto take = [&](std::string_view bytes, std::string_view) -> Result<store::Reads::Next> {
    ASSIGN_OR_RETURN(const store::EndedKey key, store::EndedKey::parse(bytes));
    const std::string_view id = key.document.ref.id;
    if (rows_.may_hold(sort_key({name(), id}))) visit_one(id, visit);
    return store::Reads::Next::kGoOn;
  };
  const auto scanned =
      shard_.shard().reads->scan(store::Table::kMeta, store::EndedKey::prefix(id_, kind), "", take);
  if (!scanned) refuse(scanned.error());
}

void for_each_listed_account(const ShardReader& shard, const Rows& rows,
                             const std::function<bool(AccountNumber)>& may_have,
                             const std::function<void(ListedAccount&)>& visit) {
  shard.for_each_account(rows, [&](AccountNumber id) {
    shard.go_on();
    if (!may_have(id)) return;
    ListedAccount account(shard, rows, id);
    visit(account);
  });
}

void for_each_listed(const ShardReader& shard, const Rows& rows, domain::DocumentKind kind, const ListWanted& wanted,
                     ListOf of, const ListedAccount::Visit& visit) {
  if (!shard.has_accounts()) return;
  const DaysPosted days(shard, kind, wanted);
  switch (of) {
    case ListOf::kAll:
      return for_each_listed_account(
          shard, rows, [&](AccountNumber id) { return days.may_have(id); },
          [&](ListedAccount& account) { account.for_each(kind, visit); });
    case ListOf::kOpen: {
      const OpenDaysOf open(shard.shard(), shard.only(), shard.question().as_of, rows.cut());
      std::vector<Day> of_account;
      return for_each_listed_account(
          shard, rows,
          [&](AccountNumber id) {
            of_account = open.of(id);
            return !of_account.empty() && days.may_have(id);
          },
          [&](ListedAccount& account) { account.for_each_open(kind, of_account, visit); });
    }
    case ListOf::kEnded: {
      const std::unordered_set<AccountNumber> ended = accounts_with_ended(shard, kind);
      return for_each_listed_account(
          shard, rows, [&](AccountNumber id) { return ended.contains(id) && days.may_have(id); },
          [&](ListedAccount& account) { account.for_each_ended(kind, visit); });
    }
  }
}

}  // namespace daybook::query
