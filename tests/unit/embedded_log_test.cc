// What the embedded log does beside the contract of all logs: crashes, damage, full disks, locks.
#include "log/embedded_log.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <fstream>
#include <mutex>
#include <thread>

#include "log/embedded/record_format.h"
#include "log/embedded/segment.h"
#include "support/file_size_limit.h"
#include "support/log_helpers.h"
#include "support/temp_dir.h"

namespace daybook::log {
namespace {

namespace fs = std::filesystem;
using test::append_one;
using test::append_order;
using test::FileSizeLimit;
using test::open_reader;
using test::read_records;
using test::TempDir;
using test::values_of;
using namespace std::chrono_literals;

constexpr TopicPartition kOrders0{Topic::kOrders, 0};
const char* const kFirstSegment = "/log/orders-0-00000000000000000000.seg";
const char* const kFirstIndex = "/log/orders-0-00000000000000000000.idx";

EmbeddedLogOptions options_for(const std::string& directory) {
  EmbeddedLogOptions options;
  options.data_directory = directory;
  options.partition_count = 2;
  return options;
}

// Found by tests/fuzz: a log has no partition or offset below 0, and none that runs out of numbers.
TEST(SegmentName, IsTakenOnlyAsALogWritesIt) {
  const auto name = parse_segment_file("invoices-3-00000000000000000042.seg");
  ASSERT_TRUE(name);
  EXPECT_EQ(name->at, (TopicPartition{Topic::kInvoices, 3}));
  EXPECT_EQ(name->base_offset, 42);
  for (const char* other :
       {"invoices-3-42.seg", "invoices-03-00000000000000000042.seg", "invoices-3-00000000000000000042.idx",
        "orders--1-00000000000000000001.seg", "orders-1--0000000000000000001.seg", "orders-0-09223372036854775807.seg",
        "orders-0-99999999999999999999.seg", "orders-0", "orders"}) {
    EXPECT_FALSE(parse_segment_file(other)) << other;
  }
}

std::unique_ptr<Log> open_log(const EmbeddedLogOptions& options) {
  auto log = open_embedded_log(options);
  EXPECT_TRUE(log) << log.error().message;
  return log ? *std::move(log) : nullptr;
}

std::unique_ptr<Log> open_log(const std::string& directory) { return open_log(options_for(directory)); }

Error open_error(const EmbeddedLogOptions& options) {
  auto log = open_embedded_log(options);
  EXPECT_FALSE(log);
  return log ? Error{} : log.error();
}

// Every value of the first partition of the orders.
std::vector<std::string> all_values(Log& log) {
  const auto bounds = log.end_offsets(std::array{Topic::kOrders});
  const auto reader = open_reader(log, {{kOrders0, bounds->front().begin}});
  return values_of(read_records(*reader, bounds->front().end - bounds->front().begin));
}

// Copies the folder of a log that is still open: what a crash would leave.
void copy_as_crashed(const std::string& from, const std::string& to) {
  fs::remove_all(to);
  fs::copy(from, to, fs::copy_options::recursive);
}

std::string read_bytes(const std::string& path) {
  auto bytes = read_file(path);
  EXPECT_TRUE(bytes) << bytes.error().message;
  return bytes ? *bytes : "";
}

void write_bytes(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

void flip_bit(const std::string& path, std::size_t byte, int bit) {
  std::string bytes = read_bytes(path);
  ASSERT_LT(byte, bytes.size());
  bytes[byte] = static_cast<char>(bytes[byte] ^ 1 << bit);
  write_bytes(path, bytes);
}

// Byte positions at which the records of a segment begin, and its end.
std::vector<std::size_t> record_positions(const std::string& path) {
  const std::string bytes = read_bytes(path);
  std::vector<std::size_t> positions = {kSegmentHeaderSize};
  DecodedRecord record;
  while (decode_record(std::string_view(bytes).substr(positions.back()), 0, record) == Decoding::kWhole) {
    positions.push_back(positions.back() + record.size);
  }
  return positions;
}

TEST(EmbeddedLogTest, RecordsAreThereAfterAReopen) {
  const TempDir directory;
  {
    const auto log = open_log(directory.path());
    append_order(*log, 0, "a");
    append_order(*log, 0, "b");
  }
  const auto log = open_log(directory.path());
  EXPECT_EQ(log->partition_count(), 2);
  EXPECT_EQ(append_order(*log, 0, "c"), 2);
  EXPECT_EQ(all_values(*log), (std::vector<std::string>{"a", "b", "c"}));
}

TEST(EmbeddedLogTest, ATailTornAtAnyByteIsCutOff) {
  const TempDir directory;
  const std::string crashed = directory.path() + "/crashed";
  const std::string live = directory.path() + "/live";
  const auto log = open_log(live);
  for (const char* value : {"first", "second", "third"}) append_order(*log, 0, value);
  const auto positions = record_positions(live + kFirstSegment);
  ASSERT_EQ(positions.size(), 4);

  for (std::size_t size = positions[2]; size < positions[3]; ++size) {
    copy_as_crashed(live, crashed);
    fs::resize_file(crashed + kFirstSegment, size);
    int notices = 0;
    EmbeddedLogOptions options = options_for(crashed);
    options.on_notice = [&](const std::string&) { ++notices; };
    const auto reopened = open_log(options);
    EXPECT_EQ(notices, size == positions[2] ? 0 : 1);
    EXPECT_EQ(append_order(*reopened, 0, "again"), 2) << "torn at byte " << size;
    EXPECT_EQ(all_values(*reopened), (std::vector<std::string>{"first", "second", "again"}));
  }
}

TEST(EmbeddedLogTest, ADamagedBitInTheLastGroupIsATornTailAndAnyOtherStopsTheStart) {
  const TempDir directory;
  const std::string crashed = directory.path() + "/crashed";
  const std::string live = directory.path() + "/live";
  const auto log = open_log(live);
  for (const char* value : {"first", "second", "third"}) append_order(*log, 0, value);
  const auto positions = record_positions(live + kFirstSegment);

  for (std::size_t byte = 0; byte < positions[3]; ++byte) {
    copy_as_crashed(live, crashed);
    flip_bit(crashed + kFirstSegment, byte, static_cast<int>(byte % 8));
    if (byte < positions[2]) {
      const Error error = open_error(options_for(crashed));
      EXPECT_EQ(error.code, ErrorCode::kCorrupt) << "byte " << byte << ": " << error.message;
      EXPECT_NE(error.message.find(crashed + kFirstSegment), std::string::npos) << error.message;
    } else {
      EXPECT_EQ(all_values(*open_log(crashed)), (std::vector<std::string>{"first", "second"})) << "byte " << byte;
    }
  }
}

TEST(EmbeddedLogTest, BlocksOfTheLastGroupMayReachTheDiskInAnyOrder) {
  const TempDir directory;
  const std::string crashed = directory.path() + "/crashed";
  const std::string live = directory.path() + "/live";
  const auto log = open_log(live);
  append_order(*log, 0, "synced");
  ASSERT_TRUE(append_and_wait(*log, {{Topic::kOrders, "k", "one", 0, {}},
                                     {Topic::kOrders, "k", "two", 0, {}},
                                     {Topic::kOrders, "k", "three", 0, {}}}));
  const auto positions = record_positions(live + kFirstSegment);
  copy_as_crashed(live, crashed);
  std::string bytes = read_bytes(crashed + kFirstSegment);
  std::fill(bytes.begin() + positions[1], bytes.begin() + positions[2], '\0');
  write_bytes(crashed + kFirstSegment, bytes);
  EXPECT_EQ(all_values(*open_log(crashed)), std::vector<std::string>{"synced"});
  // Nor does what stood behind come back once there is something in front of it.
  append_one(*open_log(crashed), {Topic::kOrders, "k", "new", 0, {}});
  EXPECT_EQ(all_values(*open_log(crashed)), (std::vector<std::string>{"synced", "new"}));
}

TEST(EmbeddedLogTest, AfterACloseInGoodOrderAMissingTailStopsTheStart) {
  const TempDir directory;
  {
    const auto log = open_log(directory.path());
    for (const char* value : {"first", "second"}) append_order(*log, 0, value);
  }
  const auto positions = record_positions(directory.path() + kFirstSegment);
  fs::resize_file(directory.path() + kFirstSegment, positions[1]);
  EXPECT_EQ(open_error(options_for(directory.path())).code, ErrorCode::kCorrupt);
}

TEST(EmbeddedLogTest, ASegmentWhoseHeadCouldNotBeReadIsReadFromItsStartOnceItCan) {
  const TempDir directory;
  const auto log = open_log(directory.path());
  append_order(*log, 0, "first");
  append_order(*log, 0, "second");
  const auto reader = open_reader(*log, {{kOrders0, 0}});
  flip_bit(directory.path() + kFirstSegment, 3, 1);
  for (int again = 0; again < 2; ++again) {
    const auto error = test::read_error(*reader);
    ASSERT_TRUE(error.has_value());
    EXPECT_NE(error->message.find("its header"), std::string::npos) << error->message;
  }
  flip_bit(directory.path() + kFirstSegment, 3, 1);
  EXPECT_EQ(values_of(read_records(*reader, 2)), (std::vector<std::string>{"first", "second"}));
}

TEST(EmbeddedLogTest, DamageBelowAnIndexShowsWhenItIsReadAndWhatIsBeforeIsGiven) {
  const TempDir directory;
  {
    const auto log = open_log(directory.path());
    for (const char* value : {"first", "second", "third"}) append_order(*log, 0, value);
  }
  const auto positions = record_positions(directory.path() + kFirstSegment);
  flip_bit(directory.path() + kFirstSegment, positions[1] + 30, 3);
  const auto log = open_log(directory.path());
  const auto reader = open_reader(*log, {{kOrders0, 0}});
  EXPECT_EQ(values_of(read_records(*reader, 1)), std::vector<std::string>{"first"});
  for (int again = 0; again < 2; ++again) {
    const auto error = test::read_error(*reader);
    ASSERT_TRUE(error.has_value());
    EXPECT_EQ(error->code, ErrorCode::kCorrupt);
    EXPECT_NE(error->message.find("offset 1"), std::string::npos) << error->message;
  }
}

// As a file that was put together again may have them.
TEST(EmbeddedLogTest, RecordsInAnotherOrderThanTheirOffsetsAreDamage) {
  const TempDir directory;
  {
    const auto log = open_log(directory.path());
    for (const char* value : {"first", "other", "third"}) append_order(*log, 0, value);
  }
  const auto positions = record_positions(directory.path() + kFirstSegment);
  std::string bytes = read_bytes(directory.path() + kFirstSegment);
  std::rotate(bytes.begin() + positions[1], bytes.begin() + positions[2], bytes.begin() + positions[3]);
  write_bytes(directory.path() + kFirstSegment, bytes);
  const auto log = open_log(directory.path());
  const auto reader = open_reader(*log, {{kOrders0, 0}});
  EXPECT_EQ(values_of(read_records(*reader, 1)), std::vector<std::string>{"first"});
  const auto error = test::read_error(*reader);
  ASSERT_TRUE(error.has_value());
  EXPECT_EQ(error->code, ErrorCode::kCorrupt);
  EXPECT_NE(error->message.find("offset 1"), std::string::npos) << error->message;
}

TEST(EmbeddedLogTest, SegmentsAreRolledAndReadFromAnywhere) {
  const TempDir directory;
  EmbeddedLogOptions options = options_for(directory.path());
  options.segment_bytes = 300'000;
  constexpr int kCount = 20'000;
  std::vector<std::string> values;
  for (int i = 0; i < kCount; ++i) values.push_back("value " + std::to_string(i));
  {
    const auto log = open_log(options);
    for (int i = 0; i < kCount; i += 1000) {
      std::vector<NewRecord> records;
      for (int j = i; j < i + 1000; ++j) {
        records.push_back({Topic::kOrders, "k", values[j], 0, {}});
      }
      ASSERT_TRUE(append_and_wait(*log, records));
    }
  }
  for (const bool with_indexes : {true, false}) {
    int segments = 0;
    std::vector<fs::path> indexes;
    for (const auto& file : fs::directory_iterator(directory.path() + "/log")) {
      if (file.path().extension() == ".seg") ++segments;
      if (file.path().extension() == ".idx") indexes.push_back(file.path());
    }
    EXPECT_GE(segments, 3);
    if (!with_indexes) {
      for (const fs::path& index : indexes) fs::remove(index);
    }
    const auto log = open_log(options);
    EXPECT_EQ(all_values(*log), values);
    for (int start = 0; start < kCount; start += 1237) {
      const auto reader = open_reader(*log, {{kOrders0, start}});
      EXPECT_EQ(values_of(read_records(*reader, 1)), std::vector<std::string>{values[start]});
    }
  }
}

TEST(EmbeddedLogTest, ADamagedIndexIsMadeUpForByReadingTheSegment) {
  const TempDir directory;
  {
    const auto log = open_log(directory.path());
    for (const char* value : {"first", "second"}) append_order(*log, 0, value);
  }
  flip_bit(directory.path() + kFirstIndex, 45, 1);
  EXPECT_EQ(all_values(*open_log(directory.path())), (std::vector<std::string>{"first", "second"}));
}

TEST(EmbeddedLogTest, AMissingSegmentStopsTheStart) {
  const TempDir directory;
  EmbeddedLogOptions options = options_for(directory.path());
  options.segment_bytes = 100;
  {
    const auto log = open_log(options);
    for (int i = 0; i < 10; ++i) append_order(*log, 0, std::string(50, 'x'));
  }
  std::vector<fs::path> segments;
  for (const auto& file : fs::directory_iterator(directory.path() + "/log")) {
    if (file.path().extension() == ".seg") segments.push_back(file.path());
  }
  ASSERT_GE(segments.size(), 4);
  std::ranges::sort(segments);
  // With its index, which would miss it by itself.
  const auto lose = [](fs::path segment) {
    fs::remove(segment);
    fs::remove(segment.replace_extension(".idx"));
  };
  lose(segments[2]);
  EXPECT_EQ(open_error(options).code, ErrorCode::kCorrupt);

  // Without the oldest ones the log begins later, and says so to who wants them.
  lose(segments[0]);
  lose(segments[1]);
  const auto log = open_log(options);
  EXPECT_GT(log->end_offsets(std::array{Topic::kOrders})->front().begin, 0);
  const auto reader = open_reader(*log, {{kOrders0, 0}});
  EXPECT_EQ(test::read_error(*reader)->code, ErrorCode::kOutOfRange);
}

TEST(EmbeddedLogTest, ASecondWriterIsRefusedAndNamesTheFolder) {
  const TempDir directory;
  auto log = open_log(directory.path());
  const Error error = open_error(options_for(directory.path()));
  EXPECT_EQ(error.code, ErrorCode::kBusy);
  EXPECT_NE(error.message.find(directory.path()), std::string::npos) << error.message;
  log.reset();
  EXPECT_NE(open_log(directory.path()), nullptr);
}

TEST(EmbeddedLogTest, AToolMayReadBesideTheWriter) {
  const TempDir directory;
  const auto writer = open_log(directory.path());
  append_order(*writer, 0, "a");
  EmbeddedLogOptions options = options_for(directory.path());
  options.read_only = true;
  const auto tool = open_log(options);
  append_order(*writer, 0, "b");
  EXPECT_EQ(all_values(*tool), std::vector<std::string>{"a"});
  const auto refused = append_and_wait(*tool, {{Topic::kOrders, "k", "v", 0, {}}});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(all_values(*writer), (std::vector<std::string>{"a", "b"}));
}

TEST(EmbeddedLogTest, ReadingOnlyMakesNothing) {
  const TempDir directory;
  EmbeddedLogOptions options = options_for(directory.path() + "/none");
  options.read_only = true;
  EXPECT_EQ(open_error(options).code, ErrorCode::kNotFound);
  EXPECT_FALSE(fs::exists(options.data_directory));
}

TEST(EmbeddedLogTest, ThePartitionCountIsFixed) {
  const TempDir directory;
  EmbeddedLogOptions options = options_for(directory.path());
  open_log(options).reset();
  options.partition_count = 3;
  const Error error = open_error(options);
  EXPECT_EQ(error.code, ErrorCode::kMismatch);
  EXPECT_NE(error.message.find("2 partitions, not 3"), std::string::npos) << error.message;
  options.partition_count = 0;
  EXPECT_EQ(open_log(options)->partition_count(), 2);
}

TEST(EmbeddedLogTest, ADamagedOrMissingManifestStopsTheStart) {
  const TempDir directory;
  {
    const auto log = open_log(directory.path());
    append_order(*log, 0, "a");
  }
  const std::string manifest = directory.path() + "/log/MANIFEST";
  const std::string bytes = read_bytes(manifest);
  for (std::size_t byte = 0; byte < bytes.size(); ++byte) {
    flip_bit(manifest, byte, 0);
    const ErrorCode code = open_error(options_for(directory.path())).code;
    EXPECT_TRUE(code == ErrorCode::kCorrupt || code == ErrorCode::kMismatch) << "byte " << byte;
    write_bytes(manifest, bytes);
  }
  fs::remove(manifest);
  EXPECT_EQ(open_error(options_for(directory.path())).code, ErrorCode::kCorrupt);
}

// Read models that are made anew would lack its events, and nobody would know.
TEST(EmbeddedLogTest, ASegmentThatIsGoneIsMissedBesideItsIndex) {
  const TempDir directory;
  {
    const auto log = open_log(directory.path());
    append_order(*log, 0, "a");
  }
  fs::remove(directory.path() + kFirstSegment);
  for (const bool read_only : {true, false}) {
    EmbeddedLogOptions options = options_for(directory.path());
    options.read_only = read_only;
    const Error error = open_error(options);
    EXPECT_EQ(error.code, ErrorCode::kCorrupt);
    EXPECT_NE(error.message.find(std::string(kFirstSegment) + ": missing beside its index"), std::string::npos)
        << error.message;
  }
}

TEST(EmbeddedLogTest, TheRecordedTimeNeverGoesBack) {
  const TempDir directory;
  std::atomic<std::int64_t> now = 1000;
  EmbeddedLogOptions options = options_for(directory.path());
  options.now_ms = [&] { return now.load(); };
  const auto append_time = [](Log& log, Topic topic) { return append_one(log, {topic, "k", "v", 0, {}}).timestamp_ms; };
  {
    const auto log = open_log(options);
    EXPECT_EQ(append_time(*log, Topic::kOrders), 1000);
    now = 900;
    EXPECT_EQ(append_time(*log, Topic::kOrders), 1000);
    // It is one time for the whole log.
    EXPECT_EQ(append_time(*log, Topic::kInvoices), 1000);
    now = 1100;
    EXPECT_EQ(append_time(*log, Topic::kInvoices), 1100);
  }
  now = 500;
  const auto log = open_log(options);
  EXPECT_EQ(append_time(*log, Topic::kOrders), 1100);
}

std::unique_ptr<ToldLog> open_told(const EmbeddedLogOptions& options) {
  auto log = open_told_log(options);
  EXPECT_TRUE(log) << log.error().message;
  return log ? *std::move(log) : nullptr;
}

void tell(ToldLog& log, Topic topic, std::int32_t partition, const std::vector<std::int64_t>& recorded_ms) {
  const std::vector<NewRecord> records(recorded_ms.size(), {topic, "k", "v", partition, {}});
  const auto done = log.append(records, recorded_ms);
  EXPECT_TRUE(done) << done.error().message;
}

std::vector<std::int64_t> recorded_times(Log& log, TopicPartition at) {
  const auto bounds = log.end_offsets(std::array{at.topic});
  const auto reader = open_reader(log, {{at, 0}});
  std::vector<std::int64_t> times;
  for (const auto& record :
       read_records(*reader, static_cast<std::size_t>((*bounds)[static_cast<std::size_t>(at.partition)].end))) {
    times.push_back(record.timestamp_ms);
  }
  return times;
}

TEST(ToldLogTest, RecordsHaveTheTimesOfTheStoryAndNeverGoBack) {
  const TempDir directory;
  {
    const auto log = open_told(options_for(directory.path()));
    tell(*log, Topic::kOrders, 0, {1000, 2000});
    tell(*log, Topic::kOrders, 1, {3000});
    // It is one time for the whole log.
    tell(*log, Topic::kOrders, 0, {2500, 4000});
  }
  const auto log = open_log(directory.path());
  EXPECT_EQ(recorded_times(*log, {Topic::kOrders, 0}), (std::vector<std::int64_t>{1000, 2000, 3000, 4000}));
  EXPECT_EQ(recorded_times(*log, {Topic::kOrders, 1}), (std::vector<std::int64_t>{3000}));
}

TEST(ToldLogTest, TheLogSaysSoWhoeverOpensIt) {
  const TempDir directory;
  {
    const auto log = open_told(options_for(directory.path()));
  }
  EXPECT_TRUE(open_log(directory.path())->recorded_as_told());
  EmbeddedLogOptions reading = options_for(directory.path());
  reading.read_only = true;
  EXPECT_TRUE(open_log(reading)->recorded_as_told());
  const TempDir other;
  EXPECT_FALSE(open_log(other.path())->recorded_as_told());
}

TEST(ToldLogTest, AnEmptyLogThatIsThereIsTaken) {
  const TempDir directory;
  {
    const auto log = open_log(directory.path());
  }
  tell(*open_told(options_for(directory.path())), Topic::kOrders, 0, {1000});
  const auto log = open_log(directory.path());
  EXPECT_TRUE(log->recorded_as_told());
  EXPECT_EQ(recorded_times(*log, kOrders0), (std::vector<std::int64_t>{1000}));
}

TEST(ToldLogTest, ALogWithRecordsIsRefusedAndStaysAsItIs) {
  for (const bool told : {false, true}) {
    const TempDir directory;
    if (told) {
      tell(*open_told(options_for(directory.path())), Topic::kInvoices, 1, {1000});
    } else {
      append_one(*open_log(directory.path()), {Topic::kInvoices, "k", "v", 1, {}});
    }
    const auto again = open_told_log(options_for(directory.path()));
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().code, ErrorCode::kMismatch);
    EXPECT_NE(again.error().message.find("has records already"), std::string::npos) << again.error().message;
    EXPECT_EQ(open_log(directory.path())->recorded_as_told(), told);
  }
}

TEST(ToldLogTest, ALogThatAnotherWritesIsRefused) {
  const TempDir directory;
  const auto log = open_log(directory.path());
  EXPECT_EQ(open_told_log(options_for(directory.path())).error().code, ErrorCode::kBusy);
}

TEST(ToldLogTest, AfterTheStoryTimeIsThatOfTheClockAndNeverBeforeIt) {
  const TempDir directory;
  tell(*open_told(options_for(directory.path())), Topic::kOrders, 0, {5000});
  std::atomic<std::int64_t> now = 4000;
  EmbeddedLogOptions options = options_for(directory.path());
  options.now_ms = [&] { return now.load(); };
  const auto log = open_log(options);
  append_order(*log, 0, "a");
  now = 6000;
  append_order(*log, 0, "b");
  EXPECT_EQ(recorded_times(*log, kOrders0), (std::vector<std::int64_t>{5000, 5000, 6000}));
}

TEST(ToldLogTest, TheMarkIsInTheManifestAndItsDamageStopsTheStart) {
  const TempDir directory;
  {
    const auto log = open_told(options_for(directory.path()));
  }
  const std::string manifest = directory.path() + "/log/MANIFEST";
  const std::string bytes = read_bytes(manifest);
  EXPECT_TRUE(bytes.starts_with("daybook embedded log\nversion 2\npartitions 2\nrecorded as told\nchecksum ")) << bytes;
  std::string without = bytes;
  without.erase(without.find("recorded"), std::string("recorded as told\n").size());
  write_bytes(manifest, without);
  EXPECT_EQ(open_error(options_for(directory.path())).code, ErrorCode::kCorrupt);
}

TEST(EmbeddedLogTest, NothingIsSeenOrAcknowledgedBeforeItIsSynced) {
  const TempDir directory;
  std::mutex mutex;
  std::condition_variable released;
  bool stalled = false;
  std::atomic<int> syncs = 0;
  EmbeddedLogOptions options = options_for(directory.path());
  options.sync = [&](int descriptor) {
    ++syncs;
    std::unique_lock lock(mutex);
    released.wait(lock, [&] { return !stalled; });
    return ::fdatasync(descriptor);
  };
  const auto log = open_log(options);
  append_order(*log, 0, "before");
  {
    const std::lock_guard lock(mutex);
    stalled = true;
  }
  const int syncs_before = syncs;
  constexpr int kAppends = 50;
  std::atomic<int> acknowledged = 0;
  for (int i = 0; i < kAppends; ++i) {
    log->append({{Topic::kOrders, "k", "v", 0, {}}}, [&](const auto& appended) {
      EXPECT_TRUE(appended);
      ++acknowledged;
    });
  }
  const auto reader = open_reader(*log, {{kOrders0, 1}});
  const auto nothing = reader->poll(10, 100ms);
  ASSERT_TRUE(nothing);
  EXPECT_TRUE(nothing->empty());
  EXPECT_EQ(acknowledged, 0);
  EXPECT_EQ((*log->end_offsets(std::array{Topic::kOrders}))[0].end, 1);
  {
    const std::lock_guard lock(mutex);
    stalled = false;
    released.notify_all();
  }
  EXPECT_EQ(read_records(*reader, kAppends).size(), kAppends);
  // Those that waited shared their sync.
  EXPECT_LE(syncs - syncs_before, 3);
}

TEST(EmbeddedLogTest, AFailedSyncFailsItsAppendsAndLeavesNothing) {
  const TempDir directory;
  std::atomic<bool> failing = false;
  EmbeddedLogOptions options = options_for(directory.path() + "/live");
  options.sync = [&](int descriptor) {
    if (!failing) return ::fdatasync(descriptor);
    errno = EIO;
    return -1;
  };
  const auto log = open_log(options);
  append_order(*log, 0, "before");
  failing = true;
  const auto failed =
      append_and_wait(*log, {{Topic::kOrders, "k", "lost", 0, {}}, {Topic::kInvoices, "k", "lost", 1, {}}});
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, ErrorCode::kUnavailable);
  failing = false;
  EXPECT_EQ(append_order(*log, 0, "after"), 1);
  EXPECT_EQ(all_values(*log), (std::vector<std::string>{"before", "after"}));

