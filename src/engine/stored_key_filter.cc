#include "engine/stored_key_filter.h"

#include <algorithm>

namespace daybook::engine {
namespace {

constexpr std::size_t kFirstLayerKeys = 16 * 1024;
constexpr std::size_t kBitsPerKey = 16;
constexpr std::size_t kBlockBits = 512;
constexpr std::size_t kWaitingMax = 16;

constexpr std::array<std::uint32_t, 8> kOdd = {0x47b6137b, 0x44974d91, 0x8824ad5b, 0xa2b7289d,
                                               0x705495c7, 0x2df1424b, 0x9efc4947, 0x5c6bfb31};

std::uint64_t bit(std::uint64_t hash, std::size_t word) {
  return std::uint64_t{1} << (static_cast<std::uint32_t>(hash) * kOdd[word] >> 26);
}

}  // namespace

void StoredKeyFilter::add(std::uint64_t hash) {
  if (waiting_.size() == kWaitingMax) settle();
  if (layers_.empty() || layers_.back().room == 0) {
    const std::size_t keys = kFirstLayerKeys << layers_.size();
    layers_.push_back({std::vector<Block>(keys * kBitsPerKey / kBlockBits), keys});
  }
  Layer& layer = layers_.back();
  --layer.room;
  Block& block = layer.blocks[place(hash, layer)];
  __builtin_prefetch(&block, 1);
  waiting_.emplace_back(hash, &block);
}

void StoredKeyFilter::settle() {
  for (const auto& [hash, block] : waiting_) {
    for (std::size_t i = 0; i < block->words.size(); ++i) block->words[i] |= bit(hash, i);
  }
  waiting_.clear();
}

bool StoredKeyFilter::may_hold(std::uint64_t hash) {
  settle();
  return std::ranges::any_of(layers_, [&](const Layer& layer) {
    const Block& block = layer.blocks[place(hash, layer)];
    std::uint64_t missing = 0;
    for (std::size_t i = 0; i < block.words.size(); ++i) missing |= bit(hash, i) & ~block.words[i];
    return missing == 0;
  });
}

std::size_t StoredKeyFilter::bytes() const {
  std::size_t bytes = 0;
  for (const Layer& layer : layers_) bytes += layer.blocks.size() * sizeof(Block);
  return bytes;
}

}  // namespace daybook::engine
