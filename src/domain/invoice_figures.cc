// What an invoice contributes: open amounts by due day, disputes, ledger entries, invoiced sales.
#include <numeric>

#include "domain/contribute.h"

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
void contribute_unknown(Picture& picture, const Document& document, Contributions& to) {
  if (!picture.rules().expect.invoices) return;
  Lacking lacking;
  std::int64_t waiting = 0;
  for (const Fact& fact : document.facts) {
    if (!picture.admits(fact)) continue;
    lacking.add(fact, document.ref.id);
    ++waiting;
  }
  for (const DocumentRef& link : document.links) {
    if (link.kind == DocumentKind::kPromise) {
      const Document* const promise = picture.document(link);
      if (promise == nullptr) continue;
      for (const Fact& fact : promise->facts) {
        if (!picture.admits(fact)) continue;
        for_each_reference(fact.event.payload, [&](DocumentRef named) {
          if (named == document.ref) lacking.add(fact, document.ref.id);
        });
      }
    } else if (const Source* source = picture.source(link)) {
      // An allocation of an unknown source lacks the source, not the invoice.
      for (const Item& item : source->items) {
        if (item.invoice_id == document.ref.id) lacking.add(*item.fact, document.ref.id);
      }
    }
  }
  lacking.report(AnomalyKind::kUnknownInvoice, to);
  wait(to, waiting);
}

void contribute_waiting(Picture& picture, const Invoice& invoice, Contributions& to) {
  const Expect& expect = picture.rules().expect;
  if (expect.orders) {
    const bool waited = std::ranges::any_of(invoice.orders, [&](const Order* order) {
      return is_later(*order->placed_fact, *invoice.issued_fact);
    });
    if (waited) to.waited();
    if (invoice.orders.size() < invoice.issued->order_ids.size()) wait(to, 1);
  }
  if (!expect.invoices) return;
  bool waited = told_before(picture, *invoice.document, *invoice.issued_fact);
  for (const auto& dispute : invoice.disputes) {
    waited = waited || (dispute.resolved != nullptr && is_later(*dispute.fact, *dispute.resolved));
  }
  for (const auto& recovery : invoice.recoveries) {
    waited = waited || is_later(*invoice.write_offs[recovery.write_off].fact, *recovery.fact);
  }
  if (waited) to.waited();
  Lacking disputes;
  for (const auto& [fact, id] : invoice.waiting_for_dispute) disputes.add(*fact, id);
  disputes.report(AnomalyKind::kUnknownDispute, to);
  Lacking write_offs;
  for (const auto& [fact, id] : invoice.waiting_for_write_off) write_offs.add(*fact, id);
  write_offs.report(AnomalyKind::kUnknownWriteOff, to);
  wait(to, static_cast<std::int64_t>(invoice.waiting_for_dispute.size() + invoice.waiting_for_write_off.size()));
}

void contribute_ledger_and_sales(const Invoice& invoice, Contributions& to) {
  const InvoiceIssued& issued = *invoice.issued;
  const Currency currency = issued.currency;
  const Attributes& attributes = invoice.attributes;
  for_each_entry(invoice, attributes, [&](const LedgerEntry& entry) { post(entry, to); });
  const Dimensions dimensions = dimensions_of(invoice);
  const auto sell = [&](Measure measure, Day day, CellValue value) {
    to.cell({measure, currency, attributes, dimensions, day, 0, day}, value);
  };
  sell(Measure::kInvoiced, issued.issue_date, {issued.net_minor, 1});
  if (invoice.void_day != kNever) sell(Measure::kInvoiced, invoice.void_day, {-Int128(issued.net_minor), 0});
}

