#include "domain/promises.h"

#include <array>

namespace daybook::domain {
namespace {

// From the promise to the last day on which cash still counts for it.
struct Span {
  Day from = 0;
  Day to = 0;

  bool holds(Day day) const { return from <= day && day <= to; }
};

// Of what settles the invoices that it names.
Int128 applied(AccountState& account, const PromiseMade& made, Span span, Day as_of) {
  Int128 sum = 0;
  for (const auto& id : made.invoice_ids) {
    const Invoice* invoice = account.invoice(id);
    if (invoice == nullptr || invoice->issued->currency != made.currency) continue;
    for (const Application& application : account.applications(*invoice)) {
      const Item& item = *application.item;
      if (application.source->payment == nullptr || !span.holds(item.from)) continue;
      sum += item.applied(as_of);
    }
  }
  return sum;
}

Int128 received(AccountState& account, const PromiseMade& made, std::span<const DocumentRef> payments, Span span,
                Day as_of) {
  Int128 sum = 0;
  for (const DocumentRef& ref : payments) {
    const Source* payment = account.source(ref);
    if (payment == nullptr || payment->currency != made.currency) continue;
    if (span.holds(payment->day) && payment->exists(as_of)) sum += payment->amount;
  }
  return sum;
}

}  // namespace

std::string_view promise_state_name(PromiseState state) {
  static constexpr std::array<std::string_view, 5> kNames = {"open", "kept", "partly_kept", "broken", "withdrawn"};
  return kNames[static_cast<std::size_t>(state)];
}

std::optional<Promise> promise_on(AccountState& account, const Document& document,
                                  std::span<const DocumentRef> payments, Day grace_days, Day as_of) {
  const Fact* told = nullptr;
  Day withdrawn_on = kNever;
  for (const Fact& fact : document.facts) {
    if (!account.admits(fact)) continue;
    if (std::holds_alternative<PromiseMade>(fact.event.payload)) {
      told = &fact;
    } else {
      withdrawn_on = account.day_of(fact.event.occurred_at);
    }
  }
  if (told == nullptr) return std::nullopt;
  Promise promise;
  promise.made = &std::get<PromiseMade>(told->event.payload);
  const Span span{account.day_of(told->event.occurred_at), promise.made->promised_date + grace_days};
  if (as_of < span.from) return std::nullopt;

  promise.fulfilled = promise.made->invoice_ids.empty() ? received(account, *promise.made, payments, span, as_of)
                                                        : applied(account, *promise.made, span, as_of);
  if (withdrawn_on <= as_of) {
    promise.state = PromiseState::kWithdrawn;
  } else if (promise.fulfilled >= promise.made->amount_minor) {
    promise.state = PromiseState::kKept;
  } else if (as_of <= span.to) {
    promise.state = PromiseState::kOpen;
  } else {
    promise.state = promise.fulfilled > 0 ? PromiseState::kPartlyKept : PromiseState::kBroken;
  }
  return promise;
}

}  // namespace daybook::domain
