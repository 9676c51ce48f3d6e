#include "app/prover.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "query/reports/anomalies.h"
#include "query/reports/parked.h"
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
  thread_ = std::thread([this] { work(); });
}

Prover::~Prover() { stop(); }

void Prover::stop() {
  stopping_ = true;
  if (thread_.joinable()) thread_.join();
}

// First over all accounts, which mostly is known at once, and account by account as soon as that need not read the pages
// again.
void Prover::work() {
  std::optional<steady_clock::time_point> next_proof;
  bool by_account = false;
  while (!stopping_) {
    std::this_thread::sleep_for(kAttendEvery);
    const auto now = steady_clock::now();
    if (!projector_.caught_up()) continue;
    if (!next_proof) {
      const bool was_looked_at = prove(query::Detail::kTotals);
      next_proof = steady_clock::now() + (was_looked_at ? kProveEvery : kRetryEvery);
    } else if (now >= *next_proof || (!by_account && model_.has_indexes())) {
      by_account = true;
      if (!prove(query::Detail::kAccounts)) {
        next_proof = steady_clock::now() + kRetryEvery;
        continue;
      }
      count_anomalies();
      const auto after = steady_clock::now();
      next_proof = after + std::max<steady_clock::duration>(kProveEvery, kProofShare * (after - now));
    }
  }
}

bool Prover::prove(query::Detail detail) {
  std::int64_t faults = 0;
  try {
    for (const std::int32_t partition : model_.partitions()) {
      if (stopping_) return false;
      const auto snapshot = query::value_or_refuse(model_.open(partition));
      for (const auto& fault : query::proof_faults(*snapshot, kNever - 1, detail)) {
        ++faults;
        notice_(fmt::format("proof broken: {} in {} differs by {} minor units",
                            detail == query::Detail::kAccounts ? fmt::format("customer '{}'", fault.customer_id)
                                                               : fmt::format("shard {}", partition),
                            fault.currency.code(), to_string(fault.difference)));
      }
      if (const std::int64_t differed = model_.totals_faults(partition); differed > 0) {
        faults += differed;
        notice_(fmt::format("proof broken: totals kept beside shard {} differed from its pages, whose figures are "
                            "told since; `daybook verify` examines them", partition));
      }
    }
  } catch (const query::Refusal&) {
    // A store that cannot be read is an alarm of its own.
    return false;
  }
  faults_ = faults;
  return true;
}

// For the metrics, which are asked for more often than this is worth. They change with facts and days alone.
void Prover::count_anomalies() {
  std::pair<UInt128, Day> now{0, today_()};
  for (const std::int32_t partition : projector_.partitions()) now.first += projector_.committed(partition).digest;
  if (std::exchange(counted_for_, now) == now) return;
  try {
    // What takes the shards that others hold is theirs to count who ask all of them.
    const bool has_all = projector_.holds_all();
    auto counts = has_all ? query::open_anomalies(shards_, now.second)
                          : query::open_anomalies_of(projector_.partitions(), shards_, now.second);
    const auto unresolved = has_all ? std::optional(query::unresolved_parked(shards_)) : std::nullopt;
    const std::lock_guard lock(mutex_);
    open_anomalies_ = std::move(counts);
    unresolved_parked_ = unresolved;
  } catch (const query::Refusal& refusal) {
    notice_(refusal.problem.detail);
  }
}

void Prover::add_metrics(MetricSheet& sheet) const {
  sheet.gauge("daybook_proof_faults",
              "Accounts whose balance and ledger differ, and totals kept for a start that differed from pages; must be 0.");
  sheet.add({}, static_cast<double>(faults_.load()));
  const std::lock_guard lock(mutex_);
  sheet.gauge("daybook_anomalies_open",
              "Anomalies open today by kind, as counted last: every half minute, less often where that takes long.");
  for (const auto& [kind, count] : open_anomalies_) sheet.add({{"kind", kind}}, static_cast<double>(count));
  if (unresolved_parked_) {
    sheet.gauge("daybook_parked_unresolved", "Parked records that name an event which was not accepted since, as counted last.");
    sheet.add({}, static_cast<double>(*unresolved_parked_));
  }
}

}  // namespace daybook::app
