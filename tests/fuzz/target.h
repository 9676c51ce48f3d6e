// What fuzz targets share. A target is LLVMFuzzerTestOneInput() over the bytes that something of ours reads; what it
// finds ends the process, so that libFuzzer, and replay.cc, tell of the input.
#pragma once

#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

// Any bytes will do. Always 0, as libFuzzer wants it.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace daybook::fuzz {

// Ends the process where `holds` is false: `what` says what should have been.
inline void expect(bool holds, std::string_view what) {
  if (holds) return;
  std::fprintf(stderr, "not so: %.*s\n", static_cast<int>(what.size()), what.data());
  std::abort();
}

// Bytes on the heap to their last one, so that a sanitizer sees what is read past them.
class Exact {
 public:
  explicit Exact(std::string_view bytes) : bytes_(bytes.begin(), bytes.end()) {}
  std::string_view view() const { return {bytes_.data(), bytes_.size()}; }

 private:
  std::vector<char> bytes_;
};

// An input taken apart from its front on.
class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size) : rest_(reinterpret_cast<const char*>(data), size) {}

  // 0 at the end.
  std::uint8_t byte() {
    if (rest_.empty()) return 0;
    const auto first = static_cast<std::uint8_t>(rest_.front());
    rest_.remove_prefix(1);
    return first;
  }
  // Up to the separator, which is passed over; all that is left where there is none.
  std::string_view until(char separator) {
    const std::string_view part = rest_.substr(0, rest_.find(separator));
    rest_.remove_prefix(part.size() + (part.size() < rest_.size()));
    return part;
  }
  std::string_view rest() const { return rest_; }

 private:
  std::string_view rest_;
};

// Reading takes time with the bytes: `read(text)` of a text that is `piece` over and over, some 256 KiB of it, ends
// in seconds, with sanitizers too; one step for each pair of bytes would take minutes. Looked at for one piece in 64.
template <typename Read>
void expect_linear(std::string_view piece, const Read& read) {
  constexpr std::size_t kSize = 256 * 1024;
  constexpr double kSecondsMax = 5;
  std::uint32_t sum = 0;
  for (const char c : piece) sum = sum * 31 + static_cast<unsigned char>(c);
  if (piece.empty() || sum % 64 != 0) return;
  std::string text;
  while (text.size() + piece.size() <= kSize) text += piece;
  const auto now = [] {
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
  };
  const double begin = now();
  read(text);
  expect(now() - begin < kSecondsMax, "time goes with the bytes read");
}

// A file in memory, for what reads files by their path.
class MemoryFile {
 public:
  explicit MemoryFile(std::string_view bytes) : descriptor_(::memfd_create("fuzz", 0)) {
    expect(descriptor_ >= 0, "there is memory for a file");
    while (!bytes.empty()) {
      const ssize_t count = ::write(descriptor_, bytes.data(), bytes.size());
      expect(count > 0, "there is memory for a file");
      bytes.remove_prefix(static_cast<std::size_t>(count));
    }
  }
  ~MemoryFile() { ::close(descriptor_); }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;

  std::string path() const { return "/proc/self/fd/" + std::to_string(descriptor_); }

 private:
  const int descriptor_;
};

}  // namespace daybook::fuzz
