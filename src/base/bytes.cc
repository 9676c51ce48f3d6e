#include "base/bytes.h"

#include <algorithm>

namespace daybook {

void ByteBuffer::grow(std::size_t more) {
  const std::size_t capacity = std::max<std::size_t>({2 * capacity_, size_ + more, 256});
  auto bytes = std::make_unique_for_overwrite<char[]>(capacity);
  if (size_ > 0) std::memcpy(bytes.get(), bytes_.get(), size_);
  bytes_ = std::move(bytes);
  capacity_ = capacity;
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

UInt128 ByteReader::varint128_slow() {
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
  return static_cast<std::uint16_t>(static_cast<std::uint8_t>(bytes[0]) << 8 | static_cast<std::uint8_t>(bytes[1]));
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
