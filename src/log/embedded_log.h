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

}  // namespace daybook::log
