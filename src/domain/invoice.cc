// How facts make an invoice.
#include <algorithm>

#include "domain/account_state.h"

namespace daybook::domain {
namespace {

// Marks each recovery that its write-off still covers, in order of effective date, offset.
void test_recoveries(Invoice& invoice) {
  std::ranges::sort(invoice.recoveries, {},
                    [](const Invoice::Recovery& recovery) { return std::pair(recovery.day, recovery.fact->at); });
  SmallVector<Int128, 4> left;
  for (const auto& write_off : invoice.write_offs) left.push_back(write_off.event->amount_minor);
  for (Invoice::Recovery& recovery : invoice.recoveries) {
    Int128& rest = left[recovery.write_off];
    recovery.counts = recovery.event->amount_minor <= rest;
    if (recovery.counts) rest -= recovery.event->amount_minor;
  }
}

}  // namespace

std::unique_ptr<Invoice> AccountState::make_invoice(const Document& document) {
  auto invoice = std::make_unique<Invoice>();
  invoice->ref = document.ref;
  invoice->document = &document;
  for (const Fact& fact : document.facts) {
    if (!known_.admits(fact)) continue;
    if (const auto* issued = std::get_if<InvoiceIssued>(&fact.event.payload)) {
      invoice->issued_fact = &fact;
      invoice->issued = issued;
    }
  }
  if (invoice->issued == nullptr) return nullptr;
  const InvoiceIssued& issued = *invoice->issued;

  if (!issued.instalments.empty()) {
    invoice->instalments.assign(issued.instalments.begin(), issued.instalments.end());
    invoice->last_due = std::ranges::max_element(invoice->instalments, {}, &Instalment::due_date)->due_date;
  } else {
    invoice->last_due = issued.due_date.value_or(issued.issue_date);
    if (!issued.due_date) {
      invoice->due_from_terms = true;
      if (const auto* profile = file().on(issued.issue_date)) {
        invoice->last_due += profile->payment_terms_days.value_or(0);
      }
    }
    if (issued.gross_minor() > 0) {
      invoice->instalments.push_back({invoice->last_due, issued.gross_minor()});
    }
  }

  Attributes& attributes = invoice->attributes;
  attributes = {issued.region, issued.sales_rep, issued.issue_date};
  for (const std::string_view id : issued.order_ids) {
    const Order* known = order(id);
    if (known == nullptr) continue;
    invoice->orders.push_back(known);
    if (attributes.region.empty()) attributes.region = known->placed->region;
    if (attributes.sales_rep.empty()) attributes.sales_rep = known->placed->sales_rep;
  }

  for (const Fact& fact : document.facts) {
    if (!known_.admits(fact)) continue;
    const Day day = day_of(fact.event.occurred_at);
    const Payload& payload = fact.event.payload;
    if (const auto* voided = std::get_if<InvoiceVoided>(&payload)) {
      invoice->voided_fact = &fact;
      invoice->void_day = std::max(voided->date, issued.issue_date);
    } else if (const auto* moved = std::get_if<InvoiceDueDateChanged>(&payload)) {
      invoice->due_changes.push_back({&fact, day, moved->due_date});
    } else if (const auto* disputed = std::get_if<InvoiceDisputed>(&payload)) {
      invoice->disputes.push_back({&fact, disputed, day, kNever});
    } else if (std::holds_alternative<InvoiceDelivered>(payload)) {
      invoice->received_day = std::min(invoice->received_day, day);
    } else if (const auto* written_off = std::get_if<InvoiceWrittenOff>(&payload)) {
      invoice->write_offs.push_back({&fact, written_off, std::max(written_off->date, issued.issue_date)});
    }
  }
  std::ranges::sort(invoice->due_changes, {}, [](const Invoice::DueChange& change) {
    return std::pair(change.fact->event.occurred_at, change.fact->at);
  });

  // What names a dispute or a write-off can only be placed once all of those are there. A document has an id once.
  TextNumbers disputes;
  for (const auto& dispute : invoice->disputes) disputes.add(dispute.event->dispute_id);
  TextNumbers write_offs;
  for (const auto& write_off : invoice->write_offs) write_offs.add(write_off.event->write_off_id);
  for (const Fact& fact : document.facts) {
    if (!known_.admits(fact)) continue;
    if (const auto* resolved = std::get_if<DisputeResolved>(&fact.event.payload)) {
      const std::uint32_t number = disputes.find(resolved->dispute_id);
      if (number == TextNumbers::kNone) {
        invoice->waiting_for_dispute.emplace_back(&fact, resolved->dispute_id);
      } else {
        Invoice::Dispute& dispute = invoice->disputes[number];
        dispute.until = day_of(fact.event.occurred_at);
        dispute.resolved = &fact;
      }
    } else if (const auto* recovered = std::get_if<WriteOffRecovered>(&fact.event.payload)) {
      const std::uint32_t number = write_offs.find(recovered->write_off_id);
      if (number == TextNumbers::kNone) {
        invoice->waiting_for_write_off.emplace_back(&fact, recovered->write_off_id);
      } else {
        invoice->recoveries.push_back(
            {&fact, recovered, number, std::max(recovered->date, invoice->write_offs[number].day), false});
      }
    }
  }
  test_recoveries(*invoice);
  return invoice;
}

Day Invoice::due_shift(Day as_of) const {
  // In order of their instants, and so of their days.
  const auto after = std::ranges::upper_bound(due_changes, as_of, {}, &DueChange::from);
  return after == due_changes.begin() ? 0 : std::prev(after)->due_date - last_due;
}

SmallVector<Day, 2> Invoice::due_days(Day as_of) const {
  const Day shift = due_shift(as_of);
  SmallVector<Day, 2> days;
  for (const Instalment& instalment : instalments) days.push_back(instalment.due_date + shift);
  return days;
}

}  // namespace daybook::domain
