#include "base/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "base/utf8.h"

namespace daybook {
namespace {

// Categories Cc, Zl, Zp, the bidirectional overrides and isolates, and what nobody sees: soft hyphen, zero width
// space, word joiner, byte order mark.
bool is_forbidden(char32_t c) {
  return c < 0x20 || (c >= 0x7F && c <= 0x9F) || c == 0x2028 || c == 0x2029 || (c >= 0x202A && c <= 0x202E) ||
         (c >= 0x2066 && c <= 0x2069) || c == 0xAD || c == 0x200B || c == 0x2060 || c == 0xFEFF;
}

// Eight bytes.
bool is_ascii(const char* at) {
  std::uint64_t word;
  std::memcpy(&word, at, sizeof word);
  return (word & 0x8080'8080'8080'8080) == 0;
}

}  // namespace

bool is_valid_utf8(std::string_view text) {
  while (!text.empty()) {
    if (text.size() >= 8 && is_ascii(text.data())) {
      text.remove_prefix(8);
    } else if (next_code_point(text) == kInvalidCodePoint) {
      return false;
    }
  }
  return true;
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\n";
  const std::size_t begin = text.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

std::string_view without_byte_order_mark(std::string_view text) {
  return text.starts_with(kByteOrderMark) ? text.substr(kByteOrderMark.size()) : text;
}

std::optional<std::string> encoding_fault(std::string_view text) {
  using namespace std::string_view_literals;
  // What these texts begin with is ASCII, save for a mark: in wider units a half of it is 0.
  const auto is_ascii_at = [&](std::size_t at) { return text[at] > 0; };
  const auto is_zero_at = [&](std::size_t at) { return text[at] == 0; };
  std::string_view name;
  if (text.starts_with("\xFF\xFE\0\0"sv) || text.starts_with("\0\0\xFE\xFF"sv)) {
    name = "UTF-32";
  } else if (text.starts_with("\xFF\xFE"sv) || text.starts_with("\xFE\xFF"sv)) {
    name = "UTF-16";
  } else if (text.size() >= 2 && ((is_ascii_at(0) && is_zero_at(1)) || (is_zero_at(0) && is_ascii_at(1)))) {
    name = text.size() >= 4 && is_zero_at(2) && is_zero_at(3) ? "UTF-32" : "UTF-16";
  } else {
    return std::nullopt;
  }
  return fmt::format("is {}; save it as UTF-8 first", name);
}

std::optional<std::string> label_fault(std::string_view text, std::size_t bytes_max) {
  if (text.empty()) return "must not be empty";
  if (text.size() > bytes_max) {
    return fmt::format("is {} bytes long; at most {} are allowed", text.size(), bytes_max);
  }
  if (is_plain(text)) return std::nullopt;
  bool first = true;
  char32_t last = 0;
  while (!text.empty()) {
    const char32_t c = next_code_point(text);
    if (c == kInvalidCodePoint) return "is not valid UTF-8";
    if (is_forbidden(c)) {
      return fmt::format("holds the character U+{:04X}, which is not allowed", static_cast<unsigned>(c));
    }
    if (first && is_white_space(c)) return "begins with white space";
    first = false;
    last = c;
  }
  if (is_white_space(last)) return "ends with white space";
  return std::nullopt;
}

std::optional<std::string> region_fault(std::string_view text) {
  if (text.size() > 128) {
    return fmt::format("is {} bytes long; at most 128 are allowed", text.size());
  }
  int levels = 0;
  while (true) {
    const std::size_t slash = text.find('/');
    if (++levels > 6) return "has more than 6 levels";
    const std::string_view part = text.substr(0, slash);
    if (part.empty()) return "has an empty part";
    if (auto fault = label_fault(part)) return fmt::format("has a part that {}", *fault);
    if (slash == std::string_view::npos) return std::nullopt;
    text.remove_prefix(slash + 1);
  }
}

std::optional<std::string> free_text_fault(std::string_view text) {
  if (text.size() > 512) {
    return fmt::format("is {} bytes long; at most 512 are allowed", text.size());
  }
  if (!is_valid_utf8(text)) return "is not valid UTF-8";
  return std::nullopt;
}

}  // namespace daybook
