#include "query/search_reader.h"

#include <algorithm>
#include <set>

#include "base/search_text.h"
#include "query/document_reader.h"

namespace daybook::query {
namespace {

using domain::DocumentKind;
using domain::DocumentRef;
using Next = store::StoreReader::Next;

class Search {
 public:
  using Visit = std::function<void(const Found&, AccountReader&)>;

  Search(const ShardReader& shard, std::string_view text, const Rows& rows, const Visit& visit)
      : shard_(shard), ids_(fold_case(text)), words_(words_of(text)), rows_(rows), visit_(visit) {}

  void run() {
    if (!shard_.has_accounts()) return;
    customers_by_id();
    customers_by_name();
    documents("1", "order", DocumentKind::kOrder);
    documents("2", "invoice", DocumentKind::kInvoice);
    shipments("3");
    documents("4", "payment", DocumentKind::kPayment);
    documents("5", "credit_note", DocumentKind::kCreditNote);
  }

 private:
  template <typename Key, typename Take>
  void scan(const std::string& beginning, const Take& take) const {
    const auto scanned = shard_.shard().reads->scan(
        store::Table::kMeta, beginning, "", [&](std::string_view bytes, std::string_view) -> Result<Next> {
          ASSIGN_OR_RETURN(const Key key, Key::parse(bytes));
          RETURN_IF_ERROR(store::check_labels(*shard_.shard().labels, key.customer, {}));
          shard_.go_on();
          return take(key);
        });
    if (!scanned) refuse(scanned.error());
  }

  bool is_asked(AccountNumber account) const { return !shard_.only() || *shard_.only() == account; }
  std::string name(AccountNumber account) const { return std::string(shard_.account(account).name()); }
  // Keys come in their order: whether none of those to come is wanted.
  bool is_behind_page(const std::string& key) const { return !rows_.until().empty() && key >= rows_.until(); }

  void customers_by_id() {
    scan<store::IdKey>(store::IdKey::beginning(DocumentKind::kCustomer, ids_), [&](const store::IdKey& key) {
      customer(key.customer, [](AccountReader&) { return true; });
      return Next::kGoOn;
    });
  }

  void customers_by_name() {
    if (words_.empty()) return;
    scan<store::NameKey>(store::NameKey::beginning(words_), [&](const store::NameKey& key) {
      customer(key.customer, [&](AccountReader& account) {
        const std::string name = words_of(account.customer_name(shard_.question().as_of));
        return std::ranges::any_of(word_beginnings(name), [&](std::size_t beginning) {
          return std::string_view(name).substr(beginning).starts_with(words_);
        });
      });
      return Next::kGoOn;
    });
  }

  // `fits`: whether it is found by what is known of it.
  template <typename Fits>
  void customer(AccountNumber id, const Fits& fits) {
    if (!is_asked(id) || customers_.contains(id)) return;
    AccountReader account = shard_.account(id);
    const Found found{sort_key({"0", account.name()}), "customer", {}};
    if (!is_customer(account.name()) || !rows_.may_hold(found.key)) return;
    if (!account.is_known() || !shard_.sees(account) || !fits(account)) return;
    customers_.insert(id);
    visit_(found, account);
  }

  void documents(std::string_view place, std::string_view kind, DocumentKind of) {
    scan<store::IdKey>(store::IdKey::beginning(of, ids_), [&](const store::IdKey& key) {
      const std::string folded = fold_case(key.ref.id);
      if (is_behind_page(sort_key({place, folded, key.ref.id}))) return Next::kStop;
      if (!is_asked(key.customer)) return Next::kGoOn;
      const Found found{sort_key({place, folded, key.ref.id, name(key.customer)}), kind, key.ref.id};
      if (!rows_.may_hold(found.key)) return Next::kGoOn;
      AccountReader account = shard_.account(key.customer);
      if (is_seen_document(shard_, account, key.ref)) visit_(found, account);
      return Next::kGoOn;
    });
  }

  void shipments(std::string_view place) {
    // A shipment has a key for each of its orders, one behind the other.
    std::string last;
    scan<store::ShipmentKey>(store::ShipmentKey::beginning(ids_), [&](const store::ShipmentKey& key) {
      const std::string folded = fold_case(key.shipment_id);
      if (is_behind_page(sort_key({place, folded, key.shipment_id}))) return Next::kStop;
      if (!is_asked(key.customer)) return Next::kGoOn;
      const Found found{sort_key({place, folded, key.shipment_id, name(key.customer)}), "shipment", key.shipment_id};
      if (found.key == last || !rows_.may_hold(found.key)) return Next::kGoOn;
      AccountReader account = shard_.account(key.customer);
      if (!is_seen_shipment(shard_, account, key.shipment_id, key.order_id)) return Next::kGoOn;
      last = found.key;
      visit_(found, account);
      return Next::kGoOn;
    });
  }

  const ShardReader& shard_;
  const std::string ids_;    // What ids begin with, without case.
  const std::string words_;  // Likewise of names.
  const Rows& rows_;
  const Visit& visit_;
  std::set<AccountNumber> customers_;  // Found.
};

}  // namespace

void for_each_found(const ShardReader& shard, std::string_view text, const Rows& rows,
                    const std::function<void(const Found&, AccountReader&)>& visit) {
  Search(shard, text, rows, visit).run();
}

}  // namespace daybook::query
