// What readers may see: the segments of each topic-partition, and how far the last one is synced.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <vector>

#include "log/embedded/segment.h"

namespace daybook::log {

// The segments of one topic-partition; both are empty before its first record.
struct PartitionSegments {
  std::vector<std::int64_t> base_offsets;
  // Of the last segment.
  SegmentIndex last;
};

// Where to read on from an offset.
struct ReadRange {
  SegmentName segment;
  // A sealed segment is read to the end of its file, the last one to `end_position`.
  bool sealed = false;
  std::uint64_t end_position = 0;
  // For the last segment: the indexed record at or below the offset asked for.
  IndexEntry nearest;
};

// Thread-safe.
class Published {
 public:
  // By topic, then partition.
  Published(std::int32_t partition_count, std::vector<PartitionSegments> segments);

  // Nothing when `offset` is the end; kOutOfRange when it is outside the log.
  Result<std::optional<ReadRange>> locate(TopicPartition at, std::int64_t offset) const;
  EndOffset bounds(TopicPartition at) const;

  // Goes up with every publish().
  std::uint64_t version() const;
  // Waits until the version is not `seen`, or the deadline.
  void wait_for_change(std::uint64_t seen, std::chrono::steady_clock::time_point deadline) const;

  // How far one topic-partition has grown. `index` is that of the segment that starts at
  // `base_offset`, the last one or the one after it.
  struct Growth {
    TopicPartition at;
    std::int64_t base_offset = 0;
    const SegmentIndex* index = nullptr;
  };
  void publish(const std::vector<Growth>& growth);

 private:
  const PartitionSegments& segments(TopicPartition at) const {
    return segments_[static_cast<std::size_t>(at.topic) * partition_count_ + at.partition];
  }

  const std::int32_t partition_count_;
  mutable std::mutex mutex_;  // Guards what follows.
  mutable std::condition_variable changed_;
  std::uint64_t version_ = 0;
  std::vector<PartitionSegments> segments_;
};

}  // namespace daybook::log
