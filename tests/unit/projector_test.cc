// The projector over a log in memory: when it commits while history is read, and where it goes on at a start.
#include "engine/projector.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "events/validate.h"
#include "log/memory_log.h"
#include "store/commit_listener.h"
#include "store/shard_state.h"
#include "store/totals.h"
#include "support/book.h"
#include "support/soon.h"
#include "tools/generate.h"

namespace daybook::engine {
namespace {

using std::chrono::milliseconds;

// A log whose every second poll comes back empty, and the others with few records.
class LateLog : public log::Log {
 public:
  explicit LateLog(log::Log& log) : log_(log) {}

  std::int32_t partition_count() const override { return log_.partition_count(); }
  void append(std::vector<log::NewRecord> records, log::AppendDone done) override {
    log_.append(std::move(records), std::move(done));
  }
  Result<std::vector<log::EndOffset>> end_offsets(std::span<const log::Topic> topics) override {
    return log_.end_offsets(topics);
  }
  Result<std::unique_ptr<log::Reader>> open_reader(std::vector<log::StartPosition> starts) override {
    ASSIGN_OR_RETURN(auto reader, log_.open_reader(std::move(starts)));
    return std::unique_ptr<log::Reader>(std::make_unique<LateReader>(std::move(reader)));
  }

 private:
  class LateReader : public log::Reader {
   public:
    explicit LateReader(std::unique_ptr<log::Reader> reader) : reader_(std::move(reader)) {}
    Result<std::span<const log::Record>> poll(std::size_t, milliseconds timeout) override {
      is_late_ = !is_late_;
      if (is_late_) return std::span<const log::Record>();
      return reader_->poll(kRecordsAtOnce, timeout);
    }
    std::int64_t position(log::TopicPartition at) const override { return reader_->position(at); }
    std::optional<Error> trouble() const override { return reader_->trouble(); }

   private:
    static constexpr std::size_t kRecordsAtOnce = 100;
    std::unique_ptr<log::Reader> reader_;
    bool is_late_ = false;
  };

  log::Log& log_;
};

// Counts commits, and the runs that were set aside for each.
class Commits : public store::CommitListener {
 public:
  void cells_changed(store::LabelId, std::span<const store::Cell>) override {}
  void cycle_row_changed(store::LabelId, std::string_view, std::string_view) override {}
  void file_changed(store::LabelId) override {}
  void begins(const store::ShardState&, std::optional<store::Totals>, std::uint16_t) override {}
  void committed(const store::ShardState&, const store::TotalsChange&) override { runs_of_each.push_back(runs_now()); }

  std::vector<std::ptrdiff_t> runs_of_each;

 private:
  // Runs have no name: they are seen among what the process has open.
  static std::ptrdiff_t runs_now() {
    const std::filesystem::directory_iterator open("/proc/self/fd");
    return std::ranges::count_if(open, [](const std::filesystem::directory_entry& file) {
      std::error_code gone;
      return std::filesystem::read_symlink(file, gone).native().ends_with("/set-aside (deleted)");
    });
  }
};

struct Folded {
  std::vector<std::ptrdiff_t> runs_of_each_commit;
  store::ShardState state;
};

class ProjectorTest : public ::testing::Test {
 protected:
  // Some 4,000 events of a company's life, now and then one that was told before.
  ProjectorTest() : log_(1) {
    tools::GenerateOptions history;
    history.customers = 100;
    history.orders = 500;
    tools::Generator generator(history);
    std::vector<events::v1::Event> told;
    for (events::v1::Event event; generator.next(event);) {
      append(event);
      told.push_back(event);
      if (told.size() % 10 == 0) append(told[told.size() / 2]);
    }
  }

  Folded fold(log::Log& log, ProjectorOptions options) {
    const test::TempDir directory;
    store::SharedMemory memory(8 << 20, 8 << 20);
    options.threads = 1;
    auto projector = Projector::open(rules_, directory.path(), 1, memory, options);
    EXPECT_TRUE(projector) << projector.error().message;
    const auto commits = std::make_shared<Commits>();
    (*projector)->shard(0)->listen(commits);
    EXPECT_TRUE((*projector)->start(log));
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (!(*projector)->caught_up() && std::chrono::steady_clock::now() < deadline) {
      std::this_thread::sleep_for(milliseconds(1));
    }
    EXPECT_TRUE((*projector)->caught_up()) << (*projector)->trouble();
    (*projector)->stop();
    return {commits->runs_of_each, (*projector)->committed(0)};
  }

