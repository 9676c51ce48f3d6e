// What an invoice contributes: open amounts by due day, disputes, ledger entries, invoiced sales.
#include <algorithm>
#include <numeric>
#include <utility>

#include "domain/contribute.h"
#include "domain/open_amounts.h"

namespace daybook::domain {
namespace {

// Write-offs less recoveries in effect.
Int128 written_off(const Invoice& invoice, Day as_of) {
  Int128 sum = 0;
  for (const auto& write_off : invoice.write_offs) {
    if (write_off.day <= as_of) sum += write_off.event->amount_minor;
  }
  for (const auto& recovery : invoice.recoveries) {
    if (recovery.counts && recovery.day <= as_of) sum -= recovery.event->amount_minor;
  }
  return sum;
}

// The invoice was never issued: everything about it waits.
void contribute_unknown(AccountState& account, const Document& document, Contributions& to) {
  if (!account.rules().expect.invoices) return;
  MissingReferences lacking;
  std::int64_t waiting = 0;
  for (const Fact& fact : document.facts) {
    if (!account.admits(fact)) continue;
    lacking.add(fact, document.ref.id);
    ++waiting;
  }
  for (const DocumentRef& link : document.links) {
    if (link.kind == DocumentKind::kPromise) {
      const Document* const promise = account.document(link);
      if (promise == nullptr) continue;
      for (const Fact& fact : promise->facts) {
        if (!account.admits(fact)) continue;
        for_each_reference(fact.event.payload, [&](DocumentRef named) {
          if (named == document.ref) lacking.add(fact, document.ref.id);
        });
      }
    } else if (const Source* source = account.source(link)) {
      // An allocation of an unknown source lacks the source, not the invoice.
      source->for_each_item_of(document.ref.id, [&](const Item& item) { lacking.add(*item.fact, document.ref.id); });
    }
  }
  lacking.report(AnomalyKind::kUnknownInvoice, to);
  wait(to, waiting);
}

void contribute_waiting(AccountState& account, const Invoice& invoice, Contributions& to) {
  const Expect& expect = account.rules().expect;
  if (expect.orders) {
    const bool waited = std::ranges::any_of(
        invoice.orders, [&](const Order* order) { return is_later(*order->placed_fact, *invoice.issued_fact); });
    if (waited) to.waited();
    if (invoice.orders.size() < invoice.issued->order_ids.size()) wait(to, 1);
  }
  if (!expect.invoices) return;
  bool waited = told_before(account, *invoice.document, *invoice.issued_fact);
  for (const auto& dispute : invoice.disputes) {
    waited = waited || (dispute.resolved != nullptr && is_later(*dispute.fact, *dispute.resolved));
  }
  for (const auto& recovery : invoice.recoveries) {
    waited = waited || is_later(*invoice.write_offs[recovery.write_off].fact, *recovery.fact);
  }
  if (waited) to.waited();
  MissingReferences disputes;
  for (const auto& [fact, id] : invoice.waiting_for_dispute) disputes.add(*fact, id);
  disputes.report(AnomalyKind::kUnknownDispute, to);
  MissingReferences write_offs;
  for (const auto& [fact, id] : invoice.waiting_for_write_off) write_offs.add(*fact, id);
  write_offs.report(AnomalyKind::kUnknownWriteOff, to);
  wait(to, static_cast<std::int64_t>(invoice.waiting_for_dispute.size() + invoice.waiting_for_write_off.size()));
}

void contribute_ledger_and_sales(const Invoice& invoice, Contributions& to) {
  for_each_entry(invoice, invoice.attributes, [&](const LedgerEntry& entry) { post(entry, to); });
  for_each_sales_entry(invoice, [&](const SalesEntry& entry) { post(entry, to); });
}

// What payments settled, and after how many days.
void contribute_settled(AccountState& account, const Invoice& invoice, Contributions& to) {
  for (const Application& application : account.applications(invoice)) {
    const Item& item = *application.item;
    if (item.state != ItemState::kCounts || application.source->payment == nullptr) continue;
    // Up to the day the cash came: when it was matched is our own affair.
    const Int128 days = std::max<Day>(0, application.source->day - invoice.issued->issue_date);
    item.for_each_movement([&](Day counts_from, Int128 amount) {
      to.cell({Measure::kSettled, invoice.issued->currency, invoice.attributes, {}, item.from, 0, counts_from},
              {amount, amount * days});
    });
  }
}

// An invoice as dates go by: what is open of it and disputed, and how its due dates have moved. What is settled
// is so in due-date order, and disputes lie over what is open in that order (OpenAmounts::State).
class InvoiceOverTime {
 public:
  InvoiceOverTime(AccountState& account, const Invoice& invoice) : invoice_(invoice) {
    for (const Application& application : account.applications(invoice)) {
      if (application.item->state != ItemState::kCounts) continue;
      application.item->for_each_movement(
          [&](Day day, Int128 amount) { changes_.push_back({day, {.settled = amount}}); });
    }
    for (const auto& write_off : invoice.write_offs) {
      changes_.push_back({write_off.day, {.settled = write_off.event->amount_minor}});
    }
    for (const auto& recovery : invoice.recoveries) {
      if (recovery.counts) changes_.push_back({recovery.day, {.settled = -Int128(recovery.event->amount_minor)}});
    }
    for (const Invoice::Dispute& dispute : invoice.disputes) {
      if (dispute.until <= dispute.from) continue;
      const auto& amount = dispute.event->amount_minor;
      const Sums sums{.disputed = amount.value_or(0), .wholly_disputed = amount ? 0 : 1};
      changes_.push_back({dispute.from, sums});
      if (dispute.until != kNever)
        changes_.push_back({dispute.until, {.disputed = -sums.disputed, .wholly_disputed = -sums.wholly_disputed}});
    }
    std::ranges::sort(changes_, {}, &Change::day);
  }

