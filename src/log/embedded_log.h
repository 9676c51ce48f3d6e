// The embedded log: a folder of checksummed segment files, for one process that writes and is its
// own broker. docs/formats.md ("Embedded log") draws the files byte by byte.
#pragma once

#include "log/log.h"

namespace daybook::log {

struct EmbeddedLogOptions {
  // The log is in its folder `log`; both are made when they are not there.
  std::string data_directory;
  // Fixed when the log is made. 0 takes what is there, or 8.
  std::int32_t partition_count = 0;
  // For tools beside a running writer: no lock, no change, and the records of the moment of
  // opening. The newest may not be synced yet.
  bool read_only = false;
  // A segment at least this long is followed by a new one.
  std::uint64_t segment_bytes = 64 * 1024 * 1024;
  // Milliseconds since 1970; left out, the system's clock. Where it goes back the recorded time
  // stands still.
  std::function<std::int64_t()> now_ms;
  // Left out, fdatasync(2). For tests that stall or fail it.
  std::function<int(int descriptor)> sync;
  // Told what an operator should know: that a torn tail was cut off.
  std::function<void(const std::string&)> on_notice;
};

// Appends are acknowledged, and seen by readers, once they are synced; those that wait together
// share one sync. Errors:
//   kBusy         another process has it open for writing;
//   kMismatch     it has another partition count, or is of another version;
//   kNotFound     reading only, and there is none;
//   kCorrupt      bytes that had been synced are damaged or missing;
//   kUnavailable  the file system says no.
Result<std::unique_ptr<Log>> open_embedded_log(EmbeddedLogOptions options);

// Writes an embedded log whose recorded times are those of a story, so that a history made today can
// be asked what was known then. The log says of itself that it is such a one (recorded_as_told());
// what is appended to it later, by open_embedded_log(), is recorded at its real time, or at the last
// of the story where that is later. One thread at a time.
class ToldLog {
 public:
  virtual ~ToldLog() = default;

  // Appends `records`, the first recorded at recorded_ms[0] and so on (milliseconds since 1970, as
  // many as records); one that is below the time before is recorded at that. All are durable when it
  // returns. After an error the log is of no use: begin again with another folder.
  virtual Result<void> append(std::vector<NewRecord> records, std::vector<std::int64_t> recorded_ms) = 0;
};

// Makes the log, or takes one without a record, and marks it as told. `now_ms` and `read_only` have
// no meaning here. Errors as above, and:
//   kMismatch     it has records.
Result<std::unique_ptr<ToldLog>> open_told_log(EmbeddedLogOptions options);

}  // namespace daybook::log
