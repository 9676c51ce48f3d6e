#include "log/placement.h"

#include <fmt/format.h>

#include <set>

namespace daybook::log {
namespace {

bool topic_exists(Topic topic) { return static_cast<std::size_t>(topic) < kTopicCount; }

Result<std::int32_t> place_record(const NewRecord& record, std::int32_t partition_count) {
  if (!topic_exists(record.topic)) {
    return unexpected(ErrorCode::kInvalidArgument, "there is no such topic");
  }
  const std::size_t size = record_bytes(record);
  if (size > kRecordBytesMax) {
    return unexpected(ErrorCode::kInvalidArgument,
                      fmt::format("{} bytes; at most {} are taken", size, kRecordBytesMax));
  }
  if (!record.partition) {
    if (record.key) return partition_of(*record.key, partition_count);
    return unexpected(ErrorCode::kInvalidArgument, "has neither a key nor a partition");
  }
  if (*record.partition < 0 || *record.partition >= partition_count) {
    return unexpected(ErrorCode::kInvalidArgument,
                      fmt::format("partition {} of a log with {} partitions", *record.partition, partition_count));
  }
  return *record.partition;
}

}  // namespace

std::size_t record_bytes(const NewRecord& record) {
  // A header costs its own framing too, so that many empty ones are not free.
  constexpr std::size_t kHeaderFraming = 8;
  std::size_t size = record.key.value_or("").size() + record.value.value_or("").size();
  for (const auto& [name, value] : record.headers) {
    size += kHeaderFraming + name.size() + value.size();
  }
  return size;
}

Result<std::vector<std::int32_t>> place_records(std::span<const NewRecord> records, std::int32_t partition_count) {
  std::vector<std::int32_t> partitions;
  partitions.reserve(records.size());
  for (const NewRecord& record : records) {
    Result<std::int32_t> partition = place_record(record, partition_count);
    if (!partition) {
      return unexpected(partition.error().code,
                        fmt::format("record {}: {}", partitions.size(), partition.error().message));
    }
    partitions.push_back(*partition);
  }
  return partitions;
}

Result<void> check_starts(std::span<const StartPosition> starts, std::int32_t partition_count) {
  std::set<TopicPartition> seen;
  for (const auto& [at, offset] : starts) {
    if (!topic_exists(at.topic) || at.partition < 0 || at.partition >= partition_count) {
      return unexpected(ErrorCode::kInvalidArgument,
                        fmt::format("cannot read partition {}: the log has {}", at.partition, partition_count));
    }
    if (!seen.insert(at).second) {
      return unexpected(ErrorCode::kInvalidArgument,
                        fmt::format("{}, partition {}, is to be read twice", topic_family(at.topic), at.partition));
    }
  }
  return {};
}

}  // namespace daybook::log
