// What share of the processors a thread is given beside others.
#pragma once

#include <unistd.h>

namespace daybook {

// Lets the calling thread give way to the process's others where they want the same processor: `steps` of
// nice(2), which on Linux concern the thread alone. It stays as it is where that is not allowed.
inline void give_way(int steps) { [[maybe_unused]] const int niceness = ::nice(steps); }

}  // namespace daybook
