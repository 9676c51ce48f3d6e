// A disk that fails, and stores that are damaged: what is there is served, somebody is told, and it mends by itself.
#include <gtest/gtest.h>

#include <atomic>
#include <boost/json/serialize.hpp>
#include <filesystem>
#include <fstream>
#include <functional>
#include <set>
#include <thread>

#include "store/keys.h"
#include "support/book.h"
#include "support/failing_disk.h"
#include "support/soon.h"

namespace daybook {
namespace {

using Fails = test::FailingDisk::Fails;

class StoreTroubleTest : public testing::Test {
 protected:
  StoreTroubleTest() { book_.ask_once(); }
  void invoice(const std::string& id, const std::string& customer = "C1") {
    book_.tell("2024-05-01", invoice_json(id), customer);
  }
  // Without waiting until it is folded.
  void send_invoice(const std::string& id) {
    book_.send(R"({"event_id":")" + id + R"(","customer_id":"C1","source":"s","occurred_at":"2024-05-01T12:00:00Z",)" +
               invoice_json(id) + "}");
  }
  static std::string invoice_json(const std::string& id) {
    return R"("invoice_issued":{"invoice_id":")" + id +
           R"(","issue_date":"2024-05-01","due_date":"2024-05-31","currency":"CNY","net_minor":500})";
  }
  // The rows alone: the positions and times of an answer rise with every commit.
  static std::string without_positions(const std::string& body) {
    return boost::json::serialize(boost::json::parse(body).at("items"));
  }
  int status_of(const std::string& invoice) { return book_.get("v1/invoices/" + invoice).status; }
  std::string totals() { return book_.get("v1/receivables/ageing", {{"group_by", "none"}}).body; }
  bool is_well() { return book_.projector().trouble().empty(); }
  std::string damaged_path() { return engine::set_aside_path(book_.path(), 0); }
  // The digest of the same records folded without any trouble.
  void expect_whole() {
    ASSERT_TRUE(test::soon([&] { return is_well() && book_.projector().caught_up(); })) << book_.projector().trouble();
    book_.settle();
    book_.expect_audited();
    test::TempDir directory;
    store::SharedMemory memory(8 << 20, 8 << 20);
    auto anew = engine::Projector::open(book_.rules(), directory.path(), 1, memory, {}).value();
    ASSERT_TRUE(anew->start(book_.log()));
    ASSERT_TRUE(test::soon([&] { return anew->caught_up(); }));
    anew->stop();
    EXPECT_EQ(anew->committed(0).digest, book_.sum().digest);
    EXPECT_EQ(anew->committed(0).accepted, book_.sum().accepted);
  }

  test::FailingDisk disk_;
  test::Book book_{1, test::utc_rules(), disk_.env()};
};

TEST_F(StoreTroubleTest, WhatIsThereIsServedWhileWritesFailAndFoldingGoesOnBehindThem) {
  invoice("I0");
  int number = 0;
  for (const Fails fails : {Fails::kWrites, Fails::kRoom}) {
    const std::string before = totals();
    const std::string id = "I" + std::to_string(++number);
    disk_.fail(fails);
    send_invoice(id);
    ASSERT_TRUE(test::soon([&] { return !is_well(); }));
    EXPECT_NE(book_.projector().store_trouble(0).find("shard 0: "), std::string::npos);
    EXPECT_NE(book_.projector().store_trouble(0).find("served is what was recorded up to 2023-"), std::string::npos)
        << book_.projector().store_trouble(0);
    // For a while, over several tries.
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    EXPECT_EQ(totals(), before);
    EXPECT_EQ(status_of("I0"), 200);
    EXPECT_EQ(status_of(id), 404);
    EXPECT_EQ(book_.projector().state(), engine::ProjectorState::kRunning);
    disk_.heal();
    book_.settle();
    EXPECT_EQ(status_of(id), 200);
    ASSERT_TRUE(test::soon([&] { return is_well(); })) << book_.projector().trouble();
  }
  expect_whole();
  // One line when it came and one when it went, each time.
  const std::string notices = book_.notices();
  EXPECT_EQ(std::ranges::count(notices, '\n'), 4) << notices;
  EXPECT_NE(notices.find("shard 0: its store is well again"), std::string::npos) << notices;
}

