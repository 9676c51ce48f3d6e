// What a payment or credit note contributes: unapplied cash, open credits, ledger entries, transfers
// between groups, collected sales.
#include "domain/contribute.h"

namespace daybook::domain {
namespace {

// A credit note has those of the invoice that it names; cash has none of its own.
Dimensions dimensions_of(AccountState& account, const Source& source) {
  if (source.credit_note == nullptr || source.credit_note->invoice_id.empty()) return {};
  const Invoice* invoice = account.invoice(source.credit_note->invoice_id);
  return invoice == nullptr ? Dimensions{} : domain::dimensions_of(*invoice);
}

void contribute_unknown(AccountState& account, const Document& document, Contributions& to) {
  const bool is_payment = document.ref.kind == DocumentKind::kPayment;
  const Expect& expect = account.rules().expect;
  Lacking lacking;
  std::int64_t waiting = 0;
  for (const Fact& fact : document.facts) {
    if (!account.admits(fact)) continue;
    lacking.add(fact, document.ref.id);
    ++waiting;
    if (const auto* refund = std::get_if<RefundPaid>(&fact.event.payload)) {
      // Cash is in the ledger as soon as it is read; only the link waits.
      contribute_standing_refund(fact, document.ref.id, {{}, {}, refund->value_date}, to);
      Anomaly anomaly =
          anomaly_about(AnomalyKind::kRefundExceedsUnapplied, document.ref.id, fact);
      anomaly.from = refund->value_date;
      to.anomaly(anomaly);
    }
  }
  if (!(is_payment ? expect.payments : expect.invoices)) return;
  lacking.report(is_payment ? AnomalyKind::kUnknownPayment : AnomalyKind::kUnknownCreditNote, to);
  wait(to, waiting);
}

void contribute_waiting(AccountState& account, const Document& document, const Source& source, Contributions& to) {
  const Expect& expect = account.rules().expect;
  bool waited = told_before(account, document, *source.created);
  for (const Item& item : source.items) {
    waited = waited || (item.invoice != nullptr && is_later(*item.invoice->issued_fact, *item.fact)) ||
             (item.unallocated != nullptr && is_later(*item.fact, *item.unallocated));
  }
  if (waited) to.waited();
  std::int64_t waiting = 0;
  if (expect.invoices) {
    const Fact* last = nullptr;
    for (const Item& item : source.items) {
      if (item.state != ItemState::kWaiting || item.fact == last) continue;
      last = item.fact;  // The items of one record stand together.
      ++waiting;
    }
  }
  if (expect.payments) {
    Lacking allocations;
    for (const auto& [fact, id] : source.waiting) allocations.add(*fact, id);
    allocations.report(AnomalyKind::kUnknownAllocation, to);
    waiting += static_cast<std::int64_t>(source.waiting.size());
  }
  wait(to, waiting);
}

void contribute_item_anomalies(const Source& source, Contributions& to) {
  for (const Item& item : source.items) {
    AnomalyKind kind;
    if (item.state == ItemState::kCounts && item.before_invoice) {
      Anomaly anomaly = anomaly_about(AnomalyKind::kPaymentBeforeInvoice, source.ref.id, *item.fact);
      anomaly.from = item.from;
      to.anomaly(anomaly);
      continue;
    }
    if (item.state == ItemState::kCurrencyMismatch) {
      kind = AnomalyKind::kCurrencyMismatch;
    } else if (item.state == ItemState::kDoesNotFit) {
      kind = AnomalyKind::kAllocationExceedsPayment;
    } else {
      continue;
    }
    Anomaly anomaly = anomaly_about(kind, item.allocation_id, *item.fact);
    anomaly.from = item.from;
    to.anomaly(anomaly);
  }
}

void contribute_refunds(const Source& source, const Attributes& attributes, Contributions& to) {
  for (const Refund& refund : source.refunds) {
    if (refund.in_sequence) continue;
    contribute_standing_unapplied(*refund.event, attributes, to);
    Anomaly mismatch =
        anomaly_about(AnomalyKind::kCurrencyMismatch, refund.event->refund_id, *refund.fact);
    mismatch.from = refund.event->value_date;
    to.anomaly(mismatch);
    Anomaly exceeds =
        anomaly_about(AnomalyKind::kRefundExceedsUnapplied, source.ref.id, *source.created);
    exceeds.from = refund.event->value_date;
    to.anomaly(exceeds);
  }
}

void contribute_unapplied(const Source& source, const Attributes& attributes, Contributions& to) {
  struct Change {
    Day day = 0;
    Int128 amount = 0;
  };
  Few<Change, 8> changes;
  changes.push_back({source.day, source.amount});
  if (source.ended_day != kNever) changes.push_back({source.ended_day, -source.amount});
  for (const Item& item : source.items) {
    if (item.state != ItemState::kCounts) continue;
    item.for_each_movement([&](Day day, Int128 amount) { changes.push_back({day, -amount}); });
  }
  for (const Refund& refund : source.refunds) {
    if (refund.in_sequence) changes.push_back({refund.event->value_date, -Int128(refund.event->amount_minor)});
  }
  std::ranges::sort(changes, {}, &Change::day);
  const Measure measure = source.payment != nullptr ? Measure::kUnapplied : Measure::kOpenCredits;
  Int128 before = 0;
  Stretches negative(AnomalyKind::kRefundExceedsUnapplied, source.ref.id, *source.created, to);
  for (auto change = changes.begin(); change != changes.end();) {
    const Day day = change->day;
    Int128 now = before;
    for (; change != changes.end() && change->day == day; ++change) now += change->amount;
    if (now == before) continue;
    to.cell({measure, source.currency, attributes, {}, 0, 0, day},
            {now - before, Int128(now != 0) - Int128(before != 0)});
    negative.holds(day, now < 0);
    before = now;
  }
}

// What a payment brought and what was paid back, by group: as long as an application holds, its part stands with
// its invoice, and what refunds took back of it likewise, negative; the rest with the source.
class Collected {
 public:
  Collected(const Source& source, const Attributes& attributes, const Dimensions& dimensions, Contributions& to)
      : source_(source), attributes_(attributes), dimensions_(dimensions), to_(to) {}

