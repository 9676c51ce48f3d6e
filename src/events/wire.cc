#include "events/wire.h"

#include "base/text.h"

namespace daybook::events::wire {
namespace {

// Bits past the 64th are dropped.
const char* read_varint(const char* at, const char* end, int bytes_max, std::uint64_t& value) {
  value = 0;
  for (int shift = 0; shift < 7 * bytes_max && at != end; shift += 7) {
    const auto byte = static_cast<std::uint8_t>(*at++);
    value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
    if (byte < 0x80) return at;
  }
  return nullptr;
}

// One that is not plain.
[[gnu::cold, gnu::noinline]] const char* take_unusual_text(const char* at, std::size_t size, Text& text) {
  if (!is_valid_utf8({at, size})) return nullptr;
  text = Text(at, static_cast<std::uint32_t>(size), false);
  return at + size;
}

const char* skip_bytes(const char* at, const char* end, std::ptrdiff_t count) {
  return end - at >= count ? at + count : nullptr;
}

// To behind the end of the group that `tag` began.
const char* skip_group(std::uint32_t tag, const char* at, const char* end, int depth) {
  while (at != nullptr && at != end) {
    std::uint32_t inner = 0;
    at = read_tag(at, end, inner);
    if (at == nullptr) return nullptr;
    if ((inner & 7) == 4) return inner == tag + 1 ? at : nullptr;
    at = skip(inner, at, end, depth);
  }
  return nullptr;
}

}  // namespace

[[gnu::noinline]] Read read_long(const char* at, const char* end) {
  std::uint64_t value = 0;
  at = read_varint(at, end, 5, value);
  return {at, value};
}

const char* read_text(const char* at, const char* end, Text& text) {
  std::size_t size = 0;
  at = read_size(at, end, size);
  if (at == nullptr) return nullptr;
  if (!is_plain({at, size})) return take_unusual_text(at, size, text);
  text = Text(at, static_cast<std::uint32_t>(size), true);
  return at + size;
}

const char* read_integer(const char* at, const char* end, std::int32_t& number) {
  std::uint64_t value = 0;
  at = read_varint(at, end, 10, value);
  number = static_cast<std::int32_t>(value);
  return at;
}

const char* read_integer(const char* at, const char* end, std::int64_t& number) {
  std::uint64_t value = 0;
  at = read_varint(at, end, 10, value);
  number = static_cast<std::int64_t>(value);
  return at;
}

const char* read_integer(const char* at, const char* end, bool& flag) {
  std::uint64_t value = 0;
  at = read_varint(at, end, 10, value);
  flag = value != 0;
  return at;
}

const char* skip(std::uint32_t tag, const char* at, const char* end, int depth) {
  if (tag >> 3 == 0) return nullptr;
  std::uint64_t varint = 0;
  std::size_t size = 0;
  switch (tag & 7) {
    case 0: return read_varint(at, end, 10, varint);
    case 1: return skip_bytes(at, end, 8);
    case 2: at = read_size(at, end, size); return at == nullptr ? nullptr : at + size;
    case 3: return depth > 0 ? skip_group(tag, at, end, depth - 1) : nullptr;
    case 5: return skip_bytes(at, end, 4);
    default: return nullptr;  // The end of a group that did not begin, or no wire type at all.
  }
}

}  // namespace daybook::events::wire
