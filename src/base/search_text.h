// Texts as they are searched for: without regard to case, and names by the beginnings of their words.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace daybook {

// The text with each character that has a case in its small one (Unicode's simple case folding); one that would become
// several stays as it is.
std::string fold_case(std::string_view text);

// A name's words, as they are compared: without case, one blank in place of whatever stands between two of them.
std::string words_of(std::string_view name);
// Where the words of what words_of() gave begin. White space and punctuation end a word; of Chinese, which is written
// without, each character begins one.
std::vector<std::size_t> word_beginnings(std::string_view words);

}  // namespace daybook
