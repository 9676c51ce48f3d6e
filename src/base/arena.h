// Memory that is taken piece by piece and given back all at once.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace daybook {

// For trivially destructible things only. One thread at a time.
class Arena {
 public:
  Arena() = default;
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  template <typename T>
  std::span<T> array(std::size_t count) {
    static_assert(std::is_trivially_destructible_v<T>);
    if (count == 0) return {};
    T* items = static_cast<T*>(take(count * sizeof(T), alignof(T)));
    for (std::size_t i = 0; i < count; ++i) new (items + i) T();
    return {items, count};
  }

  std::string_view copy(std::string_view text) {
    if (text.empty()) return {};
    char* bytes = static_cast<char*>(take(text.size(), 1));
    std::memcpy(bytes, text.data(), text.size());
    return {bytes, text.size()};
  }

  // A copy of the thing itself, not of what it points to.
  template <typename T>
  T& keep(const T& thing) {
    static_assert(std::is_trivially_destructible_v<T>);
    return *new (take(sizeof(T), alignof(T))) T(thing);
  }

  // Of all blocks, in use or kept for the next use.
  std::size_t bytes_kept() const {
    std::size_t bytes = 0;
    for (const Block& block : blocks_) bytes += block.size;
    return bytes;
  }

  // Gives everything back but keeps the blocks for the next use, save the very large ones.
  void reset() {
    std::erase_if(blocks_, [](const Block& block) { return block.size > kKeptBlockMax; });
    current_ = 0;
    begin_block();
  }

  // Gives everything back, the blocks too.
  void release() {
    blocks_ = std::vector<Block>();
    reset();
  }

 private:
  struct Block {
    std::unique_ptr<std::byte[]> bytes;
    std::size_t size = 0;
  };
  static constexpr std::size_t kBlockSize = 64 * 1024;
  static constexpr std::size_t kKeptBlockMax = 1024 * 1024;
  // Of the first block, for arenas that hold one event.
  static constexpr std::size_t kFirstBlockSize = 4 * 1024;

  void* take(std::size_t size, std::size_t alignment) {
    const std::size_t gap = -reinterpret_cast<std::uintptr_t>(at_) & (alignment - 1);
    if (gap + size > static_cast<std::size_t>(end_ - at_)) return take_from_next(size);
    std::byte* const taken = at_ + gap;
    at_ = taken + size;
    return taken;
  }

  // Goes on in the first of the blocks left that is large enough, or in a new one.
  [[gnu::noinline]] void* take_from_next(std::size_t size) {
    if (current_ != blocks_.size()) ++current_;
    const auto next = blocks_.begin() + static_cast<std::ptrdiff_t>(current_);
    const auto found = std::find_if(next, blocks_.end(), [&](const Block& block) { return block.size >= size; });
    if (found != blocks_.end()) {
      std::iter_swap(next, found);
    } else {
      const std::size_t block_size = std::max(size, blocks_.empty() ? kFirstBlockSize : kBlockSize);
      blocks_.insert(next, {std::make_unique_for_overwrite<std::byte[]>(block_size), block_size});
    }
    begin_block();
    return std::exchange(at_, at_ + size);
  }

  // Fills the current block from its beginning.
  void begin_block() {
    const bool exists = current_ != blocks_.size();
    at_ = exists ? blocks_[current_].bytes.get() : nullptr;
    end_ = exists ? at_ + blocks_[current_].size : nullptr;
  }

  std::vector<Block> blocks_;
  std::size_t current_ = 0;  // The block that is being filled.
  // What is left of it.
  std::byte* at_ = nullptr;
  std::byte* end_ = nullptr;
};

}  // namespace daybook
