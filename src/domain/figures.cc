#include "domain/figures.h"

#include <algorithm>
#include <array>

#include "domain/contribute.h"

namespace daybook::domain {

std::string_view anomaly_name(AnomalyKind kind) {
  static constexpr std::array<std::string_view, kAnomalyKindCount> kNames = {"allocation_exceeds_payment",
                                                                             "conflicting_repeat",
                                                                             "currency_mismatch",
                                                                             "over_applied",
                                                                             "recovery_exceeds_write_off",
                                                                             "refund_exceeds_unapplied",
                                                                             "unknown_allocation",
                                                                             "unknown_credit_note",
                                                                             "unknown_dispute",
                                                                             "unknown_invoice",
                                                                             "unknown_order",
                                                                             "unknown_payment",
                                                                             "unknown_promise",
                                                                             "unknown_shipment",
                                                                             "unknown_write_off",
                                                                             "payment_before_invoice",
                                                                             "invoiced_over_ordered",
                                                                             "shipped_over_ordered",
                                                                             "returned_over_dispatched",
                                                                             "delivered_not_invoiced",
                                                                             "shipped_without_proof_of_delivery",
                                                                             "invoice_not_received",
                                                                             "milestones_out_of_order",
                                                                             "over_credit_limit",
                                                                             "missing_rate"};
  return kNames[static_cast<std::size_t>(kind) - 1];
}

void post(const LedgerEntry& entry, Contributions& to) {
  to.cell({entry.measure, entry.currency, entry.attributes, {}, entry.day, 0, entry.day}, {entry.amount, 1});
}

void post(const SalesEntry& entry, Contributions& to) {
  to.cell({entry.measure, entry.currency, entry.attributes, entry.dimensions, entry.day, 0, entry.counts_from},
          entry.value);
}

Anomaly anomaly_about(AnomalyKind kind, std::string_view document_id, const Fact& fact) {
  return {.kind = kind,
          .document_id = document_id,
          .at = fact.at,
          .recorded_ms = fact.recorded_ms,
          .event_id = fact.event.event_id,
          .occurred_at = fact.event.occurred_at,
          .type = static_cast<std::uint8_t>(fact.event.payload.index()),
          .from = std::numeric_limits<Day>::min(),
          .until = kNever,
          .detail = {},
          .while_overdrawn = {}};
}

void AnomalyIntervals::report(Day until) {
  Anomaly anomaly = anomaly_about(kind_, document_id_, fact_);
  anomaly.from = since_;
  anomaly.until = until;
  to_.anomaly(anomaly);
}

void MissingReferences::report(AnomalyKind kind, Contributions& to) {
  std::ranges::sort(lacked_, {}, [](const auto& lacked) { return std::pair(lacked.first, lacked.second->at); });
  const auto is_same = [](const auto& a, const auto& b) { return a.first == b.first; };
  lacked_.erase(std::unique(lacked_.begin(), lacked_.end(), is_same), lacked_.end());
  for (const auto& [id, first] : lacked_) to.anomaly(anomaly_about(kind, id, *first));
}

namespace {

void contribute_conflicts(AccountState& account, const Document& document, Contributions& to) {
  for (const Conflict& conflict : document.conflicts) {
    if (!account.admits(conflict)) continue;
    const std::string_view id = document.ref.id;
    to.anomaly({.kind = AnomalyKind::kConflictingRepeat,
                .document_id = id,
                .at = conflict.at,
                .recorded_ms = conflict.recorded_ms,
                .event_id = conflict.event_id,
                .occurred_at = conflict.occurred_at,
                .type = conflict.type,
                .from = std::numeric_limits<Day>::min(),
                .until = kNever,
                .detail = conflict.detail,
                .while_overdrawn = {}});
  }
}

// A refund that names neither payment nor credit note.
void contribute_refund(AccountState& account, const Document& document, Contributions& to) {
  for (const Fact& fact : document.facts) {
    if (!account.admits(fact)) continue;
    const auto& refund = std::get<RefundPaid>(fact.event.payload);
    contribute_standing_refund(fact, document.ref.id, {{}, {}, refund.value_date}, to);
    Anomaly anomaly = anomaly_about(AnomalyKind::kRefundExceedsUnapplied, document.ref.id, fact);
    anomaly.from = refund.value_date;
    anomaly.while_overdrawn = refund.currency;
    to.anomaly(anomaly);
  }
}

void contribute_promise(AccountState& account, const Document& document, Contributions& to) {
  const Expect& expect = account.rules().expect;
  const Fact* made = nullptr;
  std::vector<const Fact*> withdrawn;
  for (const Fact& fact : document.facts) {
    if (!account.admits(fact)) continue;
    if (std::holds_alternative<PromiseMade>(fact.event.payload)) {
      made = &fact;
    } else {
      withdrawn.push_back(&fact);
    }
  }
  if (made == nullptr) {
    if (!expect.payments) return;
    MissingReferences lacking;
    for (const Fact* fact : withdrawn) lacking.add(*fact, document.ref.id);
    lacking.report(AnomalyKind::kUnknownPromise, to);
    wait(to, static_cast<std::int64_t>(withdrawn.size()));
    return;
  }
  bool lacks = false;
  bool waited = std::ranges::any_of(withdrawn, [&](const Fact* fact) { return is_later(*made, *fact); });
  for (const auto& id : std::get<PromiseMade>(made->event.payload).invoice_ids) {
    const Invoice* invoice = account.invoice(id);
    if (invoice == nullptr) lacks = true;
    if (invoice != nullptr && is_later(*invoice->issued_fact, *made)) waited = true;
  }
  if (lacks && expect.invoices) wait(to, 1);
  if (waited) to.waited();
}

}  // namespace

void contribute_standing_refund(const Fact& fact, std::string_view document_id, const Attributes& attributes,
                                Contributions& to) {
  const auto& refund = std::get<RefundPaid>(fact.event.payload);
  contribute_standing_unapplied(refund, attributes, to);
  for_each_sales_entry(fact, document_id, attributes, {}, [&](const SalesEntry& entry) { post(entry, to); });
  for_each_entry(fact, document_id, attributes, [&](const LedgerEntry& entry) { post(entry, to); });
}

void contribute_standing_unapplied(const RefundPaid& refund, const Attributes& attributes, Contributions& to) {
  to.cell({Measure::kUnapplied, refund.currency, attributes, {}, 0, 0, refund.value_date},
          {-Int128(refund.amount_minor), 1});
}

void contribute(AccountState& account, const Document& document, Contributions& to, Extent extent) {
  contribute_conflicts(account, document, to);
  switch (document.ref.kind) {
    case DocumentKind::kOrder: return contribute_order(account, document, to, extent);
    case DocumentKind::kInvoice: return contribute_invoice(account, document, to, extent);
    case DocumentKind::kCreditNote:
    case DocumentKind::kPayment: return contribute_source(account, document, to);
    case DocumentKind::kRefund: return contribute_refund(account, document, to);
    case DocumentKind::kPromise: return contribute_promise(account, document, to);
    case DocumentKind::kCustomer:
    case DocumentKind::kTarget:
    case DocumentKind::kRate: return;
  }
}

namespace {

// What others' facts change.
constexpr Extent kReached{.own = false, .sales = false, .credit = false};
constexpr Extent kCreditToo{.own = false, .sales = false, .credit = true};

// Sales and credit are made of what was ordered, dispatched and returned.
bool moves_goods(const Payload& payload) {
  return !std::holds_alternative<OrderConfirmed>(payload) && !std::holds_alternative<OrderReady>(payload) &&
         !std::holds_alternative<OrderDelayed>(payload) && !std::holds_alternative<ShipmentDelivered>(payload);
}

// What a document's own fresh facts change.
Extent extent_of_change(const Document& document) {
  Extent extent = kReached;
  for (const Fact& fact : document.facts) {
    if (!fact.fresh) continue;
    extent.own = true;
    if (moves_goods(fact.event.payload)) return {};
  }
  return extent;
}

// Whether fresh facts may change the value of what remains; a cancellation asks what had been dispatched
// and not come back to be resent.
bool changes_value(const Document& order) {
  bool moved = false;
  bool cancelled = false;
  for (const Fact& fact : order.facts) {
    const Payload& payload = fact.event.payload;
    cancelled |= std::holds_alternative<OrderCancelled>(payload);
    if (!fact.fresh) continue;
    if (std::holds_alternative<OrderPlaced>(payload) || std::holds_alternative<OrderChanged>(payload) ||
        std::holds_alternative<OrderCancelled>(payload)) {
      return true;
    }
    const auto* returned = std::get_if<ShipmentReturned>(&payload);
    moved |= std::holds_alternative<ShipmentDispatched>(payload) || (returned != nullptr && returned->to_be_resent);
  }
  return moved && cancelled;
}

class Dependents {
 public:
  Dependents(AccountState& account, const std::function<void(const Document&, Extent)>& visit)
      : account_(account), visit_(visit) {}

