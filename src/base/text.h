// What identifiers, labels, regions and free text may hold (docs/publishing.md).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace daybook {

bool is_valid_utf8(std::string_view text);

// Each gives nothing when the text is fine, else what is wrong with it, for people.
// 1 to `bytes_max` bytes, no control, separator or bidirectional-override characters, no white space
// at either end.
std::optional<std::string> label_fault(std::string_view text, std::size_t bytes_max = 64);
// Labels joined by '/', at most 6 levels and 128 bytes.
std::optional<std::string> region_fault(std::string_view text);
// Valid UTF-8, at most 512 bytes.
std::optional<std::string> free_text_fault(std::string_view text);

}  // namespace daybook
