// A projector that holds some of its log's shards: it reads, keeps and answers for these alone, and those who hold the
// others make a whole with it.
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <set>

#include "engine/dead_letters.h"
#include "engine/projector.h"
#include "events/validate.h"
#include "live/live_model.h"
#include "log/memory_log.h"
#include "log/partitions.h"
#include "support/ask.h"
#include "support/book.h"
#include "support/soon.h"
#include "support/temp_dir.h"
#include "tools/generate.h"

namespace daybook::engine {
namespace {

constexpr std::int32_t kPartitions = 4;
using Partitions = std::vector<std::int32_t>;

// Notes what is read of a log.
class WatchedLog : public log::Log {
 public:
  explicit WatchedLog(log::Log& log) : log_(log) {}

  std::int32_t partition_count() const override { return log_.partition_count(); }
  void append(std::vector<log::NewRecord> records, log::AppendDone done) override {
    log_.append(std::move(records), std::move(done));
  }
  Result<std::vector<log::EndOffset>> end_offsets(std::span<const log::Topic> topics) override {
    return log_.end_offsets(topics);
  }
  Result<std::unique_ptr<log::Reader>> open_reader(std::vector<log::StartPosition> starts) override {
    {
      const std::lock_guard lock(mutex_);
      for (const log::StartPosition& start : starts) read_.insert(start.at.partition);
    }
    return log_.open_reader(std::move(starts));
  }
  Result<std::unique_ptr<log::GroupMember>> join_group(std::string_view name) override { return log_.join_group(name); }

  Partitions read() const {
    const std::lock_guard lock(mutex_);
    return {read_.begin(), read_.end()};
  }

 private:
  log::Log& log_;
  mutable std::mutex mutex_;
  std::set<std::int32_t> read_;  // Guarded.
};

// One that holds some shards of a log, in a folder of its own or a given one.
class Holder {
 public:
  Holder(log::Log& log, std::optional<Partitions> held, std::string folder = "")
      : folder_(folder.empty() ? own_.path() : std::move(folder)), log_(log) {
    ProjectorOptions options;
    options.partitions = std::move(held);
    projector_ = Projector::open(rules_, folder_, log.partition_count(), memory_, options).value();
    model_ = std::make_unique<live::LiveModel>(*projector_, rules_, "", 8 << 20);
    const auto started = projector_->start(log_);
    EXPECT_TRUE(started) << (started ? "" : started.error().message);
    EXPECT_TRUE(test::soon([&] { return projector_->caught_up(); })) << projector_->trouble();
  }
  ~Holder() {
    projector_->stop();
    model_.reset();
  }

  // Of what it holds.
  store::ShardState sum() const {
    store::ShardState sum;
    for (const std::int32_t partition : projector_->partitions()) {
      const store::ShardState state = projector_->committed(partition);
      sum.digest += state.digest;
      sum.accepted += state.accepted;
      sum.parked += state.parked;
    }
    return sum;
  }
  Partitions stores() const {
    std::set<std::int32_t> there;
    for (const auto& each : std::filesystem::directory_iterator(folder_ + "/shards")) {
      there.insert(std::stoi(each.path().filename().native()));
    }
    return {there.begin(), there.end()};
  }

  Projector& projector() const { return *projector_; }
  const live::LiveModel& model() const { return *model_; }
  Partitions partitions() const { return projector_->partitions(); }
  Partitions read() const { return log_.read(); }

 private:
  const test::TempDir own_;
  const std::string folder_;
  const domain::Rules rules_ = test::utc_rules();
  store::SharedMemory memory_{8 << 20, 8 << 20};
  WatchedLog log_;
  std::unique_ptr<Projector> projector_;
  std::unique_ptr<live::LiveModel> model_;
};

class HeldShardsTest : public ::testing::Test {
 protected:
  HeldShardsTest() {
    tools::GenerateOptions history;
    history.customers = 40;
    history.orders = 200;
    tools::Generator generator(history);
    for (events::v1::Event event; generator.next(event);) told_.push_back(event);
    append(0, told_.size() / 2);
  }

