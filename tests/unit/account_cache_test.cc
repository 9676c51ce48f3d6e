// What is kept of accounts in memory: what leaves it is found in the store again.
#include <gtest/gtest.h>

#include <array>

#include "engine/audit.h"
#include "engine/shard.h"
#include "events/validate.h"
#include "support/book.h"
#include "support/temp_dir.h"
#include "tools/generate.h"

namespace daybook::engine {
namespace {

// Some thousand events of a company's life, as one partition's records.
class History {
 public:
  History() {
    tools::GenerateOptions options;
    options.customers = 100;
    options.orders = 500;
    tools::Generator generator(options);
    for (events::v1::Event event; generator.next(event);) {
      keys_.push_back(event.customer_id());
      values_.push_back(event.SerializeAsString());
      topics_.push_back(events::topic_of(event.payload_case()));
    }
    std::array<std::int64_t, log::kEventTopicCount> next{};
    for (std::size_t i = 0; i < values_.size(); ++i) {
      log::Record& record = records_.emplace_back();
      record.topic = topics_[i];
      record.offset = next[static_cast<std::size_t>(topics_[i])]++;
      record.timestamp_ms = 1'700'000'000'000;
      record.key = keys_[i];
      record.value = values_[i];
    }
  }
  const std::vector<log::Record>& records() const { return records_; }

 private:
  std::vector<std::string> keys_, values_;
  std::vector<log::Topic> topics_;
  std::vector<log::Record> records_;
};

// The digest of a history folded in many commits, with so much memory for accounts.
UInt128 digest_of(const History& history, std::size_t cache_bytes) {
  const test::TempDir directory;
  store::SharedMemory memory(8 << 20, 8 << 20);
  const domain::Rules rules = test::utc_rules();
  auto store = store::ShardStore::open(directory.path(), memory, store::ShardStore::Mode::kReadWrite);
  EXPECT_TRUE(store);
  auto shard = Shard::open(std::move(store).value(), rules, {.cache_bytes = cache_bytes});
  EXPECT_TRUE(shard);
  std::size_t applied = 0;
  for (const log::Record& record : history.records()) {
    (*shard)->apply(record);
    if (++applied % 50 != 0) continue;
    EXPECT_TRUE((*shard)->commit());
  }
  EXPECT_TRUE((*shard)->commit());
  EXPECT_EQ((*shard)->state().parked, 0u);
  const auto report = audit((*shard)->store(), rules, [](std::uint64_t) {});
  EXPECT_TRUE(report);
  for (const std::string& fault : report->faults) ADD_FAILURE() << cache_bytes << ": " << fault;
  return (*shard)->state().digest;
}

TEST(AccountCache, WhatLeavesTheCacheIsFoundInTheStore) {
  const History history;
  const UInt128 all_kept = digest_of(history, 64 << 20);
  // With hardly any, whether something is stored is not remembered either; with some it is.
  for (const std::size_t cache_bytes : {std::size_t{1}, std::size_t{160} << 10, std::size_t{400} << 10}) {
    EXPECT_EQ(digest_of(history, cache_bytes), all_kept) << cache_bytes;
  }
}

}  // namespace
}  // namespace daybook::engine
