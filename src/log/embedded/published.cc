#include "log/embedded/published.h"

#include <fmt/format.h>

#include <algorithm>

namespace daybook::log {
namespace {

EndOffset bounds_of(TopicPartition at, const PartitionSegments& segments) {
  if (segments.base_offsets.empty()) return {at, 0, 0};
  return {at, segments.base_offsets.front(), segments.last.end_offset};
}

}  // namespace

Published::Published(std::int32_t partition_count, std::vector<PartitionSegments> segments)
    : partition_count_(partition_count), segments_(std::move(segments)) {}

Result<std::optional<ReadRange>> Published::locate(TopicPartition at, std::int64_t offset) const {
  const std::lock_guard lock(mutex_);
  const PartitionSegments& found = segments(at);
  const EndOffset bounds = bounds_of(at, found);
  if (offset == bounds.end) return std::optional<ReadRange>();
  if (offset < bounds.begin || offset > bounds.end) {
    return unexpected(ErrorCode::kOutOfRange,
                      fmt::format("offset {} of {}, partition {}, is outside the log ({} to {})", offset,
                                  topic_family(at.topic), at.partition, bounds.begin, bounds.end));
  }
  const auto after = std::ranges::upper_bound(found.base_offsets, offset);
  ReadRange range;
  range.segment = {at, *std::prev(after)};
  range.sealed = after != found.base_offsets.end();
  if (!range.sealed) {
    range.end_position = found.last.end_position;
    range.nearest = found.last.find(range.segment, offset);
  }
  return std::optional(range);
}

EndOffset Published::bounds(TopicPartition at) const {
  const std::lock_guard lock(mutex_);
  return bounds_of(at, segments(at));
}

std::uint64_t Published::version() const {
  const std::lock_guard lock(mutex_);
  return version_;
}

void Published::wait_for_change(std::uint64_t seen, std::chrono::steady_clock::time_point deadline) const {
  std::unique_lock lock(mutex_);
  changed_.wait_until(lock, deadline, [&] { return version_ != seen; });
}

void Published::publish(const std::vector<Growth>& growth) {
  const std::lock_guard lock(mutex_);
  for (const auto& [at, base_offset, index] : growth) {
    PartitionSegments& grown = segments_[static_cast<std::size_t>(at.topic) * partition_count_ + at.partition];
    if (grown.base_offsets.empty() || grown.base_offsets.back() != base_offset) {
      grown.base_offsets.push_back(base_offset);
      grown.last = {};
    }
    // An index only gets longer; what is published already is not copied again.
    std::vector<IndexEntry> entries = std::move(grown.last.entries);
    entries.insert(entries.end(), index->entries.begin() + static_cast<std::ptrdiff_t>(entries.size()),
                   index->entries.end());
    grown.last = {index->end_offset, index->end_position, index->last_timestamp_ms, std::move(entries)};
  }
  ++version_;
  changed_.notify_all();
}

}  // namespace daybook::log
