// The values at ranks of a whole.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <vector>

namespace daybook::query {

// Values that come, and of which some go again, before or after they come.
class Values {
 public:
  // `sign`: 1, or −1 where it goes.
  void add(std::int64_t value, int sign) { (sign > 0 ? here_ : gone_).push_back(value); }
  // Those that are left, in any order; after the last one.
  std::vector<std::int64_t> take();

 private:
  std::vector<std::int64_t> here_;
  std::vector<std::int64_t> gone_;
};

// The values at rank ⌈p·n/100⌉ for rising percents, exactly; none of no values. Puts `values` into another order.
std::vector<std::optional<std::int64_t>> percentiles(std::vector<std::int64_t>& values,
                                                     std::initializer_list<std::size_t> percents);

}  // namespace daybook::query
