// Sorting by a number, in passes over the items instead of comparisons.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <utility>
#include <vector>

namespace daybook {

// Stable. `key(item)` is the number, of 64 bits at most; `spare` is memory that is used again.
template <typename Item, typename Key>
void radix_sort(std::vector<Item>& items, std::vector<Item>& spare, const Key& key) {
  constexpr std::size_t kDigits = 256;
  // With fewer items a pass is mostly about its counters; with very few, insertion has the least to set up.
  constexpr std::size_t kFew = kDigits / 2;
  constexpr std::size_t kVeryFew = 24;
  if (items.size() <= kVeryFew) {
    for (std::size_t i = 1; i < items.size(); ++i) {
      const Item item = items[i];
      std::size_t to = i;
      for (; to > 0 && key(items[to - 1]) > key(item); --to) items[to] = items[to - 1];
      items[to] = item;
    }
    return;
  }
  if (items.size() < kFew) {
    std::ranges::stable_sort(items, {}, key);
    return;
  }
  std::uint64_t in_all = ~std::uint64_t{0};
  std::uint64_t in_any = 0;
  for (const Item& item : items) {
    in_all &= key(item);
    in_any |= key(item);
  }
  spare.resize(items.size());
  // From the lowest digit to the highest, of bits in which the numbers differ.
  for (std::uint64_t differing = in_all ^ in_any; differing != 0;) {
    const int shift = std::countr_zero(differing);
    differing &= ~((kDigits - 1) << shift);
    const auto digit = [&](const Item& item) { return key(item) >> shift & (kDigits - 1); };
    std::array<std::size_t, kDigits> next{};
    for (const Item& item : items) ++next[digit(item)];
    std::size_t begin = 0;
    for (std::size_t& at : next) begin += std::exchange(at, begin);
    for (const Item& item : items) spare[next[digit(item)]++] = item;
    items.swap(spare);
  }
}

}  // namespace daybook
