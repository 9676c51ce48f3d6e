// What identifiers, labels, regions and free text may hold (docs/publishing.md).
#pragma once

#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

namespace daybook {

bool is_valid_utf8(std::string_view text);

// Bytes that a text in UTF-8 may begin with, and that say nothing.
inline constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
// The text behind its byte order mark, if it has one.
std::string_view without_byte_order_mark(std::string_view text);
// What is wrong with a text that is UTF-16 or UTF-32 by how it begins, for people: PowerShell and spreadsheets
// write such files. Nothing for any other text.
std::optional<std::string> encoding_fault(std::string_view text);

// Without blanks, tabs and ends of lines around it.
std::string_view trimmed(std::string_view text);

// ASCII without blanks and control characters, as nearly all texts are: valid UTF-8, and a label as far
// as its characters go.
[[gnu::always_inline]] inline bool is_plain(std::string_view text) {
  // Pieces at the ends overlap where they must.
  const auto load = [&](auto piece, std::size_t at) {
    std::memcpy(&piece, text.data() + at, sizeof piece);
    return piece;
  };
  constexpr std::uint64_t kOnes = 0x0101'0101'0101'0101;
  const std::size_t size = text.size();
  if (size >= 16) {
    using Bytes [[gnu::vector_size(16)]] = unsigned char;
    // The high bit of each byte is set where one that is not plain has stood.
    Bytes others{};
    const auto look = [&](std::size_t at) {
      const Bytes bytes = load(Bytes{}, at);
      others |= bytes | (bytes - 0x21) | (bytes + 1);
    };
    for (std::size_t at = 0; at + 16 < size; at += 16) look(at);
    look(size - 16);
    std::uint64_t halves[2];
    std::memcpy(halves, &others, sizeof halves);
    return ((halves[0] | halves[1]) & 0x80 * kOnes) == 0;
  }
  // The same of eight bytes, but for the neighbour of such a byte, by a borrow or carry.
  const auto others = [](std::uint64_t bytes) { return bytes | (bytes - 0x21 * kOnes) | (bytes + kOnes); };
  if (size >= 8) {
    return ((others(load(std::uint64_t{}, 0)) | others(load(std::uint64_t{}, size - 8))) & 0x80 * kOnes) == 0;
  }
  if (size >= 4) {
    const std::uint64_t first = load(std::uint32_t{}, 0);
    const std::uint64_t last = load(std::uint32_t{}, size - 4);
    return (others(first | last << 32) & 0x80 * kOnes) == 0;
  }
  for (const char c : text) {
    if (c <= ' ' || c > '~') return false;
  }
  return true;
}

inline constexpr std::size_t kLabelBytesMax = 128;

// Each gives nothing when the text is fine, else what is wrong with it, for people.
// 1 to `bytes_max` bytes, no control, separator, bidirectional-override or invisible characters, no white
// space at either end.
std::optional<std::string> label_fault(std::string_view text, std::size_t bytes_max = kLabelBytesMax);
// Labels joined by '/', at most 6 levels and 128 bytes.
std::optional<std::string> region_fault(std::string_view text);
// Valid UTF-8, at most 512 bytes.
std::optional<std::string> free_text_fault(std::string_view text);

}  // namespace daybook
