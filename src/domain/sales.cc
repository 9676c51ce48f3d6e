#include "domain/sales.h"

namespace daybook::domain {

Dimensions dimensions_of(const Invoice& invoice) {
  if (invoice.orders.empty()) return {};
  const OrderPlaced& placed = *invoice.orders.front()->placed;
  return {{}, placed.channel, static_cast<std::uint8_t>(placed.kind)};
}

Dimensions dimensions_of(AccountState& account, const Source& source) {
  if (source.credit_note == nullptr || source.credit_note->invoice_id.empty()) return {};
  const Invoice* invoice = account.invoice(source.credit_note->invoice_id);
  return invoice == nullptr ? Dimensions{} : dimensions_of(*invoice);
}

}  // namespace daybook::domain
