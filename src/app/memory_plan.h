// What the parts of a process may take of its memory bound.
#pragma once

#include <algorithm>
#include <cstddef>

namespace daybook::app {

// In bytes. What is left of the bound is for prefetch, decoding and answers.
struct MemoryPlan {
  std::size_t block_cache = 0;
  std::size_t write_buffers = 0;
  std::size_t fold_cache = 0;  // Documents and pages that the projector keeps.
  std::size_t pending = 0;     // What it has read and not folded yet.
  std::size_t mirrors = 0;
  std::size_t set_aside = 0;   // On disk: what a replay has read beyond that.
  std::size_t files = 0;       // What a commit of a replay gives sorted files at a time. Each folding thread's.

  static MemoryPlan of(std::size_t bound) {
    return {bound / 6, bound / 6, bound / 5, bound / 5, bound / 4, bound * 4, std::min<std::size_t>(bound / 16, 16 << 20)};
  }
};

}  // namespace daybook::app
