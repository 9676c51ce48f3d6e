// Words that were misspelt.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace daybook {

// Of the known words the one that `word` was most likely meant to be; nothing where none is near.
std::optional<std::string> nearest(std::string_view word, const std::vector<std::string>& known);
// The same for people, behind what is wrong: "; did you mean 'x'?", or empty.
std::string nearest_words(std::string_view word, const std::vector<std::string>& known);

}  // namespace daybook
