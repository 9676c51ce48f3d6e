// Parked records come to the dead-letter topic once, however many fold the log, and however often it is folded anew.
#include "engine/dead_letters.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "log/embedded_log.h"
#include "log/memory_log.h"
#include "store/keys.h"
#include "support/book.h"
#include "support/soon.h"
#include "support/temp_dir.h"

namespace daybook::engine {
namespace {

using namespace std::chrono_literals;

// One that folds the log into a folder of its own.
class Folding {
 public:
  explicit Folding(log::Log& log) {
    auto opened = Projector::open(rules_, directory_.path(), log.partition_count(), memory_, {});
    EXPECT_TRUE(opened) << opened.error().message;
    projector_ = std::move(opened).value();
    EXPECT_TRUE(projector_->start(log));
    letters_ = std::make_unique<DeadLetters>(log, *projector_, "p.");
  }
  ~Folding() {
    letters_.reset();
    projector_->stop();
  }

  // All that the log holds is folded, and there was time enough to copy what was parked.
  std::uint64_t parked(std::uint64_t expected) {
    std::uint64_t count = 0;
    test::soon([&] {
      count = 0;
      for (const std::int32_t i : projector_->partitions()) count += projector_->committed(i).parked;
      return projector_->caught_up() && count >= expected;
    });
    return count;
  }
  DeadLetters& letters() { return *letters_; }
  Projector& projector() { return *projector_; }
  const std::string& directory() const { return directory_.path(); }

