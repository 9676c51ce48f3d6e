// The ledger: entries of a customer with an effective day and a signed amount (docs/figures.md, "Ledger").
// Cells, statements and lists of entries are all made of these.
#pragma once

#include <algorithm>

#include "domain/figures.h"

namespace daybook::domain {

struct LedgerEntry {
  Measure measure{};  // kLedger…
  // The record that it comes from; that of a transfer holds the allocation. It belongs to the account.
  const Fact* fact = nullptr;
  // The document that the record belongs to; of a transfer the allocation (a payment's or credit note's own:
  // the payment or credit note).
  std::string_view document_id;
  Day day = 0;
  Currency currency;
  Int128 amount = 0;
  Attributes attributes;
};

// Each of these calls visit(LedgerEntry).

template <typename Visit>
void for_each_entry(const Invoice& invoice, const Attributes& attributes, const Visit& visit) {
  const InvoiceIssued& issued = *invoice.issued;
  const auto post = [&](Measure measure, const Fact& fact, Day day, Int128 amount) {
    visit(LedgerEntry{measure, &fact, invoice.ref.id, day, issued.currency, amount, attributes});
  };
  const Int128 gross = issued.gross_minor();
  post(Measure::kLedgerInvoices, *invoice.issued_fact, issued.issue_date, gross);
  if (invoice.voided_fact != nullptr) post(Measure::kLedgerVoids, *invoice.voided_fact, invoice.void_day, -gross);
  for (const auto& write_off : invoice.write_offs) {
    post(Measure::kLedgerWriteOffs, *write_off.fact, write_off.day, -Int128(write_off.event->amount_minor));
  }
  for (const auto& recovery : invoice.recoveries) {
    if (!recovery.counts) continue;
    post(Measure::kLedgerRecoveries, *recovery.fact, recovery.day, recovery.event->amount_minor);
  }
}

// `document_id`: the source it names, or its own.
template <typename Visit>
void for_each_entry(const Fact& refund_fact, std::string_view document_id, const Attributes& attributes,
                    const Visit& visit) {
  const auto& refund = std::get<RefundPaid>(refund_fact.event.payload);
  visit(LedgerEntry{Measure::kLedgerRefunds, &refund_fact, document_id, refund.value_date, refund.currency,
                    refund.amount_minor, attributes});
}

// Its own entries and those of refunds out of it.
template <typename Visit>
void for_each_entry(const Source& source, const Attributes& attributes, const Visit& visit) {
  const auto post = [&](Measure measure, const Fact& fact, Day day, Int128 amount) {
    visit(LedgerEntry{measure, &fact, source.ref.id, day, source.currency, amount, attributes});
  };
  post(source.payment != nullptr ? Measure::kLedgerCash : Measure::kLedgerCreditNotes, *source.created, source.day,
       -source.amount);
  if (source.ended_fact != nullptr) {
    post(source.payment != nullptr ? Measure::kLedgerReversals : Measure::kLedgerVoids, *source.ended_fact,
         source.ended_day, source.amount);
  }
  for (const Refund& refund : source.refunds) for_each_entry(*refund.fact, source.ref.id, attributes, visit);
}

// Transfers: when an application takes effect its amount moves from the source's group to the invoice's, and
// back when it ends, or in part where a refund takes a part back. None where both have the same attributes.
template <typename Visit>
void for_each_transfer(const Source& source, const Item& item, const Attributes& from, const Attributes& to,
                       const Visit& visit) {
  if (from == to) return;
  item.for_each_movement([&](Day day, Int128 amount) {
    const auto post = [&](const Attributes& attributes, Int128 signed_amount) {
      visit(LedgerEntry{Measure::kLedgerTransfers, item.fact, item.allocation_id, day, source.currency, signed_amount,
                        attributes});
    };
    post(from, amount);
    post(to, -amount);
  });
}

// All entries of a document that the account's moment knows: of an invoice, payment, credit note or refund.
template <typename Visit>
void for_each_entry(AccountState& account, const Document& document, const Visit& visit) {
  if (document.ref.kind == DocumentKind::kInvoice) {
    if (const Invoice* invoice = account.invoice(document)) for_each_entry(*invoice, invoice->attributes, visit);
    return;
  }
  const bool is_source = document.ref.kind == DocumentKind::kPayment || document.ref.kind == DocumentKind::kCreditNote;
  if (!is_source && document.ref.kind != DocumentKind::kRefund) return;
  const Source* source = is_source ? account.source(document) : nullptr;
  if (source == nullptr) {
    // Refunds that name no source, or one that is not known.
    for (const Fact& fact : document.facts) {
      const auto* refund = std::get_if<RefundPaid>(&fact.event.payload);
      if (refund == nullptr || !account.admits(fact)) continue;
      for_each_entry(fact, document.ref.id, {{}, {}, refund->value_date}, visit);
    }
    return;
  }
  const Attributes attributes = account.attributes(*source);
  for_each_entry(*source, attributes, visit);
  for (const Item& item : source->items) {
    if (item.state != ItemState::kCounts) continue;
    for_each_transfer(*source, item, attributes, item.invoice->attributes, visit);
  }
}

}  // namespace daybook::domain
