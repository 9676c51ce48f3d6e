// Lists of documents: by account and id, cut to their page while they are read.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "base/arena.h"
#include "query/report.h"
#include "query/shard_reader.h"

namespace daybook::query {

// from, to and state, which all may be left out, and the filters.
std::vector<Parameter> list_parameters(std::vector<std::string> states, std::vector<Parameter> filters);
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
  kEnded,  // It was told of its void or reversal; an order of a return.
};

// Of what a list may be, by what stands in cells and in stored bytes.
enum class ListedBy {
  kInvoice,
  kPayment,
  kCreditNote,
  kDispatch,  // Orders, by what left for them.
  kLine,      // Orders, by their lines.
};

// Which accounts, and which of their documents, a list may show, as far as that is known without what the documents
// lead to: each stands in cells of its date under its attributes, and a few pages an account are less than its
// documents.
class Candidates {
 public:
  // All must outlive it.
  Candidates(const ShardReader& shard, ListedBy by, const ListWanted& wanted, const Grouping& grouping);

  // Whether a filter or a span leaves so little that it is worth a look at cells.
  bool tells() const { return tells_; }
  // Whether an account may have one of those.
  bool may_have(AccountNumber account);
  // Of the account that was asked of last, whether this document may be one; and whether one of this date may.
  bool may_be(const domain::DocumentRef& ref, std::string_view bytes);
  bool may_stand_on(Day day) const;
  // The days on which those of the account stand; and how many invoices stand on them in all, where that is known.
  std::span<const Day> days() const { return days_; }
  std::optional<std::size_t> invoices() const { return invoices_; }
  // Of the days on which documents of a kind stand those that may be wanted.
  std::vector<Day> days_of(std::span<const Day> days) const;

 private:
  bool is_one(const store::CellId& id, const domain::CellValue& value) const;
  bool passes(const domain::Document& document) const;

  const ShardReader& shard_;
  const ListedBy by_;
  const ListWanted& wanted_;
  const Grouping& grouping_;
  const Day first_;
  const Day last_;
  bool tells_ = false;
  std::optional<std::vector<AccountNumber>>
      having_;             // Those that have something on days that are few, where it is told.
  std::vector<Day> days_;  // Of the account, rising, where it tells.
  std::optional<std::size_t> invoices_;
  Arena arena_;
};

// An account while a list goes over its documents: what was read of many is let go of on the way.
class ListedAccount {
 public:
  // An id holds during the call.
  using Visit = std::function<void(AccountReader&, std::string_view id)>;

  // Both must outlive it.
  ListedAccount(const ShardReader& shard, const Rows& rows, AccountNumber account);

  std::string_view name() const { return account_->name(); }

  // Its documents of a kind that are candidates, by their ids; those alone that may be among the rows, or all.
  void for_each(domain::DocumentKind kind, Candidates& candidates, const Visit& visit);
  void for_each_of_all(domain::DocumentKind kind, Candidates& candidates, const Visit& visit);
  // Those alone of which something may be open, by the days that they stand under.
  void for_each_open(domain::DocumentKind kind, std::span<const Day> days, const Visit& visit);
  // Those alone that were told of their end, or of orders of a return; those that may be among the rows, or all.
  void for_each_ended(domain::DocumentKind kind, const Visit& visit);
  void for_each_ended_of_all(domain::DocumentKind kind, const Visit& visit);
  // The orders that were told of a dispatch with this shipment's id.
  void for_each_order_of(std::string_view shipment_id, const Visit& visit);

 private:
  // False: it is not known that those that are found by their days are all.
  bool for_each_found(domain::DocumentKind kind, const Candidates& candidates, const Visit& visit);
  void scan(domain::DocumentKind kind, std::string_view from_id, bool stops, Candidates& candidates,
            const Visit& visit);
  void scan_ended(domain::DocumentKind kind, bool of_all, const Visit& visit);
  using Scanned = std::pair<std::string_view, std::string_view>;  // A document's key and bytes.
  void visit_one(std::string_view id, const Visit& visit, std::optional<Scanned> scanned = {});

  const ShardReader& shard_;
  const Rows& rows_;
  const AccountNumber id_;
  std::unique_ptr<AccountReader> account_;
  std::size_t visited_ = 0;  // With account_.
};

// Calls visit(account, id) for the shard's invoices, credit notes or payments that may be among the rows, in their
// order, of the accounts that the question's customer_id leaves.
void for_each_listed(const ShardReader& shard, const Rows& rows, domain::DocumentKind kind, const ListWanted& wanted,
                     const Grouping& grouping, ListOf of, const ListedAccount::Visit& visit);
// Calls visit(account) for accounts of which documents may be among the rows, and that may_have(number) is true of.
void for_each_listed_account(const ShardReader& shard, const Rows& rows,
                             const std::function<bool(AccountNumber)>& may_have,
                             const std::function<void(ListedAccount&)>& visit);
// The accounts that have documents of a kind of which for_each_ended() knows.
std::unordered_set<AccountNumber> accounts_with_ended(const ShardReader& shard, domain::DocumentKind kind);

// The parameter of lists whose documents have lines.
Parameter line_sku_parameter();

// A report that is a list of documents.
class DocumentList : public RowsReport {
 public:
  // Refuses dates in the wrong order.
  void settle(Question& question) const override;
  bool goes_in_rounds(const Question&) const override { return true; }
};

}  // namespace daybook::query
