// Writing and reading the packed bytes of stored documents, cells and segment files.
//
// Integers are LEB128 varints (zigzag where signed); strings carry their length in front. A Reader
// never reads past its end: after a fault `ok()` is false and every further read gives zero.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>

#include "base/int128.h"

namespace daybook {

// The most bytes that a varint of 64 bits takes.
inline constexpr std::size_t kVarintMax = 10;

// How many bytes a varint takes.
inline std::size_t varint_size(std::uint64_t value) {
  return 1 + static_cast<std::size_t>(63 - std::countl_zero(value | 1)) / 7;
}

// Bytes that are written over and over: cheaper to append to than a string.
class ByteBuffer {
 public:
  void clear() { size_ = 0; }
  void push_back(char byte) {
    if (size_ == capacity_) grow(1);
    bytes_[size_++] = byte;
  }
  void append(std::string_view bytes) {
    if (capacity_ - size_ < bytes.size()) grow(bytes.size());
    if (!bytes.empty()) std::memcpy(bytes_.get() + size_, bytes.data(), bytes.size());
    size_ += bytes.size();
  }
  // Room for `size` bytes behind the last; what is written there counts once end_at() says how far it goes.
  char* room(std::size_t size) {
    if (capacity_ - size_ < size) grow(size);
    return bytes_.get() + size_;
  }
  void end_at(const char* end) { size_ = static_cast<std::size_t>(end - bytes_.get()); }
  std::size_t size() const { return size_; }
  // Holds until the next append.
  std::string_view view() const { return {bytes_.get(), size_}; }

 private:
  void grow(std::size_t more);

  std::unique_ptr<char[]> bytes_;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

// Bytes into memory of which the caller knows that it has room.
class UncheckedBytes {
 public:
  explicit UncheckedBytes(char* at) : at_(at) {}

  void push_back(char byte) { *at_++ = byte; }
  void append(std::string_view bytes) {
    std::memcpy(at_, bytes.data(), bytes.size());
    at_ += bytes.size();
  }
  char* room(std::size_t) { return at_; }
  void end_at(char* end) { at_ = end; }
  // Behind the last byte.
  char* end() const { return at_; }

 private:
  char* at_;
};

template <typename Out>
class BasicByteWriter {
 public:
  // Appends to `out`, which must outlive the writer.
  explicit BasicByteWriter(Out& out) : out_(out) {}

  void u8(std::uint8_t value) { out_.push_back(static_cast<char>(value)); }
  void varint(std::uint64_t value) {
    if constexpr (requires { out_.room(kVarintMax); }) {
      char* at = out_.room(kVarintMax);
      for (; value >= 0x80; value >>= 7) *at++ = static_cast<char>(value | 0x80);
      *at++ = static_cast<char>(value);
      out_.end_at(at);
    } else {
      for (; value >= 0x80; value >>= 7) u8(static_cast<std::uint8_t>(value | 0x80));
      u8(static_cast<std::uint8_t>(value));
    }
  }
  void varint128(UInt128 value) {
    for (; value >> 64 != 0; value >>= 7) u8(static_cast<std::uint8_t>(value) | 0x80);
    varint(static_cast<std::uint64_t>(value));
  }
  void zigzag(std::int64_t value) {
    varint(static_cast<std::uint64_t>(value) << 1 ^ static_cast<std::uint64_t>(value >> 63));
  }
  void zigzag128(Int128 value) { varint128(static_cast<UInt128>(value) << 1 ^ static_cast<UInt128>(value >> 127)); }
  void string(std::string_view value) {
    varint(value.size());
    out_.append(value);
  }
  void raw(std::string_view value) { out_.append(value); }
  // Big-endian, so that byte order is number order.
  void big16(std::uint16_t value) { big<2>(value); }
  void big32(std::uint32_t value) { big<4>(value); }
  void big64(std::uint64_t value) { big<8>(value); }

 private:
  template <std::size_t Size>
  void big(std::uint64_t value) {
    char bytes[Size];
    for (std::size_t i = 0; i < Size; ++i) bytes[i] = static_cast<char>(value >> 8 * (Size - 1 - i));
    out_.append(std::string_view(bytes, Size));
  }

  Out& out_;
};
using ByteWriter = BasicByteWriter<std::string>;
using BufferWriter = BasicByteWriter<ByteBuffer>;
using UncheckedWriter = BasicByteWriter<UncheckedBytes>;

class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : at_(bytes.data()), end_(at_ + bytes.size()) {}

  bool ok() const { return ok_; }
  bool done() const { return at_ == end_; }
  std::size_t left() const { return static_cast<std::size_t>(end_ - at_); }
  const char* at() const { return at_; }

  std::uint8_t u8() {
    if (at_ != end_) return static_cast<std::uint8_t>(*at_++);
    fail();
    return 0;
  }
  std::uint64_t varint() {
    // Mostly one byte.
    if (at_ != end_ && static_cast<std::uint8_t>(*at_) < 0x80) return static_cast<std::uint8_t>(*at_++);
    if (left() >= kVarintMax) {
      std::uint64_t value = 0;
      for (int shift = 0; shift < 63; shift += 7) {
        const auto byte = static_cast<std::uint8_t>(*at_++);
        value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
        if (byte < 0x80) return value;
      }
      at_ -= kVarintMax - 1;
    }
    return varint_slow();
  }
  UInt128 varint128() {
    // Mostly few bytes.
    std::uint64_t value = 0;
    const char* at = at_;
    for (int shift = 0; shift < 63 && at != end_; shift += 7) {
      const auto byte = static_cast<std::uint8_t>(*at++);
      value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
      if (byte >= 0x80) continue;
      at_ = at;
      return value;
    }
    return varint128_slow();
  }
  std::int64_t zigzag() {
    const std::uint64_t raw = varint();
    return static_cast<std::int64_t>(raw >> 1 ^ (~(raw & 1) + 1));
  }
  Int128 zigzag128() {
    const UInt128 raw = varint128();
    return static_cast<Int128>(raw >> 1 ^ (~(raw & 1) + 1));
  }
  // Points into the bytes read.
  std::string_view string() { return raw(varint()); }
  std::string_view raw(std::size_t size) {
    if (size > left()) {
      fail();
      return {};
    }
    const std::string_view bytes(at_, size);
    at_ += size;
    return bytes;
  }
  std::uint16_t big16();
  std::uint32_t big32();
  std::uint64_t big64();

 private:
  std::uint64_t varint_slow();
  UInt128 varint128_slow();
  void fail() {
    ok_ = false;
    at_ = end_;
  }

  const char* at_;
  const char* end_;
  bool ok_ = true;
};

}  // namespace daybook
