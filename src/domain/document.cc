#include "domain/document.h"

namespace daybook::domain {
namespace {

template <typename... Cases>
struct Overload : Cases... {
  using Cases::operator()...;
};

template <typename Named>
DocumentRef source_of(const Named& event) {
  if (!event.payment_id.empty()) return {DocumentKind::kPayment, event.payment_id};
  return {DocumentKind::kCreditNote, event.credit_note_id};
}

}  // namespace

DocumentRef document_of(const Payload& payload) {
  return std::visit(
      Overload{
          [](const CreditNoteIssued& e) { return DocumentRef{DocumentKind::kCreditNote, e.credit_note_id}; },
          [](const PaymentReceived& e) { return DocumentRef{DocumentKind::kPayment, e.payment_id}; },
          [](const PaymentReversed& e) { return DocumentRef{DocumentKind::kPayment, e.payment_id}; },
          [](const PaymentAllocated& e) { return source_of(e); },
          [](const PaymentUnallocated& e) { return source_of(e); },
          [](const RefundPaid& e) {
            if (e.payment_id.empty() && e.credit_note_id.empty()) {
              return DocumentRef{DocumentKind::kRefund, e.refund_id};
            }
            return source_of(e);
          },
          [](const PromiseMade& e) { return DocumentRef{DocumentKind::kPromise, e.promise_id}; },
          [](const PromiseWithdrawn& e) { return DocumentRef{DocumentKind::kPromise, e.promise_id}; },
          [](const CustomerProfileSet&) { return DocumentRef{DocumentKind::kCustomer, {}}; },
          [](const SalesTargetSet&) { return DocumentRef{DocumentKind::kTarget, {}}; },
          [](const ExchangeRatePublished&) { return DocumentRef{DocumentKind::kRate, {}}; },
          [](const auto& e) {
            if constexpr (requires { e.order_id; }) {
              return DocumentRef{DocumentKind::kOrder, e.order_id};
            } else {
              return DocumentRef{DocumentKind::kInvoice, e.invoice_id};
            }
          }},
      payload);
}

std::optional<Claim> claim_of(const Payload& payload) {
  const auto claim = [&](std::string_view id) {
    return std::optional<Claim>({static_cast<std::uint8_t>(payload.index()), id});
  };
  return std::visit(Overload{[&](const OrderPlaced&) { return claim({}); },
                             [&](const ShipmentDispatched& e) { return claim(e.shipment_id); },
                             [&](const ShipmentReturned& e) { return claim(e.return_id); },
                             [&](const InvoiceIssued&) { return claim({}); },
                             [&](const InvoiceVoided&) { return claim({}); },
                             [&](const CreditNoteIssued&) { return claim({}); },
                             [&](const InvoiceDisputed& e) { return claim(e.dispute_id); },
                             [&](const DisputeResolved& e) { return claim(e.dispute_id); },
                             [&](const InvoiceWrittenOff& e) { return claim(e.write_off_id); },
                             [&](const WriteOffRecovered& e) { return claim(e.recovery_id); },
                             [&](const PaymentReceived&) { return claim({}); },
                             [&](const PaymentAllocated& e) { return claim(e.allocation_id); },
                             [&](const PaymentUnallocated& e) { return claim(e.allocation_id); },
                             [&](const PaymentReversed&) { return claim({}); },
                             [&](const RefundPaid& e) { return claim(e.refund_id); },
                             [&](const PromiseMade&) { return claim({}); },
                             [&](const PromiseWithdrawn&) { return claim({}); },
                             [](const auto&) { return std::optional<Claim>(); }},
                    payload);
}

}  // namespace daybook::domain
