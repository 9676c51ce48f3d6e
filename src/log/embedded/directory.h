// The folder of an embedded log: its lock, its manifest, and its segments brought into order.
#pragma once

#include <functional>

#include "log/embedded/published.h"

namespace daybook::log {

struct DirectoryOptions {
  // Made when it is not there. The log's files are in its folder `log`.
  std::string data_directory;
  // 0: as the manifest says.
  std::int32_t partition_count = 0;
  // Takes no lock, changes nothing, and gives what is whole now.
  bool read_only = false;
  // Marks the log as one whose times are told; kMismatch when it has records.
  bool mark_as_told = false;
  // Told when a torn tail is cut off.
  std::function<void(const std::string&)> on_notice;
};

// What was found.
struct OpenedDirectory {
  std::string path;
  // Held for as long as the log is open; not open when reading only.
  File lock;
  std::int32_t partition_count = 0;
  bool recorded_as_told = false;
  // By topic, then partition. All of it is whole and synced.
  std::vector<PartitionSegments> segments;
  std::int64_t last_timestamp_ms = 0;
};

// Opens the log of `options`, makes it if it is not there, and cuts off what a crash left unsynced.
// Errors:
//   kBusy         another process has it open for writing;
//   kMismatch     it has another partition count, or is of another version, or has records and is to
//                 be marked as told;
//   kNotFound     reading only, and there is none;
//   kCorrupt      bytes that had been synced are damaged or missing;
//   kUnavailable  the file system says no.
Result<OpenedDirectory> open_directory(const DirectoryOptions& options);

}  // namespace daybook::log
