#include "query/restatement_reader.h"

#include <algorithm>
#include <limits>
#include <string>
#include <utility>

#include "query/document_scan.h"
#include "store/told.h"

namespace daybook::query {
namespace {

using domain::LedgerEntry;
using RestatedBy = std::map<std::pair<domain::Position, Currency>, Restated>;
using VisitRestated = std::function<void(const Restated&, std::string_view)>;

// Adds what a record posts, `sign` times.
void add_restated(const LedgerEntry& entry, int sign, RestatedBy& to) {
  Restated& restated = to[{entry.fact->at, entry.currency}];
  restated.amount += sign * entry.amount;
  // The posting itself says more of the record than its transfers.
  if (restated.fact != nullptr && entry.measure == domain::Measure::kLedgerTransfers) return;
  restated.fact = entry.fact;
  restated.document_id = entry.document_id;
  restated.currency = entry.currency;
  restated.day = entry.day;
}

void visit_restated(const RestatedBy& restated, std::string_view customer, const VisitRestated& visit) {
  for (const auto& [by, one] : restated) {
    if (one.amount != 0) visit(one, customer);
  }
}

bool was_told_between(const domain::Document& document, std::int64_t after_ms, std::int64_t until_ms) {
  return std::ranges::any_of(document.facts, [&](const domain::Fact& fact) {
    return after_ms < fact.recorded_ms && fact.recorded_ms <= until_ms;
  });
}

// Both balances as the shard has them that has read everything, until what was told later is taken away from them.
RestatedBalances balances_of_all(const ShardReader& shard, const Grouping& grouping, Day as_of) {
  RestatedBalances balances;
  shard.receivables(as_of, grouping, grouping.detail(), [&](const ReceivableRow& row, const GroupCursor&) {
    if (row.measure != domain::Measure::kLedgerInvoices) return;
    balances.from[Currency::from_number(row.currency)] += row.amount();
    balances.to[Currency::from_number(row.currency)] += row.amount();
  });
  return balances;
}

// By region, rep and parent, what an account posts hangs together: orders and files say what counts of a document, and
// transfers change sums. So all of it is evaluated.
class OfAccounts {
 public:
  OfAccounts(const ShardReader& shard, const Grouping& grouping, Day as_of, std::int64_t from_ms, std::int64_t to_ms,
             const VisitRestated& visit)
      : shard_(shard), grouping_(grouping), as_of_(as_of), from_ms_(from_ms), to_ms_(to_ms), visit_(visit) {}

  RestatedBalances find() {
    const ShardSnapshot earlier = shard_.known_at(from_ms_);
    const ShardSnapshot later = shard_.known_at(to_ms_);
    const FileChoice file_choice = shard_.question().file_choice;
    for (const store::LabelId id : shard_.accounts()) {
      shard_.go_on();
      AccountReader now(later, id, shard_.rules(), file_choice);
      RestatedBy restated;
      std::map<Currency, Int128> balances;
      add(now, 1, restated, balances);
      for (const auto& [currency, balance] : balances) all_.to[currency] += balance;
      const bool was_told = std::ranges::any_of(now.documents(), [&](const domain::DocumentRef& ref) {
        return was_told_between(now.document(ref), from_ms_, to_ms_);
      });
      if (!was_told) {
        for (const auto& [currency, balance] : balances) all_.from[currency] += balance;
        continue;
      }
      AccountReader before(earlier, id, shard_.rules(), file_choice);
      add(before, -1, restated, all_.from);
      visit_restated(restated, now.name(), visit_);
    }
    return std::move(all_);
  }

 private:
  void add(AccountReader& account, int sign, RestatedBy& to, std::map<Currency, Int128>& balances) const {
    if (!grouping_.passes(account)) return;
    for_each_posting(account, grouping_, [&](const Posting& posting) {
      if (posting.entry.day > as_of_) return;
      balances[posting.entry.currency] += posting.entry.amount;
      add_restated(posting.entry, sign, to);
    });
  }

