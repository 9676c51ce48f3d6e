// Reads the embedded log in large blocks; records are views into the block.
#pragma once

#include "log/embedded/published.h"
#include "log/embedded/record_format.h"

namespace daybook::log {

class EmbeddedReader final : public Reader {
 public:
  // `published` and the files in `directory` must outlive the reader.
  EmbeddedReader(std::string directory, const Published& published, std::vector<StartPosition> starts);

  Result<std::span<const Record>> poll(std::size_t records_max, std::chrono::milliseconds timeout) override;
  std::int64_t position(TopicPartition at) const override;
  std::optional<Error> trouble() const override;

 private:
  // How far one topic-partition has been read.
  struct Cursor {
    TopicPartition at;
    // Offset of the next record to give, and of the one at `position`: less while seeking.
    std::int64_t wanted = 0;
    std::int64_t offset = 0;
    std::uint64_t position = 0;
    // The segment that is open; without one, `offset` and `position` mean nothing.
    SegmentName segment;
    File file;
    std::optional<Error> fault;  // Why it could not be read last.
  };

  // Collects records: from the rest of the block first, else from a new one. False when there was
  // nothing to read.
  Result<bool> collect(std::size_t records_max);
  // Makes the cursor stand in the segment of `range`, at or below the offset it wants.
  Result<void> enter_segment(Cursor& cursor, const ReadRange& range);
  // Reads what there is for the cursor behind the `used_` bytes of the block; nothing if not one
  // record fits there.
  Result<void> read_block(Cursor& cursor);
  // Takes whole records of `current_` off `rest_`.
  Result<void> take_records(std::size_t records_max);
  // Keeps what a read of `current_` came to. An error that does not pass is handed on.
  Result<void> note(const Result<void>& outcome);

  const std::string directory_;
  const Published& published_;
  std::vector<Cursor> cursors_;
  std::size_t next_cursor_ = 0;

  // Holds pieces of several topic-partitions, the last of which may not be given out yet.
  std::string block_;
  std::size_t used_ = 0;
  // The part of the block not given out, and whose it is.
  std::string_view rest_;
  Cursor* current_ = nullptr;
  std::vector<Record> records_;
};

}  // namespace daybook::log
