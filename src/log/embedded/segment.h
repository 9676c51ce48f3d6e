// Segment files and their indexes, as docs/formats.md ("Embedded log") draws them.
//
// A topic-partition is a row of segments; only the last grows. Each segment that is full has an
// index beside it, and so has the last one of a log that was closed in good order:
//
//   created ──► grows (synced group by group) ──► sealed: index written ──► never changes again
//
// An index says how far its segment reached: all of that had been synced. Besides it is derived
// from the segment, and made again when it is missing or damaged.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/file.h"
#include "log/log.h"

namespace daybook::log {

inline constexpr std::size_t kSegmentHeaderSize = 40;

// A record at least every so many bytes is in the index.
inline constexpr std::uint64_t kIndexStride = 64 * 1024;

struct SegmentName {
  TopicPartition at;
  std::int64_t base_offset = 0;
};
// "invoices-3-00000000000000000042".
std::string segment_stem(const SegmentName& name);
std::string segment_file(const SegmentName& name);
std::string index_file(const SegmentName& name);
// Nothing unless `file` is the name of a segment file: partition and offset from 0 on.
std::optional<SegmentName> parse_segment_file(std::string_view file);
// Likewise of the file of a segment's index.
std::optional<SegmentName> parse_index_file(std::string_view file);

struct IndexEntry {
  std::uint32_t relative_offset = 0;  // Less the segment's first.
  std::uint64_t position = 0;
};

// What is known of the records of one segment, all of them whole and synced.
struct SegmentIndex {
  // Offset and position of the next record.
  std::int64_t end_offset = 0;
  std::uint64_t end_position = kSegmentHeaderSize;
  // Highest timestamp, of the segments before too.
  std::int64_t last_timestamp_ms = 0;
  std::vector<IndexEntry> entries;

  // Notes the record at the end, of `size` bytes.
  void add(const SegmentName& name, std::size_t size, std::int64_t timestamp_ms);
  // The last entry at or below `offset`; the segment's start when there is none.
  IndexEntry find(const SegmentName& name, std::int64_t offset) const;
};

std::string encode_segment_header(const SegmentName& name);
// kCorrupt unless the file begins with the header that its name asks for.
Result<void> check_segment_header(const File& file, const SegmentName& name);

std::string encode_index(const SegmentName& name, const SegmentIndex& index);
// Nothing when `bytes` are no index of this segment.
std::optional<SegmentIndex> decode_index(const SegmentName& name, std::string_view bytes);

// Goes on from `known` to the end of the segment, or to the first record that is not whole. That is
// a torn tail, left by a crash before its group was synced, unless a whole record behind it proves
// that it had been synced: then kCorrupt.
Result<SegmentIndex> scan_segment(const File& file, const SegmentName& name, SegmentIndex known);

}  // namespace daybook::log
