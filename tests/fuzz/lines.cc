// Files of lines, plain or packed: lines are those of the text, however its bytes come, and what is packed and unpacked
// is the same text. Damage is told, with its line.
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/text.h"
#include "fuzz/target.h"
#include "gateway/line_source.h"

namespace daybook::fuzz {
namespace {

using gateway::ByteSource;
using gateway::LineSource;

// A text that comes in pieces.
class Pieces final : public ByteSource {
 public:
  Pieces(std::string_view text, std::size_t size) : text_(text), size_(size) {}

  Result<std::size_t> read(std::span<char> into) override {
    const std::size_t count = std::min({size_, into.size(), text_.size()});
    std::copy_n(text_.begin(), count, into.begin());
    text_.remove_prefix(count);
    return count;
  }

 private:
  std::string_view text_;
  const std::size_t size_;
};

struct Lines {
  std::vector<std::string> lines;
  std::optional<Error> error;
  bool operator==(const Lines& other) const {
    return lines == other.lines && error.has_value() == other.error.has_value();
  }
};

Lines lines_of(std::unique_ptr<ByteSource> bytes) {
  LineSource source(std::move(bytes));
  Lines read;
  while (true) {
    const auto line = source.next();
    if (!line) {
      read.error = line.error();
      expect(read.error->message.starts_with("line "), "an error names its line");
      return read;
    }
    if (!*line) return read;
    read.lines.emplace_back(**line);
    expect(source.number() == read.lines.size(), "lines are counted");
  }
}

Lines lines_of_file(std::string_view bytes) {
  const MemoryFile file(bytes);
  auto source = gateway::open_bytes(file.path());
  if (!source) return {{}, source.error()};
  return lines_of(*std::move(source));
}

std::string gzip(std::string_view text) {
  z_stream stream{};
  expect(::deflateInit2(&stream, 1, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK, "zlib works");
  std::string packed(::deflateBound(&stream, text.size()), '\0');
  std::string bytes(text);
  stream.next_in = reinterpret_cast<Bytef*>(bytes.data());
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  expect(::deflate(&stream, Z_FINISH) == Z_STREAM_END, "zlib works");
  packed.resize(stream.total_out);
  ::deflateEnd(&stream);
  return packed;
}

std::string zstd(std::string_view text) {
  std::string packed(::ZSTD_compressBound(text.size()), '\0');
  packed.resize(::ZSTD_compress(packed.data(), packed.size(), text.data(), text.size(), 1));
  return packed;
}

void read(std::string_view text) {
  const Lines read = lines_of(std::make_unique<Pieces>(text, text.size() + 1));
  expect(read == lines_of(std::make_unique<Pieces>(text, 1)), "lines are the same, however their bytes come");
  if (!read.error) {
    std::string joined;
    for (const std::string& line : read.lines) joined += line + "\n";
    if (!text.ends_with('\n') && !joined.empty()) joined.pop_back();
    expect(joined == without_byte_order_mark(text), "lines are all of the text");
  }
  expect(lines_of_file(gzip(text)) == read, "lines are the same behind gzip");
  expect(lines_of_file(zstd(text)) == read, "lines are the same behind zstd");
  // As it is, maybe packed; and torn off.
  const Lines file = lines_of_file(text);
  lines_of_file(text.substr(0, text.size() / 2));
  const bool is_packed = text.starts_with("\x1f\x8b") || text.starts_with("\x28\xb5\x2f\xfd");
  expect(is_packed || file == read, "lines are the same in a file");
}

}  // namespace
}  // namespace daybook::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  daybook::fuzz::read({reinterpret_cast<const char*>(data), size});
  return 0;
}
