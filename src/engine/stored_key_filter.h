// Which keys a store may hold: spares the look-up of those that are seen for the first time.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace daybook::engine {

// A split block Bloom filter (Putze, Sanders, Singler 2007) in layers that double as keys come: 16 bits a
// key, about one false answer in a thousand a layer. Keys are hashes of 64 bits. One thread.
class StoredKeyFilter {
 public:
  void add(std::uint64_t hash);
  // False: it was never added.
  bool may_hold(std::uint64_t hash);
  std::size_t bytes() const;

 private:
  // A cache line: a key sets one bit in each word of one block.
  struct alignas(64) Block {
    std::array<std::uint64_t, 8> words{};
  };
  struct Layer {
    std::vector<Block> blocks;
    std::size_t room = 0;  // Keys that it still takes.
  };

  // Sets the bits of those that wait.
  void settle();

  static std::size_t place(std::uint64_t hash, const Layer& layer) {
    return static_cast<std::size_t>((hash >> 32) * layer.blocks.size() >> 32);
  }

  std::vector<Layer> layers_;
  // Added, their blocks called for and hardly in the cache yet: in the newest layer.
  std::vector<std::pair<std::uint64_t, Block*>> waiting_;
};

}  // namespace daybook::engine