  void one(DocumentRef ref, Extent extent = kReached) {
    if (const Document* document = account_.document(ref)) visit_(*document, extent);
  }

  // It, and the orders it names.
  void invoice(const Document& document, Extent extent = kReached) {
    visit_(document, extent);
    const Invoice* known = account_.invoice(document);
    if (known == nullptr) return;
    for (const auto& id : known->issued->order_ids) one({DocumentKind::kOrder, id}, extent);
  }

  // Orders among which invoices are split with this one.
  void sharing_invoices(const Document& order) {
    for (const DocumentRef& link : order.links) {
      const Invoice* naming = account_.invoice(link.id);
      if (naming == nullptr || naming->issued->order_ids.size() < 2) continue;
      for (const auto& id : naming->issued->order_ids) one({DocumentKind::kOrder, id}, kCreditToo);
    }
  }

  // It, the invoices of its items, and the orders of those. A credit note lowers what they count as invoiced ahead.
  void source(const Document& document) {
    visit_(document, {});
    const bool credits = std::ranges::any_of(document.facts, [](const Fact& fact) {
      return fact.fresh && (std::holds_alternative<CreditNoteIssued>(fact.event.payload) ||
                            std::holds_alternative<CreditNoteVoided>(fact.event.payload));
    });
    SmallVector<std::string_view, 4> invoices;
    for (const Fact& fact : document.facts) {
      for_each_reference(fact.event.payload, [&](DocumentRef named) {
        if (named.kind == DocumentKind::kInvoice) invoices.push_back(named.id);
      });
    }
    // Each may be named by many records, and name many orders itself.
    std::ranges::sort(invoices);
    invoices.erase(std::unique(invoices.begin(), invoices.end()), invoices.end());
    for (const std::string_view id : invoices) {
      if (const Document* found = account_.document({DocumentKind::kInvoice, id}))
        invoice(*found, credits ? kCreditToo : kReached);
    }
  }

