#include "domain/account_state.h"

#include <algorithm>
#include <utility>

#include "domain/credit.h"
#include "domain/settlement.h"

namespace daybook::domain {

CustomerFile::CustomerFile(const Document* document, Known known, const BusinessZone& zone) {
  if (document == nullptr) return;
  for (const Fact& fact : document->facts) {
    if (!known.admits(fact)) continue;
    if (const auto* profile = std::get_if<CustomerProfileSet>(&fact.event.payload)) {
      entries_.push_back({zone.day_of(fact.event.occurred_at), &fact, profile});
    }
  }
  std::ranges::sort(entries_, {},
                    [](const Entry& entry) { return std::pair(entry.fact->event.occurred_at, entry.fact->at); });
}

const CustomerProfileSet* CustomerFile::on(Day day) const {
  const auto after = std::ranges::upper_bound(entries_, day, {}, &Entry::from);
  return after == entries_.begin() ? nullptr : std::prev(after)->profile;
}

AccountState::AccountState(Account& account, Known known, const Rules& rules)
    : account_(account), known_(known), rules_(rules) {}

AccountState::~AccountState() = default;

const CustomerFile& AccountState::file() {
  if (!file_) file_.emplace(account_.document({DocumentKind::kCustomer, {}}), known_, rules_.zone);
  return *file_;
}

AccountState::Place& AccountState::place(const Document& document) {
  if (document.number >= places_.size()) places_.resize(document.number + 1);
  std::unique_ptr<Place>& place = places_[document.number];
  if (place == nullptr) place = std::make_unique<Place>();
  return *place;
}

const Order* AccountState::order(std::string_view id) {
  const Document* document = account_.document({DocumentKind::kOrder, id});
  return document == nullptr ? nullptr : order(*document);
}

const Order* AccountState::order(const Document& document) {
  Place& at = place(document);
  if (!std::exchange(at.made, true)) at.order = make_order(document);
  return at.order.get();
}

const Invoice* AccountState::invoice(std::string_view id) {
  const Document* document = account_.document({DocumentKind::kInvoice, id});
  return document == nullptr ? nullptr : invoice(*document);
}

const Invoice* AccountState::invoice(const Document& document) {
  Place& at = place(document);
  if (!std::exchange(at.made, true)) at.invoice = make_invoice(document);
  return at.invoice.get();
}

const Source* AccountState::source(DocumentRef ref) {
  const Document* document = account_.document(ref);
  return document == nullptr ? nullptr : source(*document);
}

const Source* AccountState::source(const Document& document) {
  Place& at = place(document);
  if (!std::exchange(at.made, true)) {
    at.source = make_source(document);
    if (at.source) schedule(*at.source);
  }
  return at.source.get();
}

std::span<const Application> AccountState::applications(const Invoice& invoice) {
  Place& at = place(*invoice.document);
  if (std::exchange(at.linked, true)) return at.applications;
  for (const DocumentRef& link : invoice.document->links) {
    if (link.kind != DocumentKind::kPayment && link.kind != DocumentKind::kCreditNote) continue;
    const Source* from = source(link);
    if (from == nullptr) continue;
    from->for_each_item_of(invoice.ref.id, [&](const Item& item) { at.applications.push_back({from, &item}); });
  }
  return at.applications;
}

std::span<const Invoice* const> AccountState::invoices_of(const Order& order) {
  Place& at = place(*order.document);
  if (std::exchange(at.linked, true)) return at.invoices;
  for (const DocumentRef& link : order.document->links) {
    if (link.kind != DocumentKind::kInvoice) continue;
    if (const Invoice* named_by = invoice(link.id)) at.invoices.push_back(named_by);
  }
  return at.invoices;
}

const Split& AccountState::split(const Invoice& invoice) {
  Place& at = place(*invoice.document);
  if (at.split == nullptr) at.split = std::make_unique<const Split>(invoice);
  return *at.split;
}

const Settlement& AccountState::settlement(const Invoice& invoice) {
  Place& at = place(*invoice.document);
  if (at.settlement == nullptr) at.settlement = std::make_unique<const Settlement>(*this, invoice);
  return *at.settlement;
}

Attributes AccountState::attributes(const Source& source) {
  if (source.credit_note != nullptr && !source.credit_note->invoice_id.empty()) {
    if (const Invoice* named = invoice(source.credit_note->invoice_id)) return named->attributes;
  }
  return {{}, {}, source.day};
}

}  // namespace daybook::domain