  void contribute() {
    if (source_.payment != nullptr) {
      collect(source_.day, source_.day, source_.amount);
      if (source_.ended_day != kNever) collect(source_.ended_day, source_.ended_day, -source_.amount);
    }
    for (const Refund& refund : source_.refunds) {
      const Day day = refund.event->value_date;
      to_.cell({Measure::kCollected, refund.event->currency, attributes_, dimensions_, day, 0, day},
               {-Int128(refund.event->amount_minor), 0});
    }
    for (const Item& item : source_.items) {
      if (item.state == ItemState::kCounts) move(item);
    }
  }

 private:
  void collect(Day posted, Day counts_from, Int128 amount) {
    to_.cell({Measure::kCollected, source_.currency, attributes_, dimensions_, posted, 0, counts_from}, {amount, 0});
  }

  void move(const Item& item) {
    const Attributes& to_attributes = item.invoice->attributes;
    const Dimensions to_dimensions = dimensions_of(*item.invoice);
    if (to_attributes == attributes_ && to_dimensions == dimensions_) return;
    const auto move = [&](Day posted, Day counts_from, Int128 amount) {
      collect(posted, counts_from, -amount);
      to_.cell({Measure::kCollected, source_.currency, to_attributes, to_dimensions, posted, 0, counts_from},
               {amount, 0});
    };
    // Until it is split no longer.
    const auto split = [&](Day posted, Day from, Int128 amount) {
      move(posted, from, amount);
      if (item.split_until != kNever) move(posted, item.split_until, -amount);
    };
    if (source_.payment != nullptr) {
      split(source_.day, item.from, item.amount);
      const Day reversed = source_.ended_day;
      if (reversed != kNever && item.split_until == kNever) move(reversed, reversed, -Int128(item.amount));
    }
    for (const Taking& taking : item.taken_back) split(taking.day, taking.day, -taking.amount);
  }

  const Source& source_;
  const Attributes& attributes_;
  const Dimensions& dimensions_;
  Contributions& to_;
};

// What a credit note takes off the sales, and its void gives back.
void contribute_credited(const Source& note, const Attributes& attributes, const Dimensions& dimensions,
                         Contributions& to) {
  const auto sell = [&](Day day, Int128 amount) {
    to.cell({Measure::kInvoiced, note.currency, attributes, dimensions, day, 0, day}, {amount, 0});
  };
  sell(note.day, -Int128(note.credit_note->net_minor));
  if (note.ended_day != kNever) sell(note.ended_day, note.credit_note->net_minor);
}

}  // namespace

void contribute_source(AccountState& account, const Document& document, Contributions& to) {
  const Source* known = account.source(document);
  if (known == nullptr) return contribute_unknown(account, document, to);
  const Source& source = *known;
  const Attributes attributes = account.attributes(source);
  for_each_entry(source, attributes, [&](const LedgerEntry& entry) { post(entry, to); });
  const Dimensions dimensions = dimensions_of(account, source);
  if (source.credit_note != nullptr) contribute_credited(source, attributes, dimensions, to);
  Collected(source, attributes, dimensions, to).contribute();
  contribute_waiting(account, document, source, to);
  contribute_item_anomalies(source, to);
  contribute_refunds(source, attributes, to);
  contribute_unapplied(source, attributes, to);
  for (const Item& item : source.items) {
    if (item.state != ItemState::kCounts) continue;
    for_each_transfer(source, item, attributes, item.invoice->attributes,
                      [&](const LedgerEntry& entry) { post(entry, to); });
  }
}

}  // namespace daybook::domain
