// The index of a shard: its cells and order-cycle rows in memory, in columns made for questions.
// Everything in it can be read from the shard's store, and is when the process starts.
//
//   off ──build()──► building ──► ready ──(a commit too large to follow)──► off
//
// While it is ready, each commit shows at once: its rows stand behind the tables until merge() puts
// them in order. Whoever asks while there is no snapshot reads pages instead.
//
// Totals over all customers are there from the start where the store knows them (store/totals.h), and are kept
// beside it for the next start. What a build reads is compared with them.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "index/cycles.h"
#include "index/days.h"
#include "index/dictionary.h"
#include "index/files.h"
#include "index/receivables.h"
#include "index/runs.h"
#include "index/sales.h"
#include "index/totals.h"
#include "store/commit_listener.h"
#include "store/shard_store.h"

namespace daybook::index {

struct IndexOptions {
  // What it may take. While it is built or merged, its largest table is there twice, with the rows that are
  // put into it.
  std::size_t bytes = 32 << 20;
  // Rows behind a table: from so many on they are merged, and beyond so many they are not followed.
  std::size_t merge_rows = 8'192;
  std::size_t follow_rows = 65'536;
  // Rows read from the store before they are put in order; more where the tables may be large.
  std::size_t build_rows = 262'144;
  // Commits behind the totals that are kept beside the store, from which on they are written anew.
  std::size_t save_commits = 1'024;
  // Told when the store could not be read.
  std::function<void(const Error&)> on_failure = [](const Error&) {};
};

// A table and what came since; no table: it is beyond the budget.
template <typename Table>
struct Part {
  std::shared_ptr<const Table> table = std::make_shared<const Table>();
  Runs<typename Table::Row> tail;

  std::size_t bytes() const { return table == nullptr ? 0 : table->bytes() + tail.bytes(); }
};

// Which commit: grows with each. The sum of all offsets wanted next.
std::int64_t commit_number(const store::ShardState& state);

// An index as of one commit. Immutable once it is handed out.
struct IndexSnapshot {
  std::int64_t commit = 0;
  std::shared_ptr<const CustomerFiles> files = std::make_shared<const CustomerFiles>();
  Part<Receivables> receivables;
  Part<Sales> sales;
  Part<Cycles> cycles;
  Part<Days> days;

  std::size_t bytes() const;
  // The most rows that stand behind one of its tables.
  std::size_t behind() const;
};

// Totals as of one commit. Immutable once they are handed out.
struct Totals {
  std::int64_t commit = 0;
  UInt128 digest = 0;            // Of the state that it left.
  std::uint16_t next_entry = 0;  // Of the journal.
  Part<RecentTotals> sums;
};

// Thread-safe: the folding thread tells it of commits, one other builds and merges, any ask.
class ShardIndex : public store::CommitListener {
 public:
  // `store`, `labels` and `rules` must outlive all but the destructor.
  ShardIndex(store::ShardStore& store, const store::Labels& labels, const domain::Rules& rules, IndexOptions options)
      : store_(store), labels_(labels), rules_(rules), options_(options) {}

  // As of the last commit; null while there is none.
  std::shared_ptr<const IndexSnapshot> snapshot() const;
  // Likewise, while the totals are known: before there is a snapshot, and where it has no room for them.
  std::shared_ptr<const Totals> totals() const;
  // How often totals that were known differed from what a build read: must be 0. The ones read took their place.
  std::int64_t totals_faults() const { return totals_faults_; }
  const Dictionary& dictionary() const { return dictionary_; }
  std::size_t bytes() const;

  // No snapshot, and no commit too large for a while.
  bool wants_build() const;
  // Reads the store; gives up once `stopping`. An error means that the store failed.
  Result<void> build(const std::atomic<bool>& stopping);
  // What is being built ends, and nothing is any more: the store is about to be closed.
  void give_up() { given_up_ = true; }
  // The rows behind the tables are many.
  bool wants_merge() const;
  // Puts them into the tables.
  void merge();
  // The totals beside the store are missing, or many commits behind.
  bool wants_save() const;
  // Writes them. Where that fails it is tried again so many commits later; the journal has them as well.
  void save();

