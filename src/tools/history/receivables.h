// Invoices of the synthetic company and the cash for them.
//
//   issue -> (hand over, due date moved, dispute, promise) -> pay: in full, in part, too much,
//     |        unallocated, bounced; one by one or many at once
//     |-> (void -> issue again)                            -> (write off -> recover)
//     `-> (credit note -> void it, move it)                -> (credit note -> refund)
#pragma once

#include <map>

#include "tools/history/world.h"

namespace daybook::tools::history {

struct Money {
  std::int64_t net = 0;
  std::int64_t tax = 0;
  std::int64_t gross() const { return net + tax; }
};

// An invoice that may have been settled and forgotten since.
struct InvoiceRef {
  std::uint32_t place = 0;
  std::uint32_t number = 0;  // 0: none.
};

class Receivables {
 public:
  explicit Receivables(World& world) : world_(world) {}

  // An invoice for one order, now.
  InvoiceRef issue(std::uint32_t customer, const Unbilled& order, Instant at, v1::Event& event);
  // The order goes on the customer's invoice at the end of the month.
  void bill_later(std::uint32_t customer, const Unbilled& order, Instant at);
  // A credit note: for the invoice while enough of it is open, else on account. False when there is
  // nothing to credit.
  bool credit(std::uint32_t customer, InvoiceRef invoice, Money amount, const char* reason, Instant at,
              v1::Event& event);

  // Does what the step says: fills `event`, or gives false when it has become pointless.
  bool act(const Step& step, v1::Event& event);

 private:
  struct Invoice {
    std::uint32_t number = 0;
    std::uint32_t customer = 0;
    Random random{};
    Money amount{};
    std::int64_t open = 0;
    Day due = 0;
    // What is left to do with it; the place is free when there is nothing.
    std::uint32_t planned = 0;
    // The one order it is for; 0 for several, and for a late fee.
    std::uint32_t order = 0;
    std::uint8_t instalments = 1;
    std::uint8_t instalments_paid = 0;
    bool late_fee = false;
    bool disputed = false;
    // Numbers of what happened to it last, and the amounts concerned.
    std::uint32_t payment = 0;
    std::int64_t applied = 0;    // By that payment.
    std::int64_t unapplied = 0;  // Left of that payment.
    std::uint32_t allocation = 0;
    std::uint32_t dispute = 0;
    std::int64_t disputed_amount = 0;
    std::uint32_t bonus_note = 0;
    std::int64_t bonus = 0;
    std::uint32_t note = 0;  // Given by mistake, or on the wrong invoice.
    std::int64_t noted = 0;
    std::int64_t to_refund = 0;
    std::uint32_t write_off = 0;
    std::int64_t written_off = 0;
  };

  void plan(Instant at, Action action, std::uint32_t place, std::uint32_t detail = 0);
  // One thing less is left to do with the invoice.
  void release(std::uint32_t place);
  bool act(const Step& step, Invoice& invoice, v1::Event& event);

  // Writes the invoice and plans what becomes of it.
  InvoiceRef open_invoice(Invoice draft, const std::vector<std::uint32_t>& orders, Instant at, v1::Event& event);
  void write_due(Invoice& invoice, Day issued, v1::InvoiceIssued& issue);
  void plan_life(std::uint32_t place, Instant at);
  void plan_payment(std::uint32_t place, Instant at);
  void plan_run(std::uint32_t customer, Instant at);
  bool bill_month(const Step& step, v1::Event& event);
  bool pay_run(const Step& step, v1::Event& event);

  void move_due_date(const Step& step, Invoice& invoice, v1::Event& event);
  bool void_invoice(const Step& step, Invoice& invoice, v1::Event& event);
  bool dispute(const Step& step, Invoice& invoice, v1::Event& event);
  void resolve(const Step& step, Invoice& invoice, v1::Event& event);
  bool give_bonus(const Step& step, Invoice& invoice, v1::Event& event);
  bool misbook_note(const Step& step, Invoice& invoice, v1::Event& event);
  void void_note(const Step& step, Invoice& invoice, v1::Event& event);
  bool unallocate_note(const Step& step, Invoice& invoice, v1::Event& event);
  bool move_note(const Step& step, Invoice& invoice, v1::Event& event);
  // The note no longer lowers the invoice.
  void reopen_noted(const Step& step, Invoice& invoice);
  // The customer's newest invoice, if it is another one with something open.
  Invoice* other_open(const Invoice& invoice);
  bool credit_paid(const Step& step, Invoice& invoice, v1::Event& event);
  void write_refund(const Step& step, const Invoice& invoice, std::int64_t amount, v1::Event& event);
  bool promise(const Step& step, Invoice& invoice, v1::Event& event);
  bool pay(const Step& step, Invoice& invoice, v1::Event& event);
  bool allocate(const Step& step, Invoice& invoice, v1::Event& event);
  void unallocate(const Step& step, Invoice& invoice, v1::Event& event);
  void bounce(const Step& step, Invoice& invoice, v1::Event& event);
  bool refund(const Step& step, Invoice& invoice, v1::Event& event);
  bool write_off(const Step& step, Invoice& invoice, v1::Event& event);
  void recover(const Step& step, Invoice& invoice, v1::Event& event);

  v1::PaymentReceived& receive(std::uint32_t customer, std::int64_t amount, Instant at, v1::Event& event);
  v1::Event& begin_of(const Step& step, const Invoice& invoice, const char* source, v1::Event& event);
  const char* currency(std::uint32_t customer) const { return world_.customers[customer].place().currency; }

  World& world_;
  Pool<Invoice> invoices_;
  std::map<std::uint32_t, InvoiceRef> newest_;  // By customer.
  std::uint32_t invoice_numbers_ = 0;
  std::uint32_t payment_numbers_ = 0;
  std::uint32_t credit_numbers_ = 0;
  std::uint32_t other_numbers_ = 0;  // Allocations, disputes, promises, refunds, write-offs.
};

}  // namespace daybook::tools::history
