// An account as known at one moment: the states of its documents, computed from the facts that the
// moment admits. All rules about how facts make a state are in order.cc, invoice.cc and source.cc.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/small_vector.h"
#include "domain/cell.h"
#include "domain/document.h"
#include "domain/order_lines.h"
#include "domain/rules.h"

namespace daybook::domain {

// Loads the documents of one account. A document stays where it is while states made of it are in use.
class Account {
 public:
  virtual ~Account() = default;
  // Null when nothing was ever said about it, or where it cannot be had: the account's owner knows of that and gives
  // up the state made of it.
  virtual const Document* document(DocumentRef ref) = 0;
};

// Which facts count.
class Known {
 public:
  // Everything read.
  static Known all() { return Known(std::numeric_limits<std::int64_t>::max(), true); }
  // What was committed before the facts marked fresh.
  static Known before() { return Known(std::numeric_limits<std::int64_t>::max(), false); }
  // Records with recorded time up to this, inclusive.
  static Known until(std::int64_t recorded_ms) { return Known(recorded_ms, true); }

  template <typename Told>
  bool admits(const Told& told) const {
    return told.recorded_ms <= recorded_ms_max_ && (fresh_ || !told.fresh);
  }

 private:
  Known(std::int64_t recorded_ms_max, bool fresh) : recorded_ms_max_(recorded_ms_max), fresh_(fresh) {}
  std::int64_t recorded_ms_max_;
  bool fresh_;
};

// --- the customer file ------------------------------------------------------------------------

class CustomerFile {
 public:
  struct Entry {
    Day from = 0;
    const Fact* fact = nullptr;
    const CustomerProfileSet* profile = nullptr;
  };

  CustomerFile() = default;
  // `facts`: the customer's document as known; may be null.
  CustomerFile(const Document* document, Known known, const BusinessZone& zone);

  // In force on a date: the last with a business date up to it; null before the first.
  const CustomerProfileSet* on(Day day) const;
  // The last known, whatever the date; null when there is none.
  const CustomerProfileSet* last() const { return entries_.empty() ? nullptr : entries_.back().profile; }
  // In order of occurred_at, offset.
  const std::vector<Entry>& entries() const { return entries_; }

 private:
  std::vector<Entry> entries_;
};

// --- orders -----------------------------------------------------------------------------------

// A line as it stands on a date, and what was moved of it by then. Quantities are scaled by 10^6, as all are.
struct LineOnDate {
  std::string_view line_id;
  const OrderLine* terms = nullptr;
  Int128 quantity = 0;
  Int128 remaining = 0;  // 0: gone.
  Int128 dispatched = 0;
  Int128 returned = 0;
  Int128 delivered = 0;  // With proof.
};

struct Order {
  static constexpr std::uint32_t kNone = 0xFFFF'FFFF;

  struct Dispatch {
    const Fact* fact = nullptr;
    const ShipmentDispatched* event = nullptr;
    Day day = 0;
    // Which proof is its first, and which return the one after which all of it had come back. kNone: none.
    std::uint32_t proof = kNone;
    std::uint32_t whole_return = kNone;
  };
  // Of goods that were dispatched.
  struct Proof {
    const Fact* fact = nullptr;
    Day day = 0;
    std::uint32_t dispatch = kNone;
  };
  struct Return {
    const Fact* fact = nullptr;
    const ShipmentReturned* event = nullptr;
    Day day = 0;
    std::uint32_t dispatch = kNone;  // Whose goods they were, if it says so.
  };
  // Anything that concerns the order and has only an instant.
  struct Moment {
    const Fact* fact = nullptr;
    Day day = 0;
  };

