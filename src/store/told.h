// What the stored bytes of a document say of when it was told what, without their events being decoded.
#pragma once

#include <cstdint>
#include <string_view>

namespace daybook::store {

// Whether it has a fact with a recorded time behind this. True of bytes that no version wrote: whoever decodes them
// says so.
bool was_told_after(std::string_view document, std::int64_t recorded_ms);

}  // namespace daybook::store
