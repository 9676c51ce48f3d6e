// A shard: the unit of folding, storage and recovery. Folds the records of one partition number of
// all topics into documents, figures and cells, and commits them with the positions reached in one
// atomic write.
//
//   open ──► apply(record)* ──► commit() ──► apply … ──► commit() …
//
// apply() only keeps what it reads. commit() goes through the accounts: appends to each
// document what it was told, evaluates every document whose figures may have changed twice, as it was
// stored and as it is now, and adds the differences to the cells. So all that a commit does with an
// account it does while the account is in the processor's cache. While history is read, spill() lets
// commits be far longer than memory: the fewer there are, the fewer documents are evaluated again because
// more came to them.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "domain/figures.h"
#include "domain/news.h"
#include "engine/account_cache.h"
#include "engine/last_record.h"
#include "engine/pending_events.h"
#include "evaluation/contribution.h"
#include "events/record.h"
#include "store/cells.h"
#include "store/commit_listener.h"
#include "store/document_codec.h"
#include "store/labels.h"
#include "store/parked.h"
#include "store/shard_state.h"
#include "store/shard_store.h"
#include "store/totals.h"

namespace daybook::engine {

// What a commit was told, for whoever has to know whose figures it may have changed.
struct CommitNews {
  // Accounts beyond this are not kept: somebody who asks for more knows that there are.
  static constexpr std::size_t kAccountsKept = 21;

  domain::News news;
  // Each once: those that accepted something or met a conflict; and those that records that were parked name.
  std::vector<store::LabelId> accounts;
  std::vector<std::string> parked_accounts;

  void clear() {
    news = {};
    accounts.clear();
    parked_accounts.clear();
  }
};

// One folding thread; store() and labels() may be read by any.
class Shard {
 public:
  struct Options {
    std::int32_t partition = 0;
    std::int32_t partition_count = 1;
    // Documents and pages kept between commits, and labels, which are all kept.
    std::size_t cache_bytes = 64 << 20;
    // What may be spilled to disk, and what of it may be one account's: that is folded in memory.
    std::size_t spill_bytes = 512 << 20;
    std::size_t account_bytes = 32 << 20;
    // What a commit that becomes sorted files gives them at a time.
    std::size_t files_bytes = 16 << 20;
    // How many differences of an account's cells are held before they are added to its pages: a record that concerns
    // all instalments of an invoice comes to as many cells as there are of them, and a commit may hold many such.
    std::size_t cells_at_once = 1 << 17;
  };

  // Loads labels and state from the store, which the shard takes over. kMismatch when it was folded under another
  // manifest.
  static Result<std::unique_ptr<Shard>> open(std::unique_ptr<store::ShardStore> store, const domain::Rules& rules,
                                             Options options);

  std::int32_t partition() const { return options_.partition; }
  // Positions and what is parked as applied; fingerprints, and what depends on documents, as committed. The
  // folding thread's.
  const store::ShardState& state() const { return state_; }

  // Folds one record; those below the position reached are dropped. Offsets of a topic must rise.
  // An unfit record is parked.
  void apply(const log::Record& record);

  // The log holds no record of this topic below `offset` but those applied: what else stands there, such
  // as the end of a transaction, is nothing to fold.
  void pass_over(log::Topic topic, std::int64_t offset);

  // Records applied since the last commit, and what those in memory take.
  std::size_t pending_records() const { return pending_records_; }
  std::size_t pending_bytes() const { return pending_events_.bytes_in_memory() + parked_bytes_; }
  // What it keeps in memory for the next commits, labels included. The folding thread's.
  std::size_t bytes_kept() const { return accounts_.bytes() + labels_.bytes(); }

  // Whether what is pending may be spilled instead of being committed.
  bool may_spill() const;
  // Moves what is pending from memory to disk, where it waits for the commit. Errors: kUnavailable, with
  // everything as it was.
  Result<void> spill() { return pending_events_.spill(); }

  // Whether commit() has anything to write.
  bool has_pending() const { return pending_records_ > 0 || passed_over_; }
  // Folds and writes everything applied. Does nothing when there is nothing. An error means the store
  // failed: nothing since the last commit is kept by anybody, so open the shard anew.
  Result<void> commit();

  // Of the last commit. The folding thread's.
  const CommitNews& news() const { return news_; }

  store::ShardStore& store() { return *store_; }
  const store::Labels& labels() const { return labels_; }

  // Tells of every commit from now on. Between two commits, by whoever owns the shard then.
  void listen(std::shared_ptr<store::CommitListener> listener);

 private:
  Shard(std::unique_ptr<store::ShardStore> store, const domain::Rules& rules, Options options);

  // That it was folded under the same.
  Result<void> check_manifest();
  // Of accounts_, for what was told last.
  std::uint32_t clock() const;
  void clean_accounts();
  void enqueue(const domain::Event& event, const log::Record& record, std::int64_t recorded_ms);
  void park(const events::Unfit& unfit, const log::Record& record, std::int64_t recorded_ms);
  // `told`: everything since the last commit, in the order read.
  Result<void> fold_account(store::LabelId customer, std::span<const PendingEvent* const> told, store::WriteBatch& set);
  void index_names(CachedAccount& account, store::WriteBatch& set);
  // Gives the account's documents what they were told.
  Result<void> append_facts(CachedAccount& account, std::span<const PendingEvent* const> told);
  Result<void> append_facts(CachedAccount& account, CachedDocument& document, const PendingEvent& told);
  Result<void> find_affected(CachedAccount& account, domain::AccountState& before, domain::AccountState& after);
  Result<std::vector<std::string>> invoices_by_terms(store::LabelId customer, const domain::CustomerFile& before,
                                                     const domain::CustomerFile& after);
  // Evaluates what may have changed.
  Result<void> evaluate(CachedAccount& account, store::WriteBatch& set);
  // Adds what is collected of them to the account's cells: to the digest and to the pages.
  Result<void> add_cells(CachedAccount& account);

  std::unique_ptr<store::ShardStore> store_;
  const domain::Rules& rules_;
  Options options_;
  store::Labels labels_;
  store::ShardState state_;
  events::RecordReader reader_;
  AccountCache accounts_;
  evaluation::CellLabels cell_labels_;
  evaluation::Contribution old_;
  evaluation::Contribution now_;
  PendingEvents pending_events_;  // Everything told since the last commit.
  std::array<LastRecord, log::kEventTopicCount> last_records_;
  std::uint64_t told_count_ = 0;
  // Memory that is used again.
  ByteBuffer encoded_;
  std::vector<domain::DocumentRef> names_;
  std::vector<CachedDocument*> given_;
  struct Affected {
    const domain::Document* document = nullptr;  // Null: it is not.
    domain::Extent extent;
  };
  std::vector<Affected> affected_;  // Documents of an account by their numbers.
  std::vector<store::Cell> cells_;  // Differences of an account's cells.
  std::vector<store::ParkedRecord> parked_pending_;
  CommitNews news_;
  CommitNews pending_news_;  // Of the next commit.
  std::size_t pending_records_ = 0;
  std::size_t parked_bytes_ = 0;
  bool passed_over_ = false;
  std::optional<std::string> manifest_;  // To be stored; none: it is.
  store::TotalsJournal journal_;
  std::optional<store::Totals> totals_;              // As loaded, until the first commit, or somebody listens.
  std::shared_ptr<store::CommitListener> listener_;  // Null: nobody listens.
};

}  // namespace daybook::engine
