// What cells of sales are made of: what each record adds to them.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string_view>
#include <vector>

#include "domain/sales.h"
#include "log/log.h"
#include "query/sales_figures.h"
#include "query/sales_reader.h"

namespace daybook::query {

// All that one record adds to the figures of a day under one currency, sku, region and sales rep, as of the question's
// date. It points into the reader of its account.
struct SalesOfRecord {
  const domain::Fact* fact = nullptr;
  std::string_view document_id;
  Day day = 0;
  Currency currency;
  std::string_view sku;
  // As they come to.
  std::string_view region;
  std::string_view sales_rep;
  SalesFigures figures{};
};

// The postings of one shard. One thread.
class SalesPostings {
 public:
  // All must outlive it. `measure`: the one asked for; else all.
  SalesPostings(const ShardReader& shard, const SalesQuestion& asked, std::optional<std::size_t> measure);

  // What the cells say, by currency.
  using Totals = std::map<Currency, SalesFigures>;
  // Calls visit(SalesOfRecord, account) for what passes and was posted in the period, if it may be among the rows, whose
  // keys begin with key(). Returns the totals of all that passes.
  using Visit = std::function<void(const SalesOfRecord&, AccountReader&)>;
  Totals for_each(const Rows& rows, const Visit& visit) const;
  static std::string key(Day day, std::int32_t partition, domain::Position at);

  // Whether the figures of a measure that is asked for are not all zero.
  bool shows(std::size_t measure, const SalesFigures& figures) const;
  // The quantity of goods beside a measure, if it has one.
  static std::optional<std::size_t> quantity_beside(std::size_t measure);

 private:
  // Kinds of documents, as bits.
  using Kinds = std::uint32_t;
  // An account that may have sales of documents of these kinds on these days.
  struct Found {
    AccountNumber account = 0;
    Day first = 0;
    Day last = 0;
    Kinds kinds = 0;
    bool issues = true;  // Of invoices those alone that were issued then.
  };
  // What is found of some days.
  struct FoundDays {
    std::vector<Found> found;           // By account and day.
    std::map<Day, std::size_t> counts;  // How many rows a day has at least, where pages were read.

    // The first day by which there are more than `count` rows, from `from` on.
    Day reach(Day from, std::size_t count) const;
  };
  // Days, and of what is told then what is told on one topic, or all.
  struct Span {
    Day first = 0;
    Day last = 0;
    std::optional<log::Topic> topic = {};

    bool holds(const domain::SalesEntry& entry) const {
      return first <= entry.day && entry.day <= last &&
             (!topic || entry.fact->at.topic == static_cast<std::uint8_t>(*topic));
    }
  };

  // Everything, where there are no pages to be read. `totals`: of these days, where they are wanted.
  FoundDays find(Day first, Day last, Totals* totals) const;
  void find_orders(Day first, Day last, FoundDays& days, Totals* totals) const;
  void find_receivables(Day first, Day last, FoundDays& days) const;
  // By what the index says of days: nothing of it is read but orders of which filters keep some out.
  void find_told(Day first, Day last, FoundDays& days) const;
  // Whether one that its cells have of this measure is asked for.
  bool asks(domain::Measure measure) const;
  // Whether orders' cells say more than that they are there.
  bool filters_orders() const;
  // Kinds of documents that post this measure of the ledger, if what they add to sales is asked for.
  Kinds kinds_of(domain::Measure ledger) const;
  // Whether a record of one of these kinds may be among the rows.
  bool may_hold(const Rows& rows, const Found& found) const;
  // Account by account; or place by place, in the order of rows, as far as the page goes.
  void list(const FoundDays& days, Day first, Day last, const Rows& rows, const Visit& visit) const;
  void list_places(FoundDays days, const Rows& rows, const Visit& visit) const;
  void visit_account(AccountNumber id, Kinds kinds, bool issues, const Span& span, const Visit& visit) const;
  // Documents of an account that may have sales of these days.
  std::vector<domain::DocumentRef> documents(AccountReader& account, Kinds kinds, bool issues, const Span& span) const;
  // Those of its invoices that were issued on this day and found by it: nothing where that is not known to be all.
  std::optional<std::vector<domain::DocumentRef>> issued(AccountReader& account, Day day) const;
  void visit_document(AccountReader& account, const domain::DocumentRef& ref, const Span& span,
                      const Visit& visit) const;

  const ShardReader& shard_;
  const SalesQuestion& asked_;
  const SalesReader reader_;
  const SalesQuestion of_any_sku_;
  const std::optional<std::size_t> measure_;
  const Counts counts_;
};

}  // namespace daybook::query
