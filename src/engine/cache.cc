#include "engine/cache.h"

#include <algorithm>
#include <array>

#include "base/bytes.h"

namespace daybook::engine {
namespace {

// What an entry costs besides its key and value.
constexpr std::size_t kEntryOverhead = 120;

constexpr std::uint64_t kAgeFirstSwept = 16;

}  // namespace

Result<WriteBackCache::Slot*> WriteBackCache::get(std::string_view key) {
  if (const auto at = entries_.find(key); at != entries_.end()) {
    at->second.used = interval_;
    return &*at;
  }
  ASSIGN_OR_RETURN(std::optional<std::string> stored, reads_.get(table_, key));
  const auto [at, is_new] = entries_.try_emplace(std::string(key));
  Entry& entry = at->second;
  if (stored) entry.value = *std::move(stored);
  entry.stored = entry.value.size();
  entry.used = interval_;
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
  if (dirty_sorted_ == dirty_.size()) return dirty_;
  // Most keys differ in their first bytes: these are compared as numbers, beside the pointers.
  std::vector<std::pair<std::uint64_t, Slot*>> by_head;
  by_head.reserve(dirty_.size());
  for (Slot* slot : dirty_) {
    std::array<char, 8> head{};
    slot->first.copy(head.data(), head.size());
    by_head.emplace_back(ByteReader({head.data(), head.size()}).big64(), slot);
  }
  std::ranges::sort(by_head, [](const auto& a, const auto& b) {
    return a.first != b.first ? a.first < b.first : a.second->first < b.second->first;
  });
  std::ranges::transform(by_head, dirty_.begin(), [](const auto& entry) { return entry.second; });
  dirty_sorted_ = dirty_.size();
  return dirty_;
}

void WriteBackCache::write_dirty(store::WriteSet& set) {
  for (const Slot* slot : dirty()) {
    const auto& [key, entry] = *slot;
    if (entry.value.empty()) {
      set.remove(table_, key);
    } else {
      set.put_view(table_, key, entry.value);
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
  dirty_sorted_ = 0;
  // Beyond the budget: first what was not used for long, then ever younger ones, down to what leaves
  // room for some intervals without another sweep.
  if (bytes_ > bytes_max_) {
    for (std::uint64_t age = kAgeFirstSwept; bytes_ > bytes_max_ / 4 * 3; age /= 2) {
      std::erase_if(entries_, [&](const Slot& slot) {
        if (interval_ - slot.second.used < age) return false;
        bytes_ -= slot.second.counted;
        return true;
      });
      if (age == 0) break;
    }
  }
  ++interval_;
}

}  // namespace daybook::engine
