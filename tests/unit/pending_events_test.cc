// The pending events of a shard: accounts in order, their events in the order told, whatever was spilled when.
#include "engine/pending_events.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <random>

#include "base/file.h"
#include "support/temp_dir.h"

namespace daybook::engine {
namespace {

using domain::DocumentKind;
using domain::DocumentRef;

// All that an event carries, as text.
std::string text_of(const PendingEvent& told) {
  std::string text = fmt::format("{} {} {}:{} {} {} {} {} {} {}", static_cast<int>(told.ref.kind), told.ref.id,
                                 told.at.topic, told.at.offset, told.recorded_ms, told.clock, told.event.bytes,
                                 told.event.source_at, told.event.payload_at, static_cast<int>(told.event.claims));
  for (const DocumentRef& name : told.names) text += fmt::format(" {}={}", static_cast<int>(name.kind), name.id);
  return text;
}

using Accounts = std::vector<std::pair<store::LabelId, std::vector<std::string>>>;

Accounts accounts_of(PendingEvents& pending) {
  Accounts accounts;
  const auto done = pending.for_each_account(
      [&](store::LabelId customer, std::span<const PendingEvent* const> events) -> Result<void> {
        accounts.emplace_back(customer, std::vector<std::string>());
        for (const PendingEvent* told : events) accounts.back().second.push_back(text_of(*told));
        return {};
      });
  EXPECT_TRUE(done.has_value()) << done.error().message;
  return accounts;
}

TEST(PendingEvents, GivesEachAccountAllItsEventsInTheOrderTold) {
  const test::TempDir folder;
  std::mt19937 random(7);
  for (int round = 0; round < 20; ++round) {
    // From few accounts to more than one digit of theirs tells apart.
    const std::uint32_t accounts = round % 2 == 0 ? 40 : 5'000'000;
    PendingEvents pending(folder.path());
    std::map<store::LabelId, std::vector<std::string>> expected;
    for (int i = 0; i < 3'000; ++i) {
      // Some events are larger than what is read of a run at a time.
      const std::string bytes(random() % 1'000 == 0 ? 600'000 : random() % 200, static_cast<char>('a' + random() % 26));
      const std::string id(random() % 30, 'i');
      const std::string other(random() % 30, 'n');
      const std::vector<DocumentRef> names(random() % 3, DocumentRef{DocumentKind::kInvoice, other});
      PendingEvent told;
      told.ref = {DocumentKind::kOrder, id};
      told.at = {static_cast<std::uint8_t>(random() % 5), i};
      told.recorded_ms = i * 1'000'000'007LL;
      told.clock = static_cast<std::uint32_t>(i);
      told.event = {bytes, 3, 5, domain::Claims::kItsId};
      told.names = names;
      const auto customer = static_cast<store::LabelId>(random() % accounts);
      pending.add(customer, told);
      expected[customer].push_back(text_of(told));
      if (random() % 700 == 0) {
        ASSERT_TRUE(pending.spill().has_value());
      }
    }
    EXPECT_EQ(accounts_of(pending), Accounts(expected.begin(), expected.end()));
    EXPECT_TRUE(std::filesystem::is_empty(folder.path())) << "runs have no name";
    pending.clear();
    EXPECT_TRUE(pending.empty());
    EXPECT_EQ(accounts_of(pending), Accounts());
  }
}

// Opens the file of this process that has lost its name, for writing.
File nameless_file() {
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code gone;
    if (!std::filesystem::read_symlink(entry, gone).native().ends_with("/set-aside (deleted)")) continue;
    return File::open(entry.path().string(), O_RDWR).value();
  }
  ADD_FAILURE() << "nothing is set aside";
  return File();
}

TEST(PendingEvents, WhatIsReadBackOtherwiseThanItWasWrittenIsNoEvent) {
  const test::TempDir folder;
  const std::string bytes = "an event";
  const std::string id = "O-1";
  const std::vector<DocumentRef> names(2, DocumentRef{DocumentKind::kInvoice, "I-1"});
  PendingEvent told;
  told.ref = {DocumentKind::kOrder, id};
  told.event.bytes = bytes;
  told.names = names;
  const auto read = [&](const std::function<void(File&)>& damage) {
    PendingEvents pending(folder.path());
    for (store::LabelId customer : {1, 2, 300}) pending.add(customer, told);
    EXPECT_TRUE(pending.spill().has_value());
    File file = nameless_file();
    damage(file);
    return pending.for_each_account([&](store::LabelId, std::span<const PendingEvent* const> events) -> Result<void> {
      for (const PendingEvent* event : events) EXPECT_EQ(text_of(*event), text_of(told));
      return {};
    });
  };
  ASSERT_TRUE(read([](File&) {}).has_value());
  std::uint64_t size = 0;
  static_cast<void>(read([&](File& file) { size = file.size().value(); }));
  ASSERT_GT(size, 100U);
  for (std::uint64_t at = 0; at < size; ++at) {
    const auto done = read([&](File& file) {
      char byte = 0;
      ASSERT_EQ(file.read_at(&byte, 1, at).value(), 1U);
      byte = static_cast<char>(byte ^ (1 << (at % 8)));
      ASSERT_TRUE(file.write_at({&byte, 1}, at).has_value());
    });
    ASSERT_FALSE(done.has_value()) << "byte " << at;
    EXPECT_EQ(done.error().code, ErrorCode::kUnavailable) << "the log has it: it is read again";
  }
  EXPECT_FALSE(read([](File& file) { ASSERT_TRUE(file.truncate(20).has_value()); }).has_value());
}

TEST(PendingEvents, CountsWhatIsSetAsideAndTheLargestAccount) {
  const test::TempDir folder;
  PendingEvents pending(folder.path());
  PendingEvent told;
  const std::string bytes(1'000, 'x');
  told.event.bytes = bytes;
  for (int i = 0; i < 10; ++i) pending.add(1, told);
  pending.add(2, told);
  EXPECT_EQ(pending.bytes_spilled(), 0u);
  const std::size_t largest = pending.bytes_of_largest_account();
  EXPECT_GE(largest, 10'000u);
  EXPECT_LT(largest, 20'000u);
  ASSERT_TRUE(pending.spill().has_value());
  EXPECT_GE(pending.bytes_spilled(), 11'000u);
  EXPECT_EQ(pending.bytes_of_largest_account(), largest);
  for (int i = 0; i < 10; ++i) pending.add(1, told);
  EXPECT_EQ(pending.bytes_of_largest_account(), 2 * largest);
  pending.clear();
  EXPECT_EQ(pending.bytes_spilled(), 0u);
  EXPECT_EQ(pending.bytes_of_largest_account(), 0u);
}

TEST(PendingEvents, CountsEveryCommitAnew) {
  const test::TempDir folder;
  PendingEvents pending(folder.path());
  pending.add(70'000, PendingEvent{});
  const std::size_t one = pending.bytes_of_largest_account();
  for (const bool spill : {false, true, false, true, true, false, false}) {
    pending.clear();
    for (int i = 0; i < 3; ++i) pending.add(70'000, PendingEvent{});
    if (spill) {
      ASSERT_TRUE(pending.spill().has_value());
    }
    pending.add(3, PendingEvent{});
    EXPECT_EQ(pending.bytes_of_largest_account(), 3 * one);
  }
}

TEST(PendingEvents, KeepsWhatItHasWhereItCannotBeSetAside) {
  const test::TempDir folder;
  PendingEvents pending(folder.path() + "/absent");
  pending.add(1, PendingEvent{});
  EXPECT_FALSE(pending.spill().has_value());
  EXPECT_EQ(accounts_of(pending).size(), 1u);
}

TEST(PendingEvents, GivesBackTheMemoryOfALargeOne) {
  const test::TempDir folder;
  PendingEvents pending(folder.path());
  const std::string bytes(1'000, 'b');
  PendingEvent told;
  told.event.bytes = bytes;
  for (const bool spill : {false, true}) {
    for (int i = 0; i < 10'000; ++i) pending.add(static_cast<store::LabelId>(i % 3), told);
    EXPECT_GT(pending.bytes_held(), pending.bytes_in_memory());
    if (spill) {
      ASSERT_TRUE(pending.spill().has_value());
    }
    EXPECT_EQ(accounts_of(pending).size(), 3u);
    pending.clear();
    EXPECT_LT(pending.bytes_held(), 1u << 20);
  }
}

TEST(PendingEvents, RemovesTheNameThatACrashLeft) {
  const test::TempDir folder;
  std::ofstream(folder.path() + "/set-aside") << "";
  PendingEvents pending(folder.path());
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

}  // namespace
}  // namespace daybook::engine
