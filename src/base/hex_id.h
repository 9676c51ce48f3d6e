// Ids of 128 bits as upstream systems write them, in hexadecimal digits, as their 16 bytes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace daybook {

// How the digits, all of them lower case, are written.
enum class HexForm : std::uint8_t { kUuid, kPlain };  // 8-4-4-4-12; 32 digits.

struct HexId {
  static constexpr std::size_t kBytes = 16;
  static constexpr std::size_t kTextMax = 36;

  HexForm form{};
  std::array<char, kBytes> bytes;

  // Nothing for a text that write() would not give back as it is.
  static std::optional<HexId> parse(std::string_view text);
  // Into `to`, which has room for kTextMax; how many bytes it took.
  std::size_t write(char* to) const;
};

}  // namespace daybook
