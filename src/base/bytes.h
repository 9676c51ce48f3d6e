// Writing and reading the packed bytes of stored documents, cells and segment files.
//
// Integers are LEB128 varints (zigzag where signed); strings carry their length in front. A Reader
// never reads past its end: after a fault `ok()` is false and every further read gives zero.
#pragma once

#include <bit>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/int128.h"

namespace daybook {

// How many bytes a varint takes.
inline std::size_t varint_size(std::uint64_t value) {
  return 1 + static_cast<std::size_t>(63 - std::countl_zero(value | 1)) / 7;
}

class ByteWriter {
 public:
  // Appends to `out`, which must outlive the writer.
  explicit ByteWriter(std::string& out) : out_(out) {}

  void u8(std::uint8_t value) { out_.push_back(static_cast<char>(value)); }
  void varint(std::uint64_t value) {
    if (value < 0x80) return u8(static_cast<std::uint8_t>(value));
    varint_slow(value);
  }
  void varint128(UInt128 value);
  void zigzag(std::int64_t value) {
    varint(static_cast<std::uint64_t>(value) << 1 ^ static_cast<std::uint64_t>(value >> 63));
  }
  void zigzag128(Int128 value) {
    varint128(static_cast<UInt128>(value) << 1 ^ static_cast<UInt128>(value >> 127));
  }
  void string(std::string_view value) {
    varint(value.size());
    out_.append(value);
  }
  void raw(std::string_view value) { out_.append(value); }
  // Big-endian, so that byte order is number order.
  void big16(std::uint16_t value);
  void big32(std::uint32_t value);
  void big64(std::uint64_t value);

 private:
  void varint_slow(std::uint64_t value);

  std::string& out_;
};

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
    if (at_ != end_ && static_cast<std::uint8_t>(*at_) < 0x80) return static_cast<std::uint8_t>(*at_++);
    return varint_slow();
  }
  UInt128 varint128();
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
  void fail() {
    ok_ = false;
    at_ = end_;
  }

  const char* at_;
  const char* end_;
  bool ok_ = true;
};

}  // namespace daybook
