#include "query/document_reader.h"

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
  using Next = store::Reads::Next;
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

// `find(account)`: the document, or null; `attributes_of(account, document)`: its own.
template <typename Find, typename AttributesOf, typename Visit>
void for_each_document(const ShardReader& shard, DocumentRef ref, const Find& find, const AttributesOf& attributes_of,
                       const Visit& visit) {
  const AccessScope& scope = shard.question().scope;
  for (const AccountNumber id : holders(shard, ref)) {
    AccountReader account = shard.account(id);
    const auto* document = find(account.account());
    if (document == nullptr) continue;
    if (!scope.sees_everything()) {
      const domain::Attributes attributes = attributes_of(account.account(), *document);
      if (!scope.sees(account.region(attributes), account.sales_rep(attributes))) continue;
    }
    visit(account, *document);
  }
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
  const DocumentRef ref{DocumentKind::kPayment, payment_id};
  for_each_document(
      shard, ref, [&](domain::AccountState& account) { return account.source(ref); },
      [](domain::AccountState& account, const domain::Source& payment) { return account.attributes(payment); }, visit);
}

void for_each_order(const ShardReader& shard, std::string_view order_id,
                    const std::function<void(AccountReader&, const domain::Order&)>& visit) {
  for_each_document(
      shard, {DocumentKind::kOrder, order_id},
      [&](domain::AccountState& account) { return account.order(order_id); },
      [](domain::AccountState&, const domain::Order& order) { return order.attributes(); }, visit);
}

OpenAccount open_account(const ShardReader& shard, const AccountReader& account, Day as_of) {
  return account_on(shard.shard(), account.id(), as_of);
}

}  // namespace daybook::query