 private:
  const test::TempDir directory_;
  const domain::Rules rules_ = test::utc_rules();
  store::SharedMemory memory_{8 << 20, 8 << 20};
  std::unique_ptr<Projector> projector_;
  std::unique_ptr<DeadLetters> letters_;
};

void append_unfit(log::Log& log, int count) {
  for (int i = 0; i < count; ++i) {
    const std::string key = "C" + std::to_string(i);
    ASSERT_TRUE(log::append_and_wait(log, {{log::Topic::kOrders, key, "no event", i % 2, {}}}));
  }
}

std::size_t letters_in(log::Log& log) {
  std::size_t count = 0;
  const auto bounds = log.end_offsets(std::array{log::Topic::kDeadLetter});
  for (const log::EndOffset& each : *bounds) {
    count += static_cast<std::size_t>(each.end);
  }
  return count;
}

TEST(DeadLetters, AreTheRecordsAsTheyWereWithTheirReasonAndPlace) {
  log::MemoryLog log(2);
  append_unfit(log, 3);
  Folding folding(log);
  ASSERT_TRUE(test::soon([&] { return letters_in(log) == 3; }));
  const auto letters = log.records({log::Topic::kDeadLetter, 0});
  ASSERT_EQ(letters.size(), 2u);
  EXPECT_EQ(letters[1].key, "C2");
  EXPECT_EQ(letters[1].value, "no event");
  const std::vector<std::pair<std::string, std::string>> headers = {{"reason", "not_parseable"},
                                                                    {"detail", letters[1].headers[1].second},
                                                                    {"topic", "p.daybook.orders.v1"},
                                                                    {"partition", "0"},
                                                                    {"offset", "1"}};
  EXPECT_EQ(letters[1].headers, headers);
}

TEST(DeadLetters, AreNotSentAgainByARebuildOrASecondThatFolds) {
  log::MemoryLog log(2);
  append_unfit(log, 10);
  std::size_t sent = 10;
  {
    Folding first(log);
    ASSERT_TRUE(test::soon([&] { return letters_in(log) == sent; }));
    // Beside it.
    Folding second(log);
    EXPECT_EQ(second.parked(10), 10u);
    append_unfit(log, 4);
    sent += 4;
    EXPECT_EQ(second.parked(14), 14u);
    ASSERT_TRUE(test::soon([&] { return letters_in(log) == sent; }));
    std::this_thread::sleep_for(500ms);
    EXPECT_EQ(second.letters().sent(), 0u);
    EXPECT_EQ(letters_in(log), sent);
  }
  // Anew.
  Folding third(log);
  EXPECT_EQ(third.parked(14), 14u);
  append_unfit(log, 2);
  ASSERT_TRUE(test::soon([&] { return letters_in(log) == sent + 2; }));
  std::this_thread::sleep_for(300ms);
  EXPECT_EQ(letters_in(log), sent + 2);
}

TEST(DeadLetters, AreTakenOverWhenTheOneWhoSentThemEnds) {
  log::MemoryLog log(2);
  auto first = std::make_unique<Folding>(log);
  append_unfit(log, 2);
  ASSERT_TRUE(test::soon([&] { return letters_in(log) == 2; }));
  Folding second(log);
  first.reset();
  append_unfit(log, 2);
  EXPECT_TRUE(test::soon([&] { return letters_in(log) == 4; }));
  EXPECT_EQ(second.letters().sent(), 2u);
}

TEST(DeadLetters, WaitForALogThatIsAwayAndTellIt) {
  log::MemoryLog log(2);
  Folding folding(log);
  EXPECT_EQ(folding.parked(0), 0u);
  append_unfit(log, 1);
  log.fail_appends({ErrorCode::kUnavailable, "away"}, 2);
  const bool told = test::soon([&] { return folding.letters().trouble().find("away") != std::string::npos; });
  EXPECT_TRUE(test::soon([&] { return letters_in(log) == 1; }));
  EXPECT_TRUE(test::soon([&] { return folding.letters().trouble().empty(); }));
  EXPECT_TRUE(told || letters_in(log) == 1);
}

TEST(DeadLetters, DamageThatIsMetWhileCopyingIsForTheProjectorToMend) {
  log::MemoryLog log(1);
  ASSERT_TRUE(log::append_and_wait(log, {{log::Topic::kOrders, "C", "no event", 0, {}}}));
  Folding folding(log);
  ASSERT_TRUE(test::soon([&] { return letters_in(log) == 1; }));
  {
    const auto shard = folding.projector().shard(0);
    store::WriteBatch set;
    set.put(store::Table::kMeta, store::ParkedKey{static_cast<std::uint8_t>(log::Topic::kOrders), 1}.bytes(),
            "damaged");
    ASSERT_TRUE(shard->store().write(set));
  }
  // Something new is parked, and what is copied next is read.
  ASSERT_TRUE(log::append_and_wait(log, {{log::Topic::kInvoices, "C", "no event", 0, {}}}));
  EXPECT_TRUE(test::soon([&] { return std::filesystem::exists(set_aside_path(folding.directory(), 0)); }));
  EXPECT_TRUE(test::soon([&] { return letters_in(log) == 2; })) << folding.letters().trouble();
}

TEST(DeadLetters, OfAnEmbeddedLogAreRememberedBesideIt) {
  const test::TempDir directory;
  const auto open = [&] {
    log::EmbeddedLogOptions options;
    options.data_directory = directory.path();
    options.partition_count = 2;
    return *log::open_embedded_log(std::move(options));
  };
  {
    const auto log = open();
    append_unfit(*log, 5);
    Folding folding(*log);
    ASSERT_TRUE(test::soon([&] { return letters_in(*log) == 5; }));
    ASSERT_TRUE(test::soon([&] { return folding.letters().sent() == 5; }));
    std::this_thread::sleep_for(300ms);  // Each partition is committed once its letters are there.
  }
  const auto log = open();
  Folding anew(*log);
  EXPECT_EQ(anew.parked(5), 5u);
  append_unfit(*log, 1);
  ASSERT_TRUE(test::soon([&] { return letters_in(*log) == 6; }));
  std::this_thread::sleep_for(300ms);
  EXPECT_EQ(letters_in(*log), 6u);
}

}  // namespace
}  // namespace daybook::engine
