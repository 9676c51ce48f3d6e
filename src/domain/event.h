// What an upstream system said: the events of docs/publishing.md, valid and typed.
//
// Texts and lists point into memory of whoever decoded the event (an arena, or a stored document);
// an Event is a view and is copied freely.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <variant>

#include "base/date.h"
#include "base/decimal.h"
#include "base/money.h"
#include "domain/event_id.h"

namespace daybook::domain {

// All enumerators below are stored: never renumber.
enum class OrderKind : std::uint8_t { kStandard = 1, kSample = 2 };
enum class DelayStage : std::uint8_t {
  kNone = 0,
  kConfirm = 1,
  kProduce = 2,
  kDispatch = 3,
  kDeliver = 4,
  kInvoice = 5,
};
enum class InvoiceKind : std::uint8_t { kInvoice = 1, kDebitNote = 2 };
enum class DisputeOutcome : std::uint8_t { kUpheld = 1, kRejected = 2, kWithdrawn = 3 };
enum class WriteOffKind : std::uint8_t { kBadDebt = 1, kSmallDifference = 2 };
enum class SalesMeasure : std::uint8_t { kOrdered = 1, kShipped = 2, kInvoiced = 3, kCollected = 4 };

// Whether it is one of these numbers.
template <typename Enum>
constexpr bool is_stored(Enum value) {
  constexpr auto kFirst = static_cast<std::uint8_t>(std::is_same_v<Enum, DelayStage> ? 0 : 1);
  constexpr std::uint8_t kLast = [] {
    if (std::is_same_v<Enum, OrderKind>) return static_cast<std::uint8_t>(OrderKind::kSample);
    if (std::is_same_v<Enum, DelayStage>) return static_cast<std::uint8_t>(DelayStage::kInvoice);
    if (std::is_same_v<Enum, InvoiceKind>) return static_cast<std::uint8_t>(InvoiceKind::kDebitNote);
    if (std::is_same_v<Enum, DisputeOutcome>) return static_cast<std::uint8_t>(DisputeOutcome::kWithdrawn);
    if (std::is_same_v<Enum, WriteOffKind>) return static_cast<std::uint8_t>(WriteOffKind::kSmallDifference);
    if (std::is_same_v<Enum, SalesMeasure>) return static_cast<std::uint8_t>(SalesMeasure::kCollected);
    return std::uint8_t{0};
  }();
  static_assert(kLast > 0);
  return static_cast<std::uint8_t>(value) >= kFirst && static_cast<std::uint8_t>(value) <= kLast;
}

// --- orders -----------------------------------------------------------------------------------

struct OrderLine {
  std::string_view line_id;
  std::string_view sku;
  Decimal quantity;
  std::int64_t net_minor = 0;
  std::optional<std::int64_t> tax_minor;
};
struct OrderPlaced {
  std::string_view order_id;
  OrderKind kind = OrderKind::kStandard;
  std::string_view region;
  std::string_view sales_rep;
  std::string_view channel;
  Currency currency;
  std::optional<Day> requested_date;
  std::span<const OrderLine> lines;
};
struct OrderConfirmed {
  std::string_view order_id;
  std::optional<Day> promised_date;
};
struct OrderChanged {
  std::string_view order_id;
  std::span<const OrderLine> lines;
  std::optional<Day> requested_date;
};
struct OrderDelayed {
  std::string_view order_id;
  DelayStage stage = DelayStage::kNone;
  std::string_view reason_code;
  std::optional<Day> promised_date;
  std::string_view note;
};
struct OrderReady {
  std::string_view order_id;
};
struct OrderCancelled {
  std::string_view order_id;
  std::span<const std::string_view> line_ids;
  std::string_view reason_code;
};

// --- shipments --------------------------------------------------------------------------------

struct ShipmentLine {
  std::string_view line_id;
  Decimal quantity;
};
struct ShipmentDispatched {
  std::string_view shipment_id;
  std::string_view order_id;
  std::string_view warehouse;
  std::string_view carrier;
  std::span<const ShipmentLine> lines;
  std::optional<std::int64_t> freight_minor;
  Currency currency;
};
struct ShipmentDelivered {
  std::string_view shipment_id;
  std::string_view order_id;
  std::string_view signed_by;
};
struct ShipmentReturned {
  std::string_view return_id;
  std::string_view shipment_id;
  std::string_view order_id;
  std::span<const ShipmentLine> lines;
  std::string_view reason_code;
  // The order is short of the goods again; else they are not wanted any more.
  bool to_be_resent = false;
};

// --- invoices ---------------------------------------------------------------------------------

struct Instalment {
  Day due_date = 0;
  std::int64_t amount_minor = 0;
};
struct InvoiceIssued {
  std::string_view invoice_id;
  InvoiceKind kind = InvoiceKind::kInvoice;
  std::span<const std::string_view> order_ids;
  std::string_view region;
  std::string_view sales_rep;
  Currency currency;
  std::int64_t net_minor = 0;
  std::optional<std::int64_t> tax_minor;
  Day issue_date = 0;
  std::optional<Day> due_date;
  std::span<const Instalment> instalments;

