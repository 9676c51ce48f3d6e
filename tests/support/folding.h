// A shard fed record by record, from hostile histories, in an interleaving and with batches chosen at
// random. For property tests.
#pragma once

#include <rapidcheck/gtest.h>

#include <array>
#include <random>
#include <vector>

#include "engine/shard.h"
#include "log/placement.h"
#include "store/shard_state.h"
#include "support/hostile.h"
#include "support/temp_dir.h"

namespace daybook::test {

// A shard on a folder of its own.
class Folding {
 public:
  explicit Folding(const domain::Rules& rules, std::int32_t partition = 0, std::int32_t count = 1)
      : rules_(rules),
        memory_(8 << 20, 8 << 20),
        options_{.partition = partition, .partition_count = count, .cache_bytes = 1 << 20} {
    open();
  }

  void apply(const log::Record& record) { shard_->apply(record); }
  void commit() {
    const auto done = shard_->commit();
    RC_ASSERT(done.has_value());
  }
  // As while history is read: only before anything was committed through the write-ahead log.
  void spill() {
    if (!shard_->may_spill()) return;
    const auto done = shard_->spill();
    RC_ASSERT(done.has_value());
  }
  // What was not committed is gone.
  void crash() { open(); }

  const store::ShardState& state() const { return shard_->state(); }
  engine::Shard& shard() { return *shard_; }
  const domain::Rules& rules() const { return rules_; }

 private:
  void open() {
    shard_.reset();
    // Every second time each commit becomes sorted files.
    const std::size_t files_bytes_min = ++opened_ % 2 == 0 ? 0 : store::ShardStore::kFilesBytesMin;
    auto store =
        store::ShardStore::open(directory_.path(), memory_, store::ShardStore::Mode::kReadWrite, files_bytes_min);
    RC_ASSERT(store.has_value());
    // Now and then nothing is kept in memory from one commit to the next.
    engine::Shard::Options options = options_;
    if (opened_ % 3 == 0) options.cache_bytes = 1;
    // And each account gets files of its own.
    if (opened_ % 4 == 0) options.files_bytes = 1;
    // Or cells go to their pages a few at a time.
    if (opened_ % 5 == 0) options.cells_at_once = 3;
    auto shard = engine::Shard::open(std::move(store).value(), rules_, options);
    RC_ASSERT(shard.has_value());
    shard_ = std::move(shard).value();
  }

  const domain::Rules& rules_;
  TempDir directory_;
  store::SharedMemory memory_;
  engine::Shard::Options options_;
  int opened_ = 0;
  std::unique_ptr<engine::Shard> shard_;
};

// Records by topic, with their offsets.
struct History {
  std::vector<HostileRecord> records;
  std::array<std::vector<log::Record>, log::kEventTopicCount> topics;

  History(std::vector<HostileRecord> all, std::int32_t partition, std::int32_t count) : records(std::move(all)) {
    for (const HostileRecord& record : records) {
      if (log::partition_of(record.key, count) != partition) continue;
      auto& topic = topics[static_cast<std::size_t>(record.topic)];
      log::Record read;
      read.topic = record.topic;
      read.partition = partition;
      read.offset = static_cast<std::int64_t>(topic.size());
      read.timestamp_ms = 1'700'000'000'000 + read.offset;
      read.key = record.key;
      read.value = record.value;
      topic.push_back(read);
    }
  }
};

// Feeds the history; `commit` is called where a batch ends, `crash` now and then.
template <typename Commit, typename Crash>
void feed(Folding& folding, const History& history, std::mt19937& random, const Commit& commit, const Crash& crash) {
  while (true) {
    std::vector<std::size_t> left;
    for (std::size_t topic = 0; topic < log::kEventTopicCount; ++topic) {
      const auto next = folding.state().topics[topic].next_offset;
      if (next < static_cast<std::int64_t>(history.topics[topic].size())) left.push_back(topic);
    }
    if (left.empty()) break;
    const std::size_t topic = left[random() % left.size()];
    for (std::size_t run = 1 + random() % 20; run > 0; --run) {
      const auto next = static_cast<std::size_t>(folding.state().topics[topic].next_offset);
      if (next >= history.topics[topic].size()) break;
      folding.apply(history.topics[topic][next]);
    }
    if (random() % 3 == 0) commit();
    if (random() % 4 == 0) folding.spill();
    crash();
  }
  commit();
}

}  // namespace daybook::test
