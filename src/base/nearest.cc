#include "base/nearest.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

namespace daybook {
namespace {

// How many characters must be put in, left out, changed, or swapped with their neighbour.
std::size_t distance(std::string_view one, std::string_view other) {
  std::vector<std::size_t> before_last(other.size() + 1);
  std::vector<std::size_t> last(other.size() + 1);
  std::vector<std::size_t> row(other.size() + 1);
  std::iota(row.begin(), row.end(), 0);
  for (std::size_t i = 1; i <= one.size(); ++i) {
    std::swap(before_last, last);
    std::swap(last, row);
    row[0] = i;
    for (std::size_t j = 1; j <= other.size(); ++j) {
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (one[i - 1] != other[j - 1])});
      if (i > 1 && j > 1 && one[i - 1] == other[j - 2] && one[i - 2] == other[j - 1]) {
        row[j] = std::min(row[j], before_last[j - 2] + 1);
      }
    }
  }
  return row.back();
}

}  // namespace

std::optional<std::string> nearest(std::string_view word, const std::vector<std::string>& known) {
  constexpr std::size_t kWordBytesMax = 64;
  if (word.size() > kWordBytesMax) return std::nullopt;
  const std::string* found = nullptr;
  std::size_t least = 0;
  for (const std::string& candidate : known) {
    // One that goes on where the word ends is near, however long it is.
    const bool is_beginning = word.size() >= 3 && candidate.starts_with(word);
    const std::size_t apart = is_beginning ? 1 : distance(word, candidate);
    if (found == nullptr || apart < least) {
      found = &candidate;
      least = apart;
    }
  }
  if (found == nullptr || least > std::max<std::size_t>(1, word.size() / 3)) return std::nullopt;
  return *found;
}

std::string nearest_words(std::string_view word, const std::vector<std::string>& known) {
  const auto found = nearest(word, known);
  return found ? fmt::format("; did you mean '{}'?", *found) : "";
}

}  // namespace daybook
