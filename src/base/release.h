// Giving memory back.
#pragma once

#include <vector>

namespace daybook {

// Empties a list and gives its memory back, which `list = {}` keeps.
template <typename T>
void release(std::vector<T>& list) {
  std::vector<T>().swap(list);
}

}  // namespace daybook
