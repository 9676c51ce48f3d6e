// How facts make a payment or a credit note, and which of its items count.
#include <algorithm>
#include <functional>
#include <queue>
#include <tuple>

#include "domain/account_state.h"

namespace daybook::domain {
namespace {

// An item or a refund in the order in which they are tested.
struct Step {
  Day day = 0;
  bool own_item = false;
  std::int64_t offset = 0;
  std::size_t place = 0;
  Item* item = nullptr;  // One of these two.
  const Refund* refund = nullptr;

  auto order() const { return std::tuple(day, !own_item, offset, place); }
};

// Tests each item once: it counts if it is not more than what the source has left on its date. A refund that is
// more than that takes the rest back from the items in effect, the last first.
class Sequence {
 public:
  explicit Sequence(Source& source) : source_(source), left_(source.amount) {}

  void run() {
    SmallVector<Step, 4> steps;
    std::size_t place = 0;
    for (Item& item : source_.items) {
      ++place;
      if (item.state != ItemState::kCounts) continue;
      steps.push_back({item.from, item.own_of_credit_note, item.fact->at.offset, place, &item, nullptr});
    }
    for (const Refund& refund : source_.refunds) {
      if (!refund.in_sequence) continue;
      steps.push_back({refund.event->value_date, false, refund.fact->at.offset, 0, nullptr, &refund});
    }
    std::ranges::sort(steps, {}, &Step::order);
    for (const Step& step : steps) {
      for (; !endings_.empty() && endings_.top().first <= step.day; endings_.pop()) {
        const Item& ended = *endings_.top().second;
        left_ += ended.amount - ended.taken(kNever);
      }
      if (step.refund != nullptr) {
        pay_back(step.day, step.refund->event->amount_minor);
      } else {
        test(*step.item);
      }
    }
  }

 private:
  void test(Item& item) {
    if (item.amount > left_) {
      item.state = ItemState::kDoesNotFit;
      return;
    }
    left_ -= item.amount;
    if (item.until != kNever) endings_.emplace(item.until, &item);
    standing_.push_back(&item);
  }

  void pay_back(Day day, Int128 amount) {
    Int128 needed = amount - std::max<Int128>(0, left_);
    left_ -= amount;
    // Whoever ended by this day, or has nothing left, is out of it for good.
    for (; needed > 0 && !standing_.empty(); standing_.pop_back()) {
      Item& item = *standing_.back();
      if (item.until <= day) continue;
      const Int128 rest = item.amount - item.taken(kNever);
      const Int128 taken = std::min(rest, needed);
      item.taken_back.push_back({day, taken, item.amount - rest + taken});
      needed -= taken;
      left_ += taken;
      if (taken < rest) break;
      item.until = day;
      item.split_until = kNever;
    }
  }

  Source& source_;
  Int128 left_;
  using Ending = std::pair<Day, const Item*>;
  std::priority_queue<Ending, std::vector<Ending>, std::greater<>> endings_;
  SmallVector<Item*, 4> standing_;  // Counted so far, in their order.
};

void unallocate(Source& source, std::span<const Fact* const> unallocations) {
  SmallVector<Item*, 4> items;
  for (Item& item : source.items) items.push_back(&item);
  std::ranges::sort(items, {}, &Item::allocation_id);
  for (const Fact* fact : unallocations) {
    const auto& undone = std::get<PaymentUnallocated>(fact->event.payload);
    const auto named = std::ranges::equal_range(items, undone.allocation_id, {}, &Item::allocation_id);
    for (Item* item : named) {
      item->until = std::min(item->until, undone.date);
      item->unallocated = fact;
    }
    if (named.empty()) source.waiting.emplace_back(fact, undone.allocation_id);
  }
}

}  // namespace

std::unique_ptr<Source> AccountState::make_source(const Document& document) {
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

  const auto add_items = [&](const Fact& fact, std::string_view allocation_id, std::span<const Allocation> allocations,
                             Day day) {
    for (const Allocation& allocation : allocations) {
      Item item;
      item.fact = &fact;
      item.allocation_id = allocation_id;
      item.invoice_id = allocation.invoice_id;
      item.amount = allocation.amount_minor;
      item.own_day = day;
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
  SmallVector<const Fact*, 4> unallocations;
  for (const Fact& fact : document.facts) {
    if (!known_.admits(fact)) continue;
    const Payload& payload = fact.event.payload;
    if (const auto* allocated = std::get_if<PaymentAllocated>(&payload)) {
      add_items(fact, allocated->allocation_id, allocated->allocations, allocated->date);
    } else if (const auto* refunded = std::get_if<RefundPaid>(&payload)) {
      source->refunds.push_back({&fact, refunded, refunded->currency == source->currency});
    } else if (const auto* reversed = std::get_if<PaymentReversed>(&payload)) {
      source->ended_fact = &fact;
      source->ended_day = std::max(reversed->date, source->day);
    } else if (const auto* voided = std::get_if<CreditNoteVoided>(&payload)) {
      source->ended_fact = &fact;
      source->ended_day = std::max(voided->date, source->day);
    } else if (std::holds_alternative<PaymentUnallocated>(payload)) {
      unallocations.push_back(&fact);
    }
  }
  const auto invoice_of = [&](std::uint32_t place) { return std::pair(source->items[place].invoice_id, place); };
  for (std::uint32_t place = 0; place < source->items.size(); ++place) source->by_invoice.push_back(place);
  std::ranges::sort(source->by_invoice, {}, invoice_of);
  if (!unallocations.empty()) unallocate(*source, unallocations);
  return source;
}

void AccountState::schedule(Source& source) {
  for (Item& item : source.items) {
    const Invoice* const named = item.invoice = invoice(item.invoice_id);
    if (named == nullptr) {
      item.state = ItemState::kWaiting;
      continue;
    }
    const Day issue_day = named->issued->issue_date;
    const Day unallocated = item.until;
    item.before_invoice = source.payment != nullptr && item.own_day < issue_day;
    item.from = std::max(item.from, issue_day);
    const Day source_voided = source.credit_note != nullptr ? source.ended_day : kNever;
    const Day split_until = std::min({unallocated, source_voided, named->void_day});
    item.until = std::min(split_until, source.ended_day);
    item.split_until = item.until == split_until ? split_until : kNever;
    item.instant = std::max(item.instant, named->issued_fact->event.occurred_at);
    if (named->issued->currency != source.currency) {
      item.state = ItemState::kCurrencyMismatch;
    } else if (unallocated < item.from || std::min(source.ended_day, named->void_day) <= item.from) {
      item.state = ItemState::kNeverInEffect;
    } else {
      item.state = ItemState::kCounts;
    }
  }
  Sequence(source).run();
}

Int128 Source::unapplied(Day as_of) const {
  Int128 rest = exists(as_of) ? amount : 0;
  for (const Item& item : items) {
    rest -= item.applied(as_of);
  }
  for (const Refund& refund : refunds) {
    if (refund.in_sequence && refund.event->value_date <= as_of) rest -= refund.event->amount_minor;
  }
  return rest;
}

}  // namespace daybook::domain
