// What a projection measures, for Prometheus.
#include <fmt/format.h>

#include <array>

#include "app/projection.h"

namespace daybook::app {
namespace {

// RocksDB's own numbers that an operator looks at.
struct StoreNumber {
  const char* name;
  const char* property;
  bool by_table;
};
constexpr std::array kStoreNumbers = {
    StoreNumber{"daybook_store_live_data_bytes", "rocksdb.estimate-live-data-size", true},
    StoreNumber{"daybook_store_file_bytes", "rocksdb.total-sst-files-size", true},
    StoreNumber{"daybook_store_memtable_bytes", "rocksdb.cur-size-all-mem-tables", true},
    StoreNumber{"daybook_store_pending_compaction_bytes", "rocksdb.estimate-pending-compaction-bytes", true},
    StoreNumber{"daybook_store_running_compactions", "rocksdb.num-running-compactions", false},
    StoreNumber{"daybook_store_running_flushes", "rocksdb.num-running-flushes", false},
    StoreNumber{"daybook_store_background_errors", "rocksdb.background-errors", false},
    StoreNumber{"daybook_store_delayed_write_rate", "rocksdb.actual-delayed-write-rate", false},
};

MetricSheet::Labels shard_label(std::int32_t partition) { return {{"shard", std::to_string(partition)}}; }

void add_states(MetricSheet& sheet, const std::vector<cluster::ShardReport>& reports) {
  const auto of_each = [&](auto&& value_of) {
    for (const cluster::ShardReport& report : reports) {
      sheet.add(shard_label(report.partition), static_cast<double>(value_of(report.state)));
    }
  };
  using State = store::ShardState;
  sheet.counter("daybook_accepted_total", "Records accepted as facts.");
  of_each([](const State& state) { return state.accepted; });
  sheet.counter("daybook_duplicates_total", "Repeated records without effect.");
  of_each([](const State& state) { return state.duplicates; });
  sheet.counter("daybook_conflicts_total", "Records that say something else under a known id.");
  of_each([](const State& state) { return state.conflicts; });
  sheet.counter("daybook_parked_total", "Records that are unfit and kept aside.");
  of_each([](const State& state) { return state.parked; });
  sheet.gauge("daybook_waiting_records", "Accepted records with an unresolved reference.");
  of_each([](const State& state) { return state.waiting; });
  sheet.gauge("daybook_newest_recorded_timestamp_seconds", "Recorded time of the newest record folded.");
  of_each([](const State& state) { return static_cast<double>(state.newest_recorded_ms) / 1000; });
}

}  // namespace

void Projection::add_metrics(MetricSheet& sheet) const {
  const LogSeen seen = log_.seen();
  const std::vector<cluster::ShardReport> reports = this->reports(seen);
  add_states(sheet, reports);
  add_lag(sheet, reports, seen);
  sheet.gauge("daybook_store_trouble", "1 while a shard's store is failing, or damaged and being folded anew.");
  for (const cluster::ShardReport& report : reports)
    sheet.add(shard_label(report.partition), report.trouble.empty() ? 0 : 1);
  prover_->add_metrics(sheet);
  if (around_.copies_dead_letters && attached_) {
    sheet.counter("daybook_dead_letters_total", "Parked records copied to the dead-letter topic since the start.");
    sheet.add({}, static_cast<double>(dead_letters_->sent()));
  }
  add_stores(sheet);
  sheet.gauge("daybook_indexes_ready", "Shards whose questions are answered from memory, not pages.");
  sheet.add({}, static_cast<double>(model_->indexes_ready()));
}

void Projection::add_lag(MetricSheet& sheet, const std::vector<cluster::ShardReport>& reports,
                         const LogSeen& seen) const {
  const auto labels = [&](log::TopicPartition at) {
    return MetricSheet::Labels{{"topic", log::topic_name(settings_.topic_prefix, at.topic)},
                               {"partition", std::to_string(at.partition)}};
  };
  sheet.gauge("daybook_next_offset", "Next offset to be folded.");
  for (const cluster::ShardReport& report : reports) {
    for (const log::Topic topic : log::kEventTopics) {
      sheet.add(labels({topic, report.partition}), static_cast<double>(report.next_offset(topic)));
    }
  }
  const auto lags = this->lags(reports, seen);
  sheet.gauge("daybook_lag_records",
              "Records, open transactions included, between what is folded and the end of the log as "
              "last seen.");
  for (const auto& [at, lag] : lags) sheet.add(labels(at), static_cast<double>(lag));
  sheet.gauge("daybook_lag_seconds", "For how long something has been there that is not folded.");
  for (const auto& [at, lag] : lags) sheet.add(labels(at), lag_.seconds_behind(at));
  if (!seen.at) return;
  sheet.gauge("daybook_log_seen_timestamp_seconds", "When the log last told where it ends.");
  sheet.add({}, std::chrono::duration<double>(seen.at->time_since_epoch()).count());
}

void Projection::add_stores(MetricSheet& sheet) const {
  for (const auto& [name, property, by_table] : kStoreNumbers) {
    sheet.gauge(name, fmt::format("{} of a shard's store.", property));
    for (const std::int32_t partition : partitions()) {
      const std::shared_ptr<engine::Shard> shard = projector_->shard(partition);
      if (shard == nullptr) continue;
      const auto value = shard->store().number_of(property, by_table);
      if (value) sheet.add(shard_label(partition), static_cast<double>(*value));
    }
  }
}

}  // namespace daybook::app
