#include "gateway/line_source.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <vector>

#include "base/text.h"

namespace daybook::gateway {
namespace {

constexpr std::size_t kBlockBytes = 64 * 1024;

class FileSource final : public ByteSource {
 public:
  FileSource(int file, std::string name, bool owned) : file_(file), name_(std::move(name)), owned_(owned) {}
  ~FileSource() override {
    if (owned_) ::close(file_);
  }

  Result<std::size_t> read(std::span<char> into) override {
    ssize_t count = 0;
    do {
      count = ::read(file_, into.data(), into.size());
    } while (count < 0 && errno == EINTR);
    if (count < 0) {
      return unexpected(ErrorCode::kUnavailable, fmt::format("cannot read {}: {}", name_, std::strerror(errno)));
    }
    return static_cast<std::size_t>(count);
  }

 private:
  const int file_;
  const std::string name_;
  const bool owned_;
};

// The bytes of another source, and a look at those to come.
class Block {
 public:
  explicit Block(std::unique_ptr<ByteSource> from) : from_(std::move(from)), bytes_(kBlockBytes) {}

  // Reads on when all is used up; nothing in rest() then is the end.
  Result<void> refill() {
    if (begin_ == end_) begin_ = end_ = 0;
    return begin_ == end_ ? append() : Result<void>();
  }
  // Reads until there are `size` bytes, or the end.
  Result<void> gather(std::size_t size) {
    for (std::size_t before = end_ + 1; end_ - begin_ < size && before != end_;) {
      before = end_;
      RETURN_IF_ERROR(append());
    }
    return {};
  }
  std::span<char> rest() { return std::span(bytes_).subspan(begin_, end_ - begin_); }
  void use(std::size_t size) { begin_ += size; }

 private:
  Result<void> append() {
    ASSIGN_OR_RETURN(const std::size_t size, from_->read(std::span(bytes_).subspan(end_)));
    end_ += size;
    return {};
  }

  std::unique_ptr<ByteSource> from_;
  std::vector<char> bytes_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

class PlainSource final : public ByteSource {
 public:
  explicit PlainSource(Block block) : block_(std::move(block)) {}

  Result<std::size_t> read(std::span<char> into) override {
    RETURN_IF_ERROR(block_.refill());
    const std::size_t size = std::min(into.size(), block_.rest().size());
    std::copy_n(block_.rest().begin(), size, into.begin());
    block_.use(size);
    return size;
  }

 private:
  Block block_;
};

class GzipSource final : public ByteSource {
 public:
  explicit GzipSource(Block block) : block_(std::move(block)) {
    // Largest window, gzip framing alone.
    ready_ = ::inflateInit2(&stream_, 15 + 16) == Z_OK;
  }
  ~GzipSource() override { ::inflateEnd(&stream_); }

  Result<std::size_t> read(std::span<char> into) override {
    if (!ready_) return unexpected(ErrorCode::kInternal, "zlib cannot be had");
    stream_.next_out = reinterpret_cast<Bytef*>(into.data());
    stream_.avail_out = static_cast<uInt>(into.size());
    while (stream_.avail_out == into.size()) {
      RETURN_IF_ERROR(block_.refill());
      const auto rest = block_.rest();
      if (rest.empty() && between_members_) return std::size_t{0};
      if (rest.empty()) return unexpected(ErrorCode::kCorrupt, "the gzip stream is cut off");
      between_members_ = false;
      stream_.next_in = reinterpret_cast<Bytef*>(rest.data());
      stream_.avail_in = static_cast<uInt>(rest.size());
      const int state = ::inflate(&stream_, Z_NO_FLUSH);
      block_.use(rest.size() - stream_.avail_in);
      if (state == Z_STREAM_END) {
        between_members_ = true;
        ::inflateReset(&stream_);
      } else if (state != Z_OK && state != Z_BUF_ERROR) {
        return unexpected(ErrorCode::kCorrupt, "the gzip stream is damaged");
      }
    }
    return into.size() - stream_.avail_out;
  }

