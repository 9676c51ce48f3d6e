#include "query/percentiles.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace daybook::query {

std::vector<std::int64_t> Values::take() {
  if (gone_.empty()) return std::move(here_);
  std::ranges::sort(here_);
  std::ranges::sort(gone_);
  std::vector<std::int64_t> left;
  std::ranges::set_difference(here_, gone_, std::back_inserter(left));
  return left;
}

std::vector<std::optional<std::int64_t>> percentiles(std::vector<std::int64_t>& values,
                                                     std::initializer_list<std::size_t> percents) {
  std::vector<std::optional<std::int64_t>> found;
  auto from = values.begin();
  for (const std::size_t percent : percents) {
    if (values.empty()) {
      found.emplace_back();
      continue;
    }
    const std::size_t rank = (percent * values.size() + 99) / 100;
    const auto at = values.begin() + static_cast<std::ptrdiff_t>(rank - 1);
    // What is below the last one found stays there.
    std::nth_element(from, at, values.end());
    from = at;
    found.emplace_back(*at);
  }
  return found;
}

}  // namespace daybook::query
