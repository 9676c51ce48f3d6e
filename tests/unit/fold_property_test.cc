// What must hold for every history: whatever the interleaving of topics, the borders of batches, the
// repeats, the crashes and the number of partitions, the read model is the same; every figure follows
// from the facts; the books balance.
#include <gtest/gtest.h>

#include <rapidcheck/gtest.h>

#include <numeric>

#include "base/hash.h"
#include "engine/audit.h"
#include "engine/shard.h"
#include "support/book.h"
#include "support/hostile.h"
#include "views/views.h"

namespace daybook::test {
namespace {

// A shard on a folder of its own, fed record by record.
class Folding {
 public:
  explicit Folding(const domain::Rules& rules, std::int32_t partition = 0, std::int32_t count = 1)
      : rules_(rules), memory_(8 << 20, 8 << 20), options_{partition, count, 1 << 20} {
    open();
  }

  void apply(const log::Record& record) { shard_->apply(record); }
  void commit() {
    const auto done = shard_->commit();
    RC_ASSERT(done.has_value());
  }
  // What was not committed is gone.
  void crash() { open(); }

  const engine::ShardState& state() const { return shard_->state(); }
  engine::Shard& shard() { return *shard_; }

  void check_audit() {
    const auto report = engine::audit(shard_->store(), rules_, [](std::uint64_t) {});
    RC_ASSERT(report.has_value());
    if (!report->ok()) RC_FAIL(report->faults.front());
  }
  void check_proof() {
    views::ShardPicture picture;
    picture.reads = shard_->store().snapshot();
    picture.labels = &shard_->labels();
    for (const Day day : {19810, 19825, 19839, 20000}) {
      for (const auto& fault : views::proof_faults(picture, day)) {
        RC_FAIL("proof of " + fault.customer_id + " differs by " + to_string(fault.difference));
      }
    }
  }

 private:
  void open() {
    shard_.reset();
    // Every second time each commit becomes sorted files.
    const std::size_t files_bytes_min = ++opened_ % 2 == 0 ? 0 : store::ShardStore::kFilesBytesMin;
    auto store = store::ShardStore::open(directory_.path(), memory_,
                                         store::ShardStore::Mode::kReadWrite, files_bytes_min);
    RC_ASSERT(store.has_value());
    auto shard = engine::Shard::open(std::move(store).value(), rules_, options_);
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

  History(std::vector<HostileRecord> all, std::int32_t partition, std::int32_t count)
      : records(std::move(all)) {
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

// Feeds the history in an interleaving and with batches chosen by `random`; now and then crashes.
// With `check` the books must balance, and every figure follow from the facts, after each batch.
void feed(Folding& folding, const History& history, std::mt19937& random, bool crashes, bool check) {
  const auto commit = [&] {
    folding.commit();
    if (!check) return;
    folding.check_audit();
    folding.check_proof();
  };
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
    if (crashes && random() % 10 == 0) folding.crash();
  }
  commit();
}

engine::ShardState total(std::uint32_t seed, std::size_t events, std::int32_t partitions,
                         std::mt19937& random, bool crashes, bool check) {
  const domain::Rules rules = utc_rules();
  engine::ShardState sum;
  for (std::int32_t partition = 0; partition < partitions; ++partition) {
    const History history(Hostile(seed).records(events), partition, partitions);
    Folding folding(rules, partition, partitions);
    feed(folding, history, random, crashes, check);
    const engine::ShardState& state = folding.state();
    sum.digest += state.digest;
    sum.accepted += state.accepted;
    sum.duplicates += state.duplicates;
    sum.conflicts += state.conflicts;
    sum.parked += state.parked;
    sum.waiting += state.waiting;
  }
  return sum;
}

RC_GTEST_PROP(Fold, OneDigestWhateverTheInterleavingBatchesCrashesAndPartitions, ()) {
  const auto seed = *rc::gen::arbitrary<std::uint32_t>();
  const auto events = static_cast<std::size_t>(*rc::gen::inRange(1, 250));
  std::mt19937 plain(1);
  const engine::ShardState expected = total(seed, events, 1, plain, false, true);
  RC_ASSERT(expected.accepted + expected.duplicates + expected.conflicts + expected.parked == events);
  std::mt19937 random(*rc::gen::arbitrary<std::uint32_t>());
  const engine::ShardState crashed = total(seed, events, 1, random, true, true);
  RC_ASSERT(to_hex(crashed.digest) == to_hex(expected.digest));
  RC_ASSERT(crashed.waiting == expected.waiting);
  RC_ASSERT(crashed.accepted == expected.accepted);
  RC_ASSERT(crashed.conflicts == expected.conflicts);
  const engine::ShardState spread = total(seed, events, 3, random, false, false);
  RC_ASSERT(to_hex(spread.digest) == to_hex(expected.digest));
  RC_ASSERT(spread.waiting == expected.waiting);
}

}  // namespace
}  // namespace daybook::test
