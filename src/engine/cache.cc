#include "engine/cache.h"

#include <algorithm>

namespace daybook::engine {
namespace {

// What an entry costs besides its key and value.
constexpr std::size_t kEntryOverhead = 160;

}  // namespace

Result<WriteBackCache::Slot*> WriteBackCache::get(std::string_view key) {
  if (const auto at = entries_.find(key); at != entries_.end()) {
    by_use_.splice(by_use_.begin(), by_use_, at->second.place);
    return &*at;
  }
  ASSIGN_OR_RETURN(std::optional<std::string> stored, reads_.get(table_, key));
  const auto [at, is_new] = entries_.try_emplace(std::string(key));
  Entry& entry = at->second;
  if (stored) entry.value = *std::move(stored);
  entry.stored = entry.value.size();
  by_use_.push_front(&*at);
  entry.place = by_use_.begin();
  entry.counted = key.size() + entry.value.size() + kEntryOverhead;
  bytes_ += entry.counted;
  return &*at;
}

void WriteBackCache::mark_dirty(Slot& slot) {
  if (slot.second.dirty) return;
  slot.second.dirty = true;
  dirty_.push_back(&slot);
}

const std::vector<WriteBackCache::Slot*>& WriteBackCache::dirty() {
  std::ranges::sort(dirty_, {}, [](const Slot* slot) -> const std::string& { return slot->first; });
  return dirty_;
}

void WriteBackCache::write_dirty(store::WriteSet& set) {
  for (const Slot* slot : dirty()) {
    const auto& [key, entry] = *slot;
    if (entry.value.empty()) {
      set.remove(table_, key);
    } else {
      set.put(table_, key, entry.value);
    }
  }
}

void WriteBackCache::clean() {
  for (Slot* slot : dirty_) {
    auto& [key, entry] = *slot;
    entry.dirty = false;
    entry.stored = entry.value.size();
    const std::size_t now = key.size() + entry.value.capacity() + kEntryOverhead;
    bytes_ += now - entry.counted;
    entry.counted = now;
  }
  dirty_.clear();
  while (bytes_ > bytes_max_ && !by_use_.empty()) {
    const Slot* const oldest = by_use_.back();
    bytes_ -= oldest->second.counted;
    by_use_.pop_back();
    entries_.erase(entries_.find(oldest->first));
  }
}

}  // namespace daybook::engine
