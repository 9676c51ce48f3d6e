// Lines of a file, unpacked while they are read: memory does not grow with the file.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace daybook::gateway {

// Bytes one after the other. One thread at a time.
class ByteSource {
 public:
  virtual ~ByteSource() = default;
  // Fills some of `into`; 0 at the end. kCorrupt when packed bytes are damaged or cut off.
  virtual Result<std::size_t> read(std::span<char> into) = 0;
};

// A file, or standard input for "-". What begins as gzip or zstd is unpacked, whatever its name.
Result<std::unique_ptr<ByteSource>> open_bytes(const std::string& path);

class LineSource {
 public:
  explicit LineSource(std::unique_ptr<ByteSource> bytes) : bytes_(std::move(bytes)) {}

  // The next line without its break, until the next call; nothing at the end. A byte order mark in front
  // of the first is left out. kInvalidArgument for a line above kLineBytesMax, and for a file in UTF-16.
  // Errors name the line.
  Result<std::optional<std::string_view>> next();
  // Of the line given last, from 1.
  std::uint64_t number() const { return number_; }

  static constexpr std::size_t kLineBytesMax = 8 * 1024 * 1024;

 private:
  // What begins the file is none of its first line, or says that it is no UTF-8.
  Result<std::optional<std::string_view>> checked(std::string_view line) const;

  std::unique_ptr<ByteSource> bytes_;
  std::string buffer_;
  // Where the next line begins in buffer_.
  std::size_t begin_ = 0;
  std::uint64_t number_ = 0;
  bool ended_ = false;
};

}  // namespace daybook::gateway
