// Work on several shards at a time.
#pragma once

#include <cstddef>
#include <functional>

namespace daybook::query {

// Calls job(0) … job(count − 1), each once, on several threads; throws what one of them threw.
void on_all_processors(std::size_t count, const std::function<void(std::size_t)>& job);

}  // namespace daybook::query
