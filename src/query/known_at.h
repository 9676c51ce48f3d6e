// A shard as it was known at an earlier instant. Nothing of it is stored: its figures are evaluated from the
// facts recorded by then, and kept for the next question about the same instant.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <utility>
#include <vector>

#include "evaluation/contribution.h"
#include "query/model.h"
#include "store/shard_state.h"

namespace daybook::query {

class AccountReader;

// Thread-safe. Each call is given a snapshot of the shard for which holds() is true, with this evaluation.
class KnownAtEvaluation {
 public:
  // `read`: what the shard had read when this was made. `rules` must outlive it.
  KnownAtEvaluation(std::int64_t recorded_ms, const ShardSnapshot& shard, const domain::Rules& rules)
      : recorded_ms_(recorded_ms), read_(shard.state), opening_(shard.opening), rules_(rules) {}

  std::int64_t recorded_ms() const { return recorded_ms_; }
  // Whether all that was read since was recorded later, so that what is kept stands.
  bool holds(const ShardSnapshot& shard) const;

  // Attributes and dimensions of rows and cells; customers have the numbers of the shard's own labels.
  const store::Labels& labels() const { return labels_; }

  using Rows = std::vector<index::ReceivableRow>;
  // Receivables and ledger that count on a date: of all accounts, or of one (which is not kept). The rows of a
  // customer stand together.
  std::shared_ptr<const Rows> receivables(const ShardSnapshot& shard, Day as_of);
  Rows receivables(const ShardSnapshot& shard, store::LabelId customer, Day as_of);
  // The same on several dates, which are not kept: calls visit(place of the date, rows) for each account and date. Each
  // account is read once.
  void for_each_account(const ShardSnapshot& shard, std::optional<store::LabelId> customer, std::span<const Day> dates,
                        const std::function<void(std::size_t, const Rows&)>& visit);
  // Accepted records with a reference that was not resolved.
  std::int64_t waiting(const ShardSnapshot& shard);

  // Calls visit(contribution) for each document of a customer, or of all: all that it contributed then.
  void for_each_contribution(
      const ShardSnapshot& shard, std::optional<store::LabelId> customer,
      const std::function<void(store::LabelId, domain::DocumentRef, evaluation::Contribution&)>& visit);
  // Calls visit(customer, order id, order-cycle row as it is stored) for each order: nothing else of it is evaluated.
  void for_each_cycle_row(const ShardSnapshot& shard, std::optional<store::LabelId> customer,
                          const std::function<void(store::LabelId, std::string_view, std::string_view)>& visit);

 private:
  // `cycles_alone`: of orders, and nothing else of them.
  void evaluate(const ShardSnapshot& shard, std::optional<store::LabelId> customer, bool cycles_alone,
                const std::function<void(store::LabelId, domain::DocumentRef, evaluation::Contribution&)>& visit);
  void add_rows(AccountReader& customer, Day as_of, Rows& rows);

  const std::int64_t recorded_ms_;
  const store::ShardState read_;
  const std::uint64_t opening_;
  const domain::Rules& rules_;
  std::mutex mutex_;  // Guards all below; whoever evaluates has it, and no visitor is called under it.
  store::Labels labels_;
  struct Kept {
    Day as_of = 0;
    std::weak_ptr<const Rows> rows;
    std::shared_ptr<const Rows> held;  // The same while there is room; else whoever asked has them.
  };
  std::vector<Kept> kept_;  // By when they were asked for last.
  std::optional<std::int64_t> waiting_;
};

// The evaluations that were asked for last. Thread-safe.
class KnownAtEvaluations {
 public:
  // Of this shard at this instant; made when there is none that holds.
  std::shared_ptr<KnownAtEvaluation> of(const ShardSnapshot& shard, std::int64_t recorded_ms,
                                        const domain::Rules& rules);

 private:
  std::mutex mutex_;
  std::vector<std::pair<std::int32_t, std::shared_ptr<KnownAtEvaluation>>> kept_;  // With the partition; guarded.
};

}  // namespace daybook::query
