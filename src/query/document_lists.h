// Lists of documents: by account and id, cut to their page while they are read.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "query/shard_reader.h"

namespace daybook::query {

// from, to and state, which all may be left out, and the filters.
std::vector<Parameter> list_parameters(std::vector<std::string> states, std::vector<Parameter> filters);
// Refuses dates in the wrong order.
void check_list(const Question& question);

// What a list's question asks for beside its filters.
struct ListWanted {
  std::optional<Day> from;
  std::optional<Day> to;
  std::string state;  // Empty: any.

  static ListWanted of(const Question& question);
  bool takes(Day day) const { return (!from || *from <= day) && (!to || day <= *to); }
  bool takes_state(std::string_view of_document) const { return state.empty() || state == of_document; }
};

// Which documents of a kind a list may show, as far as that is known without them.
enum class ListOf {
  kAll,
  kOpen,   // Something of it may be open on the question's date.
  kEnded,  // It was told of its void or reversal.
};

// An account while a list goes over its documents: what was read of many is let go of on the way.
class ListedAccount {
 public:
  // An id holds during the call.
  using Visit = std::function<void(AccountReader&, std::string_view id)>;

  // Both must outlive it.
  ListedAccount(const ShardReader& shard, const Rows& rows, AccountNumber account);

  std::string_view name() const { return account_->name(); }

  // Its documents of a kind, by their ids; those alone that may be among the rows, or all.
  void for_each(domain::DocumentKind kind, const Visit& visit);
  void for_each_of_all(domain::DocumentKind kind, const Visit& visit);
  // Those alone of which something may be open, by the days that they stand under.
  void for_each_open(domain::DocumentKind kind, std::span<const Day> days, const Visit& visit);
  // Those alone that were told of their end.
  void for_each_ended(domain::DocumentKind kind, const Visit& visit);

 private:
  void scan(domain::DocumentKind kind, std::string_view from_id, bool stops, const Visit& visit);
  void visit_one(std::string_view id, const Visit& visit);

  const ShardReader& shard_;
  const Rows& rows_;
  const AccountNumber id_;
  std::unique_ptr<AccountReader> account_;
  std::size_t visited_ = 0;  // With account_.
};

// Calls visit(account, id) for the shard's invoices, credit notes or payments that may be among the rows, in their
// order, of the accounts that the question's customer_id leaves. Accounts that have none of the days asked for are
// passed over where those are few.
void for_each_listed(const ShardReader& shard, const Rows& rows, domain::DocumentKind kind, const ListWanted& wanted,
                     ListOf of, const ListedAccount::Visit& visit);
// Calls visit(account) for accounts of which documents may be among the rows, and that may_have(number) is true of.
void for_each_listed_account(const ShardReader& shard, const Rows& rows,
                             const std::function<bool(AccountNumber)>& may_have,
                             const std::function<void(ListedAccount&)>& visit);

}  // namespace daybook::query
