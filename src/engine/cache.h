// Write-back cache of a shard: stored values by key, kept between commits within a budget.
#pragma once

#include <cstdint>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/hash.h"
#include "base/result.h"
#include "store/shard_store.h"

namespace daybook::engine {

// One thread. Entries that are dirty are never dropped; they stay where they are until the next
// clean().
class WriteBackCache {
 public:
  struct Entry {
    std::string value;        // Empty: nothing is stored.
    std::size_t stored = 0;   // Size of the value as stored: what was appended stands behind it.
    bool dirty = false;

   private:
    friend class WriteBackCache;
    std::list<std::string_view>::iterator place;
    std::size_t counted = 0;
  };

  // Reads `table` of `reads`; both must outlive the cache.
  WriteBackCache(const store::Reads& reads, store::Table table, std::size_t bytes_max)
      : reads_(reads), table_(table), bytes_max_(bytes_max) {}

  // The entry of this key, from the store when it is not here. The pointer holds until clean().
  Result<Entry*> get(std::string_view key);
  void mark_dirty(std::string_view key, Entry& entry);

  // Puts every dirty value into `set` (an empty one is removed).
  void write_dirty(store::WriteSet& set);
  // After the write: nothing is dirty any more; drops the entries longest unused beyond the budget.
  void clean();

  const std::vector<std::string_view>& dirty_keys() const { return dirty_; }
  Entry& entry(std::string_view key) { return entries_.find(key)->second; }
  std::size_t bytes() const { return bytes_; }

 private:
  const store::Reads& reads_;
  store::Table table_;
  std::size_t bytes_max_;
  std::size_t bytes_ = 0;
  std::unordered_map<std::string, Entry, TextHash, std::equal_to<>> entries_;
  std::list<std::string_view> by_use_;  // Most recent first; views of the map's keys.
  std::vector<std::string_view> dirty_;
};

}  // namespace daybook::engine
