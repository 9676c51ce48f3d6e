// Sums that are exact to 128 bits, in columns of smaller integers: what does not fit is several rows.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/int128.h"

namespace daybook::mirror {

// The part of `rest` that fits into so many bits, which is taken from it.
template <int kBits>
std::int64_t take_part(Int128& rest) {
  constexpr Int128 kMost = (Int128{1} << (kBits - 1)) - 1;
  const auto part = static_cast<std::int64_t>(std::clamp<Int128>(rest, -kMost - 1, kMost));
  rest -= part;
  return part;
}

}  // namespace daybook::mirror