  DocumentRef ref;
  const Document* document = nullptr;
  const Fact* placed_fact = nullptr;
  const OrderPlaced* placed = nullptr;
  Day placed_day = 0;
  // Each in order of occurred_at, offset.
  SmallVector<Moment, 1> changes;        // order_changed, order_cancelled
  SmallVector<Moment, 1> confirmations;  // order_confirmed
  SmallVector<Moment, 1> delays;         // order_delayed
  SmallVector<Moment, 1> ready;          // order_ready
  SmallVector<Dispatch, 2> dispatches;
  SmallVector<Proof, 2> proofs;    // shipment_delivered of a known shipment
  SmallVector<Return, 1> returns;  // without shipment, or of a known one
  // Facts about shipments that were never dispatched.
  SmallVector<std::pair<const Fact*, std::string_view>, 1> waiting;

  Attributes attributes() const { return {placed->region, placed->sales_rep, placed_day}; }
  // Nothing about an order takes effect before its placed date.
  Day counts_from(Day day) const { return day < placed_day ? placed_day : day; }
  bool counts(Day day, Day as_of) const { return counts_from(day) <= as_of; }

  // The changes in effect: the first so many, as they are in order of their instants, and so of their days.
  std::size_t changes_by(Day as_of) const { return changes.empty() ? 0 : changes_among(as_of); }
  // As the last record that sets them lists them, those cut to 0 included; `as_of` not before the placed date.
  std::vector<LineOnDate> lines(Day as_of) const;
  // Stays while the order does.
  const OrderLines& by_number() const;

 private:
  std::size_t changes_among(Day as_of) const;

  mutable std::optional<OrderLines> by_number_;
};

// An order's dispatches and returns as dates go by.
class Moves {
 public:
  explicit Moves(const Order& order) : order_(order) {}

  // Calls dispatched(i) and returned(i) for what comes into effect up to this date, in the order in which it does:
  // that of their instants, which is that of the days from which they count. Dates rise.
  template <typename Dispatched, typename Returned>
  void advance(Day as_of, const Dispatched& dispatched, const Returned& returned) {
    const auto in_effect = [&](const auto& moves, std::size_t next) {
      return next < moves.size() && order_.counts(moves[next].day, as_of);
    };
    for (;;) {
      const bool sends = in_effect(order_.dispatches, sent_);
      const bool takes_back = in_effect(order_.returns, back_);
      if (!sends && !takes_back) return;
      if (sends &&
          (!takes_back || place_in_time(*order_.dispatches[sent_].fact) < place_in_time(*order_.returns[back_].fact))) {
        dispatched(sent_++);
      } else {
        returned(back_++);
      }
    }
  }

  // In effect.
  std::size_t dispatches() const { return sent_; }
  std::size_t returns() const { return back_; }

 private:
  const Order& order_;
  std::size_t sent_ = 0;
  std::size_t back_ = 0;
};

// --- invoices ---------------------------------------------------------------------------------

struct Invoice {
  struct DueChange {
    const Fact* fact = nullptr;
    Day from = 0;
    Day due_date = 0;
  };
  struct Dispute {
    const Fact* fact = nullptr;
    const InvoiceDisputed* event = nullptr;
    Day from = 0;
    Day until = kNever;
    const Fact* resolved = nullptr;
  };
  struct WriteOff {
    const Fact* fact = nullptr;
    const InvoiceWrittenOff* event = nullptr;
    Day day = 0;
  };
  struct Recovery {
    const Fact* fact = nullptr;
    const WriteOffRecovered* event = nullptr;
    // Of the known write-offs; the recovery's own day is not before that of its write-off.
    std::size_t write_off = 0;
    Day day = 0;
    // False: more than was left of the write-off.
    bool counts = false;
  };

