// Aggregate cells as stored: pages of one customer, family and span of 32 days (docs/formats.md, "Pages").
#pragma once

#include <algorithm>
#include <compare>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "domain/cell.h"
#include "store/labels.h"

namespace daybook::store {

// A cell's key within its shard and customer.
struct CellId {
  domain::Measure measure{};
  std::uint16_t currency = 0;
  LabelId attributes = 0;
  LabelId dimensions = 0;
  Day day = 0;
  Day day2 = 0;
  Day counts_from = 0;

  auto operator<=>(const CellId&) const = default;
};

struct Cell {
  CellId id;
  domain::CellValue value;
};

// A page of one customer: a family, and a span of 32 days of its cells' page day.
struct PageId {
  char family = 0;
  std::uint16_t span = 0;

  auto operator<=>(const PageId&) const = default;
  struct Hash {
    std::size_t operator()(PageId id) const {
      return (static_cast<std::size_t>(id.family) << 16 | id.span) * 0x9e37'79b9'7f4a'7c15;
    }
  };
};
// The span that holds this day. Spans rise with days.
inline std::uint16_t span_of(Day day) {
  constexpr Day kBefore = 1'000'000;  // Days that can be stored lie well within it either way,
  constexpr Day kBehind = 1'000'000;  // and those that are asked for may lie behind all.
  return static_cast<std::uint16_t>((std::min(day, kBehind) + kBefore) >> 5);
}
PageId page_of(const CellId& cell);

// The day under which a document is found whose receivables cell this is: what stands open on a date
// says by this day where to look. Issue date of open amounts; of unapplied cash and credits the day of
// the file that their attributes ask for.
inline Day opened_day(domain::Measure measure, Day day, const domain::Attributes& attributes) {
  return measure == domain::Measure::kOpen ? day : attributes.file_day;
}

// A cell as ages and balances need it: issue and due date of open amounts alone, counts of what is an item alone,
// and the measures of the ledger as one (kLedgerInvoices). None: what payments settled. Of receivables and ledger.
std::optional<Cell> receivable_of(const Cell& cell);

// Days of cells: dates of events, which lie from 1900 to 2199, and what is reckoned from them (an instalment moves
// with the last, terms of payment add ten years). From 1586 to 2304: 18 bits.
inline constexpr Day kCellDayMin = -140'000;
inline constexpr Day kCellDayMax = kCellDayMin + (1 << 18) - 1;

// Sorted cells <-> bytes. Decoding answers kCorrupt for bytes that encoding never makes, so that what is decoded
// may be reckoned with; only that its labels are there is left to be looked at.
void encode_page(std::span<const Cell> cells, std::string& to);
Result<void> decode_page(std::string_view bytes, std::vector<Cell>& to);

// Whether a page's customer and the labels of its cells are there: kCorrupt when not. Labels before cells: those of
// a commit are given before it is written.
Result<void> check_labels(const Labels& labels, LabelId customer, std::span<const Cell> cells);

// Sorts cells by page and id and adds up those of one id.
void add_up(std::vector<Cell>& cells);
// Adds sorted `changes` to sorted `cells`, into `to`; what becomes zero goes.
void merge_cells(std::span<const Cell> cells, std::span<const Cell> changes, std::vector<Cell>& to);

// value × hash of key, modulo 2^128. The same for every shard and partition count: made of texts,
// not of label numbers.
UInt128 cell_hash(const CellId& id, const domain::CellValue& value, const Label& customer, const Label& attributes,
                  const Label& dimensions);

// Order-cycle rows <-> bytes. Decoded texts point into `bytes`; row.order_id is left empty.
void encode_cycle_row(const domain::CycleRow& row, std::string& to);
Result<domain::CycleRow> decode_cycle_row(std::string_view bytes);
// What an order-cycle row adds to the digest.
UInt128 cycle_row_hash(std::string_view customer_id, std::string_view order_id, std::string_view row);

}  // namespace daybook::store
