#include "query/restatement_reader.h"

#include <algorithm>
#include <deque>
#include <limits>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "query/document_scan.h"
#include "query/question_memory.h"
#include "query/request.h"
#include "store/keys.h"
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

// By region and rep, what a document posts hangs on others: on the orders that it names and the customer's file, which
// say where it stands, and on the invoices that it settles, where its transfers go. Of each account those are evaluated
// that were told something after the earlier instant, and those that hang on them; the rest is in the balances of now.
class OfDependents {
 public:
  // `shard`: with all that it has read.
  OfDependents(const ShardReader& shard, const Grouping& grouping, Day as_of, std::int64_t from_ms, std::int64_t to_ms,
               const VisitRestated& visit)
      : shard_(shard),
        earlier_(shard.known_at(from_ms)),
        later_(shard.known_at(to_ms)),
        grouping_(grouping),
        as_of_(as_of),
        from_ms_(from_ms),
        to_ms_(to_ms),
        visit_(visit) {}

  RestatedBalances find() {
    all_ = balances_of_all(shard_, grouping_, as_of_);
    find_waited();
    for (const store::LabelId id : shard_.accounts()) {
      shard_.go_on();
      AccountReader now = shard_.account(id);
      const Told told = told_of(now);
      if (!told.documents.empty()) add(now, told);
    }
    return std::move(all_);
  }

 private:
  // What was told something after the earlier instant, or hangs on that; and whether something was after the later.
  struct Told {
    std::set<domain::DocumentRef> documents;
    std::deque<std::string> ids;  // Which they point to, where not to the account.
    bool is_later = false;
  };
  struct Waited {
    store::LabelId account = 0;
    std::string invoice_id;
  };

  Told told_of(AccountReader& now) const {
    Told told;
    const auto is_told = [&](std::string_view stored) {
      if (!store::was_told_after(stored, from_ms_)) return false;
      told.is_later |= store::was_told_after(stored, to_ms_);
      return true;
    };
    const store::DocumentKey file{now.id(), {domain::DocumentKind::kCustomer, {}}};
    const auto stored = value_or_refuse(shard_.shard().reads->get(store::Table::kDocuments, file.bytes()));
    const bool is_file_told = stored && is_told(*stored);
    for_each_stored_document(shard_.shard(), now.id(), domain::DocumentKind::kInvoice, domain::DocumentKind::kRefund,
                             [&](domain::DocumentRef ref, std::string_view bytes) {
                               if (is_told(bytes) || is_file_told)
                                 told.documents.insert({ref.kind, told.ids.emplace_back(ref.id)});
                             });
    add_of_orders(now, told);
    if (!is_file_told) add_naming(now, told);
    return told;
  }

  // Invoices that name an order of which it was not known before that it was placed.
  void add_of_orders(AccountReader& now, Told& told) const {
    const auto take = [&](std::string_view id) {
      const domain::Invoice* invoice = now.account().invoice(id);
      if (invoice == nullptr) return;
      for (const domain::Order* order : invoice->orders) {
        const std::int64_t placed_ms = order->placed_fact->recorded_ms;
        if (placed_ms <= from_ms_) continue;
        told.documents.insert({domain::DocumentKind::kInvoice, told.ids.emplace_back(id)});
        told.is_later |= placed_ms > to_ms_;
      }
    };
    if (shard_.rules().expect.orders) {
      const auto [first, last] = std::ranges::equal_range(waited_, now.id(), {}, &Waited::account);
      for (auto at = first; at != last; ++at) take(at->invoice_id);
      return;
    }
    for_each_document(
        shard_.shard(), now.id(), domain::DocumentKind::kOrder, domain::DocumentKind::kOrder,
        [&](std::string_view bytes) { return store::was_told_after(bytes, from_ms_); },
        [&](const domain::Document& order) {
          for (const domain::DocumentRef& link : order.links) {
            if (link.kind == domain::DocumentKind::kInvoice) take(link.id);
          }
        });
  }

  // An invoice that was told before an order that it names waits for it, where orders are expected: it is kept which did.
  void find_waited() {
    if (!shard_.rules().expect.orders) return;
    const auto only = shard_.only();
    std::string prefix(1, store::kWaitedPrefix);
    if (only) prefix += store::DocumentKey::prefix(*only, domain::DocumentKind::kInvoice);
    const auto take = [&](std::string_view key, std::string_view) -> Result<store::StoreReader::Next> {
      ASSIGN_OR_RETURN(const store::WaitedKey waited, store::WaitedKey::parse(key));
      const auto& [account, ref] = waited.document;
      if (ref.kind == domain::DocumentKind::kInvoice) {
        memory_.add(sizeof(Waited) + ref.id.size());
        waited_.push_back({account, std::string(ref.id)});
      }
      return store::StoreReader::Next::kGoOn;
    };
    const auto scanned = shard_.shard().reads->scan(store::Table::kMeta, prefix, "", take);
    if (!scanned) refuse(scanned.error());
  }

  // Credit notes that stand where their invoice does, and what is settled by payments and credit notes.
  static void add_naming(AccountReader& now, Told& told) {
    std::vector<domain::DocumentRef> naming;
    for (const domain::DocumentRef& ref : told.documents) {
      if (ref.kind != domain::DocumentKind::kInvoice) continue;
      for (const domain::DocumentRef& link : now.document(ref).links) {
        if (domain::is_receivable(link.kind)) naming.push_back(link);
      }
    }
    told.documents.insert(naming.begin(), naming.end());
  }

  void add(AccountReader& now, const Told& told) {
    const FileChoice file_choice = shard_.question().file_choice;
    AccountReader later(later_, now.id(), shard_.rules(), file_choice);
    AccountReader earlier(earlier_, now.id(), shard_.rules(), file_choice);
    RestatedBy restated;
    if (told.is_later) {
      for_each_of(now, told, [&](const LedgerEntry& entry) {
        all_.from[entry.currency] -= entry.amount;
        all_.to[entry.currency] -= entry.amount;
      });
    }
    for_each_of(later, told, [&](const LedgerEntry& entry) {
      if (told.is_later) {
        all_.to[entry.currency] += entry.amount;
      } else {
        all_.from[entry.currency] -= entry.amount;
      }
      add_restated(entry, 1, restated);
    });
    for_each_of(earlier, told, [&](const LedgerEntry& entry) {
      all_.from[entry.currency] += entry.amount;
      add_restated(entry, -1, restated);
    });
    visit_restated(restated, now.name(), visit_);
  }

  // What they post by then, and passes.
  template <typename Visit>
  void for_each_of(AccountReader& account, const Told& told, const Visit& visit) const {
    for (const domain::DocumentRef& ref : told.documents) {
      for_each_posting(account, ref, grouping_, [&](const Posting& posting) {
        if (posting.entry.day <= as_of_) visit(posting.entry);
      });
    }
  }

  const ShardReader& shard_;
  const ShardSnapshot earlier_;
  const ShardSnapshot later_;
  const Grouping& grouping_;
  const Day as_of_;
  const std::int64_t from_ms_;
  const std::int64_t to_ms_;
  const VisitRestated& visit_;
  RestatedBalances all_;
  std::vector<Waited> waited_;  // By account.
  TakenMemory memory_;
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
  // Of an earlier knowledge no balances are kept.
  const ShardReader of_all = shard.of_all_read();
  if (grouping.needs_attributes()) {
    return OfDependents(of_all, grouping, as_of, known_from_ms, known_to_ms, visit).find();
  }
  return OfDocuments(of_all, grouping, as_of, known_from_ms, known_to_ms, visit).find();
}

}  // namespace daybook::query
