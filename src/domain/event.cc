#include "domain/event.h"

#include <array>

namespace daybook::domain {

std::string_view payload_name(std::size_t index) {
  static constexpr std::array<std::string_view, kPayloadCount> kNames = {
      "order_placed",          "order_confirmed",    "order_changed",
      "order_delayed",         "order_ready",        "order_cancelled",
      "shipment_dispatched",   "shipment_delivered", "shipment_returned",
      "invoice_issued",        "invoice_delivered",  "invoice_due_date_changed",
      "invoice_voided",        "credit_note_issued", "invoice_disputed",
      "dispute_resolved",      "invoice_written_off", "write_off_recovered",
      "payment_received",      "payment_allocated",  "payment_unallocated",
      "payment_reversed",      "refund_paid",        "promise_made",
      "promise_withdrawn",     "customer_profile_set", "sales_target_set",
      "exchange_rate_published"};
  return kNames[index];
}

std::string_view order_kind_name(std::uint8_t kind) {
  static constexpr std::array<std::string_view, 3> kNames = {"", "STANDARD", "SAMPLE"};
  return kNames[kind];
}

}  // namespace daybook::domain
