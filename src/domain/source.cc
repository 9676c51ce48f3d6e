// How facts make a payment or a credit note, and which of its items count.
#include <algorithm>
#include <functional>
#include <queue>
#include <tuple>

#include "domain/picture.h"

namespace daybook::domain {
namespace {

// An item or a refund in the order in which they are tested.
struct Step {
  Day day = 0;
  bool own_item = false;
  std::int64_t offset = 0;
  std::size_t place = 0;
  Item* item = nullptr;      // One of these two.
  const Refund* refund = nullptr;

  auto order() const { return std::tuple(day, !own_item, offset, place); }
};

// Tests each item once: it counts if it is not more than what the source has left on its date.
void test_items(Source& source) {
  Few<Step, 4> steps;
  std::size_t place = 0;
  for (Item& item : source.items) {
    ++place;
    if (item.state != ItemState::kCounts) continue;
    steps.push_back({item.from, item.own_of_credit_note, item.fact->at.offset, place, &item, nullptr});
  }
  for (const Refund& refund : source.refunds) {
    if (!refund.in_sequence) continue;
    steps.push_back({refund.event->value_date, false, refund.fact->at.offset, 0, nullptr, &refund});
  }
  std::ranges::sort(steps, {}, &Step::order);

  Int128 left = source.amount;
  using Ending = std::pair<Day, std::int64_t>;
  std::priority_queue<Ending, std::vector<Ending>, std::greater<>> endings;
  for (const Step& step : steps) {
    if (step.refund != nullptr) {
      left -= step.refund->event->amount_minor;
      continue;
    }
    while (!endings.empty() && endings.top().first <= step.day) {
      left += endings.top().second;
      endings.pop();
    }
    if (step.item->amount > left) {
      step.item->state = ItemState::kDoesNotFit;
      continue;
    }
    left -= step.item->amount;
    if (step.item->until != kNever) endings.emplace(step.item->until, step.item->amount);
  }
}

}  // namespace

std::unique_ptr<Source> Picture::make_source(const Document& document) {
  auto source = std::make_unique<Source>();
  source->ref = document.ref;
  for (const Fact& fact : document.facts) {
    if (!known_.admits(fact)) continue;
    if (const auto* received = std::get_if<PaymentReceived>(&fact.event.payload)) {
      source->created = &fact;
      source->payment = received;
      source->currency = received->currency;
      source->amount = received->amount_minor;
      source->day = received->value_date;
    } else if (const auto* issued = std::get_if<CreditNoteIssued>(&fact.event.payload)) {
      source->created = &fact;
      source->credit_note = issued;
      source->currency = issued->currency;
      source->amount = issued->gross_minor();
      source->day = issued->issue_date;
    }
  }
  if (source->created == nullptr) return nullptr;

  const auto add_items = [&](const Fact& fact, std::string_view allocation_id,
                             std::span<const Allocation> allocations, Day day) {
    for (const Allocation& allocation : allocations) {
      Item item;
      item.fact = &fact;
      item.allocation_id = allocation_id;
      item.invoice_id = allocation.invoice_id;
      item.amount = allocation.amount_minor;
      item.from = std::max(day, source->day);
      item.instant = std::max(fact.event.occurred_at, source->created->event.occurred_at);
      source->items.push_back(item);
    }
  };
  if (source->payment != nullptr) {
    add_items(*source->created, source->ref.id, source->payment->allocations, source->day);
  } else if (!source->credit_note->invoice_id.empty()) {
    const Allocation own{source->credit_note->invoice_id, source->credit_note->gross_minor()};
    add_items(*source->created, source->ref.id, {&own, 1}, source->day);
    source->items.back().own_of_credit_note = true;
  }
  Few<const Fact*, 4> unallocations;
  for (const Fact& fact : document.facts) {
    if (!known_.admits(fact)) continue;
    const Payload& payload = fact.event.payload;
    if (const auto* allocated = std::get_if<PaymentAllocated>(&payload)) {
      add_items(fact, allocated->allocation_id, allocated->allocations, allocated->date);
    } else if (const auto* refunded = std::get_if<RefundPaid>(&payload)) {
      source->refunds.push_back({&fact, refunded, refunded->currency == source->currency});
    } else if (const auto* reversed = std::get_if<PaymentReversed>(&payload)) {
      source->reversed_fact = &fact;
      source->reversed_day = std::max(reversed->date, source->day);
    } else if (std::holds_alternative<PaymentUnallocated>(payload)) {
      unallocations.push_back(&fact);
    }
  }
  for (const Fact* fact : unallocations) {
    const auto& undone = std::get<PaymentUnallocated>(fact->event.payload);
    // A credit note's own item has the note's id but is no allocation that can be undone.
    bool known = false;
    for (Item& item : source->items) {
      if (item.own_of_credit_note || item.allocation_id != undone.allocation_id) continue;
      known = true;
      item.until = std::min(item.until, undone.date);
      item.unallocated = fact;
    }
    if (!known) source->waiting.emplace_back(fact, undone.allocation_id);
  }
  return source;
}

void Picture::schedule(Source& source) {
  for (Item& item : source.items) {
    const Invoice* const named = item.invoice = invoice(item.invoice_id);
    if (named == nullptr) {
      item.state = ItemState::kWaiting;
      continue;
    }
    const Day unallocated = item.until;
    item.from = std::max(item.from, named->issued->issue_date);
    item.until = std::min({unallocated, source.reversed_day, named->void_day});
    item.ended_by_reversal =
        source.reversed_day < unallocated && source.reversed_day < named->void_day;
    item.instant = std::max(item.instant, named->issued_fact->event.occurred_at);
    item.before_invoice = source.payment != nullptr && source.day < named->issued->issue_date;
    if (named->issued->currency != source.currency) {
      item.state = ItemState::kCurrencyMismatch;
    } else if (unallocated < item.from || std::min(source.reversed_day, named->void_day) <= item.from) {
      item.state = ItemState::kNeverInEffect;
    } else {
      item.state = ItemState::kCounts;
    }
  }
  test_items(source);
}

Int128 Source::unapplied(Day as_of) const {
  Int128 rest = exists(as_of) ? amount : 0;
  for (const Item& item : items) {
    if (item.in_effect(as_of)) rest -= item.amount;
  }
  for (const Refund& refund : refunds) {
    if (refund.in_sequence && refund.event->value_date <= as_of) rest -= refund.event->amount_minor;
  }
  return rest;
}

}  // namespace daybook::domain
