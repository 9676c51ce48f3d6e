#include "app/projection.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <thread>

#include "app/today.h"
#include "engine/manifest.h"
#include "live/note_of.h"

namespace daybook::app {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// A broker that is there answers within this.
constexpr milliseconds kLogPatience{250};

// Folding comes in bursts of some milliseconds, for which answers would wait where the processors are few.
// It still gets a third of what an answering thread gets: what is published is seen as soon.
constexpr int kFoldingGivesWay = 5;

// What a shard's store takes before it holds anything, besides what the memory plan hands out: so measured with 1,024.
constexpr std::size_t kShardBytes = 300 << 10;

}  // namespace

Projection::Projection(const Settings& settings, domain::Rules rules, Around around)
    : settings_(settings),
      rules_(std::move(rules)),
      around_(std::move(around)),
      log_(settings_, "serving what is there, and trying on", around_.metrics, around_.line) {}

Projection::~Projection() { stop(); }

Result<std::unique_ptr<Projection>> Projection::open(const Settings& settings, Around around) {
  ASSIGN_OR_RETURN(auto rules, domain::make_rules(settings.fold));
  std::unique_ptr<Projection> projection(new Projection(settings, std::move(rules), std::move(around)));
  RETURN_IF_ERROR(projection->open_folder());
  return projection;
}

Result<void> Projection::open_folder() {
  const auto kept = engine::read_manifest(settings_.data);
  // A log that was lost is not made anew with another count than its store has.
  const auto count =
      log_.open(kept && !settings_.partitions ? kept->partitions : settings_.partitions, kept.has_value());
  // What was folded is served without its log.
  if (!count && (!may_come_back(count.error().code) || !kept)) return unexpected(count.error());
  engine::Manifest manifest;
  manifest.partitions = count ? *count : kept->partitions;
  if (settings_.partitions && *settings_.partitions != manifest.partitions) {
    return unexpected(ErrorCode::kMismatch,
                      fmt::format("partitions: the log has {}, not {}", manifest.partitions, *settings_.partitions));
  }
  manifest.fold = settings_.fold;
  RETURN_IF_ERROR(engine::keep_manifest(settings_.data, manifest));
  return open_shards(manifest.partitions);
}

Result<void> Projection::open_shards(std::int32_t partition_count) {
  const MemoryPlan plan = settings_.memory_plan();
  memory_ = std::make_unique<store::SharedMemory>(plan.block_cache, plan.write_buffers);
  engine::ProjectorOptions options;
  options.partitions = around_.partitions;
  options.threads = settings_.threads;
  options.cache_bytes = plan.fold_cache;
  options.pending_bytes = plan.pending;
  options.spill_bytes = plan.spill;
  options.files_bytes = plan.files;
  options.on_commit = [this](const engine::Committed& committed) {
    around_.metrics->committed(committed.shard.partition(), committed.records, committed.time);
    around_.on_commit([&] { return live::note_of(committed.shard); });
  };
  options.on_mended = around_.on_mended;
  options.gives_way = kFoldingGivesWay;
  options.on_notice = [this](const std::string& words) { notice(words); };
  ASSIGN_OR_RETURN(projector_, engine::Projector::open(rules_, settings_.data, partition_count, *memory_, options));
  const std::size_t of_shards = partitions().size() * kShardBytes;
  if (of_shards > (settings_.memory_mib << 20) / 4) {
    notice(
        fmt::format("memory_mib: {} shards take some {} MiB besides the {} that are set; set more, or fewer partitions",
                    partitions().size(), of_shards >> 20, settings_.memory_mib));
  }
  for (const std::int32_t partition : partitions())
    records_before_[partition] = cluster::records_of(projector_->committed(partition));
  model_ = std::make_unique<live::LiveModel>(*projector_, rules_, settings_.topic_prefix, plan.indexes);
  shards_ = std::make_unique<query::LocalShards>(*model_);
  prover_ = std::make_unique<Prover>(
      *projector_, *model_, *shards_, [this] { return today(); }, [this](const std::string& words) { notice(words); });
  return {};
}

Result<void> Projection::start(LogKeeper::Use also) {
  const auto use = [this, also = std::move(also)](log::Log& log) -> Result<void> {
    RETURN_IF_ERROR(attach(log));
    return also(log);
  };
  RETURN_IF_ERROR(log_.start(partition_count(), use));
  lookout_ = std::make_unique<Lookout>(
      [this] {
        follow_lag();
        return troubles();
      },
      around_.line);
  return {};
}

Result<void> Projection::attach(log::Log& log) {
  const std::lock_guard lock(attaching_);
  if (stopped_) return unexpected(ErrorCode::kUnavailable, "nothing is folded any more");
  if (log.partition_count() != partition_count()) {
    return unexpected(ErrorCode::kMismatch, fmt::format("partitions: the read model in {} has {}, the log {}",
                                                        settings_.data, partition_count(), log.partition_count()));
  }
  RETURN_IF_ERROR(projector_->start(log));
  if (around_.copies_dead_letters) {
    dead_letters_ = std::make_unique<engine::DeadLetters>(log, *projector_, settings_.topic_prefix);
  }
  attached_ = true;
  if (log.recorded_as_told()) {
    notice(
        fmt::format("a log for demonstration: the events in {} were recorded as a story tells them "
                    "(generate --recorded-as-told), not when they were published",
                    settings_.data));
  }
  return {};
}

void Projection::stop() {
  give_up();
  // Each may wait some seconds, for a broker or a disk.
  std::thread keeper([this] { log_.stop(); });
  stop_folding();
  if (lookout_) lookout_->stop();
  keeper.join();
}