TEST_F(StoreTroubleTest, AFullDiskAtTheStartServesWhatIsThere) {
  invoice("I0");
  const std::string before = totals();
  book_.reopen([&] { disk_.fail(Fails::kRoom); });
  EXPECT_FALSE(is_well());
  EXPECT_EQ(totals(), before);
  send_invoice("I1");
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  EXPECT_EQ(status_of("I0"), 200);
  EXPECT_EQ(status_of("I1"), 404);
  disk_.heal();
  book_.settle();
  EXPECT_EQ(status_of("I1"), 200);
  expect_whole();
}

// A write that came later would tell of it when nothing is wrong any more.
TEST_F(StoreTroubleTest, WhatAStoreFailsOfByItselfIsToldBeforeTheNextWriteAndMended) {
  invoice("I0");
  disk_.fail(Fails::kWrites);
  EXPECT_FALSE(book_.projector().shard(0)->store().compact());
  ASSERT_TRUE(test::soon([&] { return !is_well(); }));
  EXPECT_NE(book_.projector().store_trouble(0).find("shard 0: flush or compact"), std::string::npos)
      << book_.projector().store_trouble(0);
  EXPECT_EQ(status_of("I0"), 200);
  disk_.heal();
  ASSERT_TRUE(test::soon([&] { return is_well(); })) << book_.projector().trouble();
  invoice("I1");
  EXPECT_EQ(status_of("I1"), 200);
  expect_whole();
  EXPECT_EQ(std::ranges::count(book_.notices(), '\n'), 2) << book_.notices();
}

TEST_F(StoreTroubleTest, ReadsThatFailAreTriedAgain) {
  invoice("I0");
  // Onto the disk, so that it has to be read.
  ASSERT_TRUE(book_.projector().shard(0)->store().compact());
  book_.reopen();
  disk_.fail(Fails::kReads);
  send_invoice("I1");
  EXPECT_TRUE(test::soon([&] { return !is_well() || status_of("I0") == 503; }));
  disk_.heal();
  book_.settle();
  EXPECT_TRUE(test::soon([&] { return status_of("I0") == 200; }));
  EXPECT_EQ(status_of("I1"), 200);
  expect_whole();
}

TEST_F(StoreTroubleTest, ADamagedFileIsSetAsideAndTheShardFoldedAnew) {
  for (int i = 0; i < 200; ++i) send_invoice("I" + std::to_string(i));
  book_.settle();
  const std::string before = totals();
  ASSERT_TRUE(book_.projector().shard(0)->store().compact());
  // At rest: of each table's file a byte in the middle.
  const auto damage = [&] {
    for (const auto& file : std::filesystem::directory_iterator(engine::shard_path(book_.path(), 0))) {
      if (file.path().extension() != ".sst") continue;
      std::fstream bytes(file.path(), std::ios::in | std::ios::out | std::ios::binary);
      for (const std::uintmax_t at : {file.file_size() / 2, file.file_size() / 4}) {
        bytes.seekp(static_cast<std::streamoff>(at));
        bytes.put('\x55');
      }
    }
  };
  book_.reopen(damage);
  ASSERT_TRUE(test::soon([&] {
    const auto answer = book_.get("v1/receivables/items", {{"page_size", "1000"}});
    EXPECT_TRUE(answer.status == 200 || answer.status == 503);
    return std::filesystem::exists(damaged_path()) && answer.status == 200;
  }));
  EXPECT_EQ(totals(), before);
  expect_whole();
  EXPECT_NE(book_.notices().find(damaged_path()), std::string::npos) << book_.notices();
}

TEST_F(StoreTroubleTest, AStoreWithoutItsListOfFilesIsSetAsideAndTheShardFoldedAnew) {
  invoice("I0");
  ASSERT_TRUE(book_.projector().shard(0)->store().compact());
  const std::string before = totals();
  const std::string current = engine::shard_path(book_.path(), 0) + "/CURRENT";
  const std::function<void()> damages[] = {[&] { std::ofstream(current) << "MANIFEST-999999\n"; },
                                           [&] { std::filesystem::remove(current); }};
  for (const auto& damage : damages) {
    book_.reopen(damage);
    ASSERT_TRUE(test::soon([&] { return std::filesystem::exists(damaged_path()) && is_well(); }))
        << book_.projector().trouble();
    EXPECT_EQ(totals(), before);
    expect_whole();
    std::filesystem::remove_all(damaged_path());
    ASSERT_TRUE(book_.projector().shard(0)->store().compact());
  }
}

