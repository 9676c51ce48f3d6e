#include "base/hex_id.h"

#include <bit>
#include <cstring>

namespace daybook {
namespace {

static_assert(std::endian::native == std::endian::little);

constexpr std::size_t kDigits = 2 * HexId::kBytes;

constexpr std::uint64_t in_each_byte(std::uint64_t byte) { return byte * 0x0101'0101'0101'0101; }

// Half a byte for each of these digits, into the place of its digit; false where one is none. Made to be done for
// many digits at once.
bool to_nibbles(std::array<char, kDigits>& digits) {
  std::uint8_t wrong = 0;
  for (char& digit : digits) {
    const auto number = static_cast<std::uint8_t>(digit - '0');
    const auto letter = static_cast<std::uint8_t>(digit - 'a');
    const bool is_number = number < 10;
    wrong |= static_cast<std::uint8_t>(!is_number & (letter >= 6));
    digit = static_cast<char>(is_number ? number : letter + 10);
  }
  return wrong == 0;
}
// Eight halves -> four bytes.
std::uint32_t bytes_of(std::uint64_t nibbles) {
  std::uint64_t bytes = (nibbles << 4 | nibbles >> 8) & 0x00ff'00ff'00ff'00ff;
  bytes = (bytes | bytes >> 8) & 0x0000'ffff'0000'ffff;
  return static_cast<std::uint32_t>(bytes | bytes >> 16);
}
// Four bytes -> eight digits.
std::uint64_t digits_of(std::uint32_t bytes) {
  std::uint64_t spread = bytes;
  spread = (spread | spread << 16) & 0x0000'ffff'0000'ffff;
  spread = (spread | spread << 8) & 0x00ff'00ff'00ff'00ff;
  const std::uint64_t nibbles = (spread >> 4 & 0x000f'000f'000f'000f) | (spread & 0x000f'000f'000f'000f) << 8;
  const std::uint64_t letters = (nibbles + in_each_byte(6)) >> 4 & in_each_byte(0x01);
  return nibbles + in_each_byte('0') + letters * ('a' - '0' - 10);
}

// Where the digits of a UUID stand, behind how many other digits: 8-4-4-4-12.
struct Group {
  std::size_t at;
  std::size_t digits_before;
  std::size_t count;
};
constexpr Group kFirst{0, 0, 8};
constexpr Group kSecond{9, 8, 4};
constexpr Group kThird{14, 12, 4};
constexpr Group kFourth{19, 16, 4};
constexpr Group kFifth{24, 20, 12};

template <Group... kGroups>
void take_groups(const char* text, char* digits) {
  (std::memcpy(digits + kGroups.digits_before, text + kGroups.at, kGroups.count), ...);
}
template <Group... kGroups>
void put_groups(const char* digits, char* text) {
  (std::memcpy(text + kGroups.at, digits + kGroups.digits_before, kGroups.count), ...);
}

bool has_dashes(std::string_view text) {
  return text[8] == '-' && text[13] == '-' && text[18] == '-' && text[23] == '-';
}

}  // namespace

std::optional<HexId> HexId::parse(std::string_view text) {
  HexId id;
  std::array<char, kDigits> digits;
  if (text.size() == kTextMax && has_dashes(text)) {
    take_groups<kFirst, kSecond, kThird, kFourth, kFifth>(text.data(), digits.data());
  } else if (text.size() == kDigits) {
    id.form = HexForm::kPlain;
    std::memcpy(digits.data(), text.data(), kDigits);
  } else {
    return std::nullopt;
  }
  if (!to_nibbles(digits)) return std::nullopt;
  for (std::size_t i = 0; i < kBytes; i += 4) {
    std::uint64_t eight = 0;
    std::memcpy(&eight, digits.data() + 2 * i, sizeof eight);
    const std::uint32_t four = bytes_of(eight);
    std::memcpy(id.bytes.data() + i, &four, sizeof four);
  }
  return id;
}

std::size_t HexId::write(char* to) const {
  std::array<char, kDigits> digits;
  for (std::size_t i = 0; i < kBytes; i += 4) {
    std::uint32_t four = 0;
    std::memcpy(&four, bytes.data() + i, sizeof four);
    const std::uint64_t eight = digits_of(four);
    std::memcpy(digits.data() + 2 * i, &eight, sizeof eight);
  }
  if (form == HexForm::kPlain) {
    std::memcpy(to, digits.data(), kDigits);
    return kDigits;
  }
  to[8] = to[13] = to[18] = to[23] = '-';
  put_groups<kFirst, kSecond, kThird, kFourth, kFifth>(digits.data(), to);
  return kTextMax;
}

}  // namespace daybook
