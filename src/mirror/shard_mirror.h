// The mirror of a shard: its cells and order-cycle rows in memory, in columns made for questions.
// Everything in it can be read from the shard's store, and is when the process starts.
//
//   off ──build()──► building ──► ready ──(a commit too large to follow)──► off
//
// While it is ready, each commit shows at once: its rows stand behind the tables until merge() puts
// them in order. Whoever asks while there is no image reads pages instead.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "engine/shard_listener.h"
#include "mirror/cycles.h"
#include "mirror/dictionary.h"
#include "mirror/files.h"
#include "mirror/receivables.h"
#include "mirror/runs.h"
#include "mirror/sales.h"
#include "store/shard_store.h"

namespace daybook::mirror {

struct MirrorOptions {
  // What it may take. While it is built or merged, its largest table is there twice, with the rows that are
  // put into it.
  std::size_t bytes = 32 << 20;
  // Rows behind a table: from so many on they are merged, and beyond so many they are not followed.
  std::size_t merge_rows = 8'192;
  std::size_t follow_rows = 65'536;
  // Rows read from the store before they are put in order; more where the tables may be large.
  std::size_t build_rows = 262'144;
};

// A table and what came since; no table: it is beyond the budget.
template <typename Table>
struct Part {
  std::shared_ptr<const Table> table = std::make_shared<const Table>();
  Runs<typename Table::Row> tail;

  std::size_t bytes() const { return table == nullptr ? 0 : table->bytes() + tail.bytes(); }
};

// Which commit: grows with each. The sum of all offsets wanted next.
std::int64_t commit_number(const engine::ShardState& state);

// A mirror as of one commit. Immutable once it is handed out.
struct Image {
  std::int64_t commit = 0;
  std::shared_ptr<const CustomerFiles> files = std::make_shared<const CustomerFiles>();
  Part<Receivables> receivables;
  Part<Sales> sales;
  Part<Cycles> cycles;

  std::size_t bytes() const;
};

// Thread-safe: the folding thread tells it of commits, one other builds and merges, any ask.
class ShardMirror : public engine::ShardListener {
 public:
  // `store`, `labels` and `rules` must outlive all but the destructor.
  ShardMirror(store::ShardStore& store, const store::Labels& labels, const domain::Rules& rules,
              MirrorOptions options)
      : store_(store), labels_(labels), rules_(rules), options_(options) {}

  // As of the last commit; null while there is none.
  std::shared_ptr<const Image> image() const;
  const Dictionary& dictionary() const { return dictionary_; }
  std::size_t bytes() const;

  // No image, and no commit too large for a while.
  bool wants_build() const;
  // Reads the store; gives up once `stopping`. An error means that the store failed.
  Result<void> build(const std::atomic<bool>& stopping);
  // The rows behind the tables are many.
  bool wants_merge() const;
  // Puts them into the tables.
  void merge();

  void cells_changed(store::LabelId customer, std::span<const store::Cell> changes) override;
  void cycle_row_changed(store::LabelId customer, std::string_view before,
                         std::string_view now) override;
  void file_changed(store::LabelId customer) override;
  void committed(const engine::ShardState& state) override;

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

  // Whether changes of the commit under way are taken down.
  bool collects();
  void collect_cycle(store::LabelId customer, std::string_view bytes, int sign);
  // Puts `changes` behind the image's tables. `reads` is as of the last of them.
  Result<void> follow(Image& image, const Changes& changes, const store::Reads& reads);
  // The sales of a customer whose file changed.
  Result<void> follow_file(const Image& image, store::LabelId customer, const FileVersions& before,
                           const Changes& changes, const store::Reads& reads,
                           std::vector<SalesRow>& rows);
  // After the image was read: whether it holds everything up to the last commit.
  Result<bool> catch_up(Image& image);
  // The rows that a sales cell becomes with this file, `sign` times.
  void add_sales_rows(const FileVersions& file, const store::Cell& cell, int sign,
                      std::vector<SalesRow>& rows);
  Result<Image> read(const store::Reads& reads, const std::atomic<bool>& stopping);
  // Gives up what the budget has no room for.
  void fit(Image& image) const;
  void turn_off();  // Under mutex_.

  store::ShardStore& store_;
  const store::Labels& labels_;
  const domain::Rules& rules_;
  const MirrorOptions options_;
  Dictionary dictionary_;

  // The folding thread's.
  bool in_commit_ = false;
  bool collecting_ = false;
  bool too_large_ = false;
  std::size_t seen_ = 0;  // Cells changed in the commit under way, taken down or not.
  Changes pending_;

  mutable std::mutex mutex_;  // Guards all below.
  Phase phase_ = Phase::kOff;
  std::shared_ptr<const Image> image_;
  // While building: commits followed since it began, or since the one that could not be.
  std::vector<Changes> backlog_;
  std::size_t backlog_size_ = 0;  // Cells and rows in it.
  std::int64_t missed_ = -1;
  std::chrono::steady_clock::time_point turned_off_at_;
};

}  // namespace daybook::mirror