TEST_F(StoreTroubleTest, ADamagedDocumentIsAnAlarmAndMendedByFoldingAnew) {
  invoice("I0");
  invoice("I1");
  const auto items = [&] { return book_.get("v1/receivables/items", {{"customer_id", "C1"}}); };
  const std::string whole = without_positions(items().body);
  int others = 0;
  const auto damage = [&] {
    const auto shard = book_.projector().shard(0);
    const store::DocumentKey key{shard->labels().find_customer("C1").value(), {domain::DocumentKind::kInvoice, "I0"}};
    store::WriteBatch set;
    set.put(store::Table::kDocuments, key.bytes(), "\x01\x7f");
    ASSERT_TRUE(shard->store().write(set));
    // A commit later it is seen.
    invoice("J" + std::to_string(++others), "C2");
  };
  damage();
  const auto refused = items();
  ASSERT_EQ(refused.status, 503);
  EXPECT_NE(refused.body.find("customer 'C1', invoice 'I0'"), std::string::npos) << refused.body;
  EXPECT_FALSE(is_well() && !std::filesystem::exists(damaged_path()));
  ASSERT_TRUE(test::soon([&] { return is_well(); })) << book_.projector().trouble();
  EXPECT_EQ(without_positions(items().body), whole);
  EXPECT_TRUE(std::filesystem::exists(damaged_path()));
  expect_whole();

  // Damage that comes again is somebody's to look at; the other one is not lost for it.
  damage();
  EXPECT_EQ(items().status, 503);
  ASSERT_TRUE(test::soon([&] { return book_.projector().trouble().find("move that away") != std::string::npos; }))
      << book_.projector().trouble();
  EXPECT_EQ(items().status, 503);
  std::filesystem::rename(damaged_path(), damaged_path() + ".looked-at");
  ASSERT_TRUE(test::soon([&] { return is_well(); })) << book_.projector().trouble();
  EXPECT_EQ(without_positions(items().body), whole);
  expect_whole();
}

// Questions that hold a store open, indexes that are built from it, and commits, while it is opened anew again and again.
TEST_F(StoreTroubleTest, QuestionsGoOnWhileShardsAreOpenedAnew) {
  invoice("I0");
  std::atomic<bool> done = false;
  std::atomic<int> answered = 0;
  std::vector<std::thread> askers;
  for (int i = 0; i < 2; ++i) {
    askers.emplace_back([&, i] {
      const char* const paths[] = {"v1/receivables/items", "v1/receivables/ageing", "v1/customers", "v1/invoices/I0"};
      for (int n = i; !done; ++n) {
        query::ParameterMap parameters;
        if (n % 3 == 0) parameters.emplace("known_at", "2024-06-01T00:00:00Z");
        const auto answer = book_.get(paths[n % 4], parameters);
        EXPECT_TRUE(answer.status == 200 || answer.status == 503) << answer.body;
        answered += answer.status == 200;
      }
    });
  }
  for (int round = 1; round <= 12; ++round) {
    disk_.fail(round % 3 == 0 ? Fails::kReads : round % 3 == 1 ? Fails::kWrites : Fails::kRoom);
    send_invoice("I" + std::to_string(round));
    std::this_thread::sleep_for(std::chrono::milliseconds(40));
    disk_.heal();
    book_.settle();
  }
  done = true;
  for (std::thread& asker : askers) asker.join();
  EXPECT_GT(answered, 0);
  expect_whole();
}

TEST_F(StoreTroubleTest, AShardFoldedUnderOtherRulesIsRefused) {
  invoice("I0");
  domain::Rules rules{BusinessZone::find("Asia/Shanghai").value(), {}};
  store::SharedMemory memory(8 << 20, 8 << 20);
  book_.reopen([&] {
    const auto opened = engine::Projector::open(rules, book_.path(), 1, memory, {});
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, ErrorCode::kMismatch);
    EXPECT_NE(opened.error().message.find("business_time_zone"), std::string::npos) << opened.error().message;
  });
  EXPECT_TRUE(is_well());
}

