// Random numbers that are the same on every machine and with every library: splitmix64 and integer
// arithmetic. The standard library's distributions are not.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "base/int128.h"

namespace daybook::tools {

// A well mixed 64-bit number of two.
constexpr std::uint64_t mixed(std::uint64_t a, std::uint64_t b) {
  std::uint64_t z = a * 0x9E3779B97F4A7C15 + b + 0x632BE59BD9B4E019;
  z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9;
  z = (z ^ z >> 27) * 0x94D049BB133111EB;
  return z ^ z >> 31;
}

class Random {
 public:
  Random() = default;
  explicit Random(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {
    state_ += 0x9E3779B97F4A7C15;
    std::uint64_t z = state_;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9;
    z = (z ^ z >> 27) * 0x94D049BB133111EB;
    return z ^ z >> 31;
  }

  // 0 to bound - 1; bound above 0.
  std::int64_t below(std::int64_t bound) {
    return static_cast<std::int64_t>(static_cast<UInt128>(next()) * static_cast<UInt128>(bound) >> 64);
  }
  // Both ends included.
  std::int64_t between(std::int64_t least, std::int64_t most) { return least + below(most - least + 1); }
  bool chance(std::int64_t per_mille) { return below(1000) < per_mille; }

  // Log-normal, nearly: half lie below the median, one in six above about 1.76 medians at a spread
  // of 100, and the more the larger the spread. Never below 1.
  std::int64_t skewed(std::int64_t median, std::int64_t spread) {
    std::int64_t bell = -1020;  // Eight bytes added up: nearly normal, mean 0, deviation 209.
    for (std::uint64_t bits = next(); bits != 0; bits >>= 8) bell += static_cast<std::int64_t>(bits & 255);
    const std::int64_t power = bell * spread / 100;  // In 256ths of a doubling.
    const std::int64_t whole = power >> 8;
    const std::int64_t scaled = median * kRoots[static_cast<std::size_t>(power >> 4 & 15)] >> 16;
    return std::max<std::int64_t>(1, whole >= 0 ? scaled << std::min<std::int64_t>(whole, 12) : scaled >> -whole);
  }

 private:
  // 2^(i/16) in 65,536ths.
  static constexpr std::array<std::int64_t, 16> kRoots = {65536, 68438, 71468,  74632,  77936,  81386,  84990,  88752,
                                                          92682, 96785, 101070, 105545, 110218, 115098, 120194, 125515};

  std::uint64_t state_ = 0;
};

}  // namespace daybook::tools
