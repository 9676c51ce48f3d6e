#include "log/embedded/reader.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>

#include "base/ensure.h"

namespace daybook::log {
namespace {

// Large enough that a system call is nothing, small enough to stay in the cache until it is
// decoded.
constexpr std::size_t kBlockSize = 512 * 1024;
// Less room than this in the block is not worth a read.
constexpr std::size_t kPieceMin = 16 * 1024;

Unexpected damaged(const File& file, std::uint64_t position, std::int64_t offset) {
  return unexpected(
      ErrorCode::kCorrupt,
      fmt::format("{}: the record at byte {} (offset {}) is damaged; restore the file", file.path(), position, offset));
}

}  // namespace

EmbeddedReader::EmbeddedReader(std::string directory, const Published& published, std::vector<StartPosition> starts)
    : directory_(std::move(directory)), published_(published), block_(kBlockSize, '\0') {
  for (const auto& [at, offset] : starts) {
    Cursor cursor;
    cursor.at = at;
    cursor.wanted = offset;
    cursors_.push_back(std::move(cursor));
  }
}

Result<std::span<const Record>> EmbeddedReader::poll(std::size_t records_max, std::chrono::milliseconds timeout) {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  records_.clear();
  while (true) {
    const std::uint64_t seen = published_.version();
    ASSIGN_OR_RETURN(const bool progress, collect(records_max));
    if (!records_.empty()) break;
    if (progress) continue;
    if (std::chrono::steady_clock::now() >= deadline) break;
    published_.wait_for_change(seen, deadline);
  }
  if (records_.empty()) {
    if (auto fault = trouble()) return unexpected(*std::move(fault));
  }
  return std::span<const Record>(records_);
}

std::int64_t EmbeddedReader::position(TopicPartition at) const {
  const auto cursor = std::ranges::find(cursors_, at, &Cursor::at);
  ENSURE(cursor != cursors_.end(), "only what is read has a position");
  return cursor->wanted;
}

std::optional<Error> EmbeddedReader::trouble() const {
  const auto cursor = std::ranges::find_if(cursors_, [](const Cursor& each) { return each.fault.has_value(); });
  return cursor == cursors_.end() ? std::nullopt : cursor->fault;
}

Result<void> EmbeddedReader::note(const Result<void>& outcome) {
  current_->fault.reset();
  if (outcome) return {};
  rest_ = {};
  if (outcome.error().code != ErrorCode::kUnavailable && outcome.error().code != ErrorCode::kCorrupt) return outcome;
  current_->fault = outcome.error();
  return {};
}

Result<bool> EmbeddedReader::collect(std::size_t records_max) {
  if (!rest_.empty()) RETURN_IF_ERROR(note(take_records(records_max)));
  // The block may be written over only once nothing given out by this poll points into it.
  if (!records_.empty()) return true;
  used_ = 0;
  for (std::size_t tried = 0; tried < cursors_.size(); ++tried) {
    if (records_.size() >= records_max || block_.size() - used_ < kPieceMin) break;
    // Each begins with the next one, so that a long one does not keep the others out.
    current_ = &cursors_[next_cursor_];
    next_cursor_ = (next_cursor_ + 1) % cursors_.size();
    const std::size_t used_before = used_;
    const std::size_t given_before = records_.size();
    Result<void> outcome = read_block(*current_);
    if (outcome && !rest_.empty()) outcome = take_records(records_max);
    RETURN_IF_ERROR(note(outcome));
    // What gave nothing is no progress.
    if (current_->fault && records_.size() == given_before) used_ = used_before;
    if (!rest_.empty()) break;
  }
  return used_ > 0;
}

Result<void> EmbeddedReader::read_block(Cursor& cursor) {
  ASSIGN_OR_RETURN(const std::optional<ReadRange> range, published_.locate(cursor.at, cursor.wanted));
  if (!range) return {};
  if (!cursor.file.is_open() || cursor.segment.base_offset != range->segment.base_offset) {
    RETURN_IF_ERROR(enter_segment(cursor, *range));
  }
  std::uint64_t end = range->end_position;
  if (range->sealed) {
    ASSIGN_OR_RETURN(end, cursor.file.size());
  }
  if (cursor.position >= end) return damaged(cursor.file, cursor.position, cursor.offset);
  const std::size_t size = std::min<std::uint64_t>(end - cursor.position, block_.size() - used_);
  ASSIGN_OR_RETURN(const std::size_t got, cursor.file.read_at(block_.data() + used_, size, cursor.position));
  if (got < size) return damaged(cursor.file, cursor.position + got, cursor.offset);

  const std::string_view piece(block_.data() + used_, got);
  DecodedRecord first;
  if (decode_record(piece, cursor.segment.base_offset, first) != Decoding::kCutShort) {
    rest_ = piece;
    used_ += got;
    return {};
  }
  if (got == end - cursor.position) return damaged(cursor.file, cursor.position, cursor.offset);
  // Not even one record fits. With the block to itself it is made large enough; else it waits.
  if (used_ > 0) return {};
  block_.resize(std::max(first.size, 2 * block_.size()));
  return read_block(cursor);
}

Result<void> EmbeddedReader::enter_segment(Cursor& cursor, const ReadRange& range) {
  ASSIGN_OR_RETURN(File file, File::open(directory_ + "/" + segment_file(range.segment), O_RDONLY));
  RETURN_IF_ERROR(check_segment_header(file, range.segment));
  IndexEntry nearest = range.nearest;
  if (range.sealed) {
    nearest = {0, kSegmentHeaderSize};
    if (cursor.wanted != range.segment.base_offset) {
      // Without its index the segment is read from its start.
      const Result<std::string> bytes = read_file(directory_ + "/" + index_file(range.segment));
      if (bytes) {
        const std::optional<SegmentIndex> index = decode_index(range.segment, *bytes);
        if (index) nearest = index->find(range.segment, cursor.wanted);
      }
    }
  }
  // A read that failed leaves the cursor where it was, and is tried again from there.
  cursor.file = std::move(file);
  cursor.segment = range.segment;
  cursor.offset = range.segment.base_offset + nearest.relative_offset;
  cursor.position = nearest.position;
  return {};
}

Result<void> EmbeddedReader::take_records(std::size_t records_max) {
  Cursor& cursor = *current_;
  DecodedRecord record;
  while (!rest_.empty() && records_.size() < records_max) {
    const Decoding decoding = decode_record(rest_, cursor.segment.base_offset, record);
    if (decoding == Decoding::kCutShort) {
      // The next block begins with it.
      rest_ = {};
      break;
    }
    if (decoding == Decoding::kDamaged || record.place.offset != cursor.offset) {
      rest_ = {};
      return damaged(cursor.file, cursor.position, cursor.offset);
    }
    if (cursor.offset >= cursor.wanted) {
      records_.push_back(
          {cursor.at.topic, cursor.at.partition, cursor.offset, record.place.timestamp_ms, record.key, record.value});
      cursor.wanted = cursor.offset + 1;
    }
    ++cursor.offset;
    cursor.position += record.size;
    rest_.remove_prefix(record.size);
  }
  return {};
}

}  // namespace daybook::log
