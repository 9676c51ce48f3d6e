// What a part of a process takes of its memory, and may take.
#pragma once

#include <cstddef>

namespace daybook::app {

struct MemoryUse {
  const char* part = "";  // A label of metrics.
  std::size_t taken = 0;
  std::size_t planned = 0;
};

}  // namespace daybook::app