  DocumentRef ref;
  const Document* document = nullptr;
  const Fact* issued_fact = nullptr;
  const InvoiceIssued* issued = nullptr;
  const Fact* voided_fact = nullptr;
  Day void_day = kNever;
  Day received_day = kNever;  // On which it first reached the customer.
  // As issued, in the order listed; a gross of 0 has none.
  SmallVector<Instalment, 2> instalments;
  // The latest due date as issued, also where there is nothing to pay.
  Day last_due = 0;
  bool due_from_terms = false;
  SmallVector<DueChange, 1> due_changes;  // By occurred_at, offset.
  SmallVector<Dispute, 1> disputes;
  SmallVector<WriteOff, 1> write_offs;
  SmallVector<Recovery, 1> recoveries;  // By effective date, offset.
  // Those it names that are known, in the order listed.
  SmallVector<const Order*, 1> orders;
  // ("Attributes of a document", docs/figures.md.)
  Attributes attributes;
  // Facts that lack a dispute or a write-off, with the id they lack.
  SmallVector<std::pair<const Fact*, std::string_view>, 1> waiting_for_dispute;
  SmallVector<std::pair<const Fact*, std::string_view>, 1> waiting_for_write_off;

  // By how many days due dates have been moved by `as_of`.
  Day due_shift(Day as_of) const;
  // Due dates as moved, in the order listed.
  SmallVector<Day, 2> due_days(Day as_of) const;
  bool in_force(Day as_of) const { return issued->issue_date <= as_of && as_of < void_day; }
};

// --- payments and credit notes ----------------------------------------------------------------

enum class ItemState : std::uint8_t {
  kCounts,
  kWaiting,           // The invoice is not known.
  kCurrencyMismatch,  // The invoice is in another currency.
  kNeverInEffect,
  kDoesNotFit,  // More than the source had left.
};

// What a refund of its source took back from an item.
struct Taking {
  Day day = 0;  // The refund's value date.
  Int128 amount = 0;
  Int128 in_all = 0;  // With all before it.
};

// One allocation of a source to an invoice. In effect from `from` until the day before `until`.
struct Item {
  const Fact* fact = nullptr;  // The record that holds it.
  std::string_view allocation_id;
  std::string_view invoice_id;
  const Invoice* invoice = nullptr;  // Null: it is not known.
  std::int64_t amount = 0;
  Day own_day = 0;
  Day from = 0;
  Day until = kNever;
  // On which what was collected is no longer split as it says: where it ends by unallocation or a void, be it on
  // the day of a reversal. A reversal is split as its payment, and what refunds took back goes with it.
  Day split_until = kNever;
  bool own_of_credit_note = false;
  // Of a payment, with a date of its own before the invoice's issue date.
  bool before_invoice = false;
  ItemState state = ItemState::kWaiting;
  const Fact* unallocated = nullptr;
  // The latest occurred_at of the events it needs.
  Instant instant = 0;
  // By rising days, none before `from` nor after `until`. Where nothing is left the last of them ends it.
  SmallVector<Taking, 1> taken_back;

  bool in_effect(Day as_of) const { return state == ItemState::kCounts && from <= as_of && as_of < until; }
  // What refunds took back by then.
  Int128 taken(Day as_of) const {
    const auto after = std::ranges::upper_bound(taken_back, as_of, {}, &Taking::day);
    return after == taken_back.begin() ? 0 : std::prev(after)->in_all;
  }
  // What it settles on a date.
  Int128 applied(Day as_of) const { return in_effect(as_of) ? amount - taken(as_of) : 0; }
  // Calls visit(day, by how much what it settles changes): its beginning, what refunds took back, its end. It must
  // count.
  template <typename Visit>
  void for_each_movement(const Visit& visit) const {
    visit(from, Int128(amount));
    for (const Taking& taking : taken_back) visit(taking.day, -taking.amount);
    const Int128 rest = amount - taken(kNever);
    if (until != kNever && rest != 0) visit(until, -rest);
  }
};

struct Refund {
  const Fact* fact = nullptr;
  const RefundPaid* event = nullptr;
  // Same currency as its source: lowers what the source has left. Otherwise it stands by itself.
  bool in_sequence = false;
};

// A payment or credit note.
struct Source {
  DocumentRef ref;
  const Fact* created = nullptr;
  const PaymentReceived* payment = nullptr;  // One of these two.
  const CreditNoteIssued* credit_note = nullptr;
  Currency currency;
  Int128 amount = 0;
  Day day = 0;  // Value date or issue date.
  // What ended it, and on which day it no longer exists: the reversal of a payment, the void of a credit note.
  const Fact* ended_fact = nullptr;
  Day ended_day = kNever;
  SmallVector<Item, 2> items;
  SmallVector<std::uint32_t, 2> by_invoice;  // The places of all items, by the ids of their invoices and rising.
  SmallVector<Refund, 1> refunds;
  // Unallocations of allocations that are not known.
  SmallVector<std::pair<const Fact*, std::string_view>, 1> waiting;