  void begins(const store::ShardState& state, std::optional<store::Totals> totals, std::uint16_t next_entry) override;
  void cells_changed(store::LabelId customer, std::span<const store::Cell> changes) override;
  void cycle_row_changed(store::LabelId customer, std::string_view before, std::string_view now) override;
  void file_changed(store::LabelId customer) override;
  void committed(const store::ShardState& state, const store::TotalsChange& totals) override;

 private:
  enum class Phase : std::uint8_t { kOff, kBuilding, kReady };

  // What one commit changed.
  struct Changes {
    std::int64_t commit = 0;
    std::vector<std::pair<store::LabelId, store::Cell>> cells;
    std::vector<CycleRowChange> cycles;
    std::vector<store::LabelId> files;

    std::size_t size() const { return cells.size() + cycles.size(); }
    // Of these and the next commit.
    void add(Changes next);
  };

  // What a build made.
  struct Built {
    IndexSnapshot snapshot;
    Part<RecentTotals> totals;
  };

  // Whether changes of the commit under way are taken down.
  bool collects();
  void collect_cycle(store::LabelId customer, std::string_view bytes, int sign);
  // Puts `changes` behind the snapshot's tables. `reads` is as of the last of them.
  Result<void> follow(IndexSnapshot& snapshot, const Changes& changes, const store::StoreReader& reads);
  // The sales of a customer whose file changed.
  Result<void> follow_file(const IndexSnapshot& snapshot, store::LabelId customer, const FileVersions& before,
                           const Changes& changes, const store::StoreReader& reads, std::vector<SalesRow>& rows);
  // After the pages were read: whether it holds everything up to the last commit.
  Result<bool> catch_up(Built& built);
  void follow_totals(const store::ShardState& state, const store::TotalsChange& change);  // Under mutex_.
  std::size_t totals_bytes_max() const;
  // The rows that a sales cell becomes with this file, `sign` times, for this table.
  void add_sales_rows(const Sales& table, const FileVersions& file, const store::Cell& cell, int sign,
                      std::vector<SalesRow>& rows);
  Result<Built> read(const store::StoreReader& reads, const std::atomic<bool>& stopping);
  // Gives up what the budget has no room for beside the totals.
  void fit(IndexSnapshot& snapshot, const RecentTotals& totals) const;
  void turn_off();  // Under mutex_.

  store::ShardStore& store_;
  const store::Labels& labels_;
  const domain::Rules& rules_;
  const IndexOptions options_;
  Dictionary dictionary_;

  // The folding thread's.
  bool in_commit_ = false;
  bool collecting_ = false;
  bool too_large_ = false;
  std::size_t seen_ = 0;  // Cells changed in the commit under way, taken down or not.
  Changes pending_;

  mutable std::mutex mutex_;  // Guards all below.
  Phase phase_ = Phase::kOff;
  std::shared_ptr<const IndexSnapshot> snapshot_;
  // While building: commits followed since it began, or since the one that could not be.
  std::vector<Changes> pending_events_;
  std::size_t backlog_size_ = 0;  // Cells and rows in it.
  std::int64_t missed_ = -1;
  std::chrono::steady_clock::time_point turned_off_at_;
  std::shared_ptr<const Totals> totals_;  // Null: not known.
  std::int64_t told_ = 0;                 // The last commit that was told of,
  std::uint16_t next_entry_ = 0;          // and the journal's next entry behind it.
  std::size_t unsaved_ = 0;               // Commits behind the totals beside the store.
  std::atomic<std::int64_t> totals_faults_ = 0;
  std::atomic<bool> given_up_ = false;
};

}  // namespace daybook::index
