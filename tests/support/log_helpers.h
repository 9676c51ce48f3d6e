// Short forms for tests that append to logs and read them.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "log/log.h"

namespace daybook::test {

// A record that owns its bytes.
struct ReadRecord {
  log::TopicPartition at;
  std::int64_t offset = 0;
  std::int64_t timestamp_ms = 0;
  std::optional<std::string> key;
  std::optional<std::string> value;
};

inline ReadRecord copy_of(const log::Record& record) {
  return {{record.topic, record.partition},
          record.offset,
          record.timestamp_ms,
          std::optional<std::string>(record.key),
          std::optional<std::string>(record.value)};
}

// Appends one record, and gives where it went.
inline log::Appended append_one(log::Log& log, log::NewRecord record) {
  std::vector<log::NewRecord> records;
  records.push_back(std::move(record));
  const auto appended = log::append_and_wait(log, std::move(records));
  EXPECT_TRUE(appended) << appended.error().message;
  return appended ? appended->front() : log::Appended{};
}

// Appends `value` to one partition of the orders, and gives its offset.
inline std::int64_t append_order(log::Log& log, std::int32_t partition, std::string_view value) {
  return append_one(log, {log::Topic::kOrders, "C1", value, partition, {}}).offset;
}

// Polls until `count` records have come or ten seconds have passed; an error ends the test's wait.
inline std::vector<ReadRecord> read_records(log::Reader& reader, std::size_t count) {
  std::vector<ReadRecord> read;
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (read.size() < count && std::chrono::steady_clock::now() < deadline) {
    const auto polled = reader.poll(count - read.size(), std::chrono::milliseconds(100));
    if (!polled) {
      if (polled.error().code == ErrorCode::kUnavailable) continue;
      ADD_FAILURE() << polled.error().message;
      break;
    }
    for (const log::Record& record : *polled) read.push_back(copy_of(record));
  }
  EXPECT_EQ(read.size(), count);
  return read;
}

// Polls until there is an error or ten seconds have passed.
inline std::optional<Error> read_error(log::Reader& reader) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (std::chrono::steady_clock::now() < deadline) {
    const auto polled = reader.poll(1000, std::chrono::milliseconds(100));
    if (!polled && polled.error().code != ErrorCode::kUnavailable) return polled.error();
  }
  return std::nullopt;
}

inline std::unique_ptr<log::Reader> open_reader(log::Log& log, std::vector<log::StartPosition> starts) {
  auto reader = log.open_reader(std::move(starts));
  EXPECT_TRUE(reader) << reader.error().message;
  return *std::move(reader);
}

inline std::vector<std::string> values_of(const std::vector<ReadRecord>& records) {
  std::vector<std::string> values;
  for (const ReadRecord& record : records) values.push_back(record.value.value_or("(none)"));
  return values;
}

}  // namespace daybook::test