  copy_as_crashed(options.data_directory, directory.path() + "/crashed");
  const auto reopened = open_log(directory.path() + "/crashed");
  EXPECT_EQ(all_values(*reopened), (std::vector<std::string>{"before", "after"}));
  EXPECT_EQ((*reopened->end_offsets(std::array{Topic::kInvoices}))[1].end, 0);
}

TEST(EmbeddedLogTest, WhatFailedIsInNoIndexAndReadersBeginAnywhere) {
  const TempDir directory;
  std::atomic<bool> failing = false;
  EmbeddedLogOptions options = options_for(directory.path());
  options.sync = [&](int descriptor) {
    if (!failing) return ::fdatasync(descriptor);
    errno = EIO;
    return -1;
  };
  constexpr int kCount = 100;
  std::vector<std::string> values;
  for (int i = 0; i < kCount; ++i) values.push_back(std::to_string(i) + std::string(7'000, 'x'));
  const std::string lost(10'000, 'y');
  const auto check = [&](Log& log) {
    for (int start = 0; start < kCount; ++start) {
      const auto reader = open_reader(log, {{kOrders0, start}});
      EXPECT_TRUE(values_of(read_records(*reader, 1)) == std::vector<std::string>{values[start]}) << start;
    }
  };
  {
    const auto log = open_log(options);
    failing = true;
    ASSERT_FALSE(append_and_wait(*log, std::vector<NewRecord>(kCount, {Topic::kOrders, "k", lost, 0, {}})));
    failing = false;
    for (const std::string& value : values) append_order(*log, 0, value);
    check(*log);
  }
  check(*open_log(options));
}

TEST(EmbeddedLogTest, ADiskThatTakesNothingIsToldAndItsReturnEvenWhenNobodyAppends) {
  const TempDir directory;
  std::atomic<bool> failing = false;
  EmbeddedLogOptions options = options_for(directory.path());
  options.sync = [&](int descriptor) {
    if (!failing) return ::fdatasync(descriptor);
    errno = EIO;
    return -1;
  };
  const auto log = open_log(options);
  append_order(*log, 0, "before");
  EXPECT_EQ(log->trouble(), "");
  failing = true;
  for (int i = 0; i < 3; ++i) ASSERT_FALSE(append_and_wait(*log, {{Topic::kOrders, "k", "lost", 0, {}}}));
  EXPECT_NE(log->trouble().find("nothing can be appended to the log: cannot sync"), std::string::npos)
      << log->trouble();
  failing = false;
  for (int i = 0; i < 500 && !log->trouble().empty(); ++i) std::this_thread::sleep_for(10ms);
  EXPECT_EQ(log->trouble(), "");
  EXPECT_EQ(append_order(*log, 0, "after"), 1);
}

TEST(EmbeddedLogTest, ADiskThatHangsIsToldWhileItHangs) {
  const TempDir directory;
  std::mutex hanging;
  EmbeddedLogOptions options = options_for(directory.path());
  options.sync = [&](int descriptor) {
    const std::lock_guard wait(hanging);
    return ::fdatasync(descriptor);
  };
  const auto log = open_log(options);
  append_order(*log, 0, "before");
  std::atomic<bool> appended = false;
  {
    const std::lock_guard hangs(hanging);
    log->append({{Topic::kOrders, "k", "slow", 0, {}}}, [&](const auto& places) { appended = places.has_value(); });
    for (int i = 0; i < 900 && log->trouble().empty(); ++i) std::this_thread::sleep_for(10ms);
    EXPECT_EQ(log->trouble(), "nothing can be appended to the log: the disk has not answered for more than 5 s");
    EXPECT_FALSE(appended);
  }
  for (int i = 0; i < 500 && !appended; ++i) std::this_thread::sleep_for(10ms);
  EXPECT_TRUE(appended);
  EXPECT_EQ(log->trouble(), "");
}

TEST(EmbeddedLogTest, APartitionThatCannotBeReadDoesNotKeepTheOthersBackAndIsToldBesideThem) {
  const TempDir directory;
  const EmbeddedLogOptions options = options_for(directory.path());
  {
    const auto log = open_log(options);
    for (int i = 0; i < 5; ++i) {
      append_order(*log, 0, "zero");
      append_order(*log, 1, "one");
    }
  }
  flip_bit(directory.path() + kFirstSegment, record_positions(directory.path() + kFirstSegment)[2] + 30, 3);
  const auto log = open_log(options);
  const auto reader = open_reader(*log, {{kOrders0, 0}, {{Topic::kOrders, 1}, 0}});
  for (int round = 0; round < 3; ++round) {
    std::vector<std::string> read;
    for (int i = 0; i < 200 && read.size() < (round == 0 ? 5U : 1U); ++i) {
      const auto records = reader->poll(100, 10ms);
      if (!records) {
        EXPECT_EQ(records.error().code, ErrorCode::kCorrupt);
        continue;
      }
      for (const Record& record : *records) {
        if (record.partition == 1) read.emplace_back(*record.value);
      }
      ASSERT_TRUE(reader->trouble()) << "told beside what is read";
      EXPECT_NE(reader->trouble()->message.find("orders-0-"), std::string::npos) << reader->trouble()->message;
    }
    EXPECT_EQ(read.size(), round == 0 ? 5U : 1U);
    append_order(*log, 1, "more");
  }
}

TEST(EmbeddedLogTest, WhenTooMuchWaitsForTheDiskAppendsAreRefused) {
  const TempDir directory;
  std::mutex syncing;
  EmbeddedLogOptions options = options_for(directory.path());
  options.sync = [&](int) {
    const std::lock_guard wait(syncing);
    errno = EIO;
    return -1;
  };
  const auto log = open_log(options);
  const std::string large(2'000'000, 'x');
  std::atomic<int> busy = 0;
  std::atomic<int> failed = 0;
  constexpr int kAppends = 200;
  {
    const std::lock_guard stalled(syncing);
    for (int i = 0; i < kAppends; ++i) {
      log->append({{Topic::kOrders, "k", large, 0, {}}}, [&](const auto& appended) {
        ASSERT_FALSE(appended);
        EXPECT_EQ(appended.error().code, ErrorCode::kUnavailable);
        ++(appended.error().message.starts_with("busy") ? busy : failed);
      });
    }
    EXPECT_GT(busy, 0);
    EXPECT_LT(busy, kAppends - 100);
  }
  while (busy + failed < kAppends) std::this_thread::sleep_for(1ms);
  // Then there is room again.
  const auto later = append_and_wait(*log, {{Topic::kOrders, "k", large, 0, {}}});
  ASSERT_FALSE(later);
  EXPECT_FALSE(later.error().message.starts_with("busy")) << later.error().message;
}

TEST(EmbeddedLogTest, OnAFullDiskAppendsFailWholeAndWorkAgainWhenThereIsRoom) {
  const TempDir directory;
  const std::string live = directory.path() + "/live";
  const std::string crashed = directory.path() + "/crashed";
  const auto log = open_log(live);
  append_order(*log, 0, std::string(2000, 'a'));
  append_one(*log, {Topic::kInvoices, "k", "small", 0, {}});
  {
    const FileSizeLimit limit(3000);
    const std::string large(2000, 'b');
    for (int again = 0; again < 2; ++again) {
      const auto failed =
          append_and_wait(*log, {{Topic::kInvoices, "k", "fits", 0, {}}, {Topic::kOrders, "k", large, 0, {}}});
      ASSERT_FALSE(failed);
      EXPECT_EQ(failed.error().code, ErrorCode::kUnavailable);
      EXPECT_NE(failed.error().message.find(live), std::string::npos) << failed.error().message;
    }
    EXPECT_EQ(append_order(*log, 0, "fits"), 1);
  }
  copy_as_crashed(live, crashed);
  for (Log* each : {log.get(), open_log(crashed).release()}) {
    EXPECT_EQ((*each->end_offsets(std::array{Topic::kInvoices}))[0].end, 1);
    EXPECT_EQ(append_order(*each, 0, std::string(2000, 'c')), 2);
    EXPECT_EQ(all_values(*each), (std::vector<std::string>{std::string(2000, 'a'), "fits", std::string(2000, 'c')}));
    if (each != log.get()) delete each;
  }
}

TEST(EmbeddedLogTest, WithoutRoomForANewSegmentAppendsFailUntilThereIs) {
  const TempDir directory;
  EmbeddedLogOptions options = options_for(directory.path());
  options.segment_bytes = 50;
  const auto log = open_log(options);
  append_order(*log, 0, std::string(50, 'a'));
  {
    const FileSizeLimit limit(10);
    const auto failed = append_and_wait(*log, {{Topic::kOrders, "k", "b", 0, {}}});
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().code, ErrorCode::kUnavailable);
  }
  EXPECT_EQ(append_order(*log, 0, "c"), 1);
  EXPECT_EQ(all_values(*log), (std::vector<std::string>{std::string(50, 'a'), "c"}));
}

TEST(EmbeddedLogTest, AFolderThatCannotBeMadeIsNamed) {
  const Error error = open_error(options_for("/proc/daybook"));
  EXPECT_EQ(error.code, ErrorCode::kNotFound);
  EXPECT_NE(error.message.find("/proc/daybook"), std::string::npos) << error.message;

  const TempDir directory;
  write_bytes(directory.path() + "/file", "");
  EXPECT_EQ(open_error(options_for(directory.path() + "/file")).code, ErrorCode::kUnavailable);
}

TEST(EmbeddedLogTest, WhatWasAcknowledgedIsThereAfterAKill) {
  const TempDir directory;
  for (int round = 0; round < 5; ++round) {
    int acknowledgements[2];
    ASSERT_EQ(::pipe(acknowledgements), 0);
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      const auto log = open_log(directory.path());
      for (int i = 0;; ++i) {
        const std::int64_t offset = append_order(*log, 0, std::to_string(i));
        if (::write(acknowledgements[1], &offset, sizeof offset) != sizeof offset) ::_exit(1);
      }
    }
    ::close(acknowledgements[1]);
    std::int64_t last = -1;
    for (int i = 0; i < 100 + 37 * round; ++i) {
      ASSERT_EQ(::read(acknowledgements[0], &last, sizeof last), sizeof last);
    }
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    while (::read(acknowledgements[0], &last, sizeof last) == sizeof last) {
    }
    ::close(acknowledgements[0]);

    const auto log = open_log(directory.path());
    const auto bounds = log->end_offsets(std::array{Topic::kOrders});
    // At most the one append that was under way is there unacknowledged.
    EXPECT_GE(bounds->front().end, last + 1);
    EXPECT_LE(bounds->front().end, last + 2);
    EXPECT_EQ(static_cast<std::int64_t>(all_values(*log).size()), bounds->front().end);
  }
}

TEST(EmbeddedLogTest, HeadersAreStored) {
  const TempDir directory;
  const std::vector<std::pair<std::string, std::string>> headers = {{"reason", "invalid"}, {"detail", ""}};
  {
    const auto log = open_log(directory.path());
    append_one(*log, {Topic::kDeadLetter, "k", "v", 0, headers});
  }
  const std::string bytes = read_bytes(directory.path() + "/log/dead-letter-0-00000000000000000000.seg");
  DecodedRecord record;
  ASSERT_EQ(decode_record(std::string_view(bytes).substr(kSegmentHeaderSize), 0, record), Decoding::kWhole);
  EXPECT_EQ(decode_headers(record.headers), headers);
}

TEST(EmbeddedLogTest, StoredBytesStayAsTheyAre) {
  const auto hex = [](const std::string& bytes) {
    std::string text;
    for (const char byte : bytes) {
      text += "0123456789abcdef"[static_cast<std::uint8_t>(byte) >> 4];
      text += "0123456789abcdef"[byte & 15];
    }
    return text;
  };
  EXPECT_EQ(hex(encode_segment_header({{Topic::kPayments, 3}, 42})),
            "646179626b6c6f6700000001000000020000000300000000000000000000002a4067250acbfa420e");
  std::string record;
  encode_record({Topic::kPayments, "C1", "value", 3, {{"reason", "x"}}}, {42, 45, 44, 1234567890123}, record);
  EXPECT_EQ(hex(record), "7b037546230000000300000001000000cb04fb711f010000030205433176616c756506726561736f6e0178");
}

}  // namespace
}  // namespace daybook::log