void Projection::stop_folding() {
  const std::lock_guard lock(attaching_);
  if (std::exchange(stopped_, true) || !projector_) return;
  std::thread letters([this] {
    if (dead_letters_) dead_letters_->stop();
  });
  std::thread proofs([this] {
    if (prover_) prover_->stop();
  });
  projector_->stop();
  letters.join();
  proofs.join();
}

Day Projection::today() const { return today_of(settings_.today, rules_.zone); }

std::string Projection::failure() const {
  return projector_->state() == engine::ProjectorState::kFailed ? projector_->trouble() : log_.failure();
}

Troubles Projection::troubles() const {
  Troubles troubles = log_.troubles();
  if (around_.copies_dead_letters && attached_ && log_.seen().away.empty()) {
    if (std::string words = dead_letters_->trouble(); !words.empty()) troubles["dead_letters"] = std::move(words);
  }
  for (const std::int32_t partition : partitions()) {
    if (std::string words = projector_->store_trouble(partition); !words.empty()) {
      troubles["store"] = std::move(words);
      break;
    }
  }
  if (std::string words = projector_->disk_trouble(); !words.empty()) troubles["disk"] = std::move(words);
  const bool failed = projector_->state() == engine::ProjectorState::kFailed;
  if (const std::string fold = projector_->fold_trouble();
      !fold.empty() && (failed || !troubles.contains("log_away"))) {
    // Folding may notice first that the log is away, and waits for nothing else then.
    const LogSeen seen = failed ? LogSeen() : log_.look(kLogPatience);
    const bool away = !seen.away.empty() || seen.overdue;
    troubles[away ? "log_away" : "fold"] = away ? "the log is away: " + fold : fold;
  }
  if (prover_->faults() > 0) {
    troubles["proof"] = fmt::format(
        "the proof does not hold: {} balances differ from their ledger, or sums of sales from their "
        "whole, each told in a line of the log; `daybook verify` examines the store",
        prover_->faults());
  }
  return troubles;
}

Vitals Projection::vitals(std::vector<MemoryUse> besides) const {
  Vitals vitals;
  vitals.troubles = troubles();
  if (!caught_up()) vitals.behind = "still reading what the log held at start";
  vitals.memory = memory();
  std::ranges::move(besides, std::back_inserter(vitals.memory));
  vitals.memory_bound = settings_.memory_mib << 20;
  return vitals;
}

StatusReport Projection::status() const {
  const LogSeen seen = log_.look(kStatusPatience);
  const log::Log* const log = log_.log();
  StatusReport status;
  status.shards = partitions();
  status.reports = reports(seen);
  status.unread = unread(seen);
  status.topic_prefix = settings_.topic_prefix;
  status.partitions = partition_count();
  status.business_time_zone = settings_.fold.business_time_zone;
  status.today = today();
  status.log = settings_.brokers.empty() ? "embedded" : "kafka";
  status.recorded_as_told = log != nullptr && log->recorded_as_told();
  status.troubles = troubles();
  return status;
}

std::vector<cluster::ShardReport> Projection::reports(const LogSeen& seen) const {
  const double seconds = std::chrono::duration<double>(steady_clock::now() - started_at_).count();
  std::vector<cluster::ShardReport> reports;
  for (const std::int32_t partition : partitions()) {
    cluster::ShardReport report;
    report.partition = partition;
    report.state = projector_->committed(partition);
    for (const log::EndOffset& bounds : seen.ends) {
      if (bounds.at.partition == partition) report.bounds.push_back(bounds);
    }
    if (seen.at) report.bounds_seen_ms = std::chrono::duration_cast<milliseconds>(seen.at->time_since_epoch()).count();
    report.records_since_start = cluster::records_of(report.state) - records_before_.at(partition);
    report.seconds_since_start = seconds;
    report.trouble = projector_->store_trouble(partition);
    if (const auto why = projector_->unreadable(partition)) report.unreadable = why->message;
    reports.push_back(std::move(report));
  }
  return reports;
}

std::vector<log::EndOffset> Projection::unread(const LogSeen& seen) const {
  std::vector<log::EndOffset> unread = seen.ends;
  std::erase_if(unread, [&](const log::EndOffset& bounds) { return bounds.at.partition < partition_count(); });
  return unread;
}

void Projection::follow_lag() {
  if (!attached_) return;
  const LogSeen seen = log_.seen();
  lag_.follow(lags(reports(seen), seen));
}

std::vector<std::pair<log::TopicPartition, std::int64_t>> Projection::lags(
    const std::vector<cluster::ShardReport>& reports, const LogSeen& seen) const {
  std::vector<std::pair<log::TopicPartition, std::int64_t>> lags;
  for (const cluster::ShardReport& report : reports) {
    for (const log::EndOffset& bounds : report.bounds) {
      lags.emplace_back(bounds.at, cluster::lag_of(bounds, report.next_offset(bounds.at.topic)));
    }
  }
  for (const log::EndOffset& bounds : unread(seen)) lags.emplace_back(bounds.at, cluster::lag_of(bounds, 0));
  return lags;
}

std::vector<MemoryUse> Projection::memory() const {
  const MemoryPlan plan = settings_.memory_plan();
  return {{"fold", projector_->bytes_kept(), plan.fold_cache},
          {"indexes", model_->index_bytes(), plan.indexes},
          {"write_buffers", memory_->write_buffer_bytes(), plan.write_buffers},
          {"block_cache", memory_->block_cache_bytes(), plan.block_cache}};
}

}  // namespace daybook::app