  // Of what is told, that from `begin` to before `end`.
  void append(std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      const events::v1::Event& event = told_[i];
      const std::string bytes = event.SerializeAsString();
      ASSERT_TRUE(
          log::append_and_wait(log_, {{events::topic_of(event.payload_case()), event.customer_id(), bytes, {}, {}}}));
    }
  }
  void append_the_rest() { append(told_.size() / 2, told_.size()); }
  // Parked in every shard, since nobody has such an account.
  void append_unfit() {
    for (std::int32_t partition = 0; partition < kPartitions; ++partition) {
      ASSERT_TRUE(log::append_and_wait(log_, {{log::Topic::kOrders, "C", "no event", partition, {}}}));
    }
  }

  log::MemoryLog log_{kPartitions};
  std::vector<events::v1::Event> told_;
};

TEST_F(HeldShardsTest, TwoThatHoldHalfEachHaveTogetherWhatOneHasWhoHoldsAll) {
  std::optional<Holder> all(std::in_place, log_, std::nullopt);
  EXPECT_EQ(all->partitions(), log::all_partitions(kPartitions));
  const test::TempDir even_folder;
  const test::TempDir odd_folder;
  const auto expect_whole = [&](const Holder& even, const Holder& odd) {
    EXPECT_NE(even.sum().digest, UInt128{0});
    EXPECT_NE(odd.sum().digest, UInt128{0});
    EXPECT_EQ(even.sum().digest + odd.sum().digest, all->sum().digest);
    EXPECT_EQ(even.sum().accepted + odd.sum().accepted, all->sum().accepted);
    EXPECT_EQ(even.read(), (Partitions{0, 2}));
    EXPECT_EQ(odd.read(), (Partitions{1, 3}));
    EXPECT_EQ(even.stores(), (Partitions{0, 2}));
    EXPECT_EQ(odd.stores(), (Partitions{1, 3}));
  };
  {
    const Holder even(log_, Partitions{0, 2}, even_folder.path());
    const Holder odd(log_, Partitions{1, 3}, odd_folder.path());
    EXPECT_EQ(all->sum().accepted, told_.size() / 2);
    expect_whole(even, odd);
  }
  // Started again behind what they have.
  append_the_rest();
  all.emplace(log_, std::nullopt, "");
  const Holder even(log_, Partitions{0, 2}, even_folder.path());
  const Holder odd(log_, Partitions{1, 3}, odd_folder.path());
  EXPECT_EQ(all->sum().accepted, told_.size());
  expect_whole(even, odd);
}

TEST_F(HeldShardsTest, OthersInItsFolderStayAsTheyAreUntilTheyAreHeldAgain) {
  const test::TempDir folder;
  const auto files = [&](std::int32_t partition) {
    std::map<std::string, std::filesystem::file_time_type> written;
    for (const auto& file : std::filesystem::recursive_directory_iterator(shard_path(folder.path(), partition))) {
      written[file.path().native()] = file.last_write_time();
    }
    return written;
  };
  UInt128 digest = 0;
  {
    const Holder all(log_, std::nullopt, folder.path());
    digest = all.projector().committed(3).digest;
  }
  const auto before = files(3);
  append_the_rest();
  {
    const Holder some(log_, Partitions{0, 1}, folder.path());
    EXPECT_EQ(some.projector().committed(3).digest, UInt128{0});
  }
  EXPECT_EQ(files(3), before);
  const Holder all(log_, std::nullopt, folder.path());
  EXPECT_EQ(all.sum().accepted, told_.size());
  EXPECT_NE(all.projector().committed(3).digest, digest);
}

TEST_F(HeldShardsTest, OnlyWhatIsHeldIsAskedAndAShardThatIsNotIsNamed) {
  Holder some(log_, Partitions{1, 2});
  const live::LiveModel& model = some.model();
  EXPECT_EQ(model.partition_count(), kPartitions);
  EXPECT_TRUE(test::soon([&] { return model.has_indexes(); }));
  EXPECT_EQ(model.indexes_ready(), 2);
  for (std::int32_t partition = 0; partition < kPartitions; ++partition) {
    const bool is_held = partition == 1 || partition == 2;
    const auto opened = model.open(partition);
    EXPECT_EQ(opened.has_value(), is_held);
    EXPECT_EQ(model.has_folded({log::Topic::kOrders, partition}, 0), is_held);
    EXPECT_EQ(some.projector().shard(partition) != nullptr, is_held);
    some.projector().report(partition, {ErrorCode::kInternal, "of no account"});
    EXPECT_EQ(some.projector().store_trouble(partition), "");
    if (is_held) continue;
    EXPECT_EQ(opened.error().code, ErrorCode::kNotFound);
    EXPECT_EQ(opened.error().message, "shard " + std::to_string(partition) + " is not held here: of 4 these are 1-2");
  }
  EXPECT_EQ(model.open(kPartitions).error().code, ErrorCode::kNotFound);
  // Never a total that lacks some.
  const auto answer =
      test::ask(model, [] { return *parse_date("2024-06-30"); }, test::segments_of("v1/receivables/ageing"), {});
  EXPECT_EQ(answer.status, 503);
  EXPECT_NE(answer.body.find("shard 0 is not held here"), std::string::npos) << answer.body;
}

// What a log has come to where nobody looks is no matter.
TEST_F(HeldShardsTest, AShardThatIsAheadOfTheLogIsAMatterOfWhoHoldsIt) {
  const test::TempDir folder;
  {
    const Holder all(log_, std::nullopt, folder.path());
  }
  log::MemoryLog other(kPartitions);
  const domain::Rules rules = test::utc_rules();
  store::SharedMemory memory(8 << 20, 8 << 20);
  for (const std::int32_t partition : {0, 3}) {
    ProjectorOptions options;
    options.partitions = Partitions{partition};
    const auto projector = Projector::open(rules, folder.path(), kPartitions, memory, options).value();
    const auto started = projector->start(other);
    ASSERT_FALSE(started);
    EXPECT_NE(started.error().message.find(":" + std::to_string(partition) + " was folded up to"), std::string::npos)
        << started.error().message;
  }
}

TEST_F(HeldShardsTest, WhatALogHasNotCannotBeHeld) {
  const domain::Rules rules = test::utc_rules();
  store::SharedMemory memory(8 << 20, 8 << 20);
  const struct {
    Partitions held;
    const char* why;
  } wrong[] = {{{}, "no shard is named"},
               {{1, 1}, "each once"},
               {{2, 1}, "rising"},
               {{0, 4}, "there is no shard 4: the log has partitions 0-3"}};
  for (const auto& [held, why] : wrong) {
    const test::TempDir folder;
    ProjectorOptions options;
    options.partitions = held;
    const auto opened = Projector::open(rules, folder.path(), kPartitions, memory, options);
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, ErrorCode::kInvalidArgument);
    EXPECT_NE(opened.error().message.find(why), std::string::npos) << opened.error().message;
    EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
  }
}

TEST_F(HeldShardsTest, DeadLettersOfEachShardAreSentByWhoHoldsIt) {
  append_unfit();
  Holder low(log_, Partitions{0, 1});
  Holder high(log_, Partitions{2, 3});
  // Another that holds the same.
  Holder beside(log_, Partitions{2, 3});
  DeadLetters of_low(log_, low.projector(), "");
  DeadLetters of_high(log_, high.projector(), "");
  EXPECT_TRUE(test::soon([&] { return of_low.sent() == 2 && of_high.sent() == 2; }));
  DeadLetters of_beside(log_, beside.projector(), "");
  append_unfit();
  EXPECT_TRUE(test::soon([&] { return of_low.sent() + of_high.sent() + of_beside.sent() == 8; }));
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  for (std::int32_t partition = 0; partition < kPartitions; ++partition) {
    EXPECT_EQ(log_.records({log::Topic::kDeadLetter, partition}).size(), 2u) << partition;
  }
}

}  // namespace
}  // namespace daybook::engine
