// 128-bit content hashes (XXH3), and the digest: a sum of hashes modulo 2^128.
#pragma once

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <string>
#include <string_view>

#include "base/int128.h"

namespace daybook {

inline UInt128 hash128(std::string_view bytes, std::uint64_t seed = 0) {
  const XXH128_hash_t hash = XXH3_128bits_withSeed(bytes.data(), bytes.size(), seed);
  return static_cast<UInt128>(hash.high64) << 64 | hash.low64;
}

inline std::uint64_t hash64(std::string_view bytes, std::uint64_t seed = 0) {
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
}

// For tables in memory, never stored: another one in each process, so that nobody can choose texts that fall
// together in a table and make a long list cost its square.
std::uint64_t table_hash(std::string_view bytes, std::uint64_t of = 0);

// For hash tables keyed by texts; looks up views and strings alike.
struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const { return table_hash(text); }
};

inline std::string to_hex(UInt128 value) {
  std::string text(32, '0');
  for (int i = 31; i >= 0; --i, value >>= 4) text[i] = "0123456789abcdef"[static_cast<int>(value & 15)];
  return text;
}

}  // namespace daybook