  std::int64_t gross_minor() const { return net_minor + tax_minor.value_or(0); }
};
struct InvoiceDelivered {
  std::string_view invoice_id;
};
struct InvoiceDueDateChanged {
  std::string_view invoice_id;
  Day due_date = 0;
  std::string_view reason_code;
};
struct InvoiceVoided {
  std::string_view invoice_id;
  Day date = 0;
  std::string_view reason_code;
};
struct CreditNoteIssued {
  std::string_view credit_note_id;
  std::string_view invoice_id;
  Currency currency;
  std::int64_t net_minor = 0;
  std::optional<std::int64_t> tax_minor;
  Day issue_date = 0;
  std::string_view reason_code;

  std::int64_t gross_minor() const { return net_minor + tax_minor.value_or(0); }
};
struct CreditNoteVoided {
  std::string_view credit_note_id;
  Day date = 0;
  std::string_view reason_code;
};
struct InvoiceDisputed {
  std::string_view dispute_id;
  std::string_view invoice_id;
  std::optional<std::int64_t> amount_minor;
  std::string_view reason_code;
};
struct DisputeResolved {
  std::string_view dispute_id;
  std::string_view invoice_id;
  DisputeOutcome outcome = DisputeOutcome::kUpheld;
};
struct InvoiceWrittenOff {
  std::string_view write_off_id;
  std::string_view invoice_id;
  std::int64_t amount_minor = 0;
  Day date = 0;
  WriteOffKind kind = WriteOffKind::kBadDebt;
  std::string_view reason_code;
};
struct WriteOffRecovered {
  std::string_view recovery_id;
  std::string_view write_off_id;
  std::string_view invoice_id;
  std::int64_t amount_minor = 0;
  Day date = 0;
};

// --- payments ---------------------------------------------------------------------------------

struct Allocation {
  std::string_view invoice_id;
  std::int64_t amount_minor = 0;
};
struct PaymentReceived {
  std::string_view payment_id;
  Currency currency;
  std::int64_t amount_minor = 0;
  Day value_date = 0;
  std::string_view method;
  std::string_view reference;
  std::string_view counterparty_customer_id;
  std::span<const Allocation> allocations;
};
// Exactly one of payment_id and credit_note_id is given here and in PaymentUnallocated; at most one
// in RefundPaid.
struct PaymentAllocated {
  std::string_view allocation_id;
  std::string_view payment_id;
  std::string_view credit_note_id;
  Day date = 0;
  std::span<const Allocation> allocations;
};
struct PaymentUnallocated {
  std::string_view allocation_id;
  std::string_view payment_id;
  std::string_view credit_note_id;
  Day date = 0;
};
struct PaymentReversed {
  std::string_view payment_id;
  Day date = 0;
  std::string_view reason_code;
};
struct RefundPaid {
  std::string_view refund_id;
  std::string_view payment_id;
  std::string_view credit_note_id;
  Currency currency;
  std::int64_t amount_minor = 0;
  Day value_date = 0;
  std::string_view counterparty_customer_id;
};
struct PromiseMade {
  std::string_view promise_id;
  std::span<const std::string_view> invoice_ids;
  Currency currency;
  std::int64_t amount_minor = 0;
  Day promised_date = 0;
};
struct PromiseWithdrawn {
  std::string_view promise_id;
};

// --- reference --------------------------------------------------------------------------------

struct CustomerProfileSet {
  std::string_view name;
  std::string_view region;
  std::string_view sales_rep;
  std::string_view grade;
  std::string_view parent_customer_id;
  Currency credit_currency;
  std::optional<std::int64_t> credit_limit_minor;
  std::optional<std::int32_t> payment_terms_days;
};
struct SalesTargetSet {
  std::string_view region;
  std::string_view sales_rep;
  std::string_view period;
  SalesMeasure measure = SalesMeasure::kOrdered;
  Currency currency;
  std::int64_t amount_minor = 0;
};
struct ExchangeRatePublished {
  Currency currency;
  Currency base_currency;
  Day date = 0;
  Decimal rate;
};

// The order of the alternatives is stored (EventType): append only.
using Payload = std::variant<OrderPlaced, OrderConfirmed, OrderChanged, OrderDelayed, OrderReady, OrderCancelled,
                             ShipmentDispatched, ShipmentDelivered, ShipmentReturned, InvoiceIssued, InvoiceDelivered,
                             InvoiceDueDateChanged, InvoiceVoided, CreditNoteIssued, InvoiceDisputed, DisputeResolved,
                             InvoiceWrittenOff, WriteOffRecovered, PaymentReceived, PaymentAllocated,
                             PaymentUnallocated, PaymentReversed, RefundPaid, PromiseMade, PromiseWithdrawn,
                             CustomerProfileSet, SalesTargetSet, ExchangeRatePublished, CreditNoteVoided>;

inline constexpr std::size_t kPayloadCount = std::variant_size_v<Payload>;

// "DEBIT_NOTE", …: the short names of JSON; empty for DelayStage::kNone.
std::string_view enumerator_name(OrderKind kind);
std::string_view enumerator_name(DelayStage stage);
std::string_view enumerator_name(InvoiceKind kind);
std::string_view enumerator_name(DisputeOutcome outcome);
std::string_view enumerator_name(WriteOffKind kind);
std::string_view enumerator_name(SalesMeasure measure);

// "STANDARD", "SAMPLE"; empty for 0: none.
std::string_view order_kind_name(std::uint8_t kind);

struct Event {
  EventId event_id;
  std::string_view customer_id;
  std::string_view source;
  Instant occurred_at = 0;
  std::string_view correlation_id;
  Payload payload;
};

}  // namespace daybook::domain