  // Dates rise.
  void advance(Day as_of) {
    for (; next_ < changes_.size() && changes_[next_].day <= as_of; ++next_) {
      const Sums& change = changes_[next_].sums;
      sums_.settled += change.settled;
      sums_.disputed += change.disputed;
      sums_.wholly_disputed += change.wholly_disputed;
    }
    const Int128 gross = invoice_.in_force(as_of) ? invoice_.issued->gross_minor() : 0;
    const Int128 open = std::max<Int128>(0, gross - sums_.settled);
    surplus_ = std::max<Int128>(0, sums_.settled - gross);
    const Int128 disputed = std::min(open, sums_.disputed + sums_.wholly_disputed * open);
    state_ = {open, disputed, invoice_.due_shift(as_of)};
  }

  Int128 surplus() const { return surplus_; }
  const OpenAmounts::State& state() const { return state_; }

 private:
  struct Sums {
    Int128 settled = 0;
    Int128 disputed = 0;
    Int128 wholly_disputed = 0;  // How many disputes are about all that is open.
  };
  struct Change {
    Day day = 0;
    Sums sums;
  };
  const Invoice& invoice_;
  SmallVector<Change, 4> changes_;  // By day.
  std::size_t next_ = 0;
  Sums sums_;
  Int128 surplus_ = 0;
  OpenAmounts::State state_;
};

// Its instalments, as yet without any state.
OpenAmounts amounts_of(const Invoice& invoice) {
  OpenAmounts amounts(invoice.issued->currency, invoice.attributes, invoice.issued->issue_date);
  SmallVector<std::uint32_t, 4> by_due(invoice.instalments.size());
  std::iota(by_due.begin(), by_due.end(), 0U);
  std::ranges::sort(by_due, {}, [&](std::uint32_t i) { return std::pair(invoice.instalments[i].due_date, i); });
  for (const std::uint32_t i : by_due)
    amounts.add_instalment(invoice.instalments[i].due_date, invoice.instalments[i].amount_minor);
  return amounts;
}

}  // namespace

InvoiceState state_on(AccountState& account, const Invoice& invoice, Day as_of) {
  InvoiceState state;
  Int128 applied = 0;
  for (const Application& application : account.applications(invoice)) {
    applied += application.item->applied(as_of);
  }
  const Int128 settled = applied + written_off(invoice, as_of);
  const Int128 gross = invoice.in_force(as_of) ? invoice.issued->gross_minor() : 0;
  state.open = std::max<Int128>(0, gross - settled);
  state.surplus = std::max<Int128>(0, settled - gross);

  const auto due = invoice.due_days(as_of);
  for (std::size_t i = 0; i < invoice.instalments.size(); ++i) {
    const Int128 amount = invoice.instalments[i].amount_minor;
    state.instalments.push_back({static_cast<int>(i) + 1, due[i], amount, 0, 0});
  }
  SmallVector<std::size_t, 4> by_due(due.size());
  std::iota(by_due.begin(), by_due.end(), 0);
  std::ranges::sort(by_due, {}, [&](std::size_t i) { return std::pair(due[i], i); });

  // Settled in due-date order: what is open is the tail.
  Int128 rest = state.open;
  for (auto i = by_due.rbegin(); i != by_due.rend(); ++i) {
    OpenInstalment& instalment = state.instalments[*i];
    instalment.open = std::min(instalment.amount, rest);
    rest -= instalment.open;
  }

  for (const Invoice::Dispute& dispute : invoice.disputes) {
    if (dispute.from <= as_of && as_of < dispute.until) {
      state.disputed += dispute.event->amount_minor ? Int128(*dispute.event->amount_minor) : state.open;
    }
  }
  state.disputed = std::min(state.disputed, state.open);
  rest = state.disputed;
  for (const std::size_t i : by_due) {
    OpenInstalment& instalment = state.instalments[i];
    instalment.disputed = std::min(instalment.open, rest);
    rest -= instalment.disputed;
  }
  return state;
}

void contribute_invoice(AccountState& account, const Document& document, Contributions& to, Extent extent) {
  const Invoice* known = account.invoice(document);
  if (known == nullptr) return contribute_unknown(account, document, to);
  const Invoice& invoice = *known;
  const Attributes& attributes = invoice.attributes;
  const Currency currency = invoice.issued->currency;
  if (extent.own) {
    contribute_waiting(account, invoice, to);
    contribute_ledger_and_sales(invoice, to);
  }
  contribute_settled(account, invoice, to);

  const Day issue_day = invoice.issued->issue_date;
  Breakpoints breakpoints;
  breakpoints.add(issue_day);
  breakpoints.add(invoice.void_day);
  for (const Application& application : account.applications(invoice)) {
    if (application.item->state != ItemState::kCounts) continue;
    application.item->for_each_movement([&](Day day, Int128) { breakpoints.add(day); });
  }
  for (const auto& write_off : invoice.write_offs) breakpoints.add(write_off.day);
  for (const auto& recovery : invoice.recoveries) {
    if (recovery.counts) breakpoints.add(recovery.day);
    if (!recovery.counts) {
      Anomaly anomaly =
          anomaly_about(AnomalyKind::kRecoveryExceedsWriteOff, recovery.event->recovery_id, *recovery.fact);
      anomaly.from = recovery.day;
      to.anomaly(anomaly);
    }
  }
  for (const auto& change : invoice.due_changes) breakpoints.add(std::max(change.from, issue_day));
  for (const auto& dispute : invoice.disputes) {
    breakpoints.add(std::max(dispute.from, issue_day));
    if (dispute.until != kNever) breakpoints.add(std::max(dispute.until, issue_day));
  }

  const Rules& rules = account.rules();
  const Day not_received_from = issue_day + rules.anomaly_days.invoice_not_received + 1;
  const bool may_be_missed = rules.expect.invoices && invoice.received_day > not_received_from;
  if (may_be_missed) breakpoints.add(invoice.received_day);
  InvoiceOverTime now(account, invoice);
  OpenAmounts amounts = amounts_of(invoice);
  Int128 surplus = 0;
  AnomalyIntervals over_applied(AnomalyKind::kOverApplied, invoice.ref.id, *invoice.issued_fact, to);
  AnomalyIntervals not_received(AnomalyKind::kInvoiceNotReceived, invoice.ref.id, *invoice.issued_fact, to);
  const std::span<const Day> days = breakpoints.sorted();
  for (std::size_t i = 0; i < days.size(); ++i) {
    const Day day = days[i];
    now.advance(day);
    amounts.add_state(day, now.state());
    if (surplus != now.surplus()) {
      to.cell({Measure::kOpenCredits, currency, attributes, {}, 0, 0, day},
              {now.surplus() - surplus, Int128(now.surplus() > 0) - Int128(surplus > 0)});
      surplus = now.surplus();
    }
    over_applied.holds(day, surplus > 0);
    if (may_be_missed) {
      const Day from = std::max(day, not_received_from);
      const bool missed =
          now.state().open > 0 && day < invoice.received_day && from < (i + 1 < days.size() ? days[i + 1] : kNever);
      not_received.holds(missed ? from : day, missed);
    }
  }
  to.open_amounts(std::move(amounts));
}

}  // namespace daybook::domain
