#include "app/prover.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "query/request.h"

namespace daybook::app {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kAttendEvery{10};
// And longer, where it reads so much that this would take more than a small share of a processor.
constexpr milliseconds kProveEvery{30'000};
constexpr int kProofShare = 20;
constexpr milliseconds kRetryEvery{1'000};

}  // namespace

Prover::Prover(const engine::Projector& projector, const live::LiveModel& model, const query::ShardSource& shards,
               std::function<Day()> today, std::function<void(const std::string&)> notice)
    : projector_(projector), model_(model), shards_(shards), today_(std::move(today)), notice_(std::move(notice)) {
  thread_ = std::jthread([this](const std::stop_token& stop) { work(stop); });
}

Prover::~Prover() { stop(); }

void Prover::stop() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
}

// First over all accounts, which mostly is known at once, and account by account as soon as that need not read the pages
// again.
void Prover::work(const std::stop_token& stop) {
  std::optional<steady_clock::time_point> next_proof;
  bool by_account = false;
  while (!stop.stop_requested()) {
    std::this_thread::sleep_for(kAttendEvery);
    const auto now = steady_clock::now();
    if (!projector_.caught_up()) continue;
    if (!next_proof) {
      const bool was_looked_at = prove(query::Detail::kTotals, stop);
      next_proof = steady_clock::now() + (was_looked_at ? kProveEvery : kRetryEvery);
    } else if (now >= *next_proof || (!by_account && model_.has_indexes())) {
      by_account = true;
      if (!prove(query::Detail::kAccounts, stop)) {
        next_proof = steady_clock::now() + kRetryEvery;
        continue;
      }
      count_anomalies(stop);
      const auto after = steady_clock::now();
      next_proof = after + std::max<steady_clock::duration>(kProveEvery, kProofShare * (after - now));
    }
  }
}

bool Prover::prove(query::Detail detail, const std::stop_token& stop) {
  std::int64_t faults = 0;
  try {
    for (const std::int32_t partition : model_.partitions()) {
      const auto snapshot = query::value_or_refuse(model_.open(partition));
      for (const auto& fault : query::proof_faults(*snapshot, kNever - 1, detail, stop)) {
        ++faults;
        notice_(fmt::format("proof broken: {} in {} differs by {} minor units",
                            detail == query::Detail::kAccounts ? fmt::format("customer '{}'", fault.customer_id)
                                                               : fmt::format("shard {}", partition),
                            fault.currency.code(), to_string(fault.difference)));
      }
      if (detail == query::Detail::kAccounts) faults += sales_faults(*snapshot) + days_faults(*snapshot);
      if (const std::int64_t differed = model_.totals_faults(partition); differed > 0) {
        faults += differed;
        notice_(
            fmt::format("proof broken: totals kept beside shard {} differed from its pages, whose figures are "
                        "told since; `daybook verify` examines them",
                        partition));
      }
    }
  } catch (const query::Refusal&) {
    // A store that cannot be read is an alarm of its own; and nobody waits for what is given up.
    return false;
  }
  faults_ = faults;
  return true;
}

std::int64_t Prover::sales_faults(const query::ShardSnapshot& shard) const {
  const index::Sales* sales = shard.index == nullptr ? nullptr : shard.index->sales.table.get();
  if (sales == nullptr) return 0;
  const auto faults = sales->faults();
  for (const auto& fault : faults) {
    notice_(fmt::format("proof broken: sales of {} in shard {}, kept by group and in whole, differ by {} in {}",
                        period_label(Grain::kMonth, fault.month), shard.partition, to_string(fault.difference),
                        Currency::from_number(fault.currency).code()));
  }
  return std::ssize(faults);
}

std::int64_t Prover::days_faults(const query::ShardSnapshot& shard) {
  constexpr std::size_t kAccountsAtOnce = 100;
  std::string& after = looked_at_[shard.partition];
  std::vector<store::LabelId> accounts = shard.customers_after(after, kAccountsAtOnce);
  after = accounts.size() < kAccountsAtOnce ? std::string() : std::string(shard.labels->get(accounts.back()).customer);
  std::ranges::sort(accounts);
  const std::int64_t untold = query::untold_postings(shard, accounts);
  if (untold > 0) {
    notice_(fmt::format("proof broken: the index of shard {} does not tell of {} sums of sales and ledger by day",
                        shard.partition, untold));
  }
  return untold;
}

void Prover::count_anomalies(const std::stop_token& stop) {
  UInt128 digest = 0;
  for (const std::int32_t partition : projector_.partitions()) digest += projector_.committed(partition).digest;
  try {
    if (projector_.holds_all()) {
      counts_.count(shards_, digest, today_(), stop);
    } else {
      counts_.count_own(projector_.partitions(), shards_, digest, today_(), stop);
    }
  } catch (const query::Refusal& refusal) {
    if (!stop.stop_requested()) notice_(refusal.problem.detail);
  }
}

void Prover::add_metrics(MetricSheet& sheet) const {
  sheet.gauge(
      "daybook_proof_faults",
      "Accounts whose balance and ledger differ, totals kept for a start that differed from pages, sums of sales by "
      "group that are not their whole, and postings on days that the index does not tell of; must be 0.");
  sheet.add({}, static_cast<double>(faults_.load()));
  counts_.add_metrics(sheet);
}

}  // namespace daybook::app