  // Everything that names the invoice.
  void naming_invoice(const Document& document) {
    for (const DocumentRef& link : document.links) {
      const Document* naming = account_.document(link);
      if (naming == nullptr) continue;
      if (link.kind == DocumentKind::kPromise) {
        visit_(*naming, {});
      } else {
        source(*naming);
      }
    }
  }

 private:
  AccountState& account_;
  const std::function<void(const Document&, Extent)>& visit_;
};

}  // namespace

void for_each_dependent(AccountState& account, const Document& document,
                        const std::function<void(const Document&, Extent)>& visit) {
  Dependents dependents(account, visit);
  const auto told_anew = [&](auto&& is_such) {
    return std::ranges::any_of(document.facts,
                               [&](const Fact& fact) { return fact.fresh && is_such(fact.event.payload); });
  };
  visit(document, extent_of_change(document));
  switch (document.ref.kind) {
    case DocumentKind::kOrder:
      if (!document.links.empty() && changes_value(document)) dependents.sharing_invoices(document);
      // Its attributes are those of invoices that name it, and so of what is applied to them.
      if (!told_anew([](const Payload& p) { return std::holds_alternative<OrderPlaced>(p); })) return;
      for (const DocumentRef& link : document.links) {
        const Document* naming = account.document(link);
        if (naming == nullptr) continue;
        visit(*naming, {});
        dependents.naming_invoice(*naming);
      }
      return;
    case DocumentKind::kInvoice:
      if (told_anew([](const Payload& p) {
            return std::holds_alternative<InvoiceIssued>(p) || std::holds_alternative<InvoiceVoided>(p);
          })) {
        dependents.invoice(document, kCreditToo);
        dependents.naming_invoice(document);
      } else if (told_anew([](const Payload& p) {
                   return std::holds_alternative<InvoiceWrittenOff>(p) || std::holds_alternative<WriteOffRecovered>(p);
                 })) {
        dependents.invoice(document);
      }
      return;
    case DocumentKind::kCreditNote:
    case DocumentKind::kPayment: return dependents.source(document);
    case DocumentKind::kPromise:
      for (const Fact& fact : document.facts) {
        for_each_reference(fact.event.payload, [&](DocumentRef named) { dependents.one(named); });
      }
      return;
    case DocumentKind::kCustomer:
    case DocumentKind::kRefund:
    case DocumentKind::kTarget:
    case DocumentKind::kRate: return;
  }
}

}  // namespace daybook::domain
