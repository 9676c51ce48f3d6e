// The target of a request line.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "http/message.h"

namespace daybook::http {

// Fills in path, segments and parameters. What is wrong with the target, for people; nothing when
// it is fine.
std::optional<std::string> read_target(std::string_view target, Request& request);

// Of "http://host/path": the host, which goes before a Host field. Nothing for "/path".
std::optional<std::string_view> authority_of(std::string_view target);

// Percent-decoded; nothing for a "%" without two hexadecimal digits. `plus_is_blank` in parameters.
std::optional<std::string> percent_decode(std::string_view text, bool plus_is_blank);

}  // namespace daybook::http
