// What a payment or credit note contributes: unapplied cash, open credits, ledger entries, transfers
// between groups, collected sales.
#include "domain/contribute.h"

namespace daybook::domain {
namespace {

void contribute_unknown(Picture& picture, const Document& document, Contributions& to) {
  const bool is_payment = document.ref.kind == DocumentKind::kPayment;
  const Expect& expect = picture.rules().expect;
  Lacking lacking;
  std::int64_t waiting = 0;
  for (const Fact& fact : document.facts) {
    if (!picture.admits(fact)) continue;
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

void contribute_waiting(Picture& picture, const Document& document, const Source& source, Contributions& to) {
  const Expect& expect = picture.rules().expect;
  bool waited = told_before(picture, document, *source.created);
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
    if (refund.in_sequence) {
      contribute_refund_collected(*refund.event, attributes, to);
      continue;
    }
    contribute_standing_unapplied(*refund.event, attributes, to);
    contribute_refund_collected(*refund.event, attributes, to);
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
  Breakpoints breakpoints;
  breakpoints.add(source.day);
  breakpoints.add(source.reversed_day);
  for (const Item& item : source.items) {
    if (item.state != ItemState::kCounts) continue;
    breakpoints.add(item.from);
    breakpoints.add(item.until);
  }
  for (const Refund& refund : source.refunds) {
    if (refund.in_sequence) breakpoints.add(refund.event->value_date);
  }
  const Measure measure = source.payment != nullptr ? Measure::kUnapplied : Measure::kOpenCredits;
  Int128 before = 0;
  Stretches negative(AnomalyKind::kRefundExceedsUnapplied, source.ref.id, *source.created, to);
  for (const Day day : breakpoints.sorted()) {
    const Int128 now = source.unapplied(day);
    if (now == before) continue;
    to.cell({measure, source.currency, attributes, {}, 0, 0, day},
            {now - before, Int128(now != 0) - Int128(before != 0)});
    negative.holds(day, now < 0);
    before = now;
  }
}

// What a payment brought, by group: when an application takes effect its amount moves from the payment's group to
// the invoice's, and back when it ends.
void contribute_collected(const Source& source, const Attributes& attributes, Contributions& to) {
  const auto collect = [&](const Attributes& group, const Dimensions& dimensions, Day posted, Day counts_from,
                           Int128 amount) {
    to.cell({Measure::kCollected, source.currency, group, dimensions, posted, 0, counts_from}, {amount, 0});
  };
  Int128 not_moved = source.amount;  // On the payment's own day.
  for (const Item& item : source.items) {
    if (item.state != ItemState::kCounts) continue;
    const Attributes& to_attributes = item.invoice->attributes;
    const Dimensions dimensions = dimensions_of(*item.invoice);
    if (to_attributes == attributes && dimensions == Dimensions{}) continue;
    const auto move = [&](Day posted, Day counts_from, Int128 amount) {
      collect(attributes, {}, posted, counts_from, -amount);
      collect(to_attributes, dimensions, posted, counts_from, amount);
    };
    if (item.from == source.day) {
      not_moved -= item.amount;
      collect(to_attributes, dimensions, source.day, source.day, item.amount);
    } else {
      move(source.day, item.from, item.amount);
    }
    if (item.ended_by_reversal) {
      move(source.reversed_day, source.reversed_day, -Int128(item.amount));
    } else if (item.until != kNever) {
      move(source.day, item.until, -Int128(item.amount));
    }
  }
  collect(attributes, {}, source.day, source.day, not_moved);
  if (source.reversed_day != kNever) {
    collect(attributes, {}, source.reversed_day, source.reversed_day, -source.amount);
  }
}

}  // namespace

void contribute_source(Picture& picture, const Document& document, Contributions& to) {
  const Source* known = picture.source(document);
  if (known == nullptr) return contribute_unknown(picture, document, to);
  const Source& source = *known;
  const Attributes attributes = picture.attributes(source);
  for_each_entry(source, attributes, [&](const LedgerEntry& entry) { post(entry, to); });
  if (source.payment != nullptr) {
    contribute_collected(source, attributes, to);
  } else {
    const Invoice* invoice = picture.invoice(source.credit_note->invoice_id);
    const Dimensions dimensions = invoice ? dimensions_of(*invoice) : Dimensions{};
    to.cell({Measure::kInvoiced, source.currency, attributes, dimensions, source.day, 0, source.day},
            {-Int128(source.credit_note->net_minor), 0});
  }
  contribute_waiting(picture, document, source, to);
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
