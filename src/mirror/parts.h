// Sums that are exact to 128 bits, in columns of smaller integers: what does not fit is several rows.
#pragma once

#include <algorithm>
#include <limits>

#include "base/int128.h"

namespace daybook::mirror {

// The part of `rest` that fits into a Small, which is taken from it.
template <typename Small>
Small take_part(Int128& rest) {
  const auto part = static_cast<Small>(
      std::clamp<Int128>(rest, std::numeric_limits<Small>::min(), std::numeric_limits<Small>::max()));
  rest -= part;
  return part;
}

}  // namespace daybook::mirror
