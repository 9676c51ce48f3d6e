// What a payment or credit note contributes: unapplied cash, open credits, ledger entries, transfers
// between groups, collected sales.
#include "domain/contribute.h"

namespace daybook::domain {
namespace {

void contribute_unknown(AccountState& account, const Document& document, Contributions& to) {
  const bool is_payment = document.ref.kind == DocumentKind::kPayment;
  const Expect& expect = account.rules().expect;
  MissingReferences lacking;
  std::int64_t waiting = 0;
  for (const Fact& fact : document.facts) {
    if (!account.admits(fact)) continue;
    lacking.add(fact, document.ref.id);
    ++waiting;
    if (const auto* refund = std::get_if<RefundPaid>(&fact.event.payload)) {
      // Cash is in the ledger as soon as it is read; only the link waits.
      contribute_standing_refund(fact, document.ref.id, {{}, {}, refund->value_date}, to);
      Anomaly anomaly = anomaly_about(AnomalyKind::kRefundExceedsUnapplied, document.ref.id, fact);
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
    MissingReferences allocations;
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
    Anomaly mismatch = anomaly_about(AnomalyKind::kCurrencyMismatch, refund.event->refund_id, *refund.fact);
    mismatch.from = refund.event->value_date;
    to.anomaly(mismatch);
    Anomaly exceeds = anomaly_about(AnomalyKind::kRefundExceedsUnapplied, source.ref.id, *source.created);
    exceeds.from = refund.event->value_date;
    to.anomaly(exceeds);
  }
}

void contribute_unapplied(const Source& source, const Attributes& attributes, Contributions& to) {
  struct Change {
    Day day = 0;
    Int128 amount = 0;
  };
  SmallVector<Change, 8> changes;
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
  AnomalyIntervals negative(AnomalyKind::kRefundExceedsUnapplied, source.ref.id, *source.created, to);
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

}  // namespace

void contribute_source(AccountState& account, const Document& document, Contributions& to) {
  const Source* known = account.source(document);
  if (known == nullptr) return contribute_unknown(account, document, to);
  const Source& source = *known;
  const Attributes attributes = account.attributes(source);
  for_each_entry(source, attributes, [&](const LedgerEntry& entry) { post(entry, to); });
  for_each_sales_entry(source, attributes, dimensions_of(account, source),
                       [&](const SalesEntry& entry) { post(entry, to); });
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
