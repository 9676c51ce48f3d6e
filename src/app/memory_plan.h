// What the parts of a process may take of its memory bound.
#pragma once

#include <cstddef>

namespace daybook::app {

// In bytes. What is left of the bound is for prefetch, decoding and answers.
struct MemoryPlan {
  std::size_t block_cache = 0;  // With filters and indexes of files.
  std::size_t write_buffers = 0;
  // Documents and pages that the projector keeps, with their tables, the filter of stored keys, and labels.
  std::size_t fold_cache = 0;
  std::size_t pending = 0;  // What it has read and not folded yet: while history is read, given back after it.
  std::size_t mirrors = 0;    // Built once history was read.
  std::size_t set_aside = 0;  // On disk: what a replay has read beyond that.

  static MemoryPlan of(std::size_t bound) {
    return {bound / 6, bound / 6, bound / 5, bound / 5, bound / 4, bound * 4};
  }
};

}  // namespace daybook::app
