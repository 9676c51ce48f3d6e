// Reading a store while it is written: what is read is one moment, and nothing is disturbed or left behind.
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <set>
#include <thread>

#include "store/shard_store.h"
#include "store/store_copy.h"
#include "support/temp_dir.h"

namespace daybook::store {
namespace {

constexpr int kKeys = 50;
constexpr std::array kTables = {Table::kMeta, Table::kDocuments, Table::kCells};

std::string key_of(int key) { return "key" + std::to_string(1000 + key); }

// Every key of every table says `number`.
void write_all(ShardStore& store, int number) {
  WriteBatch set;
  const std::string value = std::to_string(number) + std::string(200, 'x');
  for (const Table table : kTables) {
    for (int key = 0; key < kKeys; ++key) set.put(table, key_of(key), value);
  }
  ASSERT_TRUE(store.write(set));
}

// The one number that all keys say.
int read_all(const StoreReader& reads) {
  std::set<int> numbers;
  int count = 0;
  for (const Table table : kTables) {
    EXPECT_TRUE(
        reads.scan(table, "key", "", [&](std::string_view, std::string_view value) -> Result<StoreReader::Next> {
          numbers.insert(std::stoi(std::string(value)));
          ++count;
          return StoreReader::Next::kGoOn;
        }));
  }
  EXPECT_EQ(count, kKeys * static_cast<int>(kTables.size()));
  EXPECT_EQ(numbers.size(), 1u);
  return numbers.empty() ? -1 : *numbers.begin();
}

std::size_t copies_in(const std::string& store) {
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(store)) {
    count += entry.path().filename().string().starts_with("reading-") ? 1 : 0;
  }
  return count;
}

TEST(StoreCopy, IsOneMomentOfAStoreThatIsWrittenFlushedAndCompactedMeanwhile) {
  const test::TempDir directory;
  const std::string path = directory.path() + "/store";
  SharedMemory memory(8 << 20, 1 << 20);  // Little: what is written is soon flushed.
  auto store = *ShardStore::open(path, memory, ShardStore::Mode::kReadWrite);
  write_all(*store, 0);
  std::atomic<bool> stop = false;
  std::atomic<int> written = 0;
  // Without a breath, as nothing says how seldom a store changes; ends with the test, however that ends.
  std::jthread writer([&](const std::stop_token& ended) {
    for (int number = 1; !stop && !ended.stop_requested(); ++number) {
      write_all(*store, number);
      written = number;
      if (number % 50 != 0) continue;
      EXPECT_TRUE(store->compact());
    }
  });
  SharedMemory for_reading(8 << 20, 8 << 20);
  for (int i = 0; i < 30; ++i) {
    SCOPED_TRACE(i);
    const int before = written;
    auto reading = ShardStore::open(path, for_reading, ShardStore::Mode::kReadCopy);
    ASSERT_TRUE(reading) << reading.error().message;
    const int number = read_all(**reading);
    EXPECT_GE(number, before) << "what was written before is there";
    EXPECT_EQ(read_all(*(*reading)->snapshot()), number) << "and stays so";
    EXPECT_EQ(copies_in(path), 1u);
  }
  stop = true;
  writer.join();
  EXPECT_EQ(copies_in(path), 0u);
  const int last = written;
  EXPECT_EQ(read_all(*store), last);
  store.reset();
  store = *ShardStore::open(path, memory, ShardStore::Mode::kReadWrite);
  EXPECT_EQ(read_all(*store), last);
}

TEST(StoreCopy, RemovesWhatAReaderThatWasKilledLeftBehindAndNoOthers) {
  const test::TempDir directory;
  const std::string path = directory.path() + "/store";
  SharedMemory memory(8 << 20, 8 << 20);
  auto store = *ShardStore::open(path, memory, ShardStore::Mode::kReadWrite);
  write_all(*store, 1);
  std::filesystem::create_directory(path + "/reading-999999999-1");
  std::ofstream(path + "/reading-999999999-1/000001.sst") << "x";
  std::filesystem::create_directory(path + "/reading-1-1");
  ASSERT_TRUE(StoreCopy::make(path));
  EXPECT_FALSE(std::filesystem::exists(path + "/reading-999999999-1"));
  EXPECT_TRUE(std::filesystem::exists(path + "/reading-1-1"));
}

TEST(StoreCopy, OfNothingIsNotFound) {
  const test::TempDir directory;
  const auto made = StoreCopy::make(directory.path());
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, ErrorCode::kNotFound);
}

}  // namespace
}  // namespace daybook::store
