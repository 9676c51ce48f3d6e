#include "query/document_reader.h"

#include <algorithm>
#include <map>
#include <string>
#include <vector>

namespace daybook::query {
namespace {

using domain::DocumentKind;
using domain::DocumentRef;

// The accounts that have something recorded under this id.
std::vector<AccountNumber> holders(const ShardReader& reader, DocumentRef ref) {
  const ShardSnapshot& shard = reader.shard();
  if (!reader.has_accounts()) return {};
  if (const auto only = reader.only()) {
    const std::string key = store::IdKey{ref, *only}.bytes();
    if (!value_or_refuse(shard.reads->get(store::Table::kMeta, key))) return {};
    return {*only};
  }
  std::vector<AccountNumber> accounts;
  using Next = store::StoreReader::Next;
  const auto take = [&](std::string_view bytes, std::string_view) -> Result<Next> {
    ASSIGN_OR_RETURN(const store::IdKey key, store::IdKey::parse(bytes));
    RETURN_IF_ERROR(store::check_labels(*shard.labels, key.customer, {}));
    accounts.push_back(key.customer);
    return Next::kGoOn;
  };
  const auto scanned = shard.reads->scan(store::Table::kMeta, store::IdKey::prefix(ref), "", take);
  if (!scanned) refuse(scanned.error());
  return accounts;
}

// Whether the question's scope shows a document with these attributes.
bool is_seen(const ShardReader& shard, AccountReader& account, const domain::Attributes& attributes) {
  const AccessScope& scope = shard.question().scope;
  return scope.sees_everything() || scope.sees(account.region(attributes), account.sales_rep(attributes));
}

// `find(account)`: the document, or null; `attributes_of(account, document)`: its own.
template <typename Find, typename AttributesOf, typename Visit>
void for_each_document(const ShardReader& shard, DocumentRef ref, const Find& find, const AttributesOf& attributes_of,
                       const Visit& visit) {
  for (const AccountNumber id : holders(shard, ref)) {
    AccountReader account = shard.account(id);
    const auto* document = find(account.account());
    if (document != nullptr && is_seen(shard, account, attributes_of(account.account(), *document))) {
      visit(account, *document);
    }
  }
}

void for_each_source(const ShardReader& shard, DocumentRef ref,
                     const std::function<void(AccountReader&, const domain::Source&)>& visit) {
  for_each_document(
      shard, ref, [&](domain::AccountState& account) { return account.source(ref); },
      [](domain::AccountState& account, const domain::Source& source) { return account.attributes(source); }, visit);
}

// The ids of orders that were told of a dispatch with this shipment's id, by account.
std::map<AccountNumber, std::vector<std::string>> orders_of_shipment(const ShardReader& reader,
                                                                     std::string_view shipment_id) {
  std::map<AccountNumber, std::vector<std::string>> orders;
  if (!reader.has_accounts()) return orders;
  const ShardSnapshot& shard = reader.shard();
  const auto only = reader.only();
  using store::ShipmentKey;
  using Next = store::StoreReader::Next;
  const auto take = [&](std::string_view bytes, std::string_view) -> Result<Next> {
    ASSIGN_OR_RETURN(const ShipmentKey key, ShipmentKey::parse(bytes));
    RETURN_IF_ERROR(store::check_labels(*shard.labels, key.customer, {}));
    orders[key.customer].emplace_back(key.order_id);
    return Next::kGoOn;
  };
  const std::string prefix = only ? ShipmentKey::prefix(shipment_id, *only) : ShipmentKey::prefix(shipment_id);
  const auto scanned = shard.reads->scan(store::Table::kMeta, prefix, "", take);
  if (!scanned) refuse(scanned.error());
  return orders;
}

bool has_dispatch(const domain::Order& order, std::string_view shipment_id) {
  return std::ranges::any_of(order.dispatches, [&](const domain::Order::Dispatch& dispatch) {
    return dispatch.event->shipment_id == shipment_id;
  });
}

}  // namespace

void for_each_invoice(const ShardReader& shard, std::string_view invoice_id,
                      const std::function<void(AccountReader&, const domain::Invoice&)>& visit) {
  for_each_document(
      shard, {DocumentKind::kInvoice, invoice_id},
      [&](domain::AccountState& account) { return account.invoice(invoice_id); },
      [](domain::AccountState&, const domain::Invoice& invoice) { return invoice.attributes; }, visit);
}

void for_each_payment(const ShardReader& shard, std::string_view payment_id,
                      const std::function<void(AccountReader&, const domain::Source&)>& visit) {
  for_each_source(shard, {DocumentKind::kPayment, payment_id}, visit);
}

void for_each_credit_note(const ShardReader& shard, std::string_view credit_note_id,
                          const std::function<void(AccountReader&, const domain::Source&)>& visit) {
  for_each_source(shard, {DocumentKind::kCreditNote, credit_note_id}, visit);
}

void for_each_order(const ShardReader& shard, std::string_view order_id,
                    const std::function<void(AccountReader&, const domain::Order&)>& visit) {
  for_each_document(
      shard, {DocumentKind::kOrder, order_id}, [&](domain::AccountState& account) { return account.order(order_id); },
      [](domain::AccountState&, const domain::Order& order) { return order.attributes(); }, visit);
}

bool is_seen_document(const ShardReader& shard, AccountReader& account, DocumentRef ref) {
  domain::AccountState& state = account.account();
  if (ref.kind == DocumentKind::kOrder) {
    const domain::Order* order = state.order(ref.id);
    return order != nullptr && is_seen(shard, account, order->attributes());
  }
  if (ref.kind == DocumentKind::kInvoice) {
    const domain::Invoice* invoice = state.invoice(ref.id);
    return invoice != nullptr && is_seen(shard, account, invoice->attributes);
  }
  const domain::Source* source = state.source(ref);
  return source != nullptr && is_seen(shard, account, state.attributes(*source));
}

bool is_seen_shipment(const ShardReader& shard, AccountReader& account, std::string_view shipment_id,
                      std::string_view order_id) {
  const domain::Order* order = account.account().order(order_id);
  return order != nullptr && has_dispatch(*order, shipment_id) && is_seen(shard, account, order->attributes());
}

void for_each_shipment(const ShardReader& shard, std::string_view shipment_id,
                       const std::function<void(AccountReader&, const std::vector<const domain::Order*>&)>& visit) {
  for (const auto& [id, order_ids] : orders_of_shipment(shard, shipment_id)) {
    AccountReader account = shard.account(id);
    std::vector<const domain::Order*> orders;
    for (const std::string& order_id : order_ids) {
      if (is_seen_shipment(shard, account, shipment_id, order_id)) orders.push_back(account.account().order(order_id));
    }
    if (!orders.empty()) visit(account, orders);
  }
}

OpenAccount open_account(const ShardReader& shard, const AccountReader& account, Day as_of) {
  return account_on(shard.shard(), account.id(), as_of);
}

}  // namespace daybook::query
