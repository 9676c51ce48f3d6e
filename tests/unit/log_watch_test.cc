// What is known of a log that answers, hangs, goes away, comes back, and becomes another.
#include "app/log_watch.h"

#include <gtest/gtest.h>

#include <atomic>

#include "log/memory_log.h"
#include "support/soon.h"

namespace daybook::app {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

// A log whose answers may be held back, refused, or those of one that was changed.
class TroubledLog : public log::Log {
 public:
  ~TroubledLog() override { hang(false); }

  void hang(bool hangs) {
    {
      const std::lock_guard lock(mutex_);
      hangs_ = hangs;
    }
    changed_.notify_all();
  }

  Result<std::vector<log::EndOffset>> end_offsets(std::span<const log::Topic> topics) override {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return !hangs_; });
    if (away) return unexpected(ErrorCode::kUnavailable, "no broker answers");
    return log_.end_offsets(topics);
  }
  std::int32_t partition_count() const override { return log_.partition_count(); }
  void append(std::vector<log::NewRecord> records, log::AppendDone done) override {
    log_.append(std::move(records), std::move(done));
  }
  Result<std::unique_ptr<log::Reader>> open_reader(std::vector<log::StartPosition> starts) override {
    return log_.open_reader(std::move(starts));
  }
  Result<void> check() override {
    if (mute) return unexpected(ErrorCode::kUnavailable, "not allowed to read them");
    if (changed) return unexpected(ErrorCode::kMismatch, "partitions were added");
    return {};
  }

  std::atomic<bool> away = false;
  std::atomic<bool> changed = false;
  std::atomic<bool> mute = false;  // Of its settings alone.

 private:
  log::MemoryLog log_{1};
  std::mutex mutex_;
  std::condition_variable changed_;
  bool hangs_ = false;
};

void append(log::Log& log) { ASSERT_TRUE(log::append_and_wait(log, {{log::Topic::kOrders, "k", "v", 0, {}}})); }
std::int64_t records(const LogSeen& seen) {
  std::int64_t count = 0;
  for (const log::EndOffset& each : seen.ends) count += each.end;
  return count;
}

TEST(LogWatch, SeesWhatWasAppendedBeforeItWasAsked) {
  TroubledLog log;
  LogWatch watch(log, {.ask_every = 1h, .check_every = 1h});
  for (int i = 1; i <= 20; ++i) {
    append(log);
    const auto before = std::chrono::system_clock::now();
    const LogSeen seen = watch.look(10s);
    EXPECT_EQ(records(seen), i);
    EXPECT_GE(seen.at, before);
  }
}

TEST(LogWatch, AnswersAtOnceWithTheLastKnownWhileTheLogHangs) {
  TroubledLog log;
  LogWatch watch(log, {.ask_every = 1h, .check_every = 1h});
  append(log);
  const LogSeen before = watch.look(10s);
  log.hang(true);
  append(log);
  // The first is patient; those behind it are not kept waiting.
  const auto begin = steady_clock::now();
  const LogSeen meanwhile = watch.look(50ms);
  EXPECT_EQ(records(meanwhile), 1);
  EXPECT_TRUE(meanwhile.overdue);
  for (int i = 0; i < 1'000; ++i) EXPECT_EQ(watch.look(1s).at, before.at);
  EXPECT_LT(steady_clock::now() - begin, 2s);
  log.hang(false);
  EXPECT_TRUE(test::soon([&] { return records(watch.look(1s)) == 2; }));
  EXPECT_FALSE(watch.seen().overdue);
}

TEST(LogWatch, TellsWhenTheLogGoesAndWhenItIsBack) {
  TroubledLog log;
  append(log);
  LogWatch watch(log, {.ask_every = 1ms, .check_every = 1h});
  ASSERT_TRUE(test::soon([&] { return watch.seen().at.has_value(); }));
  log.away = true;
  EXPECT_TRUE(test::soon([&] { return watch.seen().away == "no broker answers"; }));
  EXPECT_EQ(records(watch.seen()), 1) << "what was known stays";
  log.away = false;
  EXPECT_TRUE(test::soon([&] { return watch.seen().away.empty(); }));
}

TEST(LogWatch, ChecksTheLogFromTimeToTime) {
  TroubledLog log;
  LogWatch watch(log, {.ask_every = 1ms, .check_every = 5ms});
  std::this_thread::sleep_for(50ms);
  EXPECT_EQ(watch.seen().unfit, "");
  log.changed = true;
  EXPECT_TRUE(test::soon([&] { return watch.seen().unfit == "partitions were added"; }));
  log.changed = false;
  EXPECT_TRUE(test::soon([&] { return watch.seen().unfit.empty(); }));
  log.mute = true;
  EXPECT_TRUE(
      test::soon([&] { return watch.seen().unfit == "its settings cannot be read: not allowed to read them"; }));
  log.mute = false;
  EXPECT_TRUE(test::soon([&] { return watch.seen().unfit.empty(); }));
}

}  // namespace
}  // namespace daybook::app