  static void expect_same(const store::ShardState& state, const store::ShardState& expected) {
    EXPECT_EQ(state.digest, expected.digest);
    EXPECT_EQ(state.accepted, expected.accepted);
    EXPECT_EQ(state.duplicates, expected.duplicates);
    EXPECT_EQ(state.waiting, expected.waiting);
    EXPECT_EQ(state.parked, 0u);
  }

  log::MemoryLog log_;

 private:
  void append(const events::v1::Event& event) {
    const std::string bytes = event.SerializeAsString();
    const log::Topic topic = events::topic_of(event.payload_case());
    ASSERT_TRUE(log::append_and_wait(log_, {{topic, event.customer_id(), bytes, 0, {}}}));
  }

  const domain::Rules rules_ = test::utc_rules();
};

// 64 KiB of some 1.5 MiB, and one account's share is as much.
ProjectorOptions little_memory() {
  ProjectorOptions options;
  options.pending_bytes = 64 << 10;
  options.files_bytes = 64 << 10;
  return options;
}

TEST_F(ProjectorTest, AnEmptyPollBeforeTheEndOfTheLogIsNoReasonToCommit) {
  LateLog late(log_);
  EXPECT_EQ(fold(late, {}).runs_of_each_commit, std::vector<std::ptrdiff_t>{0});
}

TEST_F(ProjectorTest, WhatOutgrowsMemoryIsSetAsideAndFoldedInOneCommit) {
  const Folded plenty = fold(log_, {});
  EXPECT_EQ(plenty.runs_of_each_commit, std::vector<std::ptrdiff_t>{0});
  EXPECT_GT(plenty.state.duplicates, 0u);

  LateLog late(log_);
  const Folded little = fold(late, little_memory());
  EXPECT_EQ(little.runs_of_each_commit.size(), 1u);
  EXPECT_GE(little.runs_of_each_commit.at(0), 5);
  expect_same(little.state, plenty.state);
}

TEST_F(ProjectorTest, CommitsWhenAsMuchIsSetAsideAsMayBe) {
  ProjectorOptions options = little_memory();
  options.spill_bytes = 140 << 10;
  LateLog late(log_);
  const Folded folded = fold(late, options);
  EXPECT_GE(folded.runs_of_each_commit.size(), 3u);
  EXPECT_GE(folded.runs_of_each_commit.at(1), 2);
  expect_same(folded.state, fold(log_, {}).state);
}

// A read model that is started on one log after the other.
class StartTest : public ::testing::Test {
 protected:
  std::unique_ptr<Projector> open() {
    auto projector = Projector::open(rules_, directory_.path(), 1, memory_, {});
    EXPECT_TRUE(projector) << projector.error().message;
    return std::move(projector).value();
  }
  // Folds all that the log holds.
  void fold(log::Log& log) {
    const auto projector = open();
    ASSERT_TRUE(projector->start(log));
    EXPECT_TRUE(test::soon([&] { return projector->caught_up(); })) << projector->trouble();
    projector->stop();
    state_ = projector->committed(0);
  }
  // Why the log is not folded; empty: it is.
  std::string refusal(log::Log& log) {
    const auto projector = open();
    if (const auto started = projector->start(log); !started) return started.error().message;
    EXPECT_TRUE(test::soon([&] { return projector->state() == ProjectorState::kFailed; }));
    return projector->trouble();
  }
  // A log of these records of one topic; they are parked, which is as good here.
  static void append(log::MemoryLog& log, const std::vector<std::string>& values) {
    for (const std::string& value : values) {
      ASSERT_TRUE(log::append_and_wait(log, {{log::Topic::kOrders, "C1", value, 0, {}}}));
    }
  }

