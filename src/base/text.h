// What identifiers, labels, regions and free text may hold (docs/publishing.md).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace daybook {

bool is_valid_utf8(std::string_view text);
// ASCII without blanks and control characters, as nearly all texts are: valid UTF-8, and a label as far
// as its characters go.
bool is_plain(std::string_view text);

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
