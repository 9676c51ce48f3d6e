#include "domain/document.h"

#include <array>

namespace daybook::domain {

namespace {

// `names` from number 1 on; empty for 0.
template <std::size_t N, typename Enum>
std::string_view name_of(const std::array<std::string_view, N>& names, Enum value) {
  const auto number = static_cast<std::size_t>(value);
  return number == 0 ? std::string_view() : names[number - 1];
}

constexpr std::array<std::string_view, 2> kOrderKinds = {"STANDARD", "SAMPLE"};
constexpr std::array<std::string_view, 5> kDelayStages = {"CONFIRM", "PRODUCE", "DISPATCH", "DELIVER", "INVOICE"};
constexpr std::array<std::string_view, 2> kInvoiceKinds = {"INVOICE", "DEBIT_NOTE"};
constexpr std::array<std::string_view, 3> kDisputeOutcomes = {"UPHELD", "REJECTED", "WITHDRAWN"};
constexpr std::array<std::string_view, 2> kWriteOffKinds = {"BAD_DEBT", "SMALL_DIFFERENCE"};
constexpr std::array<std::string_view, 4> kSalesMeasures = {"ORDERED", "SHIPPED", "INVOICED", "COLLECTED"};

}  // namespace

std::string_view enumerator_name(OrderKind kind) { return name_of(kOrderKinds, kind); }
std::string_view enumerator_name(DelayStage stage) { return name_of(kDelayStages, stage); }
std::string_view enumerator_name(InvoiceKind kind) { return name_of(kInvoiceKinds, kind); }
std::string_view enumerator_name(DisputeOutcome outcome) { return name_of(kDisputeOutcomes, outcome); }
std::string_view enumerator_name(WriteOffKind kind) { return name_of(kWriteOffKinds, kind); }
std::string_view enumerator_name(SalesMeasure measure) { return name_of(kSalesMeasures, measure); }

std::string_view kind_name(DocumentKind kind) {
  switch (kind) {
    case DocumentKind::kCustomer: return "customer file";
    case DocumentKind::kOrder: return "order";
    case DocumentKind::kInvoice: return "invoice";
    case DocumentKind::kCreditNote: return "credit note";
    case DocumentKind::kPayment: return "payment";
    case DocumentKind::kRefund: return "refund";
    case DocumentKind::kPromise: return "promise";
    case DocumentKind::kTarget: return "sales targets";
    case DocumentKind::kRate: return "exchange rates";
  }
  return "document";
}

std::string_view order_kind_name(std::uint8_t kind) { return name_of(kOrderKinds, kind); }

}  // namespace daybook::domain
