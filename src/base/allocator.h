// What the allocator does with memory that was freed.
#pragma once

namespace daybook {

// Freed memory, of any thread, goes back to the system now and not within seconds. Takes some milliseconds for each ten
// MiB that there are. Nothing happens in a program whose allocator is not jemalloc.
void release_freed_memory();

}  // namespace daybook
