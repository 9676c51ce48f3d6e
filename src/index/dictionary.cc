#include "index/dictionary.h"

#include <mutex>

namespace daybook::index {

TextId Dictionary::intern(std::string_view text) {
  {
    const std::shared_lock lock(mutex_);
    if (const auto at = ids_.find(text); at != ids_.end()) return at->second;
  }
  const std::unique_lock lock(mutex_);
  if (const auto at = ids_.find(text); at != ids_.end()) return at->second;
  const auto id = static_cast<TextId>(texts_.size());
  const std::string& kept = texts_.emplace_back(text);
  ids_.emplace(kept, id);
  // The text, its place in the list, and its node and bucket in the table.
  bytes_ += sizeof(std::string) + (text.size() > 15 ? text.size() : 0) + 48;
  return id;
}

std::string_view Dictionary::text(TextId id) const {
  const std::shared_lock lock(mutex_);
  return texts_[id];
}

std::size_t Dictionary::bytes() const {
  const std::shared_lock lock(mutex_);
  return bytes_;
}

}  // namespace daybook::index