  bool exists(Day as_of) const { return day <= as_of && as_of < ended_day; }
  // Calls visit(Item) for those that name the invoice, in their order.
  template <typename Visit>
  void for_each_item_of(std::string_view invoice_id, const Visit& visit) const {
    const auto named = [&](std::uint32_t place) { return items[place].invoice_id; };
    for (const std::uint32_t place : std::ranges::equal_range(by_invoice, invoice_id, {}, named)) visit(items[place]);
  }
  // Amount − applications − refunds in its currency.
  Int128 unapplied(Day as_of) const;
};

// An application of a source to the invoice asked about.
struct Application {
  const Source* source = nullptr;
  const Item* item = nullptr;
};

// --- the account ------------------------------------------------------------------------------

class Settlement;  // settlement.h
class Split;       // credit.h

// Lazily computed; one thread. States of documents stay where they are until this goes.
class AccountState {
 public:
  AccountState(Account& account, Known known, const Rules& rules);
  ~AccountState();
  AccountState(const AccountState&) = delete;
  AccountState& operator=(const AccountState&) = delete;

  const CustomerFile& file();
  // Null when it is not known (not placed, not issued, not received). With a document in hand it need not
  // be looked up.
  const Order* order(std::string_view id);
  const Order* order(const Document& document);
  const Invoice* invoice(std::string_view id);
  const Invoice* invoice(const Document& document);
  const Source* source(DocumentRef ref);
  const Source* source(const Document& document);

  // The document as it is, with the facts that are not admitted; null when there is none.
  const Document* document(DocumentRef ref) { return account_.document(ref); }
  bool admits(const Fact& fact) const { return known_.admits(fact); }
  bool admits(const Conflict& conflict) const { return known_.admits(conflict); }

  // Every item that names the invoice, of payments and credit notes, whatever its state.
  std::span<const Application> applications(const Invoice& invoice);
  // Known invoices that name the order.
  std::span<const Invoice* const> invoices_of(const Order& order);

  // ("Attributes of a document", docs/figures.md.)
  Attributes attributes(const Source& source);
  const Split& split(const Invoice& invoice);
  const Settlement& settlement(const Invoice& invoice);

  const Rules& rules() const { return rules_; }
  Day day_of(Instant instant) const { return rules_.zone.day_of(instant); }

 private:
  // What is known of a document: one of the three states, and what its links lead to.
  struct Place {
    bool made = false;
    bool linked = false;
    std::unique_ptr<Order> order;
    std::unique_ptr<Invoice> invoice;
    std::unique_ptr<Source> source;
    std::unique_ptr<const Split> split;
    std::unique_ptr<const Settlement> settlement;
    SmallVector<Application, 2> applications;
    SmallVector<const Invoice*, 2> invoices;
  };
  // Stays where it is.
  Place& place(const Document& document);
  std::unique_ptr<Order> make_order(const Document& document);
  std::unique_ptr<Invoice> make_invoice(const Document& document);
  std::unique_ptr<Source> make_source(const Document& document);
  void schedule(Source& source);

  Account& account_;
  Known known_;
  const Rules& rules_;
  std::optional<CustomerFile> file_;
  std::vector<std::unique_ptr<Place>> places_;  // By the documents' numbers; null: not asked for.
};

}  // namespace daybook::domain
