// What a shard tells whoever keeps a copy of its figures: each commit's differences, as they are
// written.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "store/cells.h"
#include "store/labels.h"
#include "store/shard_state.h"
#include "store/totals.h"

namespace daybook::store {

// Called by the folding thread alone, which waits meanwhile. Changes are told while a commit evaluates
// its accounts, and hold once committed() follows; when the write fails it never does, and nothing more
// is told. Views into arguments hold during the call.
class CommitListener {
 public:
  virtual ~CommitListener() = default;

  // First of all: what the store holds now, with the totals where they are known, and the journal's next entry.
  virtual void begins(const ShardState& state, std::optional<Totals> totals, std::uint16_t next_entry) = 0;

  // What is added to the cells of one account, each cell once.
  virtual void cells_changed(LabelId customer, std::span<const Cell> changes) = 0;
  // An order-cycle row as it was and as it is now (docs/formats.md); empty: there is none.
  virtual void cycle_row_changed(LabelId customer, std::string_view before, std::string_view now) = 0;
  // The customer's file was told something.
  virtual void file_changed(LabelId customer) = 0;
  // The commit is in the store; `state` is what it holds, `totals` what came to them.
  virtual void committed(const ShardState& state, const TotalsChange& totals) = 0;
};

}  // namespace daybook::store
