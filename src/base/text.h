// What identifiers, labels, regions and free text may hold (docs/publishing.md).
#pragma once

#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

namespace daybook {

bool is_valid_utf8(std::string_view text);
// ASCII without blanks and control characters, as nearly all texts are: valid UTF-8, and a label as far
// as its characters go.
inline bool is_plain(std::string_view text) {
  constexpr std::uint64_t kOnes = 0x0101'0101'0101'0101;
  const auto load = [&](auto word, std::size_t at) -> std::uint64_t {
    std::memcpy(&word, text.data() + at, sizeof word);
    return word;
  };
  // The high bit of each byte that is not plain; also of its neighbour, by a borrow or carry.
  const auto others = [](std::uint64_t bytes) {
    return (bytes | (bytes - 0x21 * kOnes) | (bytes + kOnes)) & 0x80 * kOnes;
  };
  // Words at the ends overlap where they must.
  const std::size_t size = text.size();
  if (size >= 8) {
    for (std::size_t at = 0; at + 8 < size; at += 8) {
      if (others(load(std::uint64_t{}, at)) != 0) return false;
    }
    return others(load(std::uint64_t{}, size - 8)) == 0;
  }
  if (size >= 4) return others(load(std::uint32_t{}, 0) | load(std::uint32_t{}, size - 4) << 32) == 0;
  for (const char c : text) {
    if (c <= ' ' || c > '~') return false;
  }
  return true;
}

inline constexpr std::size_t kLabelBytesMax = 64;

// Each gives nothing when the text is fine, else what is wrong with it, for people.
// 1 to `bytes_max` bytes, no control, separator or bidirectional-override characters, no white space
// at either end.
std::optional<std::string> label_fault(std::string_view text, std::size_t bytes_max = kLabelBytesMax);
// Labels joined by '/', at most 6 levels and 128 bytes.
std::optional<std::string> region_fault(std::string_view text);
// Valid UTF-8, at most 512 bytes.
std::optional<std::string> free_text_fault(std::string_view text);

}  // namespace daybook
