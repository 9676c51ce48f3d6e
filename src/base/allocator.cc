#include "base/allocator.h"

#include <cstddef>

// jemalloc's; null in a program without it.
extern "C" int mallctl(const char* name, void* old_value, std::size_t* old_size, void* new_value, std::size_t new_size)
    __attribute__((weak));

namespace daybook {

void release_freed_memory() {
  // 4096 stands for all arenas.
  if (mallctl != nullptr) mallctl("arena.4096.purge", nullptr, nullptr, nullptr, 0);
}

}  // namespace daybook