 private:
  Block block_;
  z_stream stream_{};
  bool ready_ = false;
  // A file may hold several gzip members.
  bool between_members_ = false;
};

class ZstdSource final : public ByteSource {
 public:
  explicit ZstdSource(Block block) : block_(std::move(block)), stream_(::ZSTD_createDStream()) {}
  ~ZstdSource() override { ::ZSTD_freeDStream(stream_); }

  Result<std::size_t> read(std::span<char> into) override {
    ZSTD_outBuffer out{into.data(), into.size(), 0};
    while (out.pos == 0) {
      RETURN_IF_ERROR(block_.refill());
      const auto rest = block_.rest();
      if (rest.empty() && frame_left_ == 0) return std::size_t{0};
      ZSTD_inBuffer in{rest.data(), rest.size(), 0};
      const std::size_t before = out.pos;
      frame_left_ = ::ZSTD_decompressStream(stream_, &out, &in);
      if (::ZSTD_isError(frame_left_)) {
        return unexpected(ErrorCode::kCorrupt,
                          fmt::format("the zstd stream is damaged: {}", ::ZSTD_getErrorName(frame_left_)));
      }
      if (rest.empty() && out.pos == before) {
        return unexpected(ErrorCode::kCorrupt, "the zstd stream is cut off");
      }
      block_.use(in.pos);
    }
    return out.pos;
  }

 private:
  Block block_;
  ZSTD_DStream* const stream_;
  // 0 between frames.
  std::size_t frame_left_ = 0;
};

}  // namespace

Result<std::unique_ptr<ByteSource>> open_bytes(const std::string& path) {
  const bool standard_input = path == "-";
  const int file = standard_input ? STDIN_FILENO : ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) {
    return unexpected(ErrorCode::kNotFound, fmt::format("cannot open {}: {}", path, std::strerror(errno)));
  }
  Block block(std::make_unique<FileSource>(file, path, !standard_input));
  RETURN_IF_ERROR(block.gather(4));
  const std::string_view start(block.rest().data(), block.rest().size());
  if (start.starts_with("\x1f\x8b")) return std::unique_ptr<ByteSource>(new GzipSource(std::move(block)));
  if (start.starts_with("\x28\xb5\x2f\xfd")) {
    return std::unique_ptr<ByteSource>(new ZstdSource(std::move(block)));
  }
  return std::unique_ptr<ByteSource>(new PlainSource(std::move(block)));
}

Result<std::optional<std::string_view>> LineSource::next() {
  std::size_t searched = begin_;
  while (true) {
    const std::size_t end = buffer_.find('\n', searched);
    if (end != std::string::npos) {
      const auto line = std::string_view(buffer_).substr(begin_, end - begin_);
      begin_ = end + 1;
      ++number_;
      return checked(line);
    }
    if (ended_) break;
    buffer_.erase(0, begin_);
    begin_ = 0;
    searched = buffer_.size();
    if (searched > kLineBytesMax) {
      return unexpected(ErrorCode::kCorrupt, fmt::format("line {} is above {} bytes", number_ + 1, kLineBytesMax));
    }
    buffer_.resize(searched + kBlockBytes);
    const auto read = bytes_->read(std::span(buffer_).subspan(searched));
    buffer_.resize(searched + (read ? *read : 0));
    if (!read) {
      return unexpected(read.error().code, fmt::format("line {}: {}", number_ + 1, read.error().message));
    }
    ended_ = *read == 0;
  }
  if (begin_ == buffer_.size()) return std::optional<std::string_view>();
  const auto line = std::string_view(buffer_).substr(begin_);
  begin_ = buffer_.size();
  ++number_;
  return checked(line);
}

Result<std::optional<std::string_view>> LineSource::checked(std::string_view line) const {
  if (number_ > 1) return std::optional(line);
  if (const auto wrong = encoding_fault(line)) {
    return unexpected(ErrorCode::kCorrupt, fmt::format("line 1: the file {}", *wrong));
  }
  return std::optional(without_byte_order_mark(line));
}

}  // namespace daybook::gateway
