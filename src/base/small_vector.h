// Lists that are mostly short: the first N items stand in the list itself, without an allocation.
#pragma once

#include <boost/container/small_vector.hpp>

namespace daybook {

template <typename T, std::size_t N>
using SmallVector = boost::container::small_vector<T, N>;

}  // namespace daybook
