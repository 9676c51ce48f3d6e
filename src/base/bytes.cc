#include "base/bytes.h"

namespace daybook {

void ByteWriter::varint_slow(std::uint64_t value) {
  char buffer[10];
  std::size_t size = 0;
  while (value >= 0x80) {
    buffer[size++] = static_cast<char>(value | 0x80);
    value >>= 7;
  }
  buffer[size++] = static_cast<char>(value);
  out_.append(buffer, size);
}

void ByteWriter::varint128(UInt128 value) {
  while (value >> 64 != 0) {
    u8(static_cast<std::uint8_t>(static_cast<std::uint8_t>(value) | 0x80));
    value >>= 7;
  }
  varint(static_cast<std::uint64_t>(value));
}

void ByteWriter::big16(std::uint16_t value) {
  const char bytes[] = {static_cast<char>(value >> 8), static_cast<char>(value)};
  out_.append(bytes, sizeof bytes);
}

void ByteWriter::big32(std::uint32_t value) {
  big16(static_cast<std::uint16_t>(value >> 16));
  big16(static_cast<std::uint16_t>(value));
}

void ByteWriter::big64(std::uint64_t value) {
  big32(static_cast<std::uint32_t>(value >> 32));
  big32(static_cast<std::uint32_t>(value));
}

std::uint64_t ByteReader::varint_slow() {
  std::uint64_t value = 0;
  for (int shift = 0; shift < 70; shift += 7) {
    if (at_ == end_) break;
    const std::uint8_t byte = static_cast<std::uint8_t>(*at_++);
    if (shift == 63 && byte > 1) break;
    value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
    if (byte < 0x80) return value;
  }
  fail();
  return 0;
}

UInt128 ByteReader::varint128() {
  UInt128 value = 0;
  for (int shift = 0; shift < 133; shift += 7) {
    if (at_ == end_) break;
    const std::uint8_t byte = static_cast<std::uint8_t>(*at_++);
    if (shift == 126 && byte > 3) break;
    value |= static_cast<UInt128>(byte & 0x7f) << shift;
    if (byte < 0x80) return value;
  }
  fail();
  return 0;
}

std::uint16_t ByteReader::big16() {
  const std::string_view bytes = raw(2);
  if (bytes.empty()) return 0;
  return static_cast<std::uint16_t>(static_cast<std::uint8_t>(bytes[0]) << 8 |
                                    static_cast<std::uint8_t>(bytes[1]));
}

std::uint32_t ByteReader::big32() {
  const std::uint32_t high = big16();
  return high << 16 | big16();
}

std::uint64_t ByteReader::big64() {
  const std::uint64_t high = big32();
  return high << 32 | big32();
}

}  // namespace daybook
