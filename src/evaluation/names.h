// What a fact gives to be found by beside the document's id: for fold and audit alike.
#pragma once

#include <string>
#include <variant>

#include "base/search_text.h"
#include "domain/document.h"
#include "store/keys.h"

namespace daybook::evaluation {

// Calls visit(key) for each key of an index (Table::kMeta): of a shipment, of the words of a customer's name, and of a
// document's end or an order's return.
template <typename Visit>
void for_each_name(store::LabelId customer, domain::DocumentRef ref, const domain::Fact& fact, const Visit& visit) {
  if (const auto* dispatched = std::get_if<domain::ShipmentDispatched>(&fact.event.payload)) {
    visit(store::ShipmentKey{dispatched->shipment_id, customer, ref.id}.bytes());
  } else if (const auto* profile = std::get_if<domain::CustomerProfileSet>(&fact.event.payload)) {
    const std::string words = words_of(profile->name);
    for (const std::size_t beginning : word_beginnings(words)) {
      visit(store::NameKey{store::NameKey::kept(std::string_view(words).substr(beginning)), customer}.bytes());
    }
  } else if (std::holds_alternative<domain::InvoiceVoided>(fact.event.payload) ||
             std::holds_alternative<domain::CreditNoteVoided>(fact.event.payload) ||
             std::holds_alternative<domain::PaymentReversed>(fact.event.payload) ||
             std::holds_alternative<domain::ShipmentReturned>(fact.event.payload)) {
    visit(store::EndedKey{{customer, ref}}.bytes());
  }
}

}  // namespace daybook::evaluation
