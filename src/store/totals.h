// What all customers of a shard together owe, kept so that a start knows it before it has read a page
// (docs/decisions/0010-totals-beside-the-store.md): a file with the sums as of some commit, and in the store,
// written with each commit since, a journal entry of what it added. Bytes: docs/formats.md, "Totals".
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/date.h"
#include "base/int128.h"
#include "base/result.h"
#include "store/cells.h"
#include "store/shard_state.h"
#include "store/shard_store.h"

namespace daybook::store {

// Sums over all customers as of one state of a shard.
struct Totals {
  // Of that state. Whatever changes a figure changes it, so it tells what the sums belong to.
  UInt128 digest = 0;
  // The journal's next entry, and how many of them stand behind the file.
  std::uint16_t next_entry = 0;
  std::size_t entries = 0;
  // What counts before this day is as if it counted on it: earlier dates cannot be asked.
  Day from = std::numeric_limits<Day>::min();
  // Cells of total_of(), in any order; several may have one id.
  std::vector<Cell> cells;
};

// The journal has so many places. An entry takes that of the one as many commits before it.
inline constexpr std::uint16_t kJournalEntries = 8'192;

// What a cell adds to the totals: by currency, measure (those of the ledger as one), due date and the day from
// which it counts. None: it is neither of receivables nor of the ledger, or credit exposure by orders.
std::optional<Cell> total_of(const Cell& cell);

// Makes these the file in a shard's folder, instead of the one there. Durable when it returns.
Result<void> write_totals(const std::string& folder, const Totals& totals);

// As of `state`, which the store holds: the file with the journal's entries since. None where they do not lead to
// this state, or are damaged: then the pages say it. An error means that the store failed.
Result<std::optional<Totals>> load_totals(const StoreReader& reads, const std::string& folder, const ShardState& state);

// What one commit added to the totals.
struct TotalsChange {
  // False: it was too much to be written down, and the chain of entries is broken.
  bool is_known = true;
  std::span<const Cell> cells;
  std::uint16_t next_entry = 0;
};

// The journal's writer. The folding thread's.
class TotalsJournal {
 public:
  // Goes on behind a state.
  void begin(UInt128 digest, std::uint16_t next_entry);
  std::uint16_t next_entry() const { return next_entry_; }

  // What the commit under way adds to the cells of some account.
  void add(std::span<const Cell> changes);
  // Puts the entry of the commit under way into its set. Call once for each, with the digest that it leaves. The
  // views hold, and the set has to be written, before the next add() or write().
  TotalsChange write(UInt128 digest, WriteBatch& set);

 private:
  UInt128 digest_ = 0;
  std::uint16_t next_entry_ = 0;
  bool too_much_ = false;
  bool written_ = true;  // The cells are those of a commit that is over.
  std::vector<Cell> cells_;
  std::string page_;
  std::string entry_;
};

}  // namespace daybook::store
