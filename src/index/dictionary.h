// Texts as small numbers, for columns. Numbers mean something within one index alone, and are never
// stored.
#pragma once

#include <cstdint>
#include <deque>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/hash.h"

namespace daybook::index {

using TextId = std::uint32_t;

// Only appended to. Thread-safe; texts stay where they are.
class Dictionary {
 public:
  TextId intern(std::string_view text);
  std::string_view text(TextId id) const;
  // `text` as it is kept, for as long as the dictionary.
  std::string_view keep(std::string_view text) { return this->text(intern(text)); }
  std::size_t bytes() const;

 private:
  mutable std::shared_mutex mutex_;  // Guards all below.
  std::deque<std::string> texts_;
  std::unordered_map<std::string_view, TextId, TextHash> ids_;
  std::size_t bytes_ = 0;
};

}  // namespace daybook::index