  const ShardReader& shard_;
  const Grouping& grouping_;
  const Day as_of_;
  const std::int64_t from_ms_;
  const std::int64_t to_ms_;
  const VisitRestated& visit_;
  RestatedBalances all_;
};

// A document as if its account had no other.
class DocumentAlone final : public domain::Account {
 public:
  explicit DocumentAlone(const domain::Document& document) : document_(document) {}
  const domain::Document* document(domain::DocumentRef ref) override {
    return ref == document_.ref ? &document_ : nullptr;
  }

 private:
  const domain::Document& document_;
};

// Over all regions and reps transfers come to nothing, and all else that a document posts it says by itself: those that
// were told something after the earlier instant are evaluated, each alone, and the rest is in the balances of now.
class OfDocuments {
 public:
  OfDocuments(const ShardReader& shard, const Grouping& grouping, Day as_of, std::int64_t from_ms, std::int64_t to_ms,
              const VisitRestated& visit)
      : shard_(shard), grouping_(grouping), as_of_(as_of), from_ms_(from_ms), to_ms_(to_ms), visit_(visit) {}

  RestatedBalances find() {
    all_ = balances_of_all(shard_, grouping_, as_of_);
    for (const store::LabelId id : shard_.accounts()) {
      shard_.go_on();
      const std::string customer(shard_.shard().labels->get(id).customer);
      for_each_document(
          shard_.shard(), id, domain::DocumentKind::kInvoice, domain::DocumentKind::kRefund,
          [&](std::string_view stored) { return store::was_told_after(stored, from_ms_); },
          [&](const domain::Document& document) { add(document, customer); });
    }
    return std::move(all_);
  }

 private:
  void add(const domain::Document& document, std::string_view customer) {
    RestatedBy restated;
    // What came later than either instant counts at none.
    const bool grew = was_told_between(document, to_ms_, std::numeric_limits<std::int64_t>::max());
    if (grew) {
      for_each_entry(document, domain::Known::all(), [&](const LedgerEntry& entry) {
        all_.from[entry.currency] -= entry.amount;
        all_.to[entry.currency] -= entry.amount;
      });
    }
    for_each_entry(document, domain::Known::until(to_ms_), [&](const LedgerEntry& entry) {
      if (grew) {
        all_.to[entry.currency] += entry.amount;
      } else {
        all_.from[entry.currency] -= entry.amount;
      }
      add_restated(entry, 1, restated);
    });
    for_each_entry(document, domain::Known::until(from_ms_), [&](const LedgerEntry& entry) {
      all_.from[entry.currency] += entry.amount;
      add_restated(entry, -1, restated);
    });
    visit_restated(restated, customer, visit_);
  }

  template <typename Visit>
  void for_each_entry(const domain::Document& document, domain::Known known, const Visit& visit) const {
    DocumentAlone alone(document);
    domain::AccountState state(alone, known, shard_.rules());
    domain::for_each_entry(state, document, [&](const LedgerEntry& entry) {
      if (entry.day <= as_of_ && grouping_.passes(entry.currency)) visit(entry);
    });
  }

  const ShardReader& shard_;
  const Grouping& grouping_;
  const Day as_of_;
  const std::int64_t from_ms_;
  const std::int64_t to_ms_;
  const VisitRestated& visit_;
  RestatedBalances all_;
};

}  // namespace

RestatedBalances for_each_restated(const ShardReader& shard, const Grouping& grouping, Day as_of,
                                   std::int64_t known_from_ms, std::int64_t known_to_ms,
                                   const std::function<void(const Restated&, std::string_view)>& visit) {
  if (grouping.needs_accounts()) {
    return OfAccounts(shard, grouping, as_of, known_from_ms, known_to_ms, visit).find();
  }
  // Of an earlier knowledge no balances are kept: they are taken from those of now.
  const ShardReader of_all = shard.of_all_read();
  return OfDocuments(of_all, grouping, as_of, known_from_ms, known_to_ms, visit).find();
}

}  // namespace daybook::query