TEST(FailingStore, AFailedSyncOfSortedFilesLeavesWhatWasThere) {
  test::FailingDisk disk;
  const test::TempDir directory;
  store::SharedMemory memory(8 << 20, 8 << 20, disk.env());
  const std::string path = directory.path() + "/shard";
  const auto open = [&] {
    return store::ShardStore::open(path, memory, store::ShardStore::Mode::kReadWrite, 0).value();
  };
  const auto write = [](store::ShardStore& store, const std::string& value) {
    store::WriteBatch set;
    set.put(store::Table::kMeta, "position", value);
    set.put(store::Table::kCells, "cell", value);
    return store.write(set);
  };
  {
    const auto store = open();
    ASSERT_TRUE(write(*store, "1"));
    EXPECT_TRUE(store::ShardStore::try_disk(path, memory));
    disk.fail(Fails::kSyncs);
    const auto failed = write(*store, "2");
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().code, ErrorCode::kUnavailable) << failed.error().message;
    EXPECT_EQ(store::ShardStore::try_disk(path, memory).error().code, ErrorCode::kUnavailable);
    EXPECT_EQ(store->get(store::Table::kMeta, "position").value(), "1");
    disk.heal();
  }
  const auto store = open();
  EXPECT_EQ(store->get(store::Table::kMeta, "position").value(), "1");
  EXPECT_EQ(store->get(store::Table::kCells, "cell").value(), "1");
  EXPECT_TRUE(write(*store, "3"));
  EXPECT_FALSE(std::filesystem::exists(path + ".tried"));
}

TEST(FailingStore, AScanThatCannotBeReadOnHasFailedAndNotEnded) {
  constexpr int kKeys = 1'000;
  test::FailingDisk disk;
  const test::TempDir directory;
  const std::string path = directory.path() + "/shard";
  {
    store::SharedMemory memory(8 << 20, 8 << 20, disk.env());
    const auto store = store::ShardStore::open(path, memory, store::ShardStore::Mode::kReadWrite).value();
    store::WriteBatch set;
    for (int i = 0; i < kKeys; ++i) set.put(store::Table::kCells, "key" + std::to_string(i), std::string(1'000, 'x'));
    ASSERT_TRUE(store->write(set));
    ASSERT_TRUE(store->compact());
  }
  store::SharedMemory memory(8 << 20, 8 << 20, disk.env());
  const auto store = store::ShardStore::open(path, memory, store::ShardStore::Mode::kReadWrite).value();
  int count = 0;
  const auto scan = [&](int failing_at) {
    count = 0;
    return store->scan(store::Table::kCells, "key", "",
                       [&](std::string_view, std::string_view) -> Result<store::StoreReader::Next> {
                         if (count++ == failing_at) disk.fail(Fails::kReads);
                         return store::StoreReader::Next::kGoOn;
                       });
  };
  const auto failed = scan(kKeys / 2);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, ErrorCode::kUnavailable) << failed.error().message;
  disk.heal();
  EXPECT_TRUE(scan(-1));
  EXPECT_EQ(count, kKeys);
}

// What a power failure keeps of the newer one stands on the older one.
TEST(FailingStore, AWriteAheadLogIsOnTheDiskBeforeMoreIsWrittenBehindIt) {
  test::FailingDisk disk;
  const test::TempDir directory;
  store::SharedMemory memory(8 << 20, 512 << 10, disk.env());  // Little: the log soon goes on in another file.
  const std::string path = directory.path() + "/shard";
  const auto store = store::ShardStore::open(path, memory, store::ShardStore::Mode::kReadWrite).value();
  std::set<std::string> logs;
  for (int i = 0; i < 4'000 && logs.size() < 10; ++i) {
    store::WriteBatch set;
    set.put(store::Table::kDocuments, "document" + std::to_string(i), std::string(1'000, 'x'));
    set.put(store::Table::kCells, "cell" + std::to_string(i), "1");
    ASSERT_TRUE(store->write(set));
    std::set<std::string> here;
    for (const auto& file : std::filesystem::directory_iterator(path)) {
      if (file.path().extension() == ".log") here.insert(file.path());
    }
    logs.insert(here.begin(), here.end());
    if (!here.empty()) here.erase(std::prev(here.end()));
    for (const std::string& older : here) ASSERT_TRUE(disk.is_synced(older)) << i << ": " << older;
  }
  EXPECT_GE(logs.size(), 10U);
}

}  // namespace
}  // namespace daybook
