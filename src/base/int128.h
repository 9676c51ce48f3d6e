// 128-bit integers: sums of minor units, and products with quantities, need more than 64 bits.
#pragma once

#include <cstdint>
#include <string>

namespace daybook {

__extension__ using Int128 = __int128;
__extension__ using UInt128 = unsigned __int128;

inline std::string to_string(Int128 value) {
  char buffer[40];
  char* end = buffer + sizeof buffer;
  char* at = end;
  const bool negative = value < 0;
  UInt128 rest = negative ? -static_cast<UInt128>(value) : static_cast<UInt128>(value);
  do {
    *--at = static_cast<char>('0' + static_cast<int>(rest % 10));
    rest /= 10;
  } while (rest != 0);
  if (negative) *--at = '-';
  return std::string(at, end);
}

}  // namespace daybook
