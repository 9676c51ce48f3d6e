// Accounts of a shard in memory: their documents and pages of cells, loaded from the store when asked
// for and kept between commits within a budget.
#pragma once

#include <boost/unordered/unordered_flat_set.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/arena.h"
#include "base/hash.h"
#include "domain/account_state.h"
#include "engine/stored_key_filter.h"
#include "store/cells.h"
#include "store/document_codec.h"
#include "store/labels.h"

namespace daybook::engine {

// A stored value in memory. Stays where it is until AccountCache::clean().
struct Cached {
  std::string value;          // Empty: nothing is stored.
  std::uint32_t used = 0;     // When it was last asked for, on the clock of AccountCache.
  std::uint32_t counted = 0;  // Of the budget.
  bool dirty = false;
};

struct CachedDocument : Cached {
  domain::DocumentKind kind{};
  std::string id;
  std::size_t hash = 0;                     // Of kind and id.
  std::size_t stored = 0;                   // Size of the value as stored: what was appended stands behind it.
  std::size_t incoming = 0;                 // Bytes that it is going to be given.
  bool conflicted = false;                  // It was given a conflict since the last write().
  std::optional<store::FactSketch> sketch;  // Of its facts; none before the first is given.
  // Since the last write(): how often it was compared with what came to it, and an index if that was often.
  std::uint32_t comparisons = 0;
  std::unique_ptr<store::DocumentIndex> index;
  // As decoded since the last write(); null before.
  const domain::Document* decoded = nullptr;

  domain::DocumentRef ref() const { return {kind, id}; }
};

struct CachedPage : Cached {
  bool stored = false;
  store::PageId id;
};

class AccountCache;

// One account while a commit folds it. One thread.
//
//   load(), mark_dirty() … ──► document(), add_cells() … ──► write()
//
// A document that was decoded is not to be appended to before write().
class CachedAccount : public domain::Account {
 public:
  CachedAccount(AccountCache& owner, store::LabelId customer) : owner_(owner), customer_(customer) {}

  store::LabelId customer() const { return customer_; }

  // The document of this reference, from the store when it is not here; an empty one when there is none.
  Result<CachedDocument*> load(domain::DocumentRef ref);
  void mark_dirty(CachedDocument& document);
  // As the document is now; null for a short one, and while it is compared for the first few times. Until it is
  // appended to.
  Result<const store::DocumentIndex*> index(CachedDocument& document);
  // What was marked since the last write(), in the order of their keys.
  std::span<CachedDocument* const> dirty();
  const domain::Document* document(domain::DocumentRef ref) override;
  const domain::Document* document(CachedDocument& cached);
  // What went wrong in document(), whose result then was null: kCorrupt, which names it, for one that is damaged, or
  // missing although something names it.
  const std::optional<Error>& error() const;
  // What to say of a document that cannot be had.
  Error damaged(domain::DocumentRef ref, const Error& why) const;

  // Adds to the account's pages. `cells` as store::add_up() leaves them.
  Result<void> add_cells(std::span<const store::Cell> cells);

  // Puts what is dirty into the set, whose views hold until the next commit. Documents as decoded go.
  void write(store::WriteBatch& set);

 private:
  friend class AccountCache;
  // A document that is looked up.
  struct Wanted {
    domain::DocumentRef ref;
    std::size_t hash;
  };
  struct DocumentHash {
    using is_transparent = void;
    std::size_t operator()(const Wanted& wanted) const { return wanted.hash; }
    std::size_t operator()(const std::unique_ptr<CachedDocument>& cached) const { return cached->hash; }
  };
  struct SameDocument {
    using is_transparent = void;
    bool operator()(const Wanted& wanted, const std::unique_ptr<CachedDocument>& cached) const {
      return wanted.ref == cached->ref();
    }
    bool operator()(const std::unique_ptr<CachedDocument>& a, const std::unique_ptr<CachedDocument>& b) const {
      return a->ref() == b->ref();
    }
  };
  struct PageHash : store::PageId::Hash {
    using is_transparent = void;
    using store::PageId::Hash::operator();
    std::size_t operator()(const std::unique_ptr<CachedPage>& cached) const { return (*this)(cached->id); }
  };
  struct SamePage {
    using is_transparent = void;
    bool operator()(store::PageId id, const std::unique_ptr<CachedPage>& cached) const { return id == cached->id; }
    bool operator()(const std::unique_ptr<CachedPage>& a, const std::unique_ptr<CachedPage>& b) const {
      return a->id == b->id;
    }
  };

  // With its tables, not with what they point to.
  std::size_t bytes() const;

  AccountCache& owner_;
  store::LabelId customer_;
  std::uint32_t counted_ = 0;  // Of the budget.
  boost::unordered_flat_set<std::unique_ptr<CachedDocument>, DocumentHash, SameDocument> documents_;
  boost::unordered_flat_set<std::unique_ptr<CachedPage>, PageHash, SamePage> pages_;
};

// All accounts of a shard, of which one at a time is folded. One thread.
class AccountCache {
 public:
  // `reads` and `labels` must outlive it. `bytes_max` is the budget: for documents and pages with their tables, and for
  // what is known of the keys stored.
  AccountCache(const store::StoreReader& reads, const store::Labels& labels, std::size_t bytes_max)
      : reads_(reads), labels_(labels), bytes_max_(bytes_max) {}

  CachedAccount& account(store::LabelId customer);
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
  // After a commit: drops what was longest unused when all is beyond the budget, of which `taken` is
  // somebody else's.
  void clean(std::size_t taken);
  // Of the budget.
  std::size_t bytes() const;

 private:
  friend class CachedAccount;

  // What the store holds under this key; nothing where that is known without asking.
  Result<std::optional<std::string>> load(store::Table table, const std::string& key);
  void note_stored(const std::string& key);
  // Puts down in `counted` that something takes so much now.
  void count(std::uint32_t& counted, std::size_t bytes);

  const store::StoreReader& reads_;
  const store::Labels& labels_;
  std::size_t bytes_max_;
  std::size_t bytes_ = 0;
  std::uint32_t clock_ = 0;
  bool empty_ = false;                                    // The store holds nothing.
  std::optional<StoredKeyFilter> stored_;                 // None: what the store holds is not known without asking.
  std::vector<std::unique_ptr<CachedAccount>> accounts_;  // By customer.
  // Of the account that is being folded.
  std::vector<CachedDocument*> dirty_;
  std::vector<CachedPage*> dirty_pages_;
  std::vector<CachedDocument*> decoded_;
  std::vector<CachedDocument*> compared_;
  Arena decoded_memory_;
  std::optional<Error> error_;
  std::vector<store::Cell> page_;
  std::vector<store::Cell> merged_;
};

}  // namespace daybook::engine
