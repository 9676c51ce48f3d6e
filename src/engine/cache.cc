#include "engine/cache.h"

#include <algorithm>

namespace daybook::engine {
namespace {

// What an entry costs besides its key and value.
constexpr std::size_t kEntryOverhead = 160;

}  // namespace

Result<WriteBackCache::Entry*> WriteBackCache::get(std::string_view key) {
  if (const auto at = entries_.find(key); at != entries_.end()) {
    by_use_.splice(by_use_.begin(), by_use_, at->second.place);
    return &at->second;
  }
  ASSIGN_OR_RETURN(std::optional<std::string> stored, reads_.get(table_, key));
  const auto [at, is_new] = entries_.try_emplace(std::string(key));
  Entry& entry = at->second;
  if (stored) entry.value = *std::move(stored);
  entry.stored = entry.value.size();
  by_use_.push_front(at->first);
  entry.place = by_use_.begin();
  entry.counted = key.size() + entry.value.size() + kEntryOverhead;
  bytes_ += entry.counted;
  return &entry;
}

void WriteBackCache::mark_dirty(std::string_view key, Entry& entry) {
  if (entry.dirty) return;
  entry.dirty = true;
  dirty_.push_back(entries_.find(key)->first);
}

void WriteBackCache::write_dirty(store::WriteSet& set) {
  std::ranges::sort(dirty_);
  for (const std::string_view key : dirty_) {
    const Entry& entry = entries_.find(key)->second;
    if (entry.value.empty()) {
      set.remove(table_, key);
    } else {
      set.put(table_, key, entry.value);
    }
  }
}

void WriteBackCache::clean() {
  for (const std::string_view key : dirty_) {
    Entry& entry = entries_.find(key)->second;
    entry.dirty = false;
    entry.stored = entry.value.size();
    const std::size_t now = key.size() + entry.value.capacity() + kEntryOverhead;
    bytes_ += now - entry.counted;
    entry.counted = now;
  }
  dirty_.clear();
  while (bytes_ > bytes_max_ && !by_use_.empty()) {
    const auto at = entries_.find(by_use_.back());
    bytes_ -= at->second.counted;
    by_use_.pop_back();
    entries_.erase(at);
  }
}

}  // namespace daybook::engine