  const test::TempDir directory_;
  const domain::Rules rules_ = test::utc_rules();
  store::SharedMemory memory_{8 << 20, 8 << 20};
  store::ShardState state_;
};

TEST_F(StartTest, GoesOnBehindWhatWasFolded) {
  log::MemoryLog log(1);
  for (const auto& [more, all] : {std::pair(3, 3u), std::pair(0, 3u), std::pair(1, 4u), std::pair(0, 4u)}) {
    for (int i = 0; i < more; ++i) append(log, {"r" + std::to_string(i)});
    fold(log);
    EXPECT_EQ(state_.parked, all);
    EXPECT_EQ(state_.topics[static_cast<std::size_t>(log::Topic::kOrders)].next_offset, all);
  }
}

TEST_F(StartTest, WhatCannotBeReadOfTheLogIsToldUntilItCanBeAndTheRestIsFolded) {
  for (const ErrorCode code : {ErrorCode::kUnavailable, ErrorCode::kCorrupt}) {
    log::MemoryLog log(1);
    append(log, {"a", "b"});
    const test::TempDir directory;
    auto projector = Projector::open(rules_, directory.path(), 1, memory_, {}).value();
    ASSERT_TRUE(projector->start(log));
    ASSERT_TRUE(test::soon([&] { return projector->caught_up(); })) << projector->trouble();
    const log::TopicPartition broken{log::Topic::kOrders, 0};
    log.fail_reads(broken, Error{code, "a platter is broken"});
    append(log, {"c"});
    ASSERT_TRUE(test::soon([&] { return !projector->fold_trouble().empty(); }));
    for (std::int64_t i = 0; i < 50; ++i) {
      ASSERT_TRUE(log::append_and_wait(log, {{log::Topic::kInvoices, "k", "other", 0, {}}}));
      ASSERT_TRUE(test::soon([&] { return projector->has_committed({log::Topic::kInvoices, 0}, i); }));
      EXPECT_EQ(projector->fold_trouble(), "a platter is broken") << "whatever else is read";
    }
    EXPECT_EQ(projector->committed(0).topics[static_cast<std::size_t>(log::Topic::kOrders)].next_offset, 2);
    EXPECT_EQ(projector->state(), ProjectorState::kRunning);
    log.fail_reads(broken, std::nullopt);
    ASSERT_TRUE(test::soon([&] { return projector->fold_trouble().empty(); }));
    ASSERT_TRUE(test::soon([&] { return projector->has_committed({log::Topic::kOrders, 0}, 2); }));
  }
}

// A damaged shard waits for the questions that read it, and nobody else waits with it.
TEST_F(StartTest, AShardThatIsAskedYetIsClosedLaterAndKeepsTheOthersNotBack) {
  log::MemoryLog log(2);
  const auto append_to = [&](std::int32_t partition) {
    ASSERT_TRUE(log::append_and_wait(log, {{log::Topic::kInvoices, "k", "parked", partition, {}}}));
  };
  append_to(0);
  append_to(1);
  const test::TempDir directory;
  ProjectorOptions options;
  options.threads = 1;
  auto projector = Projector::open(rules_, directory.path(), 2, memory_, options).value();
  ASSERT_TRUE(projector->start(log));
  ASSERT_TRUE(test::soon([&] { return projector->caught_up(); })) << projector->trouble();
  std::shared_ptr<Shard> asked = projector->shard(0);
  projector->report(0, {ErrorCode::kCorrupt, "a question met damage"});
  ASSERT_TRUE(test::soon([&] { return projector->shard(0) == nullptr; }));
  append_to(0);
  append_to(1);
  EXPECT_TRUE(test::soon([&] { return projector->has_committed({log::Topic::kInvoices, 1}, 1); }));
  EXPECT_FALSE(std::filesystem::exists(set_aside_path(directory.path(), 0)));
  asked.reset();
  EXPECT_TRUE(test::soon([&] { return projector->has_committed({log::Topic::kInvoices, 0}, 1); }));
  EXPECT_TRUE(std::filesystem::exists(set_aside_path(directory.path(), 0)));
  EXPECT_TRUE(test::soon([&] { return projector->store_trouble(0).empty(); })) << projector->store_trouble(0);
}

TEST_F(StartTest, AnotherLogIsRefusedAndNothingChanged) {
  log::MemoryLog folded(1);
  append(folded, {"a", "b", "c"});
  fold(folded);
  const struct {
    std::vector<std::string> records;
    const char* told;
  } others[] = {{{}, "the read model is ahead of its log"},
                {{"a", "b"}, "the read model is ahead of its log"},
                {{"a", "b", "C"}, "is not the one that was folded"},
                {{"a", "b", "C", "d"}, "is not the one that was folded"}};
  for (const auto& [records, told] : others) {
    log::MemoryLog other(1);
    append(other, records);
    const std::string why = refusal(other);
    EXPECT_NE(why.find(told), std::string::npos) << records.size() << ": " << why;
  }
  append(folded, {"d"});
  fold(folded);
  EXPECT_EQ(state_.parked, 4u);
}

TEST_F(StartTest, HasNotCaughtUpWhileARecordIsLeft) {
  log::MemoryLog log(1);
  append(log, {"a"});
  log.stall_polls(true);
  const auto projector = open();
  ASSERT_TRUE(projector->start(log));
  EXPECT_FALSE(projector->caught_up());
  EXPECT_TRUE(projector->replays());
  log.stall_polls(false);
  EXPECT_TRUE(test::soon([&] { return projector->caught_up(); }));
}

}  // namespace
}  // namespace daybook::engine
