// Files: positioned reads and writes, and what makes them durable.
//
// A failure says what was tried, on which path, and why the system refused. Its code is kNotFound
// when the path is not there, else kUnavailable.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace daybook {

class File {
 public:
  File() = default;
  // `flags` as for open(2). A file made is 0644.
  static Result<File> open(const std::string& path, int flags);
  File(File&& other) noexcept;
  File& operator=(File&& other) noexcept;
  ~File();

  bool is_open() const { return descriptor_ >= 0; }
  int descriptor() const { return descriptor_; }
  const std::string& path() const { return path_; }

  Result<std::uint64_t> size() const;
  // Up to `size` bytes at `position`; fewer only at the end of the file.
  Result<std::size_t> read_at(char* into, std::size_t size, std::uint64_t position) const;
  // All of `bytes`; on failure some of them may be in the file.
  Result<void> write_at(std::string_view bytes, std::uint64_t position);
  Result<void> truncate(std::uint64_t size);
  Result<void> sync();

 private:
  File(int descriptor, std::string path) : descriptor_(descriptor), path_(std::move(path)) {}
  void close();

  int descriptor_ = -1;
  std::string path_;
};

// "cannot `action` `path`: " and the words for `error_number`.
Unexpected system_error(std::string_view action, const std::string& path, int error_number);

Result<std::string> read_file(const std::string& path);
// After this either the old file or the whole new one is at `directory`/`name`, whatever happens.
Result<void> write_file_durably(const std::string& directory, const std::string& name, std::string_view bytes);
// Makes creations, renames and removals in `directory` durable.
Result<void> sync_directory(const std::string& directory);

}  // namespace daybook
