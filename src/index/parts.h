// Sums that are exact to 128 bits, in columns of smaller integers: what does not fit is a few rows, each some
// bits further up.
#pragma once

#include <cstdint>

#include "base/int128.h"

namespace daybook::index {

// The lowest so many bits of `rest`, with a sign of their own, which are taken from it: rest before is
// part + rest after × 2^kBits. Whatever a sum is, 128 / kBits + 1 parts are all of it.
template <int kBits>
std::int64_t take_part(Int128& rest) {
  constexpr int kAbove = 64 - kBits;
  const auto part = static_cast<std::int64_t>(static_cast<std::uint64_t>(rest) << kAbove) >> kAbove;
  rest = static_cast<Int128>(static_cast<UInt128>(rest) - static_cast<UInt128>(Int128{part})) >> kBits;
  return part;
}

// What a part is worth so many bits further up.
inline Int128 part_at(std::int64_t part, unsigned shift) {
  return shift >= 128 ? 0 : static_cast<Int128>(static_cast<UInt128>(Int128{part}) << shift);
}

// Of rows outside tables.
inline constexpr int kRowBits = 63;

}  // namespace daybook::index
