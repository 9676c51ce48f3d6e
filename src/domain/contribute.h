// Inside the domain: what each kind of document contributes (figures.h), one file a kind.
#pragma once

#include <algorithm>
#include <vector>

#include "domain/breakpoints.h"
#include "domain/event_types.h"
#include "domain/figures.h"
#include "domain/ledger.h"
#include "domain/sales.h"

namespace daybook::domain {

// Cells and anomalies of credit.h.
void contribute_credit(AccountState& account, const Order& order, Contributions& to);
void contribute_order(AccountState& account, const Document& document, Contributions& to, Extent extent);
void contribute_invoice(AccountState& account, const Document& document, Contributions& to, Extent extent);
void contribute_source(AccountState& account, const Document& document, Contributions& to);

// All that a refund comes to that has no source, or one that is not known.
void contribute_standing_refund(const Fact& fact, std::string_view document_id, const Attributes& attributes,
                                Contributions& to);
// Of it: negative unapplied cash, outside any source's sequence.
void contribute_standing_unapplied(const RefundPaid& refund, const Attributes& attributes, Contributions& to);

// Records that wait now.
inline void wait(Contributions& to, std::int64_t records) {
  if (records == 0) return;
  to.waiting(records);
  to.waited();
}
// Whether `named` was recorded after `fact`, which refers to it, so that this one waited.
inline bool is_later(const Fact& named, const Fact& fact) { return named.recorded_ms > fact.recorded_ms; }
// Whether a document was told something before it was created.
inline bool told_before(const AccountState& account, const Document& document, const Fact& created) {
  return std::ranges::any_of(document.facts,
                             [&](const Fact& fact) { return account.admits(fact) && is_later(created, fact); });
}

// The cell of an entry.
void post(const LedgerEntry& entry, Contributions& to);
void post(const SalesEntry& entry, Contributions& to);

Anomaly anomaly_about(AnomalyKind kind, std::string_view document_id, const Fact& fact);

// An anomaly that comes and goes: one for each stretch of days on which it holds.
class AnomalyIntervals {
 public:
  AnomalyIntervals(AnomalyKind kind, std::string_view document_id, const Fact& fact, Contributions& to)
      : kind_(kind), document_id_(document_id), fact_(fact), to_(to) {}
  // The last stretch has no end.
  ~AnomalyIntervals() { holds(kNever, false); }
  AnomalyIntervals(const AnomalyIntervals&) = delete;
  AnomalyIntervals& operator=(const AnomalyIntervals&) = delete;

  // Whether it holds from this day on; days rise.
  void holds(Day day, bool now) {
    if (now == (since_ != kNever)) return;
    if (!now) report(day);
    since_ = now ? day : kNever;
  }

 private:
  void report(Day until);

  AnomalyKind kind_;
  std::string_view document_id_;
  const Fact& fact_;
  Contributions& to_;
  Day since_ = kNever;
};

// Records that lack something, by what they lack: an anomaly for each missing id, at the first record
// that lacks it.
class MissingReferences {
 public:
  void add(const Fact& fact, std::string_view id) { lacked_.emplace_back(id, &fact); }
  // Once.
  void report(AnomalyKind kind, Contributions& to);

 private:
  SmallVector<std::pair<std::string_view, const Fact*>, 2> lacked_;
};

}  // namespace daybook::domain