// What payments settled, and after how many days.
void contribute_settled(Picture& picture, const Invoice& invoice, Contributions& to) {
  for (const Application& application : picture.applications(invoice)) {
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

// Instalments with the same due date share a cell.
using OpenByDue = Few<std::pair<Day, CellValue>, 2>;

OpenByDue open_by_due(const InvoiceState& state) {
  OpenByDue open;
  for (const OpenInstalment& instalment : state.instalments) {
    if (instalment.open > 0) open.push_back({instalment.due_date, {instalment.open, 1}});
  }
  return open;
}

}  // namespace

InvoiceState state_on(Picture& picture, const Invoice& invoice, Day as_of) {
  InvoiceState state;
  Int128 applied = 0;
  for (const Application& application : picture.applications(invoice)) {
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
  Few<std::size_t, 4> by_due(due.size());
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

std::optional<Instant> settled_at(Picture& picture, const Invoice& invoice, Day as_of) {
  const Int128 gross = invoice.issued->gross_minor();
  if (gross == 0) return invoice.issued_fact->event.occurred_at;
  const Instant issued = invoice.issued_fact->event.occurred_at;
  Few<std::pair<Instant, Int128>, 4> steps;
  for (const Application& application : picture.applications(invoice)) {
    const Int128 applied = application.item->applied(as_of);
    if (applied != 0) steps.emplace_back(application.item->instant, applied);
  }
  for (const auto& write_off : invoice.write_offs) {
    if (write_off.event->kind != WriteOffKind::kSmallDifference || write_off.day > as_of) continue;
    steps.emplace_back(std::max(issued, write_off.fact->event.occurred_at),
                       write_off.event->amount_minor);
  }
  for (const auto& recovery : invoice.recoveries) {
    const auto& write_off = invoice.write_offs[recovery.write_off];
    if (!recovery.counts || recovery.day > as_of ||
        write_off.event->kind != WriteOffKind::kSmallDifference) {
      continue;
    }
    steps.emplace_back(std::max({issued, write_off.fact->event.occurred_at,
                                 recovery.fact->event.occurred_at}),
                       -Int128(recovery.event->amount_minor));
  }
  // Walk back from the end: the settlement is the first instant of the last stretch at gross or more.
  std::ranges::sort(steps);
  Int128 sum = 0;
  for (const auto& step : steps) sum += step.second;
  if (sum < gross) return std::nullopt;
  std::size_t i = steps.size();
  while (i > 0) {
    const Instant at = steps[i - 1].first;
    Int128 before = sum;
    std::size_t first = i;
    while (first > 0 && steps[first - 1].first == at) before -= steps[--first].second;
    if (before < gross) return at;
    sum = before;
    i = first;
  }
  return issued;
}

void contribute_invoice(Picture& picture, const Document& document, Contributions& to, Extent extent) {
  const Invoice* known = picture.invoice(document);
  if (known == nullptr) return contribute_unknown(picture, document, to);
  const Invoice& invoice = *known;
  const Attributes& attributes = invoice.attributes;
  const Currency currency = invoice.issued->currency;
  if (extent.own) {
    contribute_waiting(picture, invoice, to);
    contribute_ledger_and_sales(invoice, to);
  }
  contribute_settled(picture, invoice, to);

  const Day issue_day = invoice.issued->issue_date;
  Breakpoints breakpoints;
  breakpoints.add(issue_day);
  breakpoints.add(invoice.void_day);
  for (const Application& application : picture.applications(invoice)) {
    if (application.item->state != ItemState::kCounts) continue;
    application.item->for_each_movement([&](Day day, Int128) { breakpoints.add(day); });
  }
  for (const auto& write_off : invoice.write_offs) breakpoints.add(write_off.day);
  for (const auto& recovery : invoice.recoveries) {
    if (recovery.counts) breakpoints.add(recovery.day);
    if (!recovery.counts) {
      Anomaly anomaly = anomaly_about(AnomalyKind::kRecoveryExceedsWriteOff,
                                      recovery.event->recovery_id, *recovery.fact);
      anomaly.from = recovery.day;
      to.anomaly(anomaly);
    }
  }
  for (const auto& change : invoice.due_changes) breakpoints.add(std::max(change.from, issue_day));
  for (const auto& dispute : invoice.disputes) {
    breakpoints.add(std::max(dispute.from, issue_day));
    if (dispute.until != kNever) breakpoints.add(std::max(dispute.until, issue_day));
  }

  const Rules& rules = picture.rules();
  const Day not_received_from = issue_day + rules.anomaly_days.invoice_not_received + 1;
  const bool may_be_missed = rules.expect.invoices && invoice.received_day > not_received_from;
  if (may_be_missed) breakpoints.add(invoice.received_day);
  // Cells of one due date add up.
  const auto contribute_disputed = [&](const InvoiceState& state, Day day, int sign) {
    for (const OpenInstalment& instalment : state.instalments) {
      to.cell({Measure::kDisputed, currency, attributes, {}, 0, instalment.due_date, day},
              {sign * instalment.disputed, 0});
    }
  };
  InvoiceState before;
  Stretches over_applied(AnomalyKind::kOverApplied, invoice.ref.id, *invoice.issued_fact, to);
  Stretches not_received(AnomalyKind::kInvoiceNotReceived, invoice.ref.id, *invoice.issued_fact, to);
  const std::span<const Day> days = breakpoints.sorted();
  for (std::size_t i = 0; i < days.size(); ++i) {
    const Day day = days[i];
    InvoiceState now = state_on(picture, invoice, day);
    const OpenByDue open_before = open_by_due(before);
    const OpenByDue open_now = open_by_due(now);
    if (open_before != open_now) {
      for (const auto& [due, value] : open_before) {
        to.cell({Measure::kOpen, currency, attributes, {}, issue_day, due, day}, -value);
      }
      for (const auto& [due, value] : open_now) {
        to.cell({Measure::kOpen, currency, attributes, {}, issue_day, due, day}, value);
      }
    }
    if (before.disputed != 0 || now.disputed != 0) {
      contribute_disputed(before, day, -1);
      contribute_disputed(now, day, 1);
    }
    if (before.surplus != now.surplus) {
      to.cell({Measure::kOpenCredits, currency, attributes, {}, 0, 0, day},
              {now.surplus - before.surplus, Int128(now.surplus > 0) - Int128(before.surplus > 0)});
    }
    over_applied.holds(day, now.surplus > 0);
    if (may_be_missed) {
      const Day from = std::max(day, not_received_from);
      const bool missed = now.open > 0 && day < invoice.received_day && from < (i + 1 < days.size() ? days[i + 1] : kNever);
      not_received.holds(missed ? from : day, missed);
    }
    before = std::move(now);
  }
}

}  // namespace daybook::domain
