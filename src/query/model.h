// The read model as questions see it: one snapshot of every shard.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "domain/account_state.h"
#include "evaluation/stored_account.h"
#include "log/log.h"
#include "index/shard_index.h"
#include "store/cells.h"
#include "store/labels.h"
#include "store/shard_state.h"
#include "store/shard_store.h"

namespace daybook::query {

class KnownAtEvaluation;

// A shard at one moment. Thread-safe; many questions may share one.
struct ShardSnapshot {
  std::int32_t partition = 0;
  std::uint64_t opening = 0;  // How often the shard was opened before: label numbers are of one opening.
  std::shared_ptr<const store::Reads> reads;  // Holds what the pointers below point to.
  const store::Labels* labels = nullptr;
  store::ShardState state;
  // The same moment in memory; null: there is none, read pages.
  std::shared_ptr<const index::IndexSnapshot> index;
  const index::Dictionary* dictionary = nullptr;  // Of the index.
  // Likewise, over all customers alone: known before the index is, and where that has no room for them.
  std::shared_ptr<const index::Totals> totals;
  // Which facts count. Where it is not all of them there is no index, and figures are this evaluation's instead
  // of stored ones.
  domain::Known known = domain::Known::all();
  std::shared_ptr<KnownAtEvaluation> known_at;

  // Told what a question finds out about the store beside what `reads` tells of; may be empty.
  std::function<void(const Error&)> report;

  // Of attributes and dimensions in cells and rows.
  const store::Labels& figure_labels() const;
};

// What is told apart: customers, attributes, issue and due dates; or due dates and currencies alone.
enum class Detail { kAccounts, kTotals };

class KnownAtEvaluations;

// Where views read from: a running projector, or a folder at rest. Thread-safe.
class ReadModel {
 public:
  ReadModel();
  virtual ~ReadModel();
  virtual std::int32_t partition_count() const = 0;
  virtual const domain::Rules& rules() const = 0;
  virtual const std::string& topic_prefix() const = 0;
  // The newest commit. Goes before the model does.
  virtual Result<std::shared_ptr<const ShardSnapshot>> open(std::int32_t partition) const = 0;
  // Whether the record at this place shows in what is opened from now on.
  virtual bool has_folded(log::TopicPartition at, std::int64_t offset) const = 0;

  // A shard as it was known at an instant. What was evaluated for the last questions is kept.
  ShardSnapshot recall(const ShardSnapshot& shard, std::int64_t recorded_ms) const;

 private:
  std::unique_ptr<KnownAtEvaluations> known_at_evaluations_;
};

// Today in the business time zone.
using Today = std::function<Day()>;

// Which customer file gives what a document lacks: the one in force on the document's own date, or
// the last one known.
enum class FileChoice : std::uint8_t { kAsWas, kAsNow };

// A customer while a view reads it: the file and what attributes come to. One thread.
class CustomerContext {
 public:
  CustomerContext(const ShardSnapshot& shard, store::LabelId customer, const domain::Rules& rules,
                  FileChoice choice);

  store::LabelId id() const { return id_; }
  std::string_view name() const { return name_; }
  // What is known about the account.
  domain::AccountState& account();
  // One that is known to be there: a fact or an index names it. A document that cannot be had is refused, here and
  // wherever its state comes to it: no answer goes without it.
  const domain::Document& document(domain::DocumentRef ref);
  // Whether it has an event that is known.
  bool is_known();
  // Its documents, in the order of kinds and ids; and those that receivables are made of. They point into this.
  std::span<const domain::DocumentRef> documents();
  std::span<const domain::DocumentRef> receivable_documents();

  // The file that counts for a document of this date; null when there is none.
  const domain::CustomerProfileSet* profile(Day day) {
    const domain::CustomerFile& known = account().file();
    return choice_ == FileChoice::kAsWas ? known.on(day) : known.last();
  }
  // Region and rep as they come to, empty where unassigned.
  std::string_view region(const domain::Attributes& attributes) {
    return index::region(attributes, file(attributes.file_day));
  }
  std::string_view sales_rep(const domain::Attributes& attributes) {
    return index::sales_rep(attributes, file(attributes.file_day));
  }
  std::string_view grade(Day day);
  // As profile(), without reading the store where the shard has an index.
  const index::FileVersion* file(Day day);
  // The parent by the file in force on `day`, or the customer itself.
  std::string_view parent(Day day);

  // Documents under these days (store::opened_day), rising, of which something is or was open: by kind
  // and id, each once. They point into this.
  std::vector<domain::DocumentRef> opened_on(std::span<const Day> days);

 private:
  [[noreturn]] void fail(const Error& error) const;

  const ShardSnapshot& shard_;
  store::LabelId id_;
  FileChoice choice_;
  std::string name_;
  const index::FileVersions* files_ = nullptr;  // The index's or own_files_, once asked for.
  index::FileVersions own_files_;
  const domain::Rules& rules_;
  std::optional<evaluation::StoredAccount> account_;  // As its state: made when asked for.
  std::optional<domain::AccountState> account_state_;
  std::vector<std::unique_ptr<std::string>> ids_;
  // All its documents by key, once they were asked for.
  std::optional<std::unordered_map<std::string, std::string>> bytes_;
  std::vector<domain::DocumentRef> documents_;
};

// Calls visit(customer, cells) for the pages of one family, in key order; spans outside
// [first_span, last_span] are left out. One customer, or all.
void scan_pages(const ShardSnapshot& shard, char family, std::optional<store::LabelId> customer,
                std::uint16_t first_span, std::uint16_t last_span,
                const std::function<void(store::LabelId, const std::vector<store::Cell>&)>& visit);

}  // namespace daybook::query
