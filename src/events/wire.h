// The wire format of protobuf, read where it lies, and written: what wire_messages.h, which wire_generator
// makes from the .proto files, is written in. It accepts what the protobuf library accepts, gives the same,
// and writes the same.
//
// A read_…() takes bytes from `at` on and never past `end`; it gives the place behind what it took, and
// null when the message does not parse.
#pragma once

#include <algorithm>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <type_traits>

#include "base/arena.h"

namespace daybook::events::wire {

// How deep messages and groups may be nested, the library's own limit.
inline constexpr int kDepthMax = 100;

// A string field: valid UTF-8 within what it was read from.
class Text {
 public:
  constexpr Text() = default;
  Text(const char* data, std::uint32_t size, bool plain) : data_(data), size_(size), plain_(plain) {}

  operator std::string_view() const { return {data_, size_}; }
  bool empty() const { return size_ == 0; }
  std::size_t size() const { return size_; }
  // is_plain() of base/text.h, found out while reading.
  bool plain() const { return plain_; }

 private:
  const char* data_ = "";
  std::uint32_t size_ = 0;
  bool plain_ = true;
};

// A repeated field. Its entries lie in the arena that it grows in. Of more than kKeptMax the first are kept and
// counted: no valid event has as many.
template <typename T>
class List {
 public:
  static constexpr std::uint32_t kKeptMax = 16 * 1024;

  int size() const { return static_cast<int>(size_); }
  const T& operator[](int index) const { return items_[index]; }

  T& add(Arena& arena) {
    if (size_ == capacity_) {
      if (size_ == kKeptMax) return items_[size_ - 1] = T();
      capacity_ = std::max(4U, 2 * capacity_);
      T* const items = arena.array<T>(capacity_).data();
      std::copy_n(items_, size_, items);
      items_ = items;
    }
    return items_[size_++];
  }

 private:
  T* items_ = nullptr;
  std::uint32_t size_ = 0;
  std::uint32_t capacity_ = 0;
};

// A number, and the place behind it; null when there is none.
struct Read {
  const char* at;
  std::uint64_t value;
};
// A varint of at most five bytes: bits past the 32nd are kept.
Read read_long(const char* at, const char* end);

// The same, quick where it has one byte or two. At least one is left.
inline const char* read_short(const char* at, const char* end, std::uint64_t& value) {
  const std::uint64_t first = static_cast<std::uint8_t>(*at);
  if (first < 0x80) {
    value = first;
    return at + 1;
  }
  if (end - at > 1 && static_cast<std::uint8_t>(at[1]) < 0x80) {
    value = (first & 0x7f) | static_cast<std::uint64_t>(at[1]) << 7;
    return at + 2;
  }
  const Read read = read_long(at, end);
  value = read.value;
  return read.at;
}

// At least one byte is left.
inline const char* read_tag(const char* at, const char* end, std::uint32_t& tag) {
  std::uint64_t value = 0;
  at = read_short(at, end, value);
  tag = static_cast<std::uint32_t>(value);
  return at;
}

// The length of what follows, which is not past `end`.
inline const char* read_size(const char* at, const char* end, std::size_t& size) {
  if (at == end) return nullptr;
  std::uint64_t value = 0;
  at = read_short(at, end, value);
  size = value;
  return at != nullptr && size <= static_cast<std::size_t>(end - at) ? at : nullptr;
}

const char* read_text(const char* at, const char* end, Text& text);
// What 32 bits cannot hold is cut off, as the library does; so are enums.
const char* read_integer(const char* at, const char* end, std::int32_t& number);
const char* read_integer(const char* at, const char* end, std::int64_t& number);
// Any number but 0 is true.
const char* read_integer(const char* at, const char* end, bool& flag);
// Passes over the field behind `tag`.
const char* skip(std::uint32_t tag, const char* at, const char* end, int depth);

template <typename Message>
const char* read_message(const char* at, const char* end, Message& message, Arena& arena, int depth) {
  std::size_t size = 0;
  at = read_size(at, end, size);
  return at != nullptr && depth > 0 ? message.merge(at, at + size, arena, depth - 1) : nullptr;
}

// Bytes of a varint.
inline std::size_t varint_size(std::uint64_t value) {
  return static_cast<std::size_t>(std::bit_width(value | 1) * 9 + 64) / 64;
}

template <std::integral Number>
std::size_t encoded_size(std::uint32_t tag, Number number) {
  return varint_size(tag) + varint_size(static_cast<std::uint64_t>(std::int64_t{number}));
}
inline std::size_t encoded_size(std::uint32_t tag, Text text) {
  return varint_size(tag) + varint_size(text.size()) + text.size();
}
template <typename Message>
  requires std::is_class_v<Message>
std::size_t encoded_size(std::uint32_t tag, const Message& message) {
  const std::size_t size = message.byte_size();
  return varint_size(tag) + varint_size(size) + size;
}

inline char* write_varint(char* to, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) *to++ = static_cast<char>(value | 0x80);
  *to++ = static_cast<char>(value);
  return to;
}

// Each gives the place behind what it wrote.
template <std::integral Number>
char* write_field(char* to, std::uint32_t tag, Number number) {
  return write_varint(write_varint(to, tag), static_cast<std::uint64_t>(std::int64_t{number}));
}
inline char* write_field(char* to, std::uint32_t tag, Text text) {
  to = write_varint(write_varint(to, tag), text.size());
  std::memcpy(to, std::string_view(text).data(), text.size());
  return to + text.size();
}
template <typename Message>
  requires std::is_class_v<Message>
char* write_field(char* to, std::uint32_t tag, const Message& message) {
  return message.write(write_varint(write_varint(to, tag), message.byte_size()));
}

// What JSON calls a field: as in the .proto file, and in camel case.
struct JsonName {
  std::string_view plain;
  std::string_view camel;
};

// What JSON calls the values of an enum: each name, from number 1 on, with the prefix or without.
struct EnumNames {
  std::string_view prefix;
  std::span<const std::string_view> values;
};

// False when the bytes are no such message. It points into `bytes` and `arena`.
template <typename Message>
bool parse(std::string_view bytes, Arena& arena, Message& message) {
  return bytes.empty() || message.merge(bytes.data(), bytes.data() + bytes.size(), arena, kDepthMax) != nullptr;
}

}  // namespace daybook::events::wire
