// Documents keep facts: each event belongs to one document of its account, and a document's state is
// computed from the facts it was told, never stored beside them.
#pragma once

#include <compare>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>

#include "domain/event.h"

namespace daybook::domain {

// Stored: never renumber.
enum class DocumentKind : std::uint8_t {
  kCustomer = 0,  // The customer file; its id is empty.
  kOrder = 1,     // Order and shipment events.
  kInvoice = 2,   // Invoices and debit notes.
  kCreditNote = 3,
  kPayment = 4,
  kRefund = 5,  // A refund that names neither payment nor credit note.
  kPromise = 6,
  kTarget = 7,  // Sales targets of one key; its id is empty.
  kRate = 8,    // Exchange rates of one key; its id is empty.
};

struct DocumentRef {
  DocumentKind kind{};
  std::string_view id;
  auto operator<=>(const DocumentRef&) const = default;
};

// "customer file", "invoice": for people.
std::string_view kind_name(DocumentKind kind);

// Invoices, credit notes, payments and refunds: what receivables and the ledger are made of.
inline bool is_receivable(DocumentKind kind) { return kind >= DocumentKind::kInvoice && kind <= DocumentKind::kRefund; }

// Whether its facts contribute anything, or change what others do. Of the rest only conflicts are shown.
inline bool has_figures(DocumentKind kind) { return kind < DocumentKind::kTarget; }

// Of events: a position's topic is below it.
inline constexpr std::uint8_t kTopicCount = 5;

// Where in the log a record stands, inside one partition number: topics in the order of their names,
// then offsets.
struct Position {
  std::uint8_t topic = 0;
  std::int64_t offset = 0;
  auto operator<=>(const Position&) const = default;
};

// An accepted event as a document keeps it. event.customer_id and event.correlation_id are empty.
struct Fact {
  Position at;
  std::int64_t recorded_ms = 0;
  // Told since the last commit: not part of what the stored figures show.
  bool fresh = false;
  Event event;
};

// Facts take effect in order of their instants, and at one instant in that of the log.
inline std::pair<Instant, Position> place_in_time(const Fact& fact) { return {fact.event.occurred_at, fact.at}; }

// A record that said something else under an id or claim that already stood.
struct Conflict {
  Position at;
  std::int64_t recorded_ms = 0;
  bool fresh = false;
  EventId event_id;
  Instant occurred_at = 0;
  std::uint8_t type = 0;    // Index of the payload's alternative.
  std::string_view detail;  // Which fields differ, with both values; for people.
};

// A decoded document. Views into memory of whoever decoded it.
struct Document {
  DocumentRef ref;
  // Its number among the documents that its Account has handed out: 0, 1, 2 …
  std::uint32_t number = 0;
  // Nothing was stored of it before the last commit.
  bool fresh = false;
  // In the order in which they were read.
  std::span<const Fact> facts;
  // The first conflict of each topic.
  std::span<const Conflict> conflicts;
  // Documents that name this one (an invoice its orders, a payment its invoices), each once.
  std::span<const DocumentRef> links;
};

}  // namespace daybook::domain
