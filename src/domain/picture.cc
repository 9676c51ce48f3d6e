#include "domain/picture.h"

#include <algorithm>

namespace daybook::domain {

CustomerFile::CustomerFile(const Document* document, Known known, const BusinessZone& zone) {
  if (document == nullptr) return;
  for (const Fact& fact : document->facts) {
    if (!known.admits(fact)) continue;
    if (const auto* profile = std::get_if<CustomerProfileSet>(&fact.event.payload)) {
      entries_.push_back({zone.day_of(fact.event.occurred_at), &fact, profile});
    }
  }
  std::ranges::sort(entries_, {}, [](const Entry& entry) {
    return std::pair(entry.fact->event.occurred_at, entry.fact->at);
  });
}

const CustomerProfileSet* CustomerFile::on(Day day) const {
  const auto after = std::ranges::upper_bound(entries_, day, {}, &Entry::from);
  return after == entries_.begin() ? nullptr : std::prev(after)->profile;
}

Picture::Picture(Account& account, Known known, const Rules& rules)
    : account_(account), known_(known), rules_(rules) {}

Picture::~Picture() = default;

const CustomerFile& Picture::file() {
  if (!file_) file_.emplace(account_.document({DocumentKind::kCustomer, {}}), known_, rules_.zone);
  return *file_;
}

const Order* Picture::order(std::string_view id) {
  if (const auto at = orders_.find(id); at != orders_.end()) return at->second.get();
  const Document* document = account_.document({DocumentKind::kOrder, id});
  if (document == nullptr) return nullptr;
  return orders_.emplace(document->ref.id, make_order(*document)).first->second.get();
}

const Invoice* Picture::invoice(std::string_view id) {
  if (const auto at = invoices_.find(id); at != invoices_.end()) return at->second.get();
  const Document* document = account_.document({DocumentKind::kInvoice, id});
  if (document == nullptr) return nullptr;
  return invoices_.emplace(document->ref.id, make_invoice(*document)).first->second.get();
}

const Source* Picture::source(DocumentRef ref) {
  auto& sources = ref.kind == DocumentKind::kPayment ? payments_ : credit_notes_;
  if (const auto at = sources.find(ref.id); at != sources.end()) return at->second.get();
  const Document* document = account_.document(ref);
  if (document == nullptr) return nullptr;
  auto source = make_source(*document);
  if (source) schedule(*source);
  return sources.emplace(document->ref.id, std::move(source)).first->second.get();
}

const std::vector<Application>& Picture::applications(const Invoice& invoice) {
  const auto [at, is_new] = applications_.try_emplace(invoice.ref.id);
  if (!is_new) return at->second;
  const Document* document = account_.document(invoice.ref);
  for (const DocumentRef& link : document->links) {
    if (link.kind != DocumentKind::kPayment && link.kind != DocumentKind::kCreditNote) continue;
    const Source* from = source(link);
    if (from == nullptr) continue;
    for (const Item& item : from->items) {
      if (item.invoice_id == invoice.ref.id) at->second.push_back({from, &item});
    }
  }
  return at->second;
}

const std::vector<const Invoice*>& Picture::invoices_of(const Order& order) {
  const auto [at, is_new] = invoices_of_.try_emplace(order.ref.id);
  if (!is_new) return at->second;
  const Document* document = account_.document(order.ref);
  for (const DocumentRef& link : document->links) {
    if (link.kind != DocumentKind::kInvoice) continue;
    if (const Invoice* named_by = invoice(link.id)) at->second.push_back(named_by);
  }
  return at->second;
}

const Order* Picture::first_order(const Invoice& invoice) {
  for (const auto& id : invoice.issued->order_ids) {
    if (const Order* known = order(id)) return known;
  }
  return nullptr;
}

Attributes Picture::attributes(const Invoice& invoice) {
  Attributes attributes{invoice.issued->region, invoice.issued->sales_rep, invoice.issued->issue_date};
  for (const auto& id : invoice.issued->order_ids) {
    if (!attributes.region.empty() && !attributes.sales_rep.empty()) break;
    const Order* known = order(id);
    if (known == nullptr) continue;
    if (attributes.region.empty()) attributes.region = known->placed->region;
    if (attributes.sales_rep.empty()) attributes.sales_rep = known->placed->sales_rep;
  }
  return attributes;
}

Attributes Picture::attributes(const Source& source) {
  if (source.credit_note != nullptr && !source.credit_note->invoice_id.empty()) {
    if (const Invoice* named = invoice(source.credit_note->invoice_id)) return attributes(*named);
  }
  return {{}, {}, source.day};
}

}  // namespace daybook::domain
