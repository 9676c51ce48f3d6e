// Accounts of a shard in memory: their documents and pages of cells, loaded from the store when asked
// for and kept between commits within a budget.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/arena.h"
#include "base/hash.h"
#include "domain/picture.h"
#include "engine/sightings.h"
#include "store/cells.h"
#include "store/labels.h"

namespace daybook::engine {

// A stored value in memory.
struct Held {
  std::string value;         // Empty: nothing is stored.
  bool dirty = false;
  std::uint32_t used = 0;    // When it was last asked for, on the clock of Accounts.
  std::uint32_t counted = 0; // Of the budget.
};

// Stays where it is until Accounts::clean().
struct HeldDocument : Held {
  domain::DocumentKind kind{};
  std::string id;
  std::size_t stored = 0;    // Size of the value as stored: what was appended stands behind it.
  std::size_t incoming = 0;  // Bytes that it is going to be given.
  // As decoded since the last write(); null before.
  const domain::Document* decoded = nullptr;

  domain::DocumentRef ref() const { return {kind, id}; }
};

struct HeldPage : Held {
  bool stored = false;
};

class Accounts;

// One account while a commit folds it. One thread.
//
//   hold(), mark_dirty() … ──► document(), add_cells() … ──► write()
//
// A document that was decoded is not to be appended to before write().
class HeldAccount : public domain::Account {
 public:
  HeldAccount(Accounts& owner, store::LabelId customer) : owner_(owner), customer_(customer) {}

  store::LabelId customer() const { return customer_; }

  // The document of this reference, from the store when it is not here; an empty one when there is none.
  Result<HeldDocument*> hold(domain::DocumentRef ref);
  void mark_dirty(HeldDocument& document);
  // What was marked since the last write(), in the order of their keys.
  std::span<HeldDocument* const> dirty();
  const domain::Document* document(domain::DocumentRef ref) override;
  const domain::Document* document(HeldDocument& held);
  // What went wrong in document(), whose result then was null.
  const std::optional<Error>& error() const { return error_; }

  // Adds to the account's pages. `cells` as add_up() leaves them.
  Result<void> add_cells(std::span<const store::Cell> cells);

  // Puts what is dirty into the set, whose views hold until the next commit. Documents as decoded go.
  void write(store::WriteSet& set);

 private:
  friend class Accounts;
  struct RefHash {
    std::size_t operator()(domain::DocumentRef ref) const {
      return hash64(ref.id) + static_cast<std::size_t>(ref.kind) * 0x9e37'79b9'7f4a'7c15;
    }
  };

  Accounts& owner_;
  store::LabelId customer_;
  // The keys' ids are those of the documents.
  boost::unordered_flat_map<domain::DocumentRef, std::unique_ptr<HeldDocument>, RefHash> documents_;
  boost::unordered_flat_map<store::PageId, HeldPage, store::PageId::Hash> pages_;
  std::vector<HeldDocument*> dirty_;
  std::vector<store::PageId> dirty_pages_;
  std::vector<HeldDocument*> decoded_;
  std::optional<Error> error_;
};

// All accounts of a shard. One thread.
class Accounts {
 public:
  // `reads` must outlive it.
  Accounts(const store::Reads& reads, std::size_t bytes_max) : reads_(reads), bytes_max_(bytes_max) {}

  HeldAccount& account(store::LabelId customer);
  // The store holds nothing yet: from now on what is not stored need not be looked for there.
  void begin_empty() {
    stored_.emplace();
    empty_ = true;
  }
  // What was written is in the store.
  void committed() { empty_ = false; }
  // Sets the clock by which the longest unused is told. It rises with the events of a shard, and not with
  // the order in which a commit goes through its accounts.
  void set_clock(std::uint32_t clock) { clock_ = clock; }
  // After a commit: drops what was longest unused when all is beyond the budget.
  void clean();

 private:
  friend class HeldAccount;

  // What the store holds under this key; nothing where that is known without asking.
  Result<std::optional<std::string>> load(store::Table table, const std::string& key);
  void note_stored(const std::string& key);
  void count(Held& held, std::size_t bytes);

  const store::Reads& reads_;
  std::size_t bytes_max_;
  std::size_t bytes_ = 0;
  std::uint32_t clock_ = 0;
  bool empty_ = false;  // The store holds nothing.
  std::optional<Sightings> stored_;  // None: what the store holds is not known without asking.
  std::vector<std::unique_ptr<HeldAccount>> accounts_;  // By customer.
  Arena decoded_;  // Of the account that is being folded.
  std::vector<store::Cell> page_;
  std::vector<store::Cell> merged_;
};

}  // namespace daybook::engine
