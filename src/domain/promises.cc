#include "domain/promises.h"

#include <algorithm>
#include <array>
#include <iterator>

namespace daybook::domain {
namespace {

// Of what settles the invoices that it names.
Int128 applied(Cash& cash, const PromiseMade& made, Day from, Day to) {
  Int128 sum = 0;
  for (const auto& id : made.invoice_ids) {
    const Invoice* invoice = cash.account().invoice(id);
    if (invoice == nullptr || invoice->issued->currency != made.currency) continue;
    sum += cash.applied(*invoice, from, to);
  }
  return sum;
}

}  // namespace

void Cash::Sums::add_up() {
  std::ranges::sort(sums_, {}, &std::pair<Day, Int128>::first);
  Int128 sum = 0;
  for (auto& [day, amount] : sums_) amount = sum += amount;
}

Int128 Cash::Sums::between(Day from, Day to) const {
  const auto until = [&](auto behind) { return behind == sums_.begin() ? Int128{0} : std::prev(behind)->second; };
  if (to < from) return 0;
  return until(std::ranges::upper_bound(sums_, to, {}, &std::pair<Day, Int128>::first)) -
         until(std::ranges::lower_bound(sums_, from, {}, &std::pair<Day, Int128>::first));
}

Int128 Cash::received(std::span<const DocumentRef> payments, Currency currency, Day from, Day to) {
  if (!received_) {
    received_.emplace();
    for (const DocumentRef& ref : payments) {
      const Source* payment = account_.source(ref);
      if (payment != nullptr && payment->exists(as_of_))
        (*received_)[payment->currency].add(payment->day, payment->amount);
    }
    for (auto& [each, sums] : *received_) sums.add_up();
  }
  const auto of = received_->find(currency);
  return of == received_->end() ? 0 : of->second.between(from, to);
}

Int128 Cash::applied(const Invoice& invoice, Day from, Day to) {
  const auto [at, is_new] = applied_.try_emplace(&invoice);
  Sums& sums = at->second;
  if (is_new) {
    for (const Application& application : account_.applications(invoice)) {
      if (application.source->payment == nullptr) continue;
      sums.add(application.item->from, application.item->applied(as_of_));
    }
    sums.add_up();
  }
  return sums.between(from, to);
}

std::string_view promise_state_name(PromiseState state) {
  static constexpr std::array<std::string_view, 5> kNames = {"open", "kept", "partly_kept", "broken", "withdrawn"};
  return kNames[static_cast<std::size_t>(state)];
}

std::optional<Promise> promise_on(Cash& cash, const Document& document, std::span<const DocumentRef> payments,
                                  Day grace_days) {
  AccountState& account = cash.account();
  const Day as_of = cash.as_of();
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
  const Day from = account.day_of(told->event.occurred_at);
  const Day to = promise.made->promised_date + grace_days;
  if (as_of < from) return std::nullopt;

  promise.fulfilled = promise.made->invoice_ids.empty() ? cash.received(payments, promise.made->currency, from, to)
                                                        : applied(cash, *promise.made, from, to);
  if (withdrawn_on <= as_of) {
    promise.state = PromiseState::kWithdrawn;
  } else if (promise.fulfilled >= promise.made->amount_minor) {
    promise.state = PromiseState::kKept;
  } else if (as_of <= to) {
    promise.state = PromiseState::kOpen;
  } else {
    promise.state = promise.fulfilled > 0 ? PromiseState::kPartlyKept : PromiseState::kBroken;
  }
  return promise;
}

}  // namespace daybook::domain
