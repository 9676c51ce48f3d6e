// Keys of a shard's tables (docs/formats.md, "Keys"). Numbers are big-endian: byte order is number
// order. Stored: never renumber a prefix.
#pragma once

#include <string>
#include <string_view>

#include "base/bytes.h"
#include "store/cells.h"

namespace daybook::store {

// --- Table::kMeta -----------------------------------------------------------------------------
inline constexpr char kStatePrefix = 'S';    // One key: positions, counters, digest.
inline constexpr char kLabelPrefix = 'L';
inline constexpr char kAnomalyPrefix = 'A';
inline constexpr char kParkedPrefix = 'P';

inline std::string state_key() { return {kStatePrefix}; }

inline std::string label_key(std::uint32_t id) {
  std::string key(1, kLabelPrefix);
  ByteWriter(key).big32(id);
  return key;
}

inline std::string parked_key(std::uint8_t topic, std::int64_t offset) {
  std::string key(1, kParkedPrefix);
  ByteWriter out(key);
  out.u8(topic);
  out.big64(static_cast<std::uint64_t>(offset));
  return key;
}

// The journal of totals, by place (engine/totals.h).
inline constexpr char kJournalPrefix = 'J';
inline std::string journal_key(std::uint16_t entry) {
  std::string key(1, kJournalPrefix);
  ByteWriter(key).big16(entry);
  return key;
}

// Documents of which a record waits, or did for a while: W, then their key.
inline constexpr char kWaitedPrefix = 'W';
inline std::string waited_key(std::string_view document_key) { return kWaitedPrefix + std::string(document_key); }

// Which accounts have a document of this id: kind, id, a zero byte, customer.
inline constexpr char kIdPrefix = 'I';
inline std::string id_prefix(domain::DocumentRef ref) {
  std::string key;
  key.reserve(ref.id.size() + 7);  // And for the customer.
  ByteWriter out(key);
  out.u8(kIdPrefix);
  out.u8(static_cast<std::uint8_t>(ref.kind));
  out.raw(ref.id);
  out.u8(0);
  return key;
}
inline std::string id_key(domain::DocumentRef ref, std::uint32_t customer) {
  std::string key = id_prefix(ref);
  ByteWriter(key).big32(customer);
  return key;
}

// Days may lie before 1970.
inline std::uint32_t ordered(Day day) { return static_cast<std::uint32_t>(day) ^ 0x8000'0000U; }
inline Day day_of_ordered(std::uint32_t ordered) { return static_cast<Day>(ordered ^ 0x8000'0000U); }

// --- Table::kDocuments ------------------------------------------------------------------------
inline constexpr std::size_t kDocumentKeyHead = 5;

inline std::string document_key(std::uint32_t customer, domain::DocumentRef ref) {
  std::string key;
  key.reserve(kDocumentKeyHead + ref.id.size());
  ByteWriter out(key);
  out.big32(customer);
  out.u8(static_cast<std::uint8_t>(ref.kind));
  out.raw(ref.id);
  return key;
}

inline domain::DocumentRef document_ref(std::string_view key) {
  return {static_cast<domain::DocumentKind>(key[4]), key.substr(kDocumentKeyHead)};
}

inline std::uint32_t document_customer(std::string_view key) { return ByteReader(key).big32(); }

// --- Table::kCells ----------------------------------------------------------------------------
// Families of pages; a page holds a customer's cells of one span of 32 days.
inline constexpr char kReceivablesPage = 'R';  // By the day from which a cell counts.
inline constexpr char kLedgerPage = 'G';       // By effective day.
inline constexpr char kSalesPage = 'V';        // By posting day.
inline constexpr char kCycleRow = 'O';         // One an order.

inline std::string page_key(std::uint32_t customer, PageId page) {
  std::string key(1, page.family);
  ByteWriter out(key);
  out.big32(customer);
  out.big16(page.span);
  return key;
}

inline std::string cells_prefix(char family, std::uint32_t customer) {
  std::string key(1, family);
  ByteWriter(key).big32(customer);
  return key;
}

// Documents of which something is or was open, by opened_day() of its cells.
inline constexpr char kOpenedDocument = 'D';
inline std::string opened_prefix(std::uint32_t customer, Day day) {
  std::string key = cells_prefix(kOpenedDocument, customer);
  ByteWriter(key).big32(ordered(day));
  return key;
}
inline std::string opened_key(std::uint32_t customer, Day day, domain::DocumentRef ref) {
  std::string key = opened_prefix(customer, day);
  key.reserve(key.size() + 1 + ref.id.size());
  ByteWriter out(key);
  out.u8(static_cast<std::uint8_t>(ref.kind));
  out.raw(ref.id);
  return key;
}
struct OpenedKey {
  Day day = 0;
  domain::DocumentRef ref;  // Its id points into the key.
};
inline OpenedKey read_opened_key(std::string_view key) {
  constexpr std::size_t kHead = 10;
  return {day_of_ordered(ByteReader(key.substr(5)).big32()),
          {static_cast<domain::DocumentKind>(key[kHead - 1]), key.substr(kHead)}};
}

inline std::string cycle_row_key(std::uint32_t customer, std::string_view order_id) {
  return cells_prefix(kCycleRow, customer).append(order_id);
}

}  // namespace daybook::store
