#include "log/embedded/directory.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <map>

#include "base/hash.h"

namespace daybook::log {
namespace {

constexpr std::int32_t kPartitionCountDefault = 8;
constexpr std::string_view kManifestName = "MANIFEST";
constexpr std::string_view kLockName = "LOCK";

Result<void> make_directory(const std::string& path) {
  // Level by level, each made durable in the one above.
  const std::filesystem::path whole = std::filesystem::absolute(path).lexically_normal();
  std::filesystem::path made;
  for (const std::filesystem::path& part : whole) {
    const std::filesystem::path parent = made;
    made /= part;
    std::error_code failure;
    if (!std::filesystem::create_directory(made, failure)) {
      if (failure) return system_error("make the folder", made.string(), failure.value());
      continue;
    }
    RETURN_IF_ERROR(sync_directory(parent.string()));
  }
  return {};
}

Result<File> take_lock(const std::string& directory) {
  ASSIGN_OR_RETURN(File lock, File::open(directory + "/" + std::string(kLockName), O_RDWR | O_CREAT));
  if (::flock(lock.descriptor(), LOCK_EX | LOCK_NB) == 0) return lock;
  if (errno != EWOULDBLOCK) return system_error("lock", lock.path(), errno);
  return unexpected(ErrorCode::kBusy,
                    fmt::format("the log in {} is open in another process; only one may write it", directory));
}

struct LogManifest {
  std::int32_t partition_count = 0;
  bool recorded_as_told = false;
};

// A log whose times are told is of version 2, so that a program that does not know of it refuses it.
std::string manifest_text(const LogManifest& manifest) {
  const std::string facts =
      fmt::format("daybook embedded log\nversion {}\npartitions {}\n{}", manifest.recorded_as_told ? 2 : 1,
                  manifest.partition_count, manifest.recorded_as_told ? "recorded as told\n" : "");
  return fmt::format("{}checksum {:016x}\n", facts, hash64(facts));
}

Result<LogManifest> parse_manifest(const std::string& path, const std::string& text) {
  int version = 0;
  LogManifest manifest;
  if (std::sscanf(text.c_str(), "daybook embedded log\nversion %d\npartitions %d\n", &version,
                  &manifest.partition_count) < 1) {
    return unexpected(ErrorCode::kCorrupt, path + ": not the manifest of a log; restore the file");
  }
  if (version != 1 && version != 2) {
    return unexpected(ErrorCode::kMismatch,
                      fmt::format("{}: the log is of version {}, this program reads versions 1 and 2", path, version));
  }
  manifest.recorded_as_told = version == 2;
  if (manifest.partition_count < 1 || text != manifest_text(manifest)) {
    return unexpected(ErrorCode::kCorrupt, path + ": damaged; restore the file");
  }
  return manifest;
}

Result<LogManifest> settle_manifest(const DirectoryOptions& options, const std::string& directory, bool has_segments) {
  const std::string path = directory + "/" + std::string(kManifestName);
  const Result<std::string> text = read_file(path);
  if (text) {
    ASSIGN_OR_RETURN(const LogManifest stored, parse_manifest(path, *text));
    if (options.partition_count == 0 || options.partition_count == stored.partition_count) {
      return stored;
    }
    return unexpected(ErrorCode::kMismatch,
                      fmt::format("the log in {} has {} partitions, not {}, and a log keeps its count: give {}",
                                  directory, stored.partition_count, options.partition_count, stored.partition_count));
  }
  if (text.error().code != ErrorCode::kNotFound || options.read_only) {
    return unexpected(text.error());
  }
  if (has_segments) {
    return unexpected(ErrorCode::kCorrupt, path + ": missing beside segments; restore the file");
  }
  LogManifest made;
  made.partition_count = options.partition_count == 0 ? kPartitionCountDefault : options.partition_count;
  made.recorded_as_told = options.mark_as_told;
  RETURN_IF_ERROR(write_file_durably(directory, std::string(kManifestName), manifest_text(made)));
  return made;
}

using SegmentsFound = std::map<TopicPartition, std::vector<std::int64_t>>;

Result<SegmentsFound> find_segments(const std::string& directory) {
  std::error_code failure;
  std::filesystem::directory_iterator files(directory, failure);
  if (failure) return system_error("list", directory, failure.value());
  SegmentsFound found;
  std::vector<SegmentName> indexed;
  for (const std::filesystem::directory_entry& file : files) {
    const std::string name = file.path().filename().string();
    if (const auto segment = parse_segment_file(name)) found[segment->at].push_back(segment->base_offset);
    if (const auto segment = parse_index_file(name)) indexed.push_back(*segment);
  }
  for (auto& [at, base_offsets] : found) std::ranges::sort(base_offsets);
  // An index is written beside a segment that is there: without it, events are gone.
  for (const SegmentName& name : indexed) {
    if (!std::ranges::binary_search(found[name.at], name.base_offset)) {
      return unexpected(ErrorCode::kCorrupt, fmt::format("{}/{}: missing beside its index; restore the file", directory,
                                                         segment_file(name)));
    }
  }
  return found;
}

// A segment that must be whole: others follow it.
Result<SegmentIndex> check_sealed(const std::string& directory, const SegmentName& name, std::int64_t next_base_offset,
                                  std::int64_t timestamp_ms) {
  ASSIGN_OR_RETURN(const File file, File::open(directory + "/" + segment_file(name), O_RDONLY));
  ASSIGN_OR_RETURN(const std::uint64_t size, file.size());
  SegmentIndex index;
  const Result<std::string> bytes = read_file(directory + "/" + index_file(name));
  std::optional<SegmentIndex> stored;
  if (bytes) stored = decode_index(name, *bytes);
  if (stored) {
    index = std::move(*stored);
  } else {
    RETURN_IF_ERROR(check_segment_header(file, name));
    index.end_offset = name.base_offset;
    index.last_timestamp_ms = timestamp_ms;
    ASSIGN_OR_RETURN(index, scan_segment(file, name, std::move(index)));
  }
  if (index.end_position == size && index.end_offset == next_base_offset) return index;
  return unexpected(ErrorCode::kCorrupt,
                    fmt::format("{}: {} bytes up to offset {}, but there should be {} up to offset {}, where the "
                                "next segment begins; restore the files",
                                file.path(), size, index.end_offset, index.end_position, next_base_offset));
}

// The segment that grows: all of it up to a torn tail, which is cut off.
Result<SegmentIndex> recover_last(const DirectoryOptions& options, const std::string& directory,
                                  const SegmentName& name, std::int64_t timestamp_ms) {
  ASSIGN_OR_RETURN(File file, File::open(directory + "/" + segment_file(name), options.read_only ? O_RDONLY : O_RDWR));
  RETURN_IF_ERROR(check_segment_header(file, name));
  SegmentIndex known;
  known.end_offset = name.base_offset;
  known.last_timestamp_ms = timestamp_ms;
  const Result<std::string> bytes = read_file(directory + "/" + index_file(name));
  std::optional<SegmentIndex> stored;
  if (bytes) stored = decode_index(name, *bytes);
  if (stored) known = std::move(*stored);

  ASSIGN_OR_RETURN(const std::uint64_t size, file.size());
  if (size < known.end_position) {
    return unexpected(ErrorCode::kCorrupt, fmt::format("{}: {} bytes, but {} had been synced; restore the file",
                                                       file.path(), size, known.end_position));
  }
  ASSIGN_OR_RETURN(SegmentIndex whole, scan_segment(file, name, std::move(known)));
  if (options.read_only) return whole;
  if (whole.end_position < size) {
    RETURN_IF_ERROR(file.truncate(whole.end_position));
    if (options.on_notice) {
      options.on_notice(
          fmt::format("{}: cut off {} bytes that a crash left unfinished", file.path(), size - whole.end_position));
    }
  }
  // Records that were written but not yet synced are about to be read.
  RETURN_IF_ERROR(file.sync());
  return whole;
}

Result<PartitionSegments> open_partition(const DirectoryOptions& options, const std::string& directory,
                                         TopicPartition at, std::vector<std::int64_t> base_offsets) {
  PartitionSegments segments;
  std::int64_t timestamp_ms = 0;
  for (std::size_t i = 0; i + 1 < base_offsets.size(); ++i) {
    ASSIGN_OR_RETURN(const SegmentIndex index,
                     check_sealed(directory, {at, base_offsets[i]}, base_offsets[i + 1], timestamp_ms));
    timestamp_ms = index.last_timestamp_ms;
  }
  ASSIGN_OR_RETURN(segments.last, recover_last(options, directory, {at, base_offsets.back()}, timestamp_ms));
  segments.base_offsets = std::move(base_offsets);
  return segments;
}

// Before the first record, so that no crash leaves a told time in a log that does not say so.
Result<void> mark_as_told(const OpenedDirectory& opened) {
  for (const PartitionSegments& segments : opened.segments) {
    if (segments.last.end_offset == 0) continue;
    return unexpected(ErrorCode::kMismatch,
                      fmt::format("the log in {} has records already, and a story is told into an "
                                  "empty log only: name another folder",
                                  opened.path));
  }
  if (opened.recorded_as_told) return {};
  return write_file_durably(opened.path, std::string(kManifestName), manifest_text({opened.partition_count, true}));
}

}  // namespace

Result<OpenedDirectory> open_directory(const DirectoryOptions& options) {
  OpenedDirectory opened;
  opened.path = options.data_directory + "/log";
  if (!options.read_only) {
    RETURN_IF_ERROR(make_directory(opened.path));
    ASSIGN_OR_RETURN(opened.lock, take_lock(opened.path));
  }
  ASSIGN_OR_RETURN(SegmentsFound found, find_segments(opened.path));
  ASSIGN_OR_RETURN(const LogManifest manifest, settle_manifest(options, opened.path, !found.empty()));
  opened.partition_count = manifest.partition_count;
  opened.recorded_as_told = manifest.recorded_as_told;
  opened.segments.resize(kTopicCount * opened.partition_count);
  for (auto& [at, base_offsets] : found) {
    if (at.partition >= opened.partition_count) {
      return unexpected(ErrorCode::kCorrupt,
                        fmt::format("{}/{}: a log of {} partitions has no such one", opened.path,
                                    segment_file({at, base_offsets.front()}), opened.partition_count));
    }
    PartitionSegments& segments =
        opened.segments[static_cast<std::size_t>(at.topic) * opened.partition_count + at.partition];
    ASSIGN_OR_RETURN(segments, open_partition(options, opened.path, at, std::move(base_offsets)));
    opened.last_timestamp_ms = std::max(opened.last_timestamp_ms, segments.last.last_timestamp_ms);
  }
  if (options.mark_as_told) {
    RETURN_IF_ERROR(mark_as_told(opened));
    opened.recorded_as_told = true;
  }
  return opened;
}

}  // namespace daybook::log
