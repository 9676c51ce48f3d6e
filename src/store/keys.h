// Keys of a shard's tables (docs/formats.md, "Keys"), as types: bytes() makes what is stored, parse() reads it and
// answers kCorrupt for what bytes() never makes. Ids of a parsed key point into the bytes parsed. Numbers are
// big-endian: byte order is number order. Stored: never renumber a prefix.
#pragma once

#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "domain/cell.h"
#include "store/cells.h"

namespace daybook::store {

// Days may lie before 1970.
inline std::uint32_t ordered(Day day) { return static_cast<std::uint32_t>(day) ^ 0x8000'0000U; }
inline Day day_of_ordered(std::uint32_t ordered) { return static_cast<Day>(ordered ^ 0x8000'0000U); }

// --- Table::kMeta -----------------------------------------------------------------------------
inline constexpr char kStatePrefix = 'S';  // One key: positions, counters, digest.
inline constexpr char kLabelPrefix = 'L';
inline constexpr char kAnomalyPrefix = 'A';
inline constexpr char kParkedPrefix = 'P';
inline constexpr char kJournalPrefix = 'J';  // The journal of totals (totals.h).
inline constexpr char kWaitedPrefix = 'W';
inline constexpr char kIdPrefix = 'I';
inline constexpr char kShipmentPrefix = 'H';
inline constexpr char kNamePrefix = 'N';
inline constexpr char kEndedPrefix = 'E';

inline constexpr char kManifestPrefix = 'M';  // One key: what the shard was folded under, as manifest.json has it.

inline std::string state_key() { return {kStatePrefix}; }
inline std::string manifest_key() { return {kManifestPrefix}; }

struct LabelKey {
  LabelId id = 0;

  std::string bytes() const;
  static Result<LabelKey> parse(std::string_view bytes);
};

struct ParkedKey {
  std::uint8_t topic = 0;  // Of the topics of events.
  std::int64_t offset = 0;

  std::string bytes() const;
  static Result<ParkedKey> parse(std::string_view bytes);
};

// By place.
struct JournalKey {
  std::uint16_t entry = 0;

  std::string bytes() const;
  static Result<JournalKey> parse(std::string_view bytes);
};

// Each key of an anomaly is one of a document that was evaluated.
struct AnomalyKey {
  domain::AnomalyKind kind{};  // One that is stored.
  LabelId customer = 0;
  std::string_view document_id;
  domain::DocumentRef emitter;  // The document whose evaluation found it.
  domain::Position at;
  Day from = 0;
  Day until = 0;

  std::string bytes() const;
  static Result<AnomalyKey> parse(std::string_view bytes);
};

// Documents that are asked for by their id alone, and found by how it begins.
inline bool has_page(domain::DocumentKind kind) {
  return kind == domain::DocumentKind::kOrder || kind == domain::DocumentKind::kInvoice ||
         kind == domain::DocumentKind::kCreditNote || kind == domain::DocumentKind::kPayment;
}

// Which accounts have a document of this id; and of kCustomer, with the account's own name for an id, that it is there.
// Keys stand in the order of ids without regard to case.
struct IdKey {
  domain::DocumentRef ref;
  LabelId customer = 0;

  // Of the keys of one document's id, and no other's.
  static std::string prefix(domain::DocumentRef ref);
  // Of the keys of a kind whose ids begin so, which is folded (base/search_text.h).
  static std::string beginning(domain::DocumentKind kind, std::string_view folded);
  std::string bytes() const;
  static Result<IdKey> parse(std::string_view bytes);
};

// Which orders of which accounts were told of a dispatch with this shipment's id. Shipments are no documents: what is
// said of them stands with their orders. Sorted as those of IdKey.
struct ShipmentKey {
  std::string_view shipment_id;
  LabelId customer = 0;
  std::string_view order_id;

  // Of the keys of one shipment's id, and of those of them that are of one account.
  static std::string prefix(std::string_view shipment_id);
  static std::string prefix(std::string_view shipment_id, LabelId customer);
  static std::string beginning(std::string_view folded);
  std::string bytes() const;
  static Result<ShipmentKey> parse(std::string_view bytes);
};

// A customer was once called so: the words of the name from one of them on (base/search_text.h).
struct NameKey {
  std::string_view words;
  LabelId customer = 0;

  // As much of the words as a key holds.
  static std::string_view kept(std::string_view words);
  static std::string beginning(std::string_view words);
  std::string bytes() const;
  static Result<NameKey> parse(std::string_view bytes);
};

// --- Table::kDocuments ------------------------------------------------------------------------
struct DocumentKey {
  static constexpr std::size_t kHead = 5;  // Bytes before the id.

  LabelId customer = 0;
  domain::DocumentRef ref;

  // Of the account's documents, and of those of one kind.
  static std::string prefix(LabelId customer);
  static std::string prefix(LabelId customer, domain::DocumentKind kind);
  std::string bytes() const;
  static Result<DocumentKey> parse(std::string_view bytes);
};

// Documents of which a record waits, or did for a while. Table::kMeta.
struct WaitedKey {
  DocumentKey document;

  std::string bytes() const { return kWaitedPrefix + document.bytes(); }
  static Result<WaitedKey> parse(std::string_view bytes);
};

// Documents that were told of their end: the void of an invoice or credit note, the reversal of a payment; and orders
// that were told of a return. Table::kMeta.
struct EndedKey {
  DocumentKey document;

  // Of those of an account and kind.
  static std::string prefix(LabelId customer, domain::DocumentKind kind);
  std::string bytes() const { return kEndedPrefix + document.bytes(); }
  static Result<EndedKey> parse(std::string_view bytes);
};

// --- Table::kCells ----------------------------------------------------------------------------
// Families of pages; a page holds a customer's cells of one span of 32 days.
inline constexpr char kReceivablesPage = 'R';  // By the day from which a cell counts.
inline constexpr char kLedgerPage = 'G';       // By effective day.
inline constexpr char kSalesPage = 'V';        // By posting day.
inline constexpr char kCycleRow = 'O';         // One an order.
inline constexpr char kOpenedDocument = 'D';

// Of all keys of a family and customer.
std::string cells_prefix(char family, LabelId customer);

struct PageKey {
  LabelId customer = 0;
  PageId page;

  std::string bytes() const;
  static Result<PageKey> parse(std::string_view bytes);
};

// Documents of which something is or was open, by opened_day() of its cells.
struct OpenedKey {
  LabelId customer = 0;
  Day day = 0;
  domain::DocumentRef ref;

  static std::string prefix(LabelId customer, Day day);
  std::string bytes() const;
  static Result<OpenedKey> parse(std::string_view bytes);
};

struct CycleRowKey {
  LabelId customer = 0;
  std::string_view order_id;

  std::string bytes() const;
  static Result<CycleRowKey> parse(std::string_view bytes);
};

}  // namespace daybook::store
