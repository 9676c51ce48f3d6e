// Write-back cache of a shard: stored values by key, kept between commits within a budget.
#pragma once

#include <cstdint>
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
  struct Entry;
  // A key and its entry. Where a pointer to one is given, it holds until clean().
  using Slot = std::pair<const std::string, Entry>;

  struct Entry {
    std::string value;        // Empty: nothing is stored.
    std::size_t stored = 0;   // Size of the value as stored: what was appended stands behind it.
    bool dirty = false;

   private:
    friend class WriteBackCache;
    std::uint64_t used = 0;  // The last commit interval in which it was asked for.
    std::size_t counted = 0;
  };

  // Reads `table` of `reads`; both must outlive the cache.
  WriteBackCache(const store::Reads& reads, store::Table table, std::size_t bytes_max)
      : reads_(reads), table_(table), bytes_max_(bytes_max) {}

  // The entry of this key, from the store when it is not here.
  Result<Slot*> get(std::string_view key);
  void mark_dirty(Slot& slot);

  // Puts every dirty value into `set` (an empty one is removed).
  void write_dirty(store::WriteSet& set);
  // After the write: nothing is dirty any more; drops the entries longest unused when they are beyond
  // the budget.
  void clean();

  // What is dirty, by key.
  const std::vector<Slot*>& dirty();
  std::size_t bytes() const { return bytes_; }

 private:
  const store::Reads& reads_;
  store::Table table_;
  std::size_t bytes_max_;
  std::size_t bytes_ = 0;
  std::unordered_map<std::string, Entry, TextHash, std::equal_to<>> entries_;
  std::uint64_t interval_ = 1;  // Counts clean().
  std::vector<Slot*> dirty_;
  std::size_t dirty_sorted_ = 0;  // All of them are in order while it is their number.
};

}  // namespace daybook::engine
