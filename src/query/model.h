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
#include "index/shard_index.h"
#include "log/log.h"
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
  std::shared_ptr<const store::StoreReader> reads;  // Holds what the pointers below point to.
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
  // Then the same with all facts: what counts later can be taken away from what is kept. Else null.
  std::shared_ptr<const ShardSnapshot> as_read;

  // Told what a question finds out about the store beside what `reads` tells of; may be empty.
  std::function<void(const Error&)> report;

  // Of attributes and dimensions in cells and rows.
  const store::Labels& figure_labels() const;
  // Labels are given before what they name is committed: of customers, those of this moment. By name, behind `after`, at
  // most `count`.
  std::optional<store::LabelId> find_customer(std::string_view customer_id) const;
  std::vector<store::LabelId> customers_after(std::string_view after, std::size_t count) const;
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
  // A record that was folded, from the log (log::read_record); kUnavailable where that is not at hand.
  virtual Result<std::optional<log::KeptRecord>> record(log::TopicPartition at, std::int64_t offset) const;

  // A shard as it was known at an instant. What was evaluated for the last questions is kept.
  ShardSnapshot recall(const ShardSnapshot& shard, std::int64_t recorded_ms) const;

 private:
  std::unique_ptr<KnownAtEvaluations> known_at_evaluations_;
};

// Calls visit(customer, cells) for the pages of one family, in key order; spans outside
// [first_span, last_span] are left out. One customer, or all.
void scan_pages(const ShardSnapshot& shard, char family, std::optional<store::LabelId> customer,
                std::uint16_t first_span, std::uint16_t last_span,
                const std::function<void(store::LabelId, const std::vector<store::Cell>&)>& visit);

// Whether the index tells on which days accounts have postings.
inline bool tells_of_days(const ShardSnapshot& shard) {
  return shard.index != nullptr && shard.index->days.table != nullptr;
}

// Calls visit(row) for postings of some kinds that accounts may have on these days, in no order, an account and day
// perhaps twice. Where tells_of_days().
template <typename Visit>
void for_each_posting_day(const ShardSnapshot& shard, Day first, Day last, index::Postings kinds, const Visit& visit) {
  const auto take = [&](const index::DayRow& row) {
    if ((row.postings & kinds) != 0) visit(row);
  };
  shard.index->days.table->for_each(first, last, take);
  shard.index->days.tail.for_each([&](const index::DayRow& row) {
    if (first <= row.day && row.day <= last) take(row);
  });
}

// The accounts of those, rising; nothing where the index does not tell of them.
std::optional<std::vector<store::LabelId>> accounts_posting(const ShardSnapshot& shard, Day first, Day last,
                                                            index::Postings kinds);

// How many cells of pages of these accounts, which rise, stand on days of which the index does not tell: must be 0.
std::int64_t untold_postings(const ShardSnapshot& shard, std::span<const store::LabelId> accounts);

// As scan_pages() of the spans of these days, for pages on which something may be posted then: of one account, or of those
// of all that have some of these kinds.
void scan_posted(const ShardSnapshot& shard, char family, std::optional<store::LabelId> customer, Day first, Day last,
                 index::Postings kinds,
                 const std::function<void(store::LabelId, const std::vector<store::Cell>&)>& visit);

}  // namespace daybook::query
