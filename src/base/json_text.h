// Texts as JSON, for answers that are put together piece by piece.
#pragma once

#include <string>
#include <string_view>

namespace daybook {

// Appends `text`, which is UTF-8, quoted and escaped. Few texts need escapes: the others are copied.
void append_json_text(std::string& out, std::string_view text);

}  // namespace daybook
