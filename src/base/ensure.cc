#include "base/ensure.h"

#include <cstdio>
#include <cstdlib>

namespace daybook {

void ensure_failed(const char* condition, const char* why, const char* file, int line) {
  std::fprintf(stderr, "daybook: broken invariant at %s:%d: %s (%s)\n", file, line, why, condition);
  std::abort();
}

}  // namespace daybook
