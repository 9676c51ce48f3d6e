// 256-bit integers: what sums of amounts come to at exchange rates needs more than 128 bits.
#pragma once

#include <boost/multiprecision/cpp_int.hpp>

#include "base/int128.h"

namespace daybook {

using Int256 = boost::multiprecision::int256_t;

inline bool fits_int128(const Int256& value) {
  constexpr Int128 kMost = static_cast<Int128>(~UInt128{0} >> 1);
  return -kMost <= value && value <= kMost;
}

}  // namespace daybook
