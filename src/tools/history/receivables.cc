#include "tools/history/receivables.h"

#include <fmt/format.h>

#include <algorithm>

namespace daybook::tools::history {
namespace {

constexpr std::array kDisputeReasons = {"PRICE", "QUANTITY", "QUALITY", "NOT_ORDERED", "PROOF_MISSING"};
constexpr std::array kMethods = {"transfer", "transfer", "draft", "card"};
// More would make events that no bank sends.
constexpr std::size_t kInvoicesInRunMax = 100;
constexpr std::size_t kOrdersInInvoiceMax = 100;

std::string invoice_id(std::uint32_t number) { return fmt::format("INV-{:06}", number); }
std::string payment_id(std::uint32_t number) { return fmt::format("PAY-{:06}", number); }
std::string credit_note_id(std::uint32_t number) { return fmt::format("CN-{:06}", number); }

void add_allocation(google::protobuf::RepeatedPtrField<v1::Allocation>& to, std::uint32_t invoice,
                    std::int64_t amount) {
  auto& allocation = *to.Add();
  allocation.set_invoice_id(invoice_id(invoice));
  allocation.set_amount_minor(amount);
}

}  // namespace

void Receivables::plan(Instant at, Action action, std::uint32_t place, std::uint32_t detail) {
  ++invoices_[place].planned;
  world_.agenda.plan(at, action, place, detail);
}

void Receivables::release(std::uint32_t place) {
  if (--invoices_[place].planned == 0) invoices_.remove(place);
}

v1::Event& Receivables::begin_of(const Step& step, const Invoice& invoice, const char* source, v1::Event& event) {
  begin(world_, event, step.at, customer_id(invoice.customer), source);
  return event;
}

bool Receivables::act(const Step& step, v1::Event& event) {
  if (step.action == Action::kBillMonth) return bill_month(step, event);
  if (step.action == Action::kPayRun) return pay_run(step, event);
  const bool happened = act(step, invoices_[step.subject], event);
  release(step.subject);
  return happened;
}

bool Receivables::act(const Step& step, Invoice& invoice, v1::Event& event) {
  switch (step.action) {
    case Action::kReissue:
      open_invoice({.customer = invoice.customer, .amount = invoice.amount, .order = invoice.order}, {invoice.order},
                   step.at, event);
      return true;
    case Action::kLateFee:
      open_invoice({.customer = invoice.customer,
                    .amount = {std::max<std::int64_t>(1, invoice.amount.net / 50), 0},
                    .late_fee = true},
                   {}, step.at, event);
      return true;
    case Action::kHandOver:
      begin_of(step, invoice, "erp", event).mutable_invoice_delivered()->set_invoice_id(invoice_id(invoice.number));
      return true;
    case Action::kMoveDueDate: move_due_date(step, invoice, event); return true;
    case Action::kVoid: return void_invoice(step, invoice, event);
    case Action::kDispute: return dispute(step, invoice, event);
    case Action::kResolve: resolve(step, invoice, event); return true;
    case Action::kCreditDispute: {
      const std::int64_t gross = std::min(invoice.disputed_amount, invoice.open);
      const auto tax = static_cast<std::int64_t>(Int128{gross} * invoice.amount.tax / invoice.amount.gross());
      return credit(invoice.customer, {step.subject, invoice.number}, {gross - tax, tax}, "DISPUTE", step.at, event);
    }
    case Action::kBonus: return give_bonus(step, invoice, event);
    case Action::kMisbookNote: return misbook_note(step, invoice, event);
    case Action::kVoidNote: void_note(step, invoice, event); return true;
    case Action::kRightNote:
      return credit(invoice.customer, {step.subject, invoice.number}, {invoice.noted / 3, 0}, "PRICE", step.at, event);
    case Action::kUnallocateNote: return unallocate_note(step, invoice, event);
    case Action::kMoveNote: return move_note(step, invoice, event);
    case Action::kCreditPaid: return credit_paid(step, invoice, event);
    case Action::kRefundPaid: write_refund(step, invoice, invoice.to_refund, event); return true;
    case Action::kPromise: return promise(step, invoice, event);
    case Action::kWithdrawPromise:
      begin_of(step, invoice, "erp", event)
          .mutable_promise_withdrawn()
          ->set_promise_id(fmt::format("PR-{:06}", step.detail));
      return true;
    case Action::kPay: return pay(step, invoice, event);
    case Action::kAllocate:
    case Action::kAllocateBonus: return allocate(step, invoice, event);
    case Action::kUnallocate: unallocate(step, invoice, event); return true;
    case Action::kBounce: bounce(step, invoice, event); return true;
    case Action::kRefund: return refund(step, invoice, event);
    case Action::kWriteOff:
    case Action::kWriteOffDifference: return write_off(step, invoice, event);
    default: recover(step, invoice, event); return true;
  }
}

InvoiceRef Receivables::issue(std::uint32_t customer, const Unbilled& order, Instant at, v1::Event& event) {
  return open_invoice({.customer = customer, .amount = {order.net, order.tax}, .order = order.order_number},
                      {order.order_number}, at, event);
}

void Receivables::bill_later(std::uint32_t customer, const Unbilled& order, Instant at) {
  auto& unbilled = world_.customers[customer].unbilled;
  unbilled.push_back(order);
  if (unbilled.size() > 1) return;
  const Day next_month = period_start(Grain::kMonth, period_start(Grain::kMonth, day_of(at)) + 40);
  world_.agenda.plan(next_month * kDay + 8 * kHour + customer % 3600, Action::kBillMonth, customer);
}

bool Receivables::bill_month(const Step& step, v1::Event& event) {
  auto& unbilled = world_.customers[step.subject].unbilled;
  const auto count = static_cast<std::ptrdiff_t>(std::min(unbilled.size(), kOrdersInInvoiceMax));
  Invoice draft{.customer = step.subject};
  std::vector<std::uint32_t> orders;
  for (std::ptrdiff_t i = 0; i < count; ++i) {
    const Unbilled& order = unbilled[static_cast<std::size_t>(i)];
    draft.amount.net += order.net;
    draft.amount.tax += order.tax;
    orders.push_back(order.order_number);
  }
  unbilled.erase(unbilled.begin(), unbilled.begin() + count);
  if (!unbilled.empty()) world_.agenda.plan(step.at + 60, Action::kBillMonth, step.subject);
  open_invoice(draft, orders, step.at, event);
  return true;
}

InvoiceRef Receivables::open_invoice(Invoice draft, const std::vector<std::uint32_t>& orders, Instant at,
                                     v1::Event& event) {
  draft.number = ++invoice_numbers_;
  draft.random = Random(mixed(world_.options.seed ^ 0x1F, draft.number));
  draft.open = draft.amount.gross();
  const std::uint32_t place = invoices_.add(draft);
  Invoice& invoice = invoices_[place];
  const Customer& customer = world_.customers[invoice.customer];

  begin(world_, event, at, customer_id(invoice.customer), "erp");
  auto& issued = *event.mutable_invoice_issued();
  issued.set_invoice_id(invoice_id(invoice.number));
  if (invoice.late_fee) issued.set_kind(v1::INVOICE_KIND_DEBIT_NOTE);
  for (const std::uint32_t order : orders) issued.add_order_ids(order_id(order));
  // The rest has those of its first order.
  if (orders.empty() || invoice.random.chance(300)) {
    issued.set_region(customer.place().region);
    issued.set_sales_rep(sales_rep(customer));
  }
  issued.set_currency(currency(invoice.customer));
  issued.set_net_minor(invoice.amount.net);
  issued.set_tax_minor(invoice.amount.tax);
  issued.set_issue_date(format_date(day_of(at)));
  write_due(invoice, day_of(at), issued);
  newest_[invoice.customer] = {place, invoice.number};
  plan_life(place, at);
  return {place, invoice.number};
}

void Receivables::write_due(Invoice& invoice, Day issued, v1::InvoiceIssued& issue) {
  invoice.due = issued + world_.customers[invoice.customer].terms_days;
  if (!invoice.late_fee && invoice.open >= 1000 && invoice.random.chance(50)) {
    invoice.instalments = static_cast<std::uint8_t>(invoice.random.between(2, 3));
    const std::int64_t part = invoice.open / invoice.instalments;
    for (int i = 0; i < invoice.instalments; ++i) {
      auto& instalment = *issue.add_instalments();
      instalment.set_due_date(format_date(invoice.due + 30 * i));
      const bool last = i + 1 == invoice.instalments;
      instalment.set_amount_minor(last ? invoice.open - part * i : part);
    }
  } else if (invoice.random.chance(500)) {
    issue.set_due_date(format_date(invoice.due));
  }
}

void Receivables::plan_life(std::uint32_t place, Instant at) {
  Invoice& invoice = invoices_[place];
  Random& random = invoice.random;
  if (invoice.order != 0 && random.chance(6)) {
    plan(days_later(at, random.between(1, 4), random), Action::kVoid, place);
    return;
  }
  const auto around_due = [&](std::int64_t least, std::int64_t most) {
    const std::int64_t days = invoice.due - day_of(at) + random.between(least, most);
    return days_later(at, std::max<std::int64_t>(1, days), random);
  };
  if (random.chance(600)) plan(days_later(at, random.between(1, 4), random), Action::kHandOver, place);
  if (random.chance(15)) plan(days_later(at, random.between(3, 15), random), Action::kMoveDueDate, place);
  if (random.chance(25)) plan(around_due(-8, 4), Action::kDispute, place);
  if (random.chance(6)) plan(days_later(at, random.between(1, 6), random), Action::kBonus, place);
  if (random.chance(16)) plan(days_later(at, random.between(1, 5), random), Action::kMisbookNote, place);
  // Some never pay. Most of that is given up in the end.
  if (random.chance(10)) {
    if (random.chance(400)) plan(around_due(5, 30), Action::kPromise, place);
    if (random.chance(800)) plan(around_due(120, 240), Action::kWriteOff, place);
    return;
  }
  plan_payment(place, at);
}

void Receivables::plan_payment(std::uint32_t place, Instant at) {
  Invoice& invoice = invoices_[place];
  Random& random = invoice.random;
  Customer& customer = world_.customers[invoice.customer];
  if (customer.pays_in_runs && invoice.instalments == 1) {
    ++invoice.planned;
    customer.to_pay.push_back(place);
    plan_run(invoice.customer, at);
    return;
  }
  std::int64_t days = invoice.due + customer.usual_delay + random.between(-3, 4) - day_of(at);
  if (random.chance(60)) days += random.skewed(20, 120);
  if (day_of(at) + days > invoice.due + 10 && random.chance(250)) {
    plan(days_later(at, invoice.due - day_of(at) + random.between(3, 9), random), Action::kPromise, place);
  }
  plan(days_later(at, std::max<std::int64_t>(1, days), random), Action::kPay, place);
}

void Receivables::plan_run(std::uint32_t customer_number, Instant at) {
  Customer& customer = world_.customers[customer_number];
  if (customer.run_planned) return;
  customer.run_planned = true;
  Day day = day_of(at) + 1;
  for (int date = civil_from_day(day).day; date != 10 && date != 25; date = civil_from_day(day).day) ++day;
  world_.agenda.plan(days_later(day * kDay, 0, customer.random), Action::kPayRun, customer_number);
}

bool Receivables::pay_run(const Step& step, v1::Event& event) {
  Customer& customer = world_.customers[step.subject];
  customer.run_planned = false;
  const Day due_until = day_of(step.at) + 3 - std::max<std::int16_t>(0, customer.usual_delay);
  std::vector<std::uint32_t> paid;
  std::erase_if(customer.to_pay, [&](std::uint32_t place) {
    const Invoice& invoice = invoices_[place];
    if (invoice.open == 0) {
      release(place);
      return true;
    }
    if (invoice.disputed || invoice.due > due_until || paid.size() == kInvoicesInRunMax) return false;
    paid.push_back(place);
    return true;
  });
  if (paid.size() == kInvoicesInRunMax && !customer.to_pay.empty()) {
    customer.run_planned = true;
    world_.agenda.plan(step.at + 60, Action::kPayRun, step.subject);
  } else if (!customer.to_pay.empty()) {
    plan_run(step.subject, step.at);
  }
  if (paid.empty()) return false;
  auto& payment = receive(step.subject, 0, step.at, event);
  std::int64_t amount = 0;
  for (const std::uint32_t place : paid) {
    Invoice& invoice = invoices_[place];
    add_allocation(*payment.mutable_allocations(), invoice.number, invoice.open);
    amount += invoice.open;
    invoice.open = 0;
    release(place);
  }
  payment.set_amount_minor(amount);
  return true;
}

void Receivables::move_due_date(const Step& step, Invoice& invoice, v1::Event& event) {
  auto& moved = *begin_of(step, invoice, "erp", event).mutable_invoice_due_date_changed();
  const auto last = static_cast<Day>(invoice.due + 30 * (invoice.instalments - 1) + invoice.random.between(5, 20));
  moved.set_invoice_id(invoice_id(invoice.number));
  moved.set_due_date(format_date(last));
  moved.set_reason_code("AGREED");
}

bool Receivables::void_invoice(const Step& step, Invoice& invoice, v1::Event& event) {
  if (invoice.open != invoice.amount.gross()) return false;
  invoice.open = 0;
  auto& voided = *begin_of(step, invoice, "erp", event).mutable_invoice_voided();
  voided.set_invoice_id(invoice_id(invoice.number));
  voided.set_date(format_date(day_of(step.at)));
  voided.set_reason_code("WRONG_ADDRESS");
  plan(step.at + invoice.random.between(1, 30) * kHour, Action::kReissue, step.subject);
  return true;
}

bool Receivables::credit(std::uint32_t customer, InvoiceRef ref, Money amount, const char* reason, Instant at,
                         v1::Event& event) {
  if (amount.gross() == 0) return false;
  begin(world_, event, at, customer_id(customer), "erp");
  auto& note = *event.mutable_credit_note_issued();
  note.set_credit_note_id(credit_note_id(++credit_numbers_));
  if (ref.number != 0) {
    Invoice& invoice = invoices_[ref.place];
    if (invoice.number == ref.number && invoice.open >= amount.gross()) {
      invoice.open -= amount.gross();
      note.set_invoice_id(invoice_id(ref.number));
    }
  }
  note.set_currency(currency(customer));
  note.set_net_minor(amount.net);
  note.set_tax_minor(amount.tax);
  note.set_issue_date(format_date(day_of(at)));
  note.set_reason_code(reason);
  return true;
}

bool Receivables::give_bonus(const Step& step, Invoice& invoice, v1::Event& event) {
  invoice.bonus = invoice.open * 3 / 100;
  if (!credit(invoice.customer, {}, {invoice.bonus, 0}, "BONUS", step.at, event)) return false;
  invoice.bonus_note = credit_numbers_;
  plan(days_later(step.at, invoice.random.between(1, 5), invoice.random), Action::kAllocateBonus, step.subject);
  return true;
}

bool Receivables::misbook_note(const Step& step, Invoice& invoice, v1::Event& event) {
  Random& random = invoice.random;
  invoice.noted = invoice.open * random.between(10, 40) / 100;
  if (!credit(invoice.customer, {step.subject, invoice.number}, {invoice.noted, 0}, "PRICE", step.at, event)) {
    return false;
  }
  invoice.note = credit_numbers_;
  plan(days_later(step.at, random.between(2, 8), random),
       random.chance(500) ? Action::kVoidNote : Action::kUnallocateNote, step.subject);
  return true;
}

void Receivables::reopen_noted(const Step& step, Invoice& invoice) {
  if (invoice.open == 0) {
    plan(days_later(step.at, invoice.random.between(40, 60), invoice.random), Action::kPay, step.subject);
  }
  invoice.open += invoice.noted;
}

void Receivables::void_note(const Step& step, Invoice& invoice, v1::Event& event) {
  auto& voided = *begin_of(step, invoice, "erp", event).mutable_credit_note_voided();
  voided.set_credit_note_id(credit_note_id(invoice.note));
  voided.set_date(format_date(day_of(step.at)));
  voided.set_reason_code("MISTAKE");
  reopen_noted(step, invoice);
  if (invoice.random.chance(500)) {
    plan(days_later(step.at, invoice.random.between(1, 3), invoice.random), Action::kRightNote, step.subject);
  }
}

Receivables::Invoice* Receivables::other_open(const Invoice& invoice) {
  const InvoiceRef ref = newest_[invoice.customer];
  Invoice& other = invoices_[ref.place];
  const bool fits = ref.number != invoice.number && other.number == ref.number && other.open > 0;
  return fits ? &other : nullptr;
}

bool Receivables::unallocate_note(const Step& step, Invoice& invoice, v1::Event& event) {
  if (other_open(invoice) == nullptr) return false;
  auto& undone = *begin_of(step, invoice, "erp", event).mutable_payment_unallocated();
  undone.set_allocation_id(credit_note_id(invoice.note));
  undone.set_credit_note_id(credit_note_id(invoice.note));
  undone.set_date(format_date(day_of(step.at)));
  reopen_noted(step, invoice);
  plan(step.at + invoice.random.between(60, 1800), Action::kMoveNote, step.subject);
  return true;
}

bool Receivables::move_note(const Step& step, Invoice& invoice, v1::Event& event) {
  Invoice* other = other_open(invoice);
  if (other == nullptr) return false;
  const std::int64_t amount = std::min(other->open, invoice.noted);
  other->open -= amount;
  auto& allocated = *begin_of(step, invoice, "erp", event).mutable_payment_allocated();
  allocated.set_allocation_id(fmt::format("AL-{:06}", ++other_numbers_));
  allocated.set_credit_note_id(credit_note_id(invoice.note));
  allocated.set_date(format_date(day_of(step.at)));
  add_allocation(*allocated.mutable_allocations(), other->number, amount);
  return true;
}

// What was paid is credited after all, and the money goes back the same day.
bool Receivables::credit_paid(const Step& step, Invoice& invoice, v1::Event& event) {
  invoice.to_refund = invoice.applied * invoice.random.between(10, 40) / 100;
  if (invoice.open != 0 || !credit(invoice.customer, {}, {invoice.to_refund, 0}, "QUALITY", step.at, event)) {
    return false;
  }
  event.mutable_credit_note_issued()->set_invoice_id(invoice_id(invoice.number));
  plan(step.at + invoice.random.between(60, 3 * kHour), Action::kRefundPaid, step.subject);
  return true;
}

bool Receivables::dispute(const Step& step, Invoice& invoice, v1::Event& event) {
  if (invoice.open < 100 || invoice.disputed) return false;
  Random& random = invoice.random;
  invoice.disputed = true;
  invoice.dispute = ++other_numbers_;
  invoice.disputed_amount = invoice.open;
  auto& disputed = *begin_of(step, invoice, "erp", event).mutable_invoice_disputed();
  disputed.set_dispute_id(fmt::format("DIS-{:06}", invoice.dispute));
  disputed.set_invoice_id(invoice_id(invoice.number));
  if (random.chance(500)) {
    invoice.disputed_amount = invoice.open * random.between(10, 60) / 100;
    disputed.set_amount_minor(invoice.disputed_amount);
  }
  disputed.set_reason_code(kDisputeReasons[static_cast<std::size_t>(random.below(kDisputeReasons.size()))]);
  plan(days_later(step.at, random.between(5, 40), random), Action::kResolve, step.subject);
  return true;
}

void Receivables::resolve(const Step& step, Invoice& invoice, v1::Event& event) {
  Random& random = invoice.random;
  invoice.disputed = false;
  const std::int64_t roll = random.below(100);
  auto& resolved = *begin_of(step, invoice, "erp", event).mutable_dispute_resolved();
  resolved.set_dispute_id(fmt::format("DIS-{:06}", invoice.dispute));
  resolved.set_invoice_id(invoice_id(invoice.number));
  resolved.set_outcome(roll < 40   ? v1::DISPUTE_OUTCOME_UPHELD
                       : roll < 80 ? v1::DISPUTE_OUTCOME_REJECTED
                                   : v1::DISPUTE_OUTCOME_WITHDRAWN);
  if (roll < 40) plan(days_later(step.at, random.between(1, 5), random), Action::kCreditDispute, step.subject);
}

bool Receivables::promise(const Step& step, Invoice& invoice, v1::Event& event) {
  if (invoice.open == 0) return false;
  Random& random = invoice.random;
  const std::uint32_t number = ++other_numbers_;
  auto& promise = *begin_of(step, invoice, "erp", event).mutable_promise_made();
  promise.set_promise_id(fmt::format("PR-{:06}", number));
  promise.add_invoice_ids(invoice_id(invoice.number));
  promise.set_currency(currency(invoice.customer));
  promise.set_amount_minor(invoice.open);
  promise.set_promised_date(format_date(day_of(step.at) + static_cast<Day>(random.between(5, 20))));
  if (random.chance(100)) {
    plan(days_later(step.at, random.between(1, 5), random), Action::kWithdrawPromise, step.subject, number);
  }
  return true;
}

v1::PaymentReceived& Receivables::receive(std::uint32_t customer, std::int64_t amount, Instant at, v1::Event& event) {
  begin(world_, event, at, customer_id(customer), "bank");
  auto& payment = *event.mutable_payment_received();
  const std::uint32_t number = ++payment_numbers_;
  payment.set_payment_id(payment_id(number));
  payment.set_currency(currency(customer));
  payment.set_amount_minor(amount);
  // Some banks report a day or two late.
  const std::uint64_t lag = mixed(world_.options.seed, number) % 10;
  payment.set_value_date(format_date(day_of(at) - (lag < 7 ? 0 : lag < 9 ? 1 : 2)));
  payment.set_method(kMethods[number % kMethods.size()]);
  payment.set_reference(fmt::format("TRX{:09}", mixed(world_.options.seed, number) % 1'000'000'000));
  return payment;
}

bool Receivables::pay(const Step& step, Invoice& invoice, v1::Event& event) {
  if (invoice.open == 0) return false;
  Random& random = invoice.random;
  const auto later = [&](Action action, std::int64_t least, std::int64_t most) {
    plan(days_later(step.at, random.between(least, most), random), action, step.subject);
  };
  if (invoice.disputed) {
    later(Action::kPay, 12, 20);
    return false;
  }
  std::int64_t amount = invoice.open;
  std::int64_t allocated = invoice.open;
  const std::int64_t roll = random.below(1000);
  if (++invoice.instalments_paid < invoice.instalments) {
    amount = allocated = std::min(invoice.open, invoice.amount.gross() / invoice.instalments);
    later(Action::kPay, 27, 33);
  } else if (roll < 45 && invoice.open >= 1000) {
    amount = allocated = invoice.open * random.between(30, 70) / 100;
    later(Action::kPay, 10, 40);
  } else if (roll < 60) {
    amount += std::max<std::int64_t>(1, invoice.open * random.between(1, 10) / 100);
    if (random.chance(600)) later(Action::kRefund, 10, 40);
  } else if (roll < 90) {
    allocated = 0;
    later(Action::kAllocate, 2, 15);
  } else if (roll < 100) {
    later(Action::kBounce, 3, 8);
  } else if (roll < 112 && invoice.open >= 10'000) {
    amount = allocated = invoice.open - random.between(1, 99);
    later(Action::kWriteOffDifference, 5, 20);
  } else if (roll < 122) {
    later(Action::kCreditPaid, 5, 40);
  }
  if (day_of(step.at) > invoice.due + 20 && !invoice.late_fee && random.chance(60)) later(Action::kLateFee, 1, 3);

  auto& payment = receive(invoice.customer, amount, step.at, event);
  if (allocated > 0) add_allocation(*payment.mutable_allocations(), invoice.number, allocated);
  invoice.payment = payment_numbers_;
  invoice.applied = allocated;
  invoice.unapplied = amount - allocated;
  invoice.open -= allocated;
  return true;
}

bool Receivables::allocate(const Step& step, Invoice& invoice, v1::Event& event) {
  const bool bonus = step.action == Action::kAllocateBonus;
  std::int64_t& left = bonus ? invoice.bonus : invoice.unapplied;
  const std::int64_t amount = std::min(invoice.open, left);
  if (amount == 0) return false;
  invoice.open -= amount;
  left -= amount;
  const std::uint32_t number = ++other_numbers_;
  auto& allocated = *begin_of(step, invoice, "erp", event).mutable_payment_allocated();
  allocated.set_allocation_id(fmt::format("AL-{:06}", number));
  allocated.set_date(format_date(day_of(step.at)));
  add_allocation(*allocated.mutable_allocations(), invoice.number, amount);
  if (bonus) {
    allocated.set_credit_note_id(credit_note_id(invoice.bonus_note));
    return true;
  }
  allocated.set_payment_id(payment_id(invoice.payment));
  invoice.allocation = number;
  invoice.applied = amount;
  if (invoice.random.chance(60)) {
    plan(days_later(step.at, invoice.random.between(2, 10), invoice.random), Action::kUnallocate, step.subject);
  }
  return true;
}

void Receivables::unallocate(const Step& step, Invoice& invoice, v1::Event& event) {
  auto& undone = *begin_of(step, invoice, "erp", event).mutable_payment_unallocated();
  undone.set_allocation_id(fmt::format("AL-{:06}", invoice.allocation));
  undone.set_payment_id(payment_id(invoice.payment));
  undone.set_date(format_date(day_of(step.at)));
  invoice.open += invoice.applied;
  invoice.unapplied += invoice.applied;
  plan(days_later(step.at, invoice.random.between(1, 5), invoice.random), Action::kAllocate, step.subject);
}

void Receivables::bounce(const Step& step, Invoice& invoice, v1::Event& event) {
  auto& reversed = *begin_of(step, invoice, "bank", event).mutable_payment_reversed();
  reversed.set_payment_id(payment_id(invoice.payment));
  reversed.set_date(format_date(day_of(step.at)));
  reversed.set_reason_code("NO_FUNDS");
  invoice.open += invoice.applied;
  plan(days_later(step.at, invoice.random.between(7, 20), invoice.random), Action::kPay, step.subject);
}

bool Receivables::refund(const Step& step, Invoice& invoice, v1::Event& event) {
  if (invoice.unapplied == 0) return false;
  write_refund(step, invoice, invoice.unapplied, event);
  invoice.unapplied = 0;
  return true;
}

void Receivables::write_refund(const Step& step, const Invoice& invoice, std::int64_t amount, v1::Event& event) {
  auto& refund = *begin_of(step, invoice, "bank", event).mutable_refund_paid();
  refund.set_refund_id(fmt::format("REF-{:06}", ++other_numbers_));
  refund.set_payment_id(payment_id(invoice.payment));
  refund.set_currency(currency(invoice.customer));
  refund.set_amount_minor(amount);
  refund.set_value_date(format_date(day_of(step.at)));
}

bool Receivables::write_off(const Step& step, Invoice& invoice, v1::Event& event) {
  if (invoice.open == 0) return false;
  const bool bad_debt = step.action == Action::kWriteOff;
  Random& random = invoice.random;
  invoice.write_off = ++other_numbers_;
  invoice.written_off = invoice.open;
  invoice.open = 0;
  auto& lost = *begin_of(step, invoice, "erp", event).mutable_invoice_written_off();
  lost.set_write_off_id(fmt::format("WO-{:06}", invoice.write_off));
  lost.set_invoice_id(invoice_id(invoice.number));
  lost.set_amount_minor(invoice.written_off);
  lost.set_date(format_date(day_of(step.at)));
  if (!bad_debt) lost.set_kind(v1::WRITE_OFF_KIND_SMALL_DIFFERENCE);
  lost.set_reason_code(bad_debt ? "INSOLVENT" : "SMALL_DIFFERENCE");
  if (bad_debt && random.chance(150)) {
    plan(days_later(step.at, random.between(20, 150), random), Action::kRecover, step.subject);
  }
  return true;
}

void Receivables::recover(const Step& step, Invoice& invoice, v1::Event& event) {
  Random& random = invoice.random;
  const std::int64_t amount = random.chance(500) ? invoice.written_off : (invoice.written_off + 1) / 2;
  invoice.open += amount;
  auto& recovered = *begin_of(step, invoice, "erp", event).mutable_write_off_recovered();
  recovered.set_recovery_id(fmt::format("RC-{:06}", ++other_numbers_));
  recovered.set_write_off_id(fmt::format("WO-{:06}", invoice.write_off));
  recovered.set_invoice_id(invoice_id(invoice.number));
  recovered.set_amount_minor(amount);
  recovered.set_date(format_date(day_of(step.at)));
  plan(days_later(step.at, random.between(1, 3), random), Action::kPay, step.subject);
}

}  // namespace daybook::tools::history
