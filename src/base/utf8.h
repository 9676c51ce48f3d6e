// Code points of texts in UTF-8, one after the other.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace daybook {

inline constexpr char32_t kInvalidCodePoint = 0xFFFFFFFF;

// Whether a byte of a text goes on with a character that another began.
inline bool is_inside_character(char byte) { return (static_cast<unsigned char>(byte) & 0xC0) == 0x80; }

// Takes one code point off the front of `text`, which is not empty; kInvalidCodePoint for overlong, surrogate or
// truncated forms.
inline char32_t next_code_point(std::string_view& text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  std::size_t size = 1;
  char32_t value = lead;
  if (lead >= 0x80) {
    if (lead >= 0xC2 && lead <= 0xDF) {
      size = 2;
      value = lead & 0x1F;
    } else if (lead >= 0xE0 && lead <= 0xEF) {
      size = 3;
      value = lead & 0x0F;
    } else if (lead >= 0xF0 && lead <= 0xF4) {
      size = 4;
      value = lead & 0x07;
    } else {
      return kInvalidCodePoint;
    }
    if (text.size() < size) return kInvalidCodePoint;
    for (std::size_t i = 1; i < size; ++i) {
      if (!is_inside_character(text[i])) return kInvalidCodePoint;
      value = value << 6 | (byte(i) & 0x3F);
    }
    if ((size == 3 && (value < 0x800 || (value >= 0xD800 && value <= 0xDFFF))) ||
        (size == 4 && (value < 0x10000 || value > 0x10FFFF))) {
      return kInvalidCodePoint;
    }
  }
  text.remove_prefix(size);
  return value;
}

// A text's first characters that take at most so many bytes together. Of bytes that are no text it may be nothing.
inline std::string_view first_characters(std::string_view text, std::size_t bytes_max) {
  if (text.size() <= bytes_max) return text;
  std::size_t end = bytes_max;
  while (end > 0 && is_inside_character(text[end])) --end;
  return text.substr(0, end);
}

inline void append_code_point(char32_t c, std::string& to) {
  const auto put = [&](char32_t byte) { to += static_cast<char>(static_cast<unsigned char>(byte)); };
  if (c < 0x80) {
    put(c);
  } else if (c < 0x800) {
    put(0xC0 | c >> 6);
    put(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    put(0xE0 | c >> 12);
    put(0x80 | (c >> 6 & 0x3F));
    put(0x80 | (c & 0x3F));
  } else {
    put(0xF0 | c >> 18);
    put(0x80 | (c >> 12 & 0x3F));
    put(0x80 | (c >> 6 & 0x3F));
    put(0x80 | (c & 0x3F));
  }
}

// The Unicode property White_Space.
inline bool is_white_space(char32_t c) {
  return (c >= 0x09 && c <= 0x0D) || c == 0x20 || c == 0x85 || c == 0xA0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

}  // namespace daybook
