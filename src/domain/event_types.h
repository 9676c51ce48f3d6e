// The table of event types: one row a payload says what it is called, which family publishes it, which
// document it belongs to, what it claims and what it names. Everything that depends on the type of an event
// and not on its meaning reads this table; a payload without its row does not compile.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <tuple>
#include <utility>

#include "domain/document.h"

namespace daybook::domain {

// A topic for each.
enum class Family : std::uint8_t { kOrders, kShipments, kInvoices, kPayments, kReference };

// What an event claims once within its document: nothing, the document itself, or an id. The first record
// with the claim stands.
enum class Claims : std::uint8_t { kNothing, kDocument, kItsId };

namespace event_types {

// --- the document that an event belongs to: ref() reads it, set() gives its id back ------------

template <DocumentKind kKind>
struct NamedById {
  template <typename P>
  static constexpr auto& id(P& event) {
    if constexpr (kKind == DocumentKind::kOrder)
      return event.order_id;
    else if constexpr (kKind == DocumentKind::kInvoice)
      return event.invoice_id;
    else if constexpr (kKind == DocumentKind::kCreditNote)
      return event.credit_note_id;
    else if constexpr (kKind == DocumentKind::kPayment)
      return event.payment_id;
    else
      return event.promise_id;
  }
  template <typename P>
  static DocumentRef ref(const P& event) {
    return {kKind, id(event)};
  }
  template <typename P>
  static void set(P& event, DocumentRef ref) {
    id(event) = ref.id;
  }
};

// One of payment_id and credit_note_id.
struct NamedBySource {
  template <typename P>
  static DocumentRef ref(const P& event) {
    if (!event.payment_id.empty()) return {DocumentKind::kPayment, event.payment_id};
    return {DocumentKind::kCreditNote, event.credit_note_id};
  }
  template <typename P>
  static void set(P& event, DocumentRef ref) {
    (ref.kind == DocumentKind::kPayment ? event.payment_id : event.credit_note_id) = ref.id;
  }
};

// At most one of payment_id and credit_note_id; without, a document of its own.
struct RefundOrSource {
  static DocumentRef ref(const RefundPaid& event) {
    if (event.payment_id.empty() && event.credit_note_id.empty()) return {DocumentKind::kRefund, event.refund_id};
    return NamedBySource::ref(event);
  }
  static void set(RefundPaid& event, DocumentRef ref) {
    if (ref.kind != DocumentKind::kRefund) NamedBySource::set(event, ref);
  }
};

// The account has one of this kind.
template <DocumentKind kKind>
struct OfAccount {
  static DocumentRef ref(const auto&) { return {kKind, {}}; }
  static void set(auto&, DocumentRef) {}
};

inline constexpr NamedById<DocumentKind::kOrder> kOrder;
inline constexpr NamedById<DocumentKind::kInvoice> kInvoice;
inline constexpr NamedById<DocumentKind::kCreditNote> kCreditNote;
inline constexpr NamedById<DocumentKind::kPayment> kPayment;
inline constexpr NamedById<DocumentKind::kPromise> kPromise;
inline constexpr NamedBySource kSource;
inline constexpr RefundOrSource kRefundOrSource;
inline constexpr OfAccount<DocumentKind::kCustomer> kCustomer;
inline constexpr OfAccount<DocumentKind::kTarget> kTarget;
inline constexpr OfAccount<DocumentKind::kRate> kRate;

// --- what it claims once ----------------------------------------------------------------------

struct Nothing {};
struct TheDocument {};
inline constexpr Nothing kNothing;
inline constexpr TheDocument kTheDocument;
template <typename P>
struct ClaimedId {
  std::string_view P::* id;
  std::string_view name;
};

// --- what it names in other documents of its account ------------------------------------------

inline constexpr auto kNobody = [](const auto&, const auto&) {};
inline constexpr auto kItsOrders = [](const auto& event, const auto& visit) {
  for (const auto& id : event.order_ids) visit(DocumentRef{DocumentKind::kOrder, id});
};
inline constexpr auto kItsInvoice = [](const auto& event, const auto& visit) {
  if (!event.invoice_id.empty()) visit(DocumentRef{DocumentKind::kInvoice, event.invoice_id});
};
inline constexpr auto kItsInvoices = [](const auto& event, const auto& visit) {
  for (const auto& id : event.invoice_ids) visit(DocumentRef{DocumentKind::kInvoice, id});
};
inline constexpr auto kAllocatedInvoices = [](const auto& event, const auto& visit) {
  for (const auto& item : event.allocations) visit(DocumentRef{DocumentKind::kInvoice, item.invoice_id});
};

// --- the table --------------------------------------------------------------------------------

template <typename P, typename Document, typename Claimed, typename Names>
struct Row {
  using Payload = P;
  static constexpr Claims kClaims = std::is_same_v<Claimed, Nothing>       ? Claims::kNothing
                                    : std::is_same_v<Claimed, TheDocument> ? Claims::kDocument
                                                                           : Claims::kItsId;
  std::string_view name;
  Family family;
  Document document;
  Claimed claimed;                // With Claims::kItsId a pointer to the member.
  std::string_view claimed_name;  // Of that member.
  Names names;
};

template <typename P, typename Document, typename Claimed, typename Names>
consteval auto row(std::string_view name, Family family, Document document, Claimed claimed, Names names) {
  return Row<P, Document, Claimed, Names>{name, family, document, claimed, {}, names};
}
template <typename P, typename Document, typename Names>
consteval auto row(std::string_view name, Family family, Document document, ClaimedId<P> claimed, Names names) {
  return Row<P, Document, std::string_view P::*, Names>{name, family, document, claimed.id, claimed.name, names};
}

// In the order of Payload's alternatives, which is stored: append only.
inline constexpr std::tuple kRows{
    row<OrderPlaced>("order_placed", Family::kOrders, kOrder, kTheDocument, kNobody),
    row<OrderConfirmed>("order_confirmed", Family::kOrders, kOrder, kNothing, kNobody),
    row<OrderChanged>("order_changed", Family::kOrders, kOrder, kNothing, kNobody),
    row<OrderDelayed>("order_delayed", Family::kOrders, kOrder, kNothing, kNobody),
    row<OrderReady>("order_ready", Family::kOrders, kOrder, kNothing, kNobody),
    row<OrderCancelled>("order_cancelled", Family::kOrders, kOrder, kNothing, kNobody),
    row<ShipmentDispatched>("shipment_dispatched", Family::kShipments, kOrder,
                            ClaimedId{&ShipmentDispatched::shipment_id, "shipment_id"}, kNobody),
    row<ShipmentDelivered>("shipment_delivered", Family::kShipments, kOrder, kNothing, kNobody),
    row<ShipmentReturned>("shipment_returned", Family::kShipments, kOrder,
                          ClaimedId{&ShipmentReturned::return_id, "return_id"}, kNobody),
    row<InvoiceIssued>("invoice_issued", Family::kInvoices, kInvoice, kTheDocument, kItsOrders),
    row<InvoiceDelivered>("invoice_delivered", Family::kInvoices, kInvoice, kNothing, kNobody),
    row<InvoiceDueDateChanged>("invoice_due_date_changed", Family::kInvoices, kInvoice, kNothing, kNobody),
    row<InvoiceVoided>("invoice_voided", Family::kInvoices, kInvoice, kTheDocument, kNobody),
    row<CreditNoteIssued>("credit_note_issued", Family::kInvoices, kCreditNote, kTheDocument, kItsInvoice),
    row<InvoiceDisputed>("invoice_disputed", Family::kInvoices, kInvoice,
                         ClaimedId{&InvoiceDisputed::dispute_id, "dispute_id"}, kNobody),
    row<DisputeResolved>("dispute_resolved", Family::kInvoices, kInvoice,
                         ClaimedId{&DisputeResolved::dispute_id, "dispute_id"}, kNobody),
    row<InvoiceWrittenOff>("invoice_written_off", Family::kInvoices, kInvoice,
                           ClaimedId{&InvoiceWrittenOff::write_off_id, "write_off_id"}, kNobody),
    row<WriteOffRecovered>("write_off_recovered", Family::kInvoices, kInvoice,
                           ClaimedId{&WriteOffRecovered::recovery_id, "recovery_id"}, kNobody),
    row<PaymentReceived>("payment_received", Family::kPayments, kPayment, kTheDocument, kAllocatedInvoices),
    row<PaymentAllocated>("payment_allocated", Family::kPayments, kSource,
                          ClaimedId{&PaymentAllocated::allocation_id, "allocation_id"}, kAllocatedInvoices),
    row<PaymentUnallocated>("payment_unallocated", Family::kPayments, kSource,
                            ClaimedId{&PaymentUnallocated::allocation_id, "allocation_id"}, kNobody),
    row<PaymentReversed>("payment_reversed", Family::kPayments, kPayment, kTheDocument, kNobody),
    row<RefundPaid>("refund_paid", Family::kPayments, kRefundOrSource, ClaimedId{&RefundPaid::refund_id, "refund_id"},
                    kNobody),
    row<PromiseMade>("promise_made", Family::kPayments, kPromise, kTheDocument, kItsInvoices),
    row<PromiseWithdrawn>("promise_withdrawn", Family::kPayments, kPromise, kTheDocument, kNobody),
    row<CustomerProfileSet>("customer_profile_set", Family::kReference, kCustomer, kNothing, kNobody),
    row<SalesTargetSet>("sales_target_set", Family::kReference, kTarget, kNothing, kNobody),
    row<ExchangeRatePublished>("exchange_rate_published", Family::kReference, kRate, kNothing, kNobody),
    row<CreditNoteVoided>("credit_note_voided", Family::kInvoices, kCreditNote, kTheDocument, kNobody),
};

static_assert(std::tuple_size_v<decltype(kRows)> == kPayloadCount, "a payload has no row");
static_assert(
    []<std::size_t... I>(std::index_sequence<I...>) {
      return (std::is_same_v<typename std::tuple_element_t<I, decltype(kRows)>::Payload,
                             std::variant_alternative_t<I, Payload>> &&
              ...);
    }(std::make_index_sequence<kPayloadCount>()),
    "the rows are in another order than the payloads");

template <typename P, std::size_t I = 0>
consteval std::size_t index_of() {
  if constexpr (std::is_same_v<P, std::variant_alternative_t<I, Payload>>) {
    return I;
  } else {
    return index_of<P, I + 1>();
  }
}

}  // namespace event_types

// The row of a payload's type.
template <typename P>
inline constexpr const auto& kEventType = std::get<event_types::index_of<P>()>(event_types::kRows);

// What the row of a type says that does not depend on the event, by the index of the payload's alternative.
struct EventTypeInfo {
  std::string_view name;
  Family family{};
  Claims claims{};
};
inline constexpr std::array<EventTypeInfo, kPayloadCount> kEventTypes = std::apply(
    [](const auto&... rows) {
      return std::array{EventTypeInfo{rows.name, rows.family, std::remove_cvref_t<decltype(rows)>::kClaims}...};
    },
    event_types::kRows);

inline const EventTypeInfo& event_type(const Payload& payload) { return kEventTypes[payload.index()]; }

// "order_placed", …: the name of the alternative with this index.
inline std::string_view payload_name(std::size_t index) { return kEventTypes[index].name; }

// The document that an event belongs to. The id points into the event.
inline DocumentRef document_of(const Payload& payload) {
  return std::visit([]<typename P>(const P& event) { return kEventType<P>.document.ref(event); }, payload);
}

// Things an event names in other documents of its account: calls `visit(DocumentRef)` for each.
template <typename Visit>
void for_each_reference(const Payload& payload, Visit&& visit) {
  std::visit([&]<typename P>(const P& event) { kEventType<P>.names(event, visit); }, payload);
}

}  // namespace daybook::domain
