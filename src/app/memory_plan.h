// What the parts of a process may take of its memory bound.
#pragma once

#include <algorithm>
#include <cstddef>

namespace daybook::app {

// In bytes. They add up to more than the bound: what is pending is there while history is read, write buffers
// and indexes after it. A server that has much to catch up on while its indexes are there may come above the
// bound for a while. What is left is for decoding, and files being made.
struct MemoryPlan {
  std::size_t block_cache = 0;  // With filters and indexes of files.
  std::size_t write_buffers = 0;
  // Documents and pages that the projector keeps, with their tables, the filter of stored keys, and labels.
  std::size_t fold_cache = 0;
  std::size_t pending = 0;  // What it has read and not folded yet.
  std::size_t indexes = 0;
  std::size_t prefetch = 0;  // What Kafka has sent ahead.
  std::size_t bodies = 0;    // Of requests, until these are answered. Two of the largest at least.
  std::size_t answers = 0;   // With all that is made for them, until they are sent; files to reconcile with.
  std::size_t spill = 0;     // On disk: what a replay has read beyond that.
  std::size_t files = 0;     // What a commit of a replay gives sorted files at a time. Each folding thread's.

  static MemoryPlan of(std::size_t bound) {
    return {.block_cache = bound / 6,
            .write_buffers = bound / 6,
            .fold_cache = bound / 5,
            .pending = bound / 5,
            .indexes = bound / 4,
            .prefetch = bound / 8,
            .bodies = std::max<std::size_t>(bound / 8, 32 << 20),
            .answers = bound / 4,
            .spill = bound * 4,
            .files = std::min<std::size_t>(bound / 16, 16 << 20)};
  }
};

}  // namespace daybook::app
